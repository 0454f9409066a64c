#include "adapters/sqlite/statement_text.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::sqlite {
namespace {

std::string condition(const std::vector<std::string>& columns, std::string_view comparison,
                      std::size_t first) {
  std::string text;
  for (const std::string& column : columns) {
    if (!text.empty()) text += " AND ";
    text += column_text(column) + std::string(comparison) + std::to_string(first++);
  }
  return text;
}

std::vector<std::string> key_columns(const TableShape& table) {
  std::vector<std::string> columns;
  for (const std::size_t index : table.key) columns.push_back(table.columns[index]);
  return columns;
}

}  // namespace

std::string column_text(std::string_view column) { return "t." + database::quote_name(column); }

std::string columns_text(const std::vector<std::string>& columns) {
  std::vector<std::string> parts;
  parts.reserve(columns.size());
  for (const std::string& column : columns) parts.push_back(column_text(column));
  return join(parts, ", ");
}

std::string select_text(const TableShape& table) {
  return "SELECT " + columns_text(table.columns) + " FROM " + database::quote_name(table.name) +
         " AS t";
}

std::string order_text(const TableShape& table) {
  return " ORDER BY " + columns_text(key_columns(table));
}

std::string equal_text(const std::vector<std::string>& columns, std::size_t first) {
  return condition(columns, " = ?", first);
}

std::string identical_text(const std::vector<std::string>& columns, std::size_t first) {
  return condition(columns, " IS ?", first);
}

std::string key_text(const TableShape& table, const Key& key, std::size_t first) {
  const bool with_null = std::ranges::any_of(key, &Value::is_null);
  const std::vector<std::string> columns = key_columns(table);
  return with_null ? identical_text(columns, first) : equal_text(columns, first);
}

}  // namespace doppel::sqlite
