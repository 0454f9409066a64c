#pragma once

#include <vector>

#include "plan/plan.hpp"

/// What merges cleanly row by row may be wrong together: a rule whose condition the sandbox changed
/// while live changed its action. Internal to the room.
namespace doppel::plan {

/// A warning for each owner of whose children `changes` and live changed different ones [P2]. It
/// asks for review and holds nothing back.
std::vector<merge::Warning> sibling_warnings(const manifest::Model& model,
                                             const std::vector<overlay::Siblings>& siblings,
                                             const changeset::ChangeSet& changes,
                                             database::Connection& live);

}  // namespace doppel::plan
