#include "overlay/apply.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "changeset/order.hpp"

namespace doppel::overlay {
namespace {

/// Of a unique key with a condition nobody but the database knows which rows it holds. A value that
/// several rows have is none that it guards.
std::vector<std::vector<Value>> shared_values(const manifest::TableModel& table,
                                              const manifest::UniqueKeyModel& unique,
                                              const changeset::ChangeSet& changes,
                                              database::Connection& connection) {
  std::vector<std::vector<Value>> values;
  for (const RowChange& change : changes.changes) {
    if (change.table->name != table.name()) continue;
    for (const auto& image : {change.before, change.after}) {
      if (image) values.push_back(TableShape::project(*image, unique.columns));
    }
  }
  std::ranges::sort(values);
  const auto repeated = std::ranges::unique(values);
  values.erase(repeated.begin(), repeated.end());
  std::vector<std::string> columns;
  for (const std::size_t column : unique.columns) columns.push_back(table.shape->columns[column]);
  const auto counts = connection.count_rows(table.name(), columns, values);
  std::vector<std::vector<Value>> shared;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (counts[i] > 1) shared.push_back(std::move(values[i]));
  }
  return shared;
}

changeset::OrderRules rules_of(const manifest::Model& model) {
  changeset::OrderRules rules;
  for (const manifest::TableModel& table : model.tables) {
    for (const manifest::Reference& reference : table.references) {
      if (!reference.plain() || !reference.declared()) continue;
      const manifest::Reference::Target& target = reference.targets.front();
      rules.references.push_back({.table = table.name(),
                                  .columns = reference.columns,
                                  .target = target.table,
                                  .target_columns = target.columns});
    }
    for (const manifest::UniqueKeyModel& unique : table.unique_keys) {
      // Of an expression the columns that it is made of say enough: values are folded, and an edge
      // too many costs nothing.
      if (unique.partial || unique.columns.empty()) continue;
      rules.uniques.push_back({.table = table.name(), .columns = unique.columns});
    }
  }
  return rules;
}

}  // namespace

void apply_in_order(const manifest::Model& model, changeset::ChangeSet changes,
                    database::Connection& connection) {
  changeset::OrderRules rules = rules_of(model);
  for (const manifest::TableModel& table : model.tables) {
    for (const manifest::UniqueKeyModel& unique : table.unique_keys) {
      const bool is_touched = std::ranges::any_of(changes.changes, [&](const RowChange& change) {
        return change.table->name == table.name();
      });
      if (!unique.partial || unique.computed || !is_touched) continue;
      rules.uniques.push_back({.table = table.name(),
                               .columns = unique.columns,
                               .shared = shared_values(table, unique, changes, connection)});
    }
  }
  const changeset::ChangeSet ordered = changeset::ordered(std::move(changes), rules);
  const auto moved = connection.apply_changes(ordered.changes);
  if (moved.empty()) return;
  const RowChange& change = ordered.changes[moved.front().change];
  throw Error(ErrorCode::kStale,
              "the row " + display(change.key) + " is not as it was: it was written meanwhile",
              {.place = change.table->name, .remedy = {}});
}

std::vector<std::optional<Row>> rows_now(const changeset::ChangeSet& changes,
                                         database::RowReader& reader) {
  std::map<std::string_view, std::vector<std::size_t>> tables;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    tables[changes.changes[i].table->name].push_back(i);
  }
  std::vector<std::optional<Row>> rows(changes.size());
  for (const auto& [table, indices] : tables) {
    std::vector<Key> keys;
    keys.reserve(indices.size());
    for (const std::size_t i : indices) keys.push_back(changes.changes[i].key);
    auto found = reader.read_rows(*changes.changes[indices.front()].table, keys);
    for (std::size_t n = 0; n < indices.size(); ++n) rows[indices[n]] = std::move(found[n]);
  }
  return rows;
}

}  // namespace doppel::overlay
