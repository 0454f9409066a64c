#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "access/audit_chain.hpp"
#include "access/store.hpp"

/// The audit in the control store: rows are only ever appended, each bound to the one before by its
/// hash, by any number of processes. docs/formats/audit.md has the hash and the export.
namespace doppel::access {

/// Appends in the caller's transaction, so that a change and what is said of it are one.
/// `at`: now, by the store's time. REQUIRES: an open write transaction of the control store.
AuditHead append_audit_within(database::SqlRunner& store, Instant at, const std::string& tenant,
                              std::span<const AuditEntry> entries);
AuditHead append_audit_within(const Store& store, const AuditEntry& entry);

/// The same as a transaction of its own; several entries cost one commit.
AuditHead append_audit(const Store& store, std::span<const AuditEntry> entries);
AuditHead append_audit(const Store& store, const AuditEntry& entry);

/// An entry of who did it, where and by which request.
AuditEntry entry_of(const Actor& actor, std::string verb, std::string resource, std::string key);

enum class AuditOrder { kOldestFirst, kNewestFirst };

/// What is to be listed; empty: all.
struct AuditFilter {
  std::string who = {}, environment = {}, verb = {}, resource = {}, key = {}, outcome = {};
  std::int64_t after = 0;   ///< numbers above
  std::int64_t before = 0;  ///< numbers below; 0: no end
  AuditOrder order = AuditOrder::kNewestFirst;
  std::size_t limit = 100;
};
inline constexpr std::size_t kMostAuditRows = 1000;  ///< of one listing

std::vector<AuditRow> list_audit(const Store& store, const AuditFilter& filter);

/// All rows from the oldest on, a page in memory at a time. The sink says whether to go on.
void scan_audit(const Store& store, const std::function<bool(const AuditRow&)>& sink);

/// Reads everything, as it is at one moment. `known`: a head that was noted earlier.
Verification verify_audit(const Store& store, const std::optional<AuditHead>& known = {});

/// The kept end of the chain.
std::optional<AuditHead> audit_head(const Store& store);

}  // namespace doppel::access
