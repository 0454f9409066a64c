#include <algorithm>
#include <string>

#include "adapters/memory/connection.hpp"
#include "adapters/memory/table_view.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "database/before_images.hpp"
#include "database/refused_change.hpp"

namespace doppel::memory {
namespace {

/// `queues.area, queues.name`
std::string qualified(const std::string& table, const std::vector<std::string>& columns) {
  std::vector<std::string> names;
  for (const std::string& column : columns) names.push_back(table + "." + column);
  return join(names, ", ");
}

void check_not_null(const TableView& view, const RowChange& change, const Row& row) {
  std::size_t position = 0;
  for (const database::Column& column : view.table().columns) {
    if (column.generated) continue;
    if (column.not_null && row[position].is_null()) {
      database::refuse_change(
          change, "NOT NULL constraint failed: " + qualified(view.table().name, {column.name}));
    }
    ++position;
  }
}

void check_unique(const TableView& view, const RowChange& change, const Row& row,
                  const std::vector<std::string>& columns) {
  if (columns.empty()) return;
  const auto positions = view.positions(columns);
  const std::vector<Value> values = TableShape::project(row, positions);
  if (std::ranges::any_of(values, &Value::is_null)) return;
  if (!view.matching(positions, values).empty()) {
    database::refuse_change(change,
                            "UNIQUE constraint failed: " + qualified(view.table().name, columns));
  }
}

/// Puts a row in, or throws and leaves the table as it was.
void insert_row(const TableView& view, TableRows& rows, const RowChange& change, Row row) {
  const database::Table& table = view.table();
  check_not_null(view, change, row);
  check_unique(view, change, row, table.primary_key);
  for (const database::UniqueKey& key : table.unique_keys) {
    if (key.plain) check_unique(view, change, row, key.columns);
  }
  Key identity = table.primary_key.empty()
                     ? Key{++rows.last_identity}
                     : TableShape::project(row, view.positions(table.primary_key));
  if (identity.size() == 1 && identity[0].kind() == ValueKind::kInteger) {
    rows.last_key = std::max(rows.last_key, identity[0].integer());
  }
  rows.rows.emplace(std::move(identity), std::move(row));
}

/// The row in the order of the schema's columns.
Row stored_row(const TableView& view, const RowChange& change) {
  const auto positions = view.positions(change.table->columns);
  Row row(positions.size());
  for (std::size_t i = 0; i < positions.size(); ++i) row[positions[i]] = (*change.after)[i];
  return row;
}

void write_change(const database::Schema& schema, State& state, const RowChange& change) {
  const TableView view(schema, state, change.table->name);
  TableRows& rows = state.at(change.table->name);
  if (change.kind() == ChangeKind::kInsert) {
    insert_row(view, rows, change, stored_row(view, change));
    return;
  }
  const auto found = view.matching(view.key_positions(*change.table), change.key);
  if (found.size() != 1) {
    database::refuse_change(change, "the key stands for " +
                                        counted(static_cast<std::int64_t>(found.size()), "row") +
                                        ", it should for one");
  }
  const auto at = std::ranges::find_if(
      rows.rows, [&](const auto& entry) { return &entry.second == found.front(); });
  const auto taken = rows.rows.extract(at);
  if (change.kind() == ChangeKind::kDelete) return;
  try {
    insert_row(view, rows, change, stored_row(view, change));
  } catch (const Error&) {
    rows.rows.emplace(taken.key(), taken.mapped());
    throw;
  }
}

}  // namespace

std::vector<database::Moved> Connection::apply_changes(std::span<const RowChange> changes) {
  if (changes.empty()) return {};
  if (!working_) {
    throw Error(ErrorCode::kInternal, "changes are applied in a write transaction only");
  }
  auto moved = database::find_moved(*this, changes);
  if (!moved.empty()) return moved;
  for (const RowChange& change : changes) {
    if (!change.changes_nothing()) write_change(store_->schema(), *working_, change);
  }
  return {};
}

}  // namespace doppel::memory
