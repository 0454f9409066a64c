#include <algorithm>

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/statement_text.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::postgres {
namespace {

/// So many rows come at once where all are read.
constexpr int kRowsAtOnce = 5000;
/// Up to here every answer is taken; below it the database cuts.
constexpr std::size_t kManyAnswers = 100'000;

void require_values(std::size_t columns, std::size_t values, const std::string& table) {
  if (columns != values) {
    throw Error(ErrorCode::kInternal, "a condition has not one value for each column",
                {.place = table, .remedy = {}});
  }
}

/// Questions that can have an answer, as arrays, and which of those asked they are.
struct Questions {
  std::vector<std::size_t> asked;
  std::vector<Value> arrays;
};

Questions questions_of(const TableFacts& facts, const std::vector<std::string>& columns,
                       std::span<const std::vector<Value>> values) {
  Questions questions;
  std::vector<const std::vector<Value>*> rows;
  for (std::size_t i = 0; i < values.size(); ++i) {
    require_values(columns.size(), values[i].size(), facts.text);
    bool possible = true;
    for (std::size_t c = 0; c < columns.size() && possible; ++c) {
      possible = could_equal(facts.column(columns[c]).type, values[i][c]);
    }
    if (!possible) continue;
    questions.asked.push_back(i);
    rows.push_back(&values[i]);
  }
  questions.arrays = arrays_of(columns.size(), rows);
  return questions;
}

/// "these columns are these values, or NULL where they are", with parameters from $1.
std::string identical_text(const TableFacts& facts, const std::vector<std::string>& columns,
                           const std::vector<Value>& values, std::vector<Value>& parameters) {
  std::string text;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const ColumnFacts& column = facts.column(columns[i]);
    if (!text.empty()) text += " AND ";
    if (values[i].is_null()) {
      text += column_text(columns[i]) + " IS NULL";
      continue;
    }
    if (!could_equal(column.type, values[i])) {
      text += "false";
      continue;
    }
    parameters.push_back(values[i]);
    const std::string mark = "$" + std::to_string(parameters.size()) + "::text";
    text += column.compared_as_text ? column_text(columns[i]) + "::text = " + mark
                                    : column_text(columns[i]) + " = " + mark + column.cast;
  }
  return text;
}

bool has_null(const std::vector<Value>& values) {
  return std::ranges::any_of(values, &Value::is_null);
}

}  // namespace

std::vector<std::optional<Row>> Connection::read_rows(const TableShape& table,
                                                      std::span<const Key> keys) {
  // Borrowed: the caller's shape lives as long as the call.
  const database::TableKeys asked{.table = {std::shared_ptr<void>(), &table},
                                  .keys = {keys.begin(), keys.end()}};
  return std::move(read_rows_of(std::span(&asked, 1)).front());
}

std::vector<std::vector<std::optional<Row>>> Connection::read_rows_of(
    std::span<const database::TableKeys> asked) {
  std::vector<std::vector<std::optional<Row>>> all;
  std::vector<std::size_t> tables;
  std::vector<Questions> questions;
  std::vector<Statement> statements;
  const auto lock_of = [&](const TableShape& table) {
    return locks_what_it_reads_ && facts(table.name).lockable
               ? order_text(table) + " FOR NO KEY UPDATE OF t"
               : "";
  };
  return guarded([&] {
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const TableShape& table = *asked[i].table;
      all.emplace_back(asked[i].keys.size());
      if (asked[i].keys.empty()) continue;
      const TableFacts& known = facts(table.name);
      const std::vector<std::string> key = key_columns(table);
      Questions of_table = questions_of(known, key, asked[i].keys);
      if (of_table.asked.empty()) continue;
      statements.push_back({.sql = "SELECT w.n, " + columns_text(table.columns) + " FROM " +
                                   wanted_text(key.size()) + " JOIN " + known.own + " AS t ON " +
                                   equal_text(known, key) + lock_of(table),
                            .parameters = of_table.arrays});
      tables.push_back(i);
      questions.push_back(std::move(of_table));
    }
    const std::vector<ResultHandle> results =
        statements.empty() ? std::vector<ResultHandle>() : link_.run_all(statements);
    for (std::size_t i = 0; i < tables.size(); ++i) {
      const PGresult* result = results[i].get();
      for (int line = 0; line < PQntuples(result); ++line) {
        const auto number = static_cast<std::size_t>(value_of(result, line, 0).integer());
        auto& row = all[tables[i]][questions[i].asked[number - 1]];
        if (!row) row = row_of(result, line, 1);
      }
    }
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const TableShape& table = *asked[i].table;
      read_keys_with_null(table, asked[i].keys, asked[i].keys.empty() ? "" : lock_of(table),
                          all[i]);
    }
    return std::move(all);
  });
}

void Connection::read_keys_with_null(const TableShape& table, std::span<const Key> keys,
                                     const std::string& lock,
                                     std::vector<std::optional<Row>>& rows) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!has_null(keys[i])) continue;
    std::vector<Value> parameters;
    const TableFacts& known = facts(table.name);
    const std::string condition = identical_text(known, key_columns(table), keys[i], parameters);
    const ResultHandle result =
        link_.run("SELECT " + columns_text(table.columns) + " FROM " + known.own + " AS t WHERE " +
                      condition + lock + " LIMIT 1",
                  parameters);
    if (PQntuples(result.get()) > 0) rows[i] = row_of(result.get(), 0);
  }
}

void Connection::scan_rows(const TableShape& table, const database::Matching& matching,
                           const database::RowSink& sink) {
  require_values(matching.columns.size(), matching.values.size(), table.name);
  const std::string cursor = "doppel_scan_" + std::to_string(++cursors_);
  const std::string fetch = "FETCH " + std::to_string(kRowsAtOnce) + " FROM " + cursor;
  const bool passing = !in_transaction();
  ResultHandle result = guarded([&] {
    const TableFacts& known = facts(table.name);
    Statement declare;
    std::string sql = "SELECT " + columns_text(table.columns) + " FROM " + known.own + " AS t";
    if (!matching.columns.empty()) {
      sql +=
          " WHERE " + identical_text(known, matching.columns, matching.values, declare.parameters);
    }
    // Outside a transaction a cursor stays only if it holds what it found.
    declare.sql = "DECLARE " + cursor + " NO SCROLL CURSOR " + (passing ? "WITH HOLD " : "") +
                  "FOR " + sql + order_text(table);
    return std::move(link_.run_all(std::vector<Statement>{declare, {.sql = fetch}}).back());
  });
  const auto close = [&] {
    if (passing) {
      link_.run_script("CLOSE " + cursor);
    } else {
      link_.send_ahead("CLOSE " + cursor);
    }
  };
  try {
    while (true) {
      const int found = PQntuples(result.get());
      for (int i = 0; i < found; ++i) sink(row_of(result.get(), i));
      if (found < kRowsAtOnce) break;
      result = guarded([&] { return link_.run(fetch); });
    }
  } catch (...) {
    if (link_.status() == PQTRANS_IDLE || link_.status() == PQTRANS_INTRANS) close();
    throw;
  }
  close();
}

std::vector<std::vector<Row>> Connection::find_rows(const TableShape& table,
                                                    const std::vector<std::string>& columns,
                                                    std::span<const std::vector<Value>> values,
                                                    std::size_t limit) {
  std::vector<std::vector<Row>> found(values.size());
  if (values.empty() || limit == 0) return found;
  return guarded([&] {
    const TableFacts& known = facts(table.name);
    Questions questions = questions_of(known, columns, values);
    if (questions.asked.empty()) return found;
    const std::string joined = " FROM " + wanted_text(columns.size()) + " JOIN " + known.own +
                               " AS t ON " + equal_text(known, columns);
    const std::string selected = "w.n AS \"doppel number\", " + columns_text(table.columns);
    std::string sql =
        "SELECT " + selected + joined + " ORDER BY w.n, " + columns_text(key_columns(table));
    if (limit < kManyAnswers) {
      // The rank stands last and isn't taken for a value of the row.
      questions.arrays.emplace_back(static_cast<std::int64_t>(limit));
      sql = "SELECT * FROM (SELECT " + selected + ", row_number() OVER (PARTITION BY w.n" +
            order_text(table) + ") AS \"doppel rank\"" + joined +
            ") AS ranked WHERE \"doppel rank\" <= $" + std::to_string(questions.arrays.size()) +
            "::bigint ORDER BY \"doppel number\", \"doppel rank\"";
    }
    const ResultHandle result = link_.run(sql, questions.arrays);
    for (int i = 0; i < PQntuples(result.get()); ++i) {
      const auto number = static_cast<std::size_t>(value_of(result.get(), i, 0).integer());
      auto& rows = found[questions.asked[number - 1]];
      if (rows.size() == limit) continue;
      Row row = row_of(result.get(), i, 1);
      row.resize(table.columns.size());
      rows.push_back(std::move(row));
    }
    return found;
  });
}

std::vector<std::int64_t> Connection::count_rows(const std::string& table,
                                                 const std::vector<std::string>& columns,
                                                 std::span<const std::vector<Value>> values) {
  std::vector<std::int64_t> counts(values.size(), 0);
  if (values.empty()) return counts;
  return guarded([&] {
    const TableFacts& known = facts(table);
    const Questions questions = questions_of(known, columns, values);
    if (questions.asked.empty()) return counts;
    const ResultHandle result =
        link_.run("SELECT w.n, count(*) FROM " + wanted_text(columns.size()) + " JOIN " +
                      known.own + " AS t ON " + equal_text(known, columns) + " GROUP BY w.n",
                  questions.arrays);
    for (int i = 0; i < PQntuples(result.get()); ++i) {
      const auto number = static_cast<std::size_t>(value_of(result.get(), i, 0).integer());
      counts[questions.asked[number - 1]] = value_of(result.get(), i, 1).integer();
    }
    return counts;
  });
}

std::int64_t Connection::count_rows(const std::string& table) {
  const ResultHandle result =
      guarded([&] { return link_.run("SELECT count(*) FROM " + facts(table).own); });
  return value_of(result.get(), 0, 0).integer();
}

}  // namespace doppel::postgres
