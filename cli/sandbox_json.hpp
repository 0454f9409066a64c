#pragma once

#include <vector>

#include "base/json.hpp"
#include "environment/store.hpp"
#include "merge/merge.hpp"

/// What several commands about sandboxes print with --json.
namespace doppel::cli {

json::object environment_json(const environment::Environment& environment);

/// Questions that stay open, without their images: a plan shows those.
json::array questions_json(const std::vector<merge::Conflict>& conflicts);

}  // namespace doppel::cli
