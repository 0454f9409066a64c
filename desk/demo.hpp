#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/clock.hpp"
#include "database/connection.hpp"

/// A plausible organisation of any size, for demonstrations, tests and measurements.
namespace doppel::desk {

struct DemoOptions {
  std::uint64_t seed = 1;
  std::int64_t cases = 1000;
  /// The day on which the history ends; it begins two years before.
  Instant until{1'793'491'200'000'000};  // 2026-11-01
  Instant begin() const { return {until.microseconds - 730LL * 86'400 * 1'000'000}; }
};

constexpr std::int64_t kMaximalDemoCases = 10'000'000;
/// From here on it has the tail of a large organisation's configuration: hundreds of rules and
/// fields, about 2,000 rows of configuration in all.
constexpr std::int64_t kLargeDemoCases = 10'000;

/// Fills a desk that has its starting configuration and no data: people, accounts, contacts,
/// opportunities with lines, cases with their messages and history (one in a hundred with more than
/// 200 messages), activities, tasks, notes, e-mails. Equal options and an equal configuration give
/// equal rows on both databases. Writes some transactions of thousands of rows each; one that was
/// broken off leaves a part. Returns rows by table.
/// Throws Error(kWrongState) where the desk has data or isn't seeded, Error(kUsage) for options out
/// of range.
std::map<std::string, std::int64_t> fill_demo(database::Connection& connection,
                                              const DemoOptions& options);

}  // namespace doppel::desk
