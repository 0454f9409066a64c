#include <string>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/failure.hpp"
#include "adapters/sqlite/statement_text.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "database/before_images.hpp"
#include "database/quote.hpp"
#include "database/refused_change.hpp"

namespace doppel::sqlite {
namespace {

StatementCache::Lease prepare_insert(Connection& connection, const RowChange& change) {
  const TableShape& table = *change.table;
  std::string marks;
  for (std::size_t i = 1; i <= table.columns.size(); ++i) {
    marks += (i > 1 ? ", ?" : "?") + std::to_string(i);
  }
  auto statement =
      connection.prepare("INSERT INTO " + database::quote_name(table.name) + " (" +
                         database::quote_names(table.columns) + ") VALUES (" + marks + ")");
  statement->bind_all(*change.after);
  return statement;
}

/// Writes the changed columns only: triggers `OF` other columns stay quiet, indexes untouched.
StatementCache::Lease prepare_update(Connection& connection, const RowChange& change) {
  const TableShape& table = *change.table;
  std::vector<Value> values;
  std::string assignments;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if ((*change.before)[i] == (*change.after)[i]) continue;
    values.push_back((*change.after)[i]);
    assignments += (assignments.empty() ? "" : ", ") + database::quote_name(table.columns[i]) +
                   " = ?" + std::to_string(values.size());
  }
  const std::size_t first = values.size() + 1;
  values.insert(values.end(), change.key.begin(), change.key.end());
  auto statement = connection.prepare("UPDATE " + database::quote_name(table.name) + " AS t SET " +
                                      assignments + " WHERE " + key_text(table, change.key, first));
  statement->bind_all(values);
  return statement;
}

StatementCache::Lease prepare_delete(Connection& connection, const RowChange& change) {
  const TableShape& table = *change.table;
  auto statement = connection.prepare("DELETE FROM " + database::quote_name(table.name) +
                                      " AS t WHERE " + key_text(table, change.key, 1));
  statement->bind_all(change.key);
  return statement;
}

StatementCache::Lease prepare_change(Connection& connection, const RowChange& change) {
  switch (change.kind()) {
    case ChangeKind::kInsert:
      return prepare_insert(connection, change);
    case ChangeKind::kUpdate:
      return prepare_update(connection, change);
    case ChangeKind::kDelete:
      break;
  }
  return prepare_delete(connection, change);
}

enum class Outcome { kDone, kMoved };

/// The row was as expected when all were compared; a cascade or a trigger of the application may
/// have had it since.
Outcome write_change(Connection& connection, const RowChange& change) {
  auto statement = prepare_change(connection, change);
  try {
    statement->run();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kConstraint) database::refuse_change(change, error.what());
    throw;
  }
  const std::int64_t rows = sqlite3_changes64(connection.handle());
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

}  // namespace

std::vector<database::Moved> Connection::apply_changes(std::span<const RowChange> changes) {
  if (changes.empty()) return {};
  if (!in_transaction()) {
    throw Error(ErrorCode::kInternal, "changes are applied in a write transaction only",
                {.place = path(), .remedy = {}});
  }
  std::vector<database::Moved> moved = database::find_moved(*this, changes);
  if (!moved.empty()) return moved;
  run_script("PRAGMA defer_foreign_keys = ON");
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (changes[i].changes_nothing()) continue;
    written_.insert(changes[i].table->name);
    if (write_change(*this, changes[i]) == Outcome::kMoved) return {{i, std::nullopt}};
  }
  return {};
}

}  // namespace doppel::sqlite
