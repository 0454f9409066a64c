#include "overlay/apply.hpp"

#include "base/error.hpp"
#include "changeset/order.hpp"

namespace doppel::overlay {
namespace {

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
      rules.uniques.push_back({.table = table.name(), .columns = unique.columns});
    }
  }
  return rules;
}

}  // namespace

changeset::ChangeSet in_order(const manifest::Model& model, const changeset::ChangeSet& changes) {
  return changeset::ordered(changes, rules_of(model));
}

void apply_in_order(const manifest::Model& model, const changeset::ChangeSet& changes,
                    database::Connection& connection) {
  const changeset::ChangeSet ordered = in_order(model, changes);
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
