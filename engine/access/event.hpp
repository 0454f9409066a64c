#pragma once

#include <span>
#include <string>
#include <vector>

#include "access/audit_chain.hpp"
#include "access/store.hpp"

/// What those who watch are told: changes of records and promotions, for a day. Each audience has a
/// sequence of its own, so that nothing of a sandbox shows to others, not even as a gap.
namespace doppel::access {

/// Live's config, data (which is live's in every environment) and promotions; else a sandbox's id.
inline constexpr const char* kLiveAudience = "live";

struct Event {
  std::string audience;
  std::string kind;      ///< record, promotion
  std::string resource;  ///< of a record its collection
  std::string key;       ///< of a promotion its number
  std::string verb;      ///< create, change, remove; promotion, rollback, restore
  std::int64_t number = 0;
  std::int64_t at = 0;
};

inline constexpr std::int64_t kEventLasts = 24 * kHour;

/// Appends them in the caller's transaction; numbers and times are given here.
/// REQUIRES: an open write transaction of the control store.
void append_events_within(database::SqlRunner& store, Instant at, const std::string& tenant,
                          std::span<const Event> events);

/// The promotions that these entries of the audit speak of.
std::vector<Event> events_of(std::span<const AuditEntry> entries);

/// Those of an audience behind a number, the oldest first.
std::vector<Event> list_events(const Store& store, const std::string& audience, std::int64_t after,
                               std::size_t limit);

/// The numbers that an audience has had: whoever has seen one below `oldest` - 1 missed something
/// that isn't kept any more.
struct EventRange {
  std::int64_t oldest = 1;  ///< one behind the newest where none is kept
  std::int64_t newest = 0;
};
EventRange event_range(const Store& store, const std::string& audience);

}  // namespace doppel::access
