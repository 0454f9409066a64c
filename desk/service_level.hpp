#pragma once

#include <optional>
#include <string>
#include <vector>

#include "desk/resource.hpp"

/// Which service a case is promised, and until when: by this environment's policies.
namespace doppel::desk {

struct ServiceTarget {
  std::string metric;  ///< first_reply, next_reply, resolution
  std::int64_t minutes = 0;
  /// When it is due, in the calendar's working time; empty where nobody waits for it or the
  /// calendar has no such time.
  std::string due_at;
  std::string met_at;  ///< empty: not yet
};

struct ServiceLevel {
  std::string policy_id, policy, calendar, why;
  std::vector<ServiceTarget> targets;  ///< for the case's priority, by metric
};

/// The policy of the account's contract, while that runs; else the first enabled policy that holds.
/// Nothing where none does, and where there is no such case. Clocks don't pause so far.
std::optional<ServiceLevel> service_level_of(Workplace& place, const std::string& case_id);

}  // namespace doppel::desk
