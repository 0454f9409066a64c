#pragma once

#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "desk/time_zone.hpp"

/// Working time: hours of the week in a time zone, without holidays. Pure.
namespace doppel::desk {

/// Minutes of a day, from the first to before the second.
struct WorkingSpan {
  int from = 0, to = 0;
  friend bool operator==(const WorkingSpan&, const WorkingSpan&) = default;
};

struct WorkingCalendar {
  TimeZone zone;
  std::array<std::vector<WorkingSpan>, 7> days;  ///< Monday first; in order, apart from each other
  std::set<std::int64_t> holidays;               ///< days since 1970
};

/// What is wrong with hours as JSON: {"mon": [["09:00", "17:00"]]}; a day that isn't named is free.
std::optional<std::string> check_hours(std::string_view hours);
/// REQUIRES: check_hours() finds nothing.
std::array<std::vector<WorkingSpan>, 7> parse_hours(std::string_view hours);

/// Days since 1970 of 2026-11-22.
std::optional<std::int64_t> day_number(std::string_view date);

/// The instant at which so many minutes of working time have passed since `from`; nothing where
/// the calendar has too little of them within ten years.
std::optional<Instant> add_working_minutes(const WorkingCalendar& calendar, Instant from,
                                           std::int64_t minutes);

}  // namespace doppel::desk
