#pragma once

#include <map>
#include <string>
#include <vector>

#include "plan/plan.hpp"

namespace doppel::plan {

/// The selected changes and what they can't do without: rows that they refer to and that are new,
/// what belongs to them (part_of), rows that must let go of a deleted one, and rows that free a
/// unique value which they take. Each with the reason; the selected ones with none.
struct Closure {
  changeset::ChangeSet changes;
  std::map<overlay::RowId, std::string> why;
  std::vector<overlay::RowId> left_out;
};

/// Throws Error(kNotFound) for a selector that names no change.
Closure close_over(const manifest::Model& model, const changeset::ChangeSet& changes,
                   const std::vector<Selector>& select);

/// Whether a text names the row: its key ("12", "3,4"), natural key or label.
bool names_row(const manifest::TableModel& table, const Row& row, std::string_view text);

}  // namespace doppel::plan
