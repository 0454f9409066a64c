#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/shelf.hpp"
#include "database/overlay.hpp"
#include "plan/fence.hpp"
#include "plan/history.hpp"
#include "plan/plan.hpp"
#include "plan/snapshot.hpp"

namespace doppel::plan {

/// What a promotion is besides its plan.
struct PromotionContext {
  std::string tenant;
  std::string
      id;  ///< of the promotion, so that whoever dies meanwhile can be told; empty: made here
  std::string by;
  PromotionKind kind = PromotionKind::kPromotion;
  std::string base;
  std::optional<std::int64_t> reverts;
  Shelf* snapshots = nullptr;  ///< of the tenant
  std::optional<Fence> fence = {};
  const Clock* clock = nullptr;
  Random* random = nullptr;
};

struct Promoted {
  Promotion promotion;
  SnapshotInfo snapshot;
};

/// Applies the plan that was reviewed, in one transaction of live: makes it again and compares,
/// unless its inputs are still the same, writes a snapshot of the whole config, applies config and
/// data changes in a safe order, rebuilds derived tables, touches cache marks, reads back what came
/// of it and records it.
/// Plan and snapshot are made before live's other writers have to wait. Where live tells that
/// nobody has committed since (Connection::version), they hold; else they are made again in the
/// transaction.
///
/// Throws Error(kStale) with the list of what moved, Error(kConflicts) where something has no
/// answer or no mapping, Error(kConstraint) where the database refuses; live is then as it was.
Promoted promote(const manifest::Model& model, const Request& request, const Plan& reviewed,
                 database::Connection& live, const PromotionContext& context);

/// Applies the plan to a connection that is thrown away, takes it back, and compares the hashes of
/// every table that it touches with before [P7].
Rehearsal rehearse(const manifest::Model& model, const Plan& plan, database::Connection& copy,
                   const Clock& clock);

}  // namespace doppel::plan
