#include "desk/calendar.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace doppel::desk {
namespace {

constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kMicro = 1'000'000;
constexpr int kMinutesOfDay = 24 * 60;
constexpr std::int64_t kFurthestDays = 3'660;

/// Minutes of 09:30; 24:00 is a day's end.
std::optional<int> minutes_of(std::string_view text) {
  constexpr std::size_t kLength = 5;
  if (text.size() != kLength || text[2] != ':') return std::nullopt;
  const auto hours = parse_integer(text.substr(0, 2));
  const auto minutes = parse_integer(text.substr(3, 2));
  if (!hours || !minutes || *hours < 0 || *minutes < 0 || *minutes > 59) return std::nullopt;
  const auto all = static_cast<int>(*hours * 60 + *minutes);
  return all > kMinutesOfDay ? std::nullopt : std::optional(all);
}

std::optional<std::string> read_span(const json::value& value, std::vector<WorkingSpan>& spans) {
  if (!value.is_array() || value.as_array().size() != 2 || !value.as_array()[0].is_string() ||
      !value.as_array()[1].is_string()) {
    return "a span is a list of two times";
  }
  const auto from = minutes_of(value.as_array()[0].as_string());
  const auto to = minutes_of(value.as_array()[1].as_string());
  if (!from || !to) return "a time is written 09:00, up to 24:00";
  if (*to <= *from) return "a span ends after it begins";
  if (!spans.empty() && *from < spans.back().to) return "spans of a day come one after the other";
  spans.push_back({*from, *to});
  return std::nullopt;
}

std::optional<std::string> read_hours(std::string_view hours,
                                      std::array<std::vector<WorkingSpan>, 7>& days) {
  json::value parsed;
  try {
    parsed = parse_json(hours, "hours");
  } catch (const Error& error) {
    return error.what();
  }
  if (!parsed.is_object()) return "hours are an object";
  for (const auto& member : parsed.as_object()) {
    const auto day = std::ranges::find(kDays, std::string_view(member.key()));
    if (day == kDays.end()) return "days are mon, tue, wed, thu, fri, sat, sun";
    if (!member.value().is_array()) return "a day has a list of spans";
    for (const json::value& span : member.value().as_array()) {
      if (auto problem = read_span(span, days.at(static_cast<std::size_t>(day - kDays.begin())))) {
        return problem;
      }
    }
  }
  if (std::ranges::all_of(days, &std::vector<WorkingSpan>::empty)) return "no day has hours";
  return std::nullopt;
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return (a >= 0 ? a : a - b + 1) / b; }

}  // namespace

std::optional<std::string> check_hours(std::string_view hours) {
  std::array<std::vector<WorkingSpan>, 7> days;
  return read_hours(hours, days);
}

std::array<std::vector<WorkingSpan>, 7> parse_hours(std::string_view hours) {
  std::array<std::vector<WorkingSpan>, 7> days;
  read_hours(hours, days);
  return days;
}

std::optional<std::int64_t> day_number(std::string_view date) {
  const auto instant = parse_instant(std::string(date) + "T00:00:00Z");
  if (!instant) return std::nullopt;
  return floor_div(instant->microseconds, kDaySeconds * kMicro);
}

std::optional<Instant> add_working_minutes(const WorkingCalendar& calendar, Instant from,
                                           std::int64_t minutes) {
  const std::int64_t begin = floor_div(from.microseconds, kMicro);
  std::int64_t left = minutes * 60;
  const std::int64_t first = floor_div(begin + calendar.zone.offset_at(begin), kDaySeconds);
  for (std::int64_t day = first; day < first + kFurthestDays; ++day) {
    if (calendar.holidays.contains(day)) continue;
    const std::int64_t weekday = ((day + 3) % 7 + 7) % 7;  // 1970 began on a Thursday.
    for (const WorkingSpan& span : calendar.days.at(static_cast<std::size_t>(weekday))) {
      const std::int64_t opens = calendar.zone.to_utc(day * kDaySeconds + span.from * 60LL);
      const std::int64_t closes = calendar.zone.to_utc(day * kDaySeconds + span.to * 60LL);
      const std::int64_t start = std::max(opens, begin);
      if (closes <= start) continue;
      if (closes - start >= left) return Instant{(start + left) * kMicro};
      left -= closes - start;
    }
  }
  return std::nullopt;
}

}  // namespace doppel::desk
