#pragma once

#include <vector>

#include "plan/plan.hpp"

namespace doppel::plan {

struct ImpactResult {
  std::vector<Impact> impact;
  changeset::ChangeSet moved;          ///< the data rows that mappings send elsewhere
  std::vector<std::string> uncounted;  ///< references whose rows can't be found by a look-up
};

/// Counts the rows of live data that refer to each changed row, and makes the changes that the
/// mappings ask for. `changes` are from live's rows to the planned ones.
/// Throws Error(kNotFound) for a mapping whose row isn't deleted by the plan or whose target isn't
/// there afterwards.
ImpactResult find_impact(const manifest::Model& model, const changeset::ChangeSet& changes,
                         const std::vector<Mapping>& mappings, database::Connection& live);

}  // namespace doppel::plan
