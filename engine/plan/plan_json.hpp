#pragma once

#include "base/json.hpp"
#include "plan/diff.hpp"
#include "plan/history.hpp"
#include "plan/plan.hpp"
#include "plan/snapshot.hpp"

/// The shapes of --json, documented in docs/reference/json.md. They are stable: members are added,
/// never renamed. What the manifest calls secret is never shown: {"secret": true} stands for it.
namespace doppel::plan {

json::value to_json(const manifest::Model& model, const Plan& plan);
json::value to_json(const manifest::Model& model, const merge::Conflict& conflict);
json::value to_json(const manifest::Model& model, const Diff& diff);
json::value to_json(const Promotion& promotion);
json::value to_json(const SnapshotInfo& snapshot);

/// What a promotion needs of the plan that was reviewed: kept in the control store.
json::value to_stored(const Plan& plan, const Request& request);

struct StoredPlan {
  /// As what_moved() compares it; `rekeyed` holds what was adopted, too. With `inputs` it is one
  /// that can be promoted as it is while they are the same.
  Plan plan;
  std::vector<Selector> select;
  std::vector<Mapping> mappings;
  /// The sandbox's changes as they were when the promotion began.
  changeset::ChangeSet own;
};
/// The text that it was kept as. Throws Error(kInvalidInput) for what is no object of JSON.
json::value parse_stored(std::string_view text);
/// Throws Error(kInvalidInput) for what to_stored() doesn't write.
StoredPlan from_stored(const json::value& stored);

}  // namespace doppel::plan
