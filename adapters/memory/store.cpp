#include "adapters/memory/store.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::memory {
namespace {

using database::ForeignKey;
using database::Table;
using KeySet = std::unordered_set<Key, RowHash>;

std::vector<std::size_t> positions(const Table& table, const std::vector<std::string>& columns) {
  std::vector<std::size_t> found;
  for (const std::string& name : columns) {
    std::size_t position = 0;
    for (const database::Column& column : table.columns) {
      if (column.name == name) break;
      if (!column.generated) ++position;
    }
    found.push_back(position);
  }
  return found;
}

bool has_null(const Key& key) { return std::ranges::any_of(key, &Value::is_null); }

/// The values that the rows of a table have in some columns.
KeySet values_of(const TableRows& rows, const std::vector<std::size_t>& columns) {
  KeySet values;
  for (const auto& [identity, row] : rows.rows) values.insert(TableShape::project(row, columns));
  return values;
}

std::optional<BrokenReference> look_into(const database::Schema& schema, const Table& table,
                                         const ForeignKey& reference, const State& before,
                                         const State& after) {
  const Table* target = schema.table(reference.target);
  if (target == nullptr) return std::nullopt;
  const auto columns = positions(table, reference.columns);
  const auto target_columns = positions(*target, reference.target_columns);
  const KeySet there = values_of(after.at(target->name), target_columns);
  const KeySet was_there = values_of(before.at(target->name), target_columns);
  const auto& rows_before = before.at(table.name).rows;
  for (const auto& [identity, row] : after.at(table.name).rows) {
    const Key value = TableShape::project(row, columns);
    if (has_null(value) || there.contains(value)) continue;
    const auto was = rows_before.find(identity);
    if (was != rows_before.end() && TableShape::project(was->second, columns) == value &&
        !was_there.contains(value)) {
      continue;
    }
    const std::string names = join(reference.columns, ", ");
    return BrokenReference{.place = table.name + "." + names,
                           .message = "FOREIGN KEY constraint failed: " + table.name + " " +
                                      display(identity) + " refers with " + names + " to " +
                                      reference.target + " " + display(value) +
                                      ", which isn't there"};
  }
  return std::nullopt;
}

State empty_state(const database::Schema& schema) {
  State state;
  for (const Table& table : schema.tables) state.try_emplace(table.name);
  return state;
}

}  // namespace

std::optional<BrokenReference> find_broken_reference(const database::Schema& schema,
                                                     const State& before, const State& after) {
  for (const Table& table : schema.tables) {
    for (const ForeignKey& reference : table.foreign_keys) {
      if (auto broken = look_into(schema, table, reference, before, after)) return broken;
    }
  }
  return std::nullopt;
}

Store::Store(database::Schema schema)
    : schema_(std::move(schema)), committed_(std::make_shared<const State>(empty_state(schema_))) {}

std::shared_ptr<const State> Store::committed() const {
  const std::lock_guard lock(mutex_);
  return committed_;
}

bool Store::try_begin_write() {
  const std::lock_guard lock(mutex_);
  return !std::exchange(writing_, true);
}

void Store::end_write() {
  const std::lock_guard lock(mutex_);
  writing_ = false;
}

void Store::commit(State state) {
  auto next = std::make_shared<const State>(std::move(state));
  const std::lock_guard lock(mutex_);
  committed_ = std::move(next);
}

}  // namespace doppel::memory
