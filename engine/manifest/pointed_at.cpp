#include "manifest/pointed_at.hpp"

#include <utility>

namespace doppel::manifest {

std::optional<PointedAt> pointed_at(const Model& model, const TableModel& table,
                                    const Reference& reference, const Row& row,
                                    const RowLookup& lookup) {
  auto referred = referred_by(model, table, reference, row, lookup);
  if (!referred) return std::nullopt;
  PointedAt found{model.table(referred->target->table), {}, std::move(referred->values)};
  if (found.table == nullptr) return std::nullopt;
  std::vector<std::string> names = referred->target->columns;
  for (const auto& [here, there] : reference.scope) {
    names.push_back(there);
    found.values.push_back(row[here]);
  }
  for (const std::string& name : names) {
    const auto column = found.table->shape->column(name);
    if (!column) return std::nullopt;
    found.columns.push_back(*column);
  }
  return found;
}

}  // namespace doppel::manifest
