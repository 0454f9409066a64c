#pragma once

#include <vector>

#include "base/json.hpp"
#include "doppel.hpp"
#include "plan/plan_json.hpp"

/// Shapes of answers about sandboxes; docs/reference/api.md has them.
namespace doppel::api {

using plan::to_json;

json::object to_json(const environment::Environment& environment);
json::object to_json(const Status& status);
/// {"table": rows}; an estimate is {"rows": n, "estimate": true}.
json::object counts_json(const std::vector<database::RowCount>& tables);

}  // namespace doppel::api
