#pragma once

#include <optional>
#include <string>
#include <vector>

#include "changeset/changeset.hpp"
#include "database/connection.hpp"

/// The promotions of a tenant, kept in the tenant's own database (table doppel_promotion) and
/// written in the transaction that promotes: a promotion that happened is recorded, and one that is
/// recorded happened, whatever crashes and whichever backup is restored.
namespace doppel::plan {

enum class PromotionKind {
  kPromotion,  ///< a sandbox's changes
  kRollback,   ///< the inverse of an earlier promotion
  kRestore,    ///< config of a snapshot
};

std::string_view to_text(PromotionKind kind);

struct Promotion {
  std::int64_t number = 0;  ///< 1, 2, 3, ... in a tenant
  std::string id;           ///< UUID
  PromotionKind kind = PromotionKind::kPromotion;
  std::string source;                   ///< sandbox, `promotion 3`, `snapshot 3`
  std::string base;                     ///< the base that the sandbox had then: see overlay marks
  std::optional<std::int64_t> reverts;  ///< number of the promotion that this one takes back
  std::string plan;                     ///< hash
  std::string at, by;
  changeset::ChangeSet config, data;  ///< as read back after the database's own triggers ran
};

/// Makes the table where it is missing. REQUIRES: an open write transaction.
void prepare_history(database::SqlRunner& live);

/// Writes `promotion` with the next number and returns it. REQUIRES: an open write transaction.
std::int64_t record(database::SqlRunner& live, const Promotion& promotion);

/// Oldest first, without their changes. Empty where nothing was ever promoted.
std::vector<Promotion> list_promotions(database::SqlRunner& live);

/// With its changes. Throws Error(kNotFound).
Promotion read_promotion(database::SqlRunner& live, std::int64_t number);

/// The promotion with this id, if it happened: how a crashed promoter finds out. Its plan would be
/// no answer: what was promoted and rolled back can be planned once more just so.
std::optional<Promotion> find_promotion(database::SqlRunner& live, const std::string& id);

}  // namespace doppel::plan
