#include <algorithm>
#include <set>

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/constraints.hpp"
#include "adapters/postgres/failure.hpp"
#include "adapters/postgres/sequences.hpp"
#include "adapters/postgres/statement_text.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "database/before_images.hpp"
#include "database/quote.hpp"
#include "database/refused_change.hpp"

namespace doppel::postgres {
namespace {

/// So many rows go with one statement at most.
constexpr std::size_t kRowsAtOnce = 5000;

/// The columns that an update writes: triggers `OF` other columns stay quiet, indexes untouched.
std::vector<std::size_t> written_columns(const RowChange& change) {
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < change.table->columns.size(); ++i) {
    if ((*change.before)[i] != (*change.after)[i]) columns.push_back(i);
  }
  return columns;
}

/// Changes that one statement does: of one table, one kind, and for updates the same columns.
struct Run {
  std::size_t first = 0, count = 0;
  std::vector<std::size_t> columns;
};

using Rows = std::vector<std::vector<Value>>;

Statement statement_of(std::string sql, const Rows& rows, std::size_t width) {
  std::vector<const std::vector<Value>*> pointers;
  pointers.reserve(rows.size());
  for (const auto& row : rows) pointers.push_back(&row);
  return {.sql = std::move(sql), .parameters = arrays_of(width, pointers)};
}

Statement insert(Connection& connection, std::span<const RowChange> changes) {
  const TableShape& table = *changes.front().table;
  const TableFacts& facts = connection.facts(table.name);
  std::string values;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    values += (i == 0 ? "" : ", ") + value_text(facts.column(table.columns[i]), i);
  }
  Rows rows;
  for (const RowChange& change : changes) rows.push_back(*change.after);
  return statement_of("INSERT INTO " + facts.text + " (" + database::quote_names(table.columns) +
                          ") OVERRIDING SYSTEM VALUE SELECT " + values + " FROM " +
                          wanted_text(table.columns.size()) + " ORDER BY w.n",
                      rows, table.columns.size());
}

/// A key of the manifest may hold NULL; then the row stands alone and its condition is written out.
std::string key_text(const TableFacts& facts, const TableShape& table, const Key& key,
                     std::size_t first) {
  std::string text;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const std::string& name = table.columns[table.key[i]];
    if (i > 0) text += " AND ";
    text +=
        key[i].is_null() ? column_text(name) + " IS NULL" : equal_text(facts, {name}, first + i);
  }
  return text;
}

Statement update(Connection& connection, std::span<const RowChange> changes,
                 const std::vector<std::size_t>& columns) {
  const TableShape& table = *changes.front().table;
  const TableFacts& facts = connection.facts(table.name);
  std::string assignments;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string& name = table.columns[columns[i]];
    assignments += (i == 0 ? "" : ", ") + database::quote_name(name) + " = " +
                   value_text(facts.column(name), i);
  }
  Rows rows;
  for (const RowChange& change : changes) {
    auto& row = rows.emplace_back(TableShape::project(*change.after, columns));
    row.insert(row.end(), change.key.begin(), change.key.end());
  }
  const std::size_t width = columns.size() + table.key.size();
  return statement_of("UPDATE " + facts.own + " AS t SET " + assignments + " FROM " +
                          wanted_text(width) + " WHERE " +
                          key_text(facts, table, changes.front().key, columns.size()),
                      rows, width);
}

Statement erase(Connection& connection, std::span<const RowChange> changes) {
  const TableShape& table = *changes.front().table;
  const TableFacts& facts = connection.facts(table.name);
  Rows rows;
  for (const RowChange& change : changes) rows.push_back(change.key);
  return statement_of("DELETE FROM " + facts.own + " AS t USING " + wanted_text(table.key.size()) +
                          " WHERE " + key_text(facts, table, changes.front().key, 0),
                      rows, table.key.size());
}

Statement writing_of(Connection& connection, std::span<const RowChange> changes,
                     const std::vector<std::size_t>& columns) {
  switch (changes.front().kind()) {
    case ChangeKind::kInsert:
      return insert(connection, changes);
    case ChangeKind::kUpdate:
      return update(connection, changes, columns);
    case ChangeKind::kDelete:
      break;
  }
  return erase(connection, changes);
}

/// The number of rows that the server says it wrote.
std::int64_t written(const ResultHandle& result) {
  return parse_integer(PQcmdTuples(result.get())).value_or(0);
}

std::int64_t write(Connection& connection, std::span<const RowChange> changes,
                   const std::vector<std::size_t>& columns) {
  const Statement statement = writing_of(connection, changes, columns);
  return written(connection.run(statement.sql, statement.parameters));
}

enum class Outcome { kDone, kMoved };

/// The row was as expected when all were compared; a cascade or a trigger of the application may
/// have had it since.
Outcome write_one(Connection& connection, const RowChange& change,
                  const std::vector<std::size_t>& columns) {
  std::int64_t rows = 0;
  {
    Savepoint savepoint(connection.link());
    try {
      rows = write(connection, std::span(&change, 1), columns);
      savepoint.keep();
    } catch (const ServerError& error) {
      if (error.code() != ErrorCode::kConstraint) throw;
      savepoint.undo();
      database::refuse_change(change, reason_of(connection, error.problem()));
    }
  }
  if (rows == 1) return Outcome::kDone;
  if (rows > 1) {
    database::refuse_change(change,
                            "the key stands for " + counted(rows, "row") + ", it should for one");
  }
  if (change.kind() == ChangeKind::kInsert) database::refuse_change(change, "a trigger ignored it");
  const bool there = connection.read_rows(*change.table, std::span(&change.key, 1))[0].has_value();
  if (change.kind() == ChangeKind::kUpdate && !there) return Outcome::kMoved;
  if (there) database::refuse_change(change, "a trigger ignored it");
  return Outcome::kDone;
}

bool has_null_key(const RowChange& change) {
  return std::ranges::any_of(change.key, &Value::is_null);
}

/// Whether one statement may do several of these: the server judges unique keys row by row, in an
/// order of its own for updates.
bool may_join(Connection& connection, const RowChange& change,
              const std::vector<std::size_t>& columns) {
  if (has_null_key(change)) return false;
  if (change.kind() != ChangeKind::kUpdate) return true;
  const TableFacts& facts = connection.facts(change.table->name);
  return std::ranges::none_of(columns, [&](std::size_t column) {
    return facts.unique_columns.contains(change.table->columns[column]);
  });
}

Run next_run(Connection& connection, std::span<const RowChange> changes, std::size_t first) {
  const RowChange& head = changes[first];
  Run run{.first = first, .count = 1, .columns = {}};
  const bool updates = head.kind() == ChangeKind::kUpdate;
  if (updates) run.columns = written_columns(head);
  if (!may_join(connection, head, run.columns)) return run;
  std::set<Key> keys{head.key};
  for (std::size_t i = first + 1; i < changes.size() && run.count < kRowsAtOnce; ++i, ++run.count) {
    const RowChange& next = changes[i];
    if (next.kind() != head.kind() || *next.table != *head.table || has_null_key(next)) break;
    if (next.changes_nothing() || !keys.insert(next.key).second) break;
    if (updates && written_columns(next) != run.columns) break;
  }
  return run;
}

/// Whether all of the run went well at once; else nothing of it is done, and each is to be tried by
/// itself so that the one can be named.
bool write_at_once(Connection& connection, std::span<const RowChange> changes, const Run& run) {
  Savepoint savepoint(connection.link());
  try {
    const std::int64_t rows = write(connection, changes.subspan(run.first, run.count), run.columns);
    if (rows != static_cast<std::int64_t>(run.count)) return false;
    savepoint.keep();
    return true;
  } catch (const ServerError& error) {
    if (error.code() != ErrorCode::kConstraint) throw;
    return false;
  }
}

/// Whether all of it went well in one round trip; else nothing of it is done.
bool write_in_one_trip(Connection& connection, std::span<const RowChange> changes) {
  std::vector<Run> runs;
  for (std::size_t at = 0; at < changes.size();) {
    if (changes[at].changes_nothing()) {
      ++at;
      continue;
    }
    runs.push_back(next_run(connection, changes, at));
    at += runs.back().count;
  }
  if (runs.size() < 2) return false;
  std::vector<Statement> statements;
  for (const Run& run : runs) {
    statements.push_back(
        writing_of(connection, changes.subspan(run.first, run.count), run.columns));
  }
  Savepoint savepoint(connection.link());
  try {
    const std::vector<ResultHandle> results = connection.link().run_all(statements);
    for (std::size_t i = 0; i < runs.size(); ++i) {
      if (written(results[i]) != static_cast<std::int64_t>(runs[i].count)) return false;
    }
    savepoint.keep();
    return true;
  } catch (const ServerError& error) {
    if (error.code() != ErrorCode::kConstraint) throw;
    return false;
  }
}

std::vector<database::Moved> write_all(Connection& connection, std::span<const RowChange> changes) {
  if (changes.size() <= kRowsAtOnce && write_in_one_trip(connection, changes)) return {};
  for (std::size_t at = 0; at < changes.size();) {
    if (changes[at].changes_nothing()) {
      ++at;
      continue;
    }
    const Run run = next_run(connection, changes, at);
    at += run.count;
    if (run.count > 1 && write_at_once(connection, changes, run)) continue;
    for (std::size_t i = run.first; i < run.first + run.count; ++i) {
      if (write_one(connection, changes[i], run.columns) == Outcome::kMoved) {
        return {{i, std::nullopt}};
      }
    }
  }
  return {};
}

}  // namespace

std::vector<database::Moved> Connection::apply_changes(std::span<const RowChange> changes) {
  if (changes.empty()) return {};
  if (open_ != Open::kWrite) {
    throw Error(ErrorCode::kInternal, "changes are applied in a write transaction only",
                {.place = place(), .remedy = {}});
  }
  return guarded([&] {
    // What is compared is locked, so that it stays as it was until the end.
    locks_what_it_reads_ = true;
    std::vector<database::Moved> moved;
    try {
      moved = database::find_moved(
          [this](std::span<const database::TableKeys> asked) { return read_rows_of(asked); },
          changes);
    } catch (...) {
      locks_what_it_reads_ = false;
      throw;
    }
    locks_what_it_reads_ = false;
    if (!moved.empty()) return moved;
    applied_ = true;
    link_.run_script("SET CONSTRAINTS ALL DEFERRED");
    // What a rehearsal draws would stay drawn, and the keys that a plan names be others by then.
    if (!rehearses_) advance_sequences(*this, changes);
    return write_all(*this, changes);
  });
}

}  // namespace doppel::postgres
