#include <algorithm>
#include <functional>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/statement_text.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::sqlite {
namespace {

/// Tables and columns reach SQL as quoted names, so that a mistake in them is a defect above.
void require_values(std::size_t columns, std::size_t values, const std::string& table) {
  if (columns != values) {
    throw Error(ErrorCode::kInternal, "a condition has not one value for each column",
                {.place = table, .remedy = {}});
  }
}

/// Up to here each question is a run of its own.
constexpr std::size_t kFewQuestions = 8;
/// A statement may hold so many values: SQLite's own limit is 32,766 or more.
constexpr std::size_t kValuesAtOnce = 8'000;

/// Whether SQLite answers this by reading the whole table: there is no index for it.
bool reads_whole_table(Connection& connection, const std::string& sql) {
  auto plan = connection.prepare("EXPLAIN QUERY PLAN " + sql);
  constexpr int kDetail = 3;
  return plan->step() && plan->column(kDetail).text().starts_with("SCAN");
}

/// What is asked of the rows of `source` whose `columns` equal a question's values.
struct Questions {
  std::string source;                ///< a query, known as `t` in what follows
  std::vector<std::string> columns;  ///< of it, as SQL
  std::string select;
  std::string rest;  ///< GROUP BY, ORDER BY
};

using AnswerSink = std::function<void(std::size_t question, const Statement& statement)>;

/// All questions in one statement: SQLite reads the table once, indexes what it has read for the
/// moment, and doesn't read it once for each. A value compares as it would as a parameter by
/// itself: the column's affinity and collation count. The answers' first column is the question's
/// number; NULL matches nothing.
void ask_at_once(Connection& connection, const Questions& questions,
                 std::span<const std::vector<Value>> values, const AnswerSink& sink) {
  std::string names = "n";
  std::string equal;
  for (std::size_t c = 0; c < questions.columns.size(); ++c) {
    const std::string value = "v" + std::to_string(c);
    names += ", " + value;
    equal += (c == 0 ? "" : " AND ") + questions.columns[c] + " = w." + value;
  }
  const std::size_t step = std::max<std::size_t>(1, kValuesAtOnce / questions.columns.size());
  for (std::size_t first = 0; first < values.size(); first += step) {
    std::string wanted;
    std::vector<Value> parameters;
    for (std::size_t i = first; i < std::min(first + step, values.size()); ++i) {
      wanted += (wanted.empty() ? "(" : ", (") + std::to_string(i);
      for (const Value& value : values[i]) {
        parameters.push_back(value);
        wanted += ", ?" + std::to_string(parameters.size());
      }
      wanted += ")";
    }
    Statement statement(connection.handle(),
                        "WITH wanted (" + names + ") AS (VALUES " + wanted +
                            "), t AS MATERIALIZED (" + questions.source + ") SELECT w.n, " +
                            questions.select + " FROM wanted AS w CROSS JOIN t ON " + equal +
                            questions.rest,
                        connection.path());
    statement.bind_all(parameters);
    while (statement.step()) {
      sink(static_cast<std::size_t>(statement.column(0).integer()), statement);
    }
  }
}

std::vector<std::string> column_texts(const std::vector<std::string>& columns) {
  std::vector<std::string> texts;
  for (const std::string& column : columns) texts.push_back(column_text(column));
  return texts;
}

}  // namespace

std::vector<std::optional<Row>> Connection::read_rows(const TableShape& table,
                                                      std::span<const Key> keys) {
  std::vector<std::optional<Row>> rows(keys.size());
  if (keys.empty()) return rows;
  const std::string select = select_text(table) + " WHERE ";
  const std::string plain_sql = select + key_text(table, Key(table.key.size(), Value(0)), 1);
  auto plain = prepare(plain_sql);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    require_values(table.key.size(), keys[i].size(), table.name);
    const auto read = [&](Statement& statement) {
      statement.bind_all(keys[i]);
      if (statement.step()) rows[i] = statement.row();
      statement.reset();
    };
    if (std::ranges::any_of(keys[i], &Value::is_null)) {
      read(*prepare(select + key_text(table, keys[i], 1)));
    } else {
      read(*plain);
    }
  }
  return rows;
}

void Connection::scan_rows(const TableShape& table, const database::Matching& matching,
                           const database::RowSink& sink) {
  require_values(matching.columns.size(), matching.values.size(), table.name);
  std::string sql = select_text(table);
  if (!matching.columns.empty()) sql += " WHERE " + identical_text(matching.columns, 1);
  auto statement = prepare(sql + order_text(table));
  statement->bind_all(matching.values);
  while (statement->step()) sink(statement->row());
}

std::vector<std::vector<Row>> Connection::find_rows(const TableShape& table,
                                                    const std::vector<std::string>& columns,
                                                    std::span<const std::vector<Value>> values,
                                                    std::size_t limit) {
  std::vector<std::vector<Row>> found(values.size());
  if (values.empty()) return found;
  for (const auto& wanted : values) require_values(columns.size(), wanted.size(), table.name);
  const std::string sql = select_text(table) + " WHERE " + equal_text(columns, 1) +
                          order_text(table) + " LIMIT ?" + std::to_string(columns.size() + 1);
  if (values.size() > kFewQuestions && reads_whole_table(*this, sql)) {
    ask_at_once(*this,
                {.source = select_text(table),
                 .columns = column_texts(columns),
                 .select = columns_text(table.columns),
                 .rest = order_text(table)},
                values, [&](std::size_t question, const Statement& statement) {
                  if (found[question].size() == limit) return;
                  Row row = statement.row();
                  row.erase(row.begin());
                  found[question].push_back(std::move(row));
                });
    return found;
  }
  auto statement = prepare(sql);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::ranges::any_of(values[i], &Value::is_null)) continue;
    statement->bind_all(values[i]);
    const std::size_t most = std::min(limit, static_cast<std::size_t>(INT64_MAX));
    statement->bind(static_cast<int>(columns.size()) + 1, static_cast<std::int64_t>(most));
    while (statement->step()) found[i].push_back(statement->row());
    statement->reset();
  }
  return found;
}

std::vector<std::int64_t> Connection::count_rows(const std::string& table,
                                                 const std::vector<std::string>& columns,
                                                 std::span<const std::vector<Value>> values) {
  std::vector<std::int64_t> counts(values.size(), 0);
  if (values.empty()) return counts;
  for (const auto& wanted : values) require_values(columns.size(), wanted.size(), table);
  const std::string sql = "SELECT count(*) FROM " + database::quote_name(table) + " AS t WHERE " +
                          equal_text(columns, 1);
  if (values.size() > kFewQuestions && reads_whole_table(*this, sql)) {
    const std::string names = columns_text(columns);
    ask_at_once(*this,
                {.source = "SELECT " + names + ", count(*) AS \"doppel count\" FROM " +
                           database::quote_name(table) + " AS t GROUP BY " + names,
                 .columns = column_texts(columns),
                 .select = "sum(t.\"doppel count\")",
                 .rest = " GROUP BY w.n"},
                values, [&](std::size_t question, const Statement& statement) {
                  counts[question] = statement.column(1).integer();
                });
    return counts;
  }
  auto statement = prepare(sql);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::ranges::any_of(values[i], &Value::is_null)) continue;
    statement->bind_all(values[i]);
    if (statement->step()) counts[i] = statement->column(0).integer();
    statement->reset();
  }
  return counts;
}

std::int64_t Connection::count_rows(const std::string& table) {
  auto statement = prepare("SELECT count(*) FROM " + database::quote_name(table));
  return statement->step() ? statement->column(0).integer() : 0;
}

std::vector<std::int64_t> Connection::propose_keys(const database::Table& table,
                                                   const std::string& key_column,
                                                   std::size_t count) {
  std::int64_t last = 0;
  const bool counted = table.key_source == database::KeySource::kCounted;
  if (table.key_source == database::KeySource::kApplication) {
    throw Error(ErrorCode::kInternal, "the application names the keys of this table",
                {.place = table.name, .remedy = {}});
  }
  {
    auto highest = prepare("SELECT max(" + column_text(key_column) + ") FROM " +
                           database::quote_name(table.name) + " AS t");
    if (highest->step() && !highest->column(0).is_null()) last = highest->column(0).integer();
  }
  if (counted) {
    // The counter's table is there as soon as one AUTOINCREMENT table is. Unqualified, its name
    // would mean that of temporary tables.
    auto counter = prepare("SELECT max(0, max(seq)) FROM " + file_of(table.name) +
                           ".sqlite_sequence WHERE name = ?1");
    counter->bind(1, table.name);
    if (counter->step() && !counter->column(0).is_null()) {
      last = std::max(last, counter->column(0).integer());
    } else {
      last = std::max<std::int64_t>(last, 0);
    }
  }
  if (last > INT64_MAX - static_cast<std::int64_t>(count)) {
    throw Error(ErrorCode::kUnsupported, "the highest key leaves no room for new ones",
                {.place = table.name + "." + key_column, .remedy = "give the rows other keys"});
  }
  std::vector<std::int64_t> keys(count);
  for (std::size_t i = 0; i < count; ++i) keys[i] = last + 1 + static_cast<std::int64_t>(i);
  return keys;
}

}  // namespace doppel::sqlite
