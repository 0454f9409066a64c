#include <algorithm>

#include "overlay/overlay.hpp"

namespace doppel::overlay {
namespace {

using database::DataReference;
using manifest::Model;
using manifest::Reference;
using manifest::TableModel;

/// The plain reference of one column that `via` names; a manifest without it isn't bound.
const Reference* way_of(const TableModel& table, std::size_t via) {
  for (const Reference& reference : table.references) {
    if (reference.plain() && reference.columns == std::vector{via}) return &reference;
  }
  return nullptr;
}

DataReference reference_to(const TableModel& table, const Reference& reference,
                           const Reference::Target& target) {
  const std::vector<std::string>& columns = table.shape->columns;
  DataReference made{.table = table.name(),
                     .columns = {},
                     .target = target.table,
                     .target_columns = target.columns,
                     .none = reference.none};
  for (const std::size_t column : reference.columns) made.columns.push_back(columns[column]);
  for (const auto& [here, there] : reference.scope) {
    made.columns.push_back(columns[here]);
    made.target_columns.push_back(there);
  }
  if (reference.discriminator) {
    made.when = {.column = columns[*reference.discriminator], .value = target.discriminator};
  }
  if (reference.via) {
    if (const Reference* way = way_of(table, *reference.via)) {
      made.when = {.column = reference.via_column,
                   .value = target.discriminator,
                   .via = columns[*reference.via],
                   .via_table = way->targets.front().table,
                   .via_key = way->targets.front().columns.front()};
    }
  }
  return made;
}

}  // namespace

std::vector<database::Lookup> promotion_lookups(const Model& model) {
  std::vector<database::Lookup> found;
  for (const TableModel& table : model.tables) {
    for (const Reference& reference : table.references) {
      // Nobody looks for the rows of these by their columns alone.
      if (reference.via) continue;
      if (!reference.declared() && table.role.role == manifest::Role::kDerived) continue;
      std::vector<std::string> columns;
      for (const std::size_t column : reference.columns) {
        columns.push_back(table.shape->columns[column]);
      }
      for (const auto& [here, there] : reference.scope) {
        columns.push_back(table.shape->columns[here]);
      }
      if (reference.discriminator) {
        columns.push_back(table.shape->columns[*reference.discriminator]);
      }
      for (const Reference::Target& target : reference.targets) {
        const TableModel* to = model.table(target.table);
        if (to == nullptr || !to->may_hold_config()) continue;
        found.push_back({table.name(), columns, target.table});
      }
    }
  }
  std::ranges::sort(found);
  // Of a reference to several tables one says it for all.
  const auto same = [](const database::Lookup& a, const database::Lookup& b) {
    return a.table == b.table && a.columns == b.columns;
  };
  found.erase(std::ranges::unique(found, same).begin(), found.end());
  return found;
}

std::vector<DataReference> data_references(const Model& model) {
  std::vector<DataReference> found;
  for (const TableModel& table : model.tables) {
    if (!table.shared_write || table.may_hold_config()) continue;
    for (const Reference& reference : table.references) {
      for (const Reference::Target& target : reference.targets) {
        const TableModel* to = model.table(target.table);
        if (to == nullptr || !to->may_hold_config()) continue;
        found.push_back(reference_to(table, reference, target));
      }
    }
  }
  return found;
}

}  // namespace doppel::overlay
