#include "desk/insert.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "database/quote.hpp"

namespace doppel::desk {
namespace {

/// The databases take tens of thousands, but SQLite looks for each of them in a list of all.
constexpr std::size_t kParameters = 300;

std::string statement_of(const std::string& table, const std::vector<std::string>& columns,
                         std::size_t rows) {
  std::string sql = fmt::format("INSERT INTO {} ({}) VALUES ", database::quote_name(table),
                                database::quote_names(columns));
  std::size_t number = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    sql += row == 0 ? "(" : ", (";
    for (std::size_t column = 0; column < columns.size(); ++column) {
      sql += fmt::format("{}${}", column == 0 ? "" : ", ", ++number);
    }
    sql += ")";
  }
  return sql;
}

}  // namespace

void insert_rows(database::SqlRunner& sql, const std::string& table,
                 const std::vector<std::string>& columns, std::span<const Row> rows) {
  const std::size_t at_once = std::max<std::size_t>(1, kParameters / columns.size());
  std::string statement;
  std::size_t made_for = 0;
  for (std::size_t begin = 0; begin < rows.size(); begin += at_once) {
    const std::size_t count = std::min(at_once, rows.size() - begin);
    if (count != made_for) statement = statement_of(table, columns, count);
    made_for = count;
    std::vector<Value> values;
    values.reserve(count * columns.size());
    for (const Row& row : rows.subspan(begin, count)) {
      values.insert(values.end(), row.begin(), row.end());
    }
    sql.execute(statement, values);
  }
}

}  // namespace doppel::desk
