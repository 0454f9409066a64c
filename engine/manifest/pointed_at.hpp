#pragma once

#include <optional>
#include <vector>

#include "manifest/model.hpp"

namespace doppel::manifest {

/// Where a reference of a row leads: the rows of `table` that hold `values` in `columns`. By key it
/// is one row; by name, those of its scope.
struct PointedAt {
  const TableModel* table = nullptr;
  std::vector<std::size_t> columns;  ///< of `table`, those of a scope last
  std::vector<Value> values;
};

/// Nothing where it refers to nothing, and where `lookup` doesn't know the row that says to what.
std::optional<PointedAt> pointed_at(const Model& model, const TableModel& table,
                                    const Reference& reference, const Row& row,
                                    const RowLookup& lookup);

}  // namespace doppel::manifest
