#include "adapters/postgres/statement_text.hpp"

#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {

std::string column_text(std::string_view column) { return "t." + database::quote_name(column); }

std::string columns_text(const std::vector<std::string>& columns) {
  std::vector<std::string> parts;
  parts.reserve(columns.size());
  for (const std::string& column : columns) parts.push_back(column_text(column));
  return join(parts, ", ");
}

std::vector<std::string> key_columns(const TableShape& table) {
  std::vector<std::string> columns;
  for (const std::size_t index : table.key) columns.push_back(table.columns[index]);
  return columns;
}

std::string order_text(const TableShape& table) {
  return " ORDER BY " + columns_text(key_columns(table));
}

std::string wanted_text(std::size_t columns, std::size_t first) {
  std::string arrays;
  std::string names;
  for (std::size_t i = 0; i < columns; ++i) {
    arrays += (i == 0 ? "$" : ", $") + std::to_string(first + i) + "::text[]";
    names += "v" + std::to_string(i) + ", ";
  }
  return "unnest(" + arrays + ") WITH ORDINALITY AS w (" + names + "n)";
}

std::string value_text(const ColumnFacts& column, std::size_t number) {
  return "w.v" + std::to_string(number) + column.cast;
}

std::string equal_text(const TableFacts& facts, const std::vector<std::string>& columns,
                       std::size_t first) {
  std::string text;
  for (const std::string& name : columns) {
    const ColumnFacts& column = facts.column(name);
    if (!text.empty()) text += " AND ";
    if (column.compared_as_text) {
      text += column_text(name) + "::text = w.v" + std::to_string(first);
    } else {
      text += column_text(name) + " = " + value_text(column, first);
    }
    ++first;
  }
  return text;
}

std::vector<Value> arrays_of(std::size_t columns, std::span<const std::vector<Value>* const> rows) {
  std::vector<Value> arrays;
  std::vector<const Value*> values(rows.size());
  for (std::size_t column = 0; column < columns; ++column) {
    for (std::size_t i = 0; i < rows.size(); ++i) values[i] = &(*rows[i])[column];
    arrays.emplace_back(array_of(values));
  }
  return arrays;
}

}  // namespace doppel::postgres
