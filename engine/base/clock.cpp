#include "base/clock.hpp"

#include <chrono>

#include <fmt/core.h>

#include "base/text.hpp"

namespace doppel {
namespace {

constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;

std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

}  // namespace

Instant SystemClock::now() const {
  using std::chrono::duration_cast, std::chrono::microseconds, std::chrono::system_clock;
  return {duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()};
}

std::string to_text(Instant instant) {
  const std::int64_t seconds = floor_divide(instant.microseconds, kMicrosecondsPerSecond);
  const std::int64_t fraction = instant.microseconds - seconds * kMicrosecondsPerSecond;
  const std::int64_t days = floor_divide(seconds, kSecondsPerDay);
  const std::int64_t rest = seconds - days * kSecondsPerDay;
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", int(date.year()), unsigned(date.month()),
                  unsigned(date.day()), rest / 3600, rest / 60 % 60, rest % 60);
  if (fraction != 0) text += fmt::format(".{:06}", fraction);
  return text + "Z";
}

std::optional<Instant> parse_instant(std::string_view text) {
  // 2026-11-22T09:15:00[.123456]Z
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':' || text.back() != 'Z') {
    return std::nullopt;
  }
  const auto number = [&](std::size_t at, std::size_t length) {
    return parse_integer(text.substr(at, length)).value_or(-1);
  };
  const std::chrono::year_month_day date{std::chrono::year{int(number(0, 4))},
                                         std::chrono::month{unsigned(number(5, 2))},
                                         std::chrono::day{unsigned(number(8, 2))}};
  const std::int64_t hour = number(11, 2);
  const std::int64_t minute = number(14, 2);
  const std::int64_t second = number(17, 2);
  if (!date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 59) {
    return std::nullopt;
  }
  std::int64_t fraction = 0;
  if (text[19] == '.') {
    std::string digits(text.substr(20, text.size() - 21));
    if (digits.empty() || digits.size() > 6) return std::nullopt;
    digits.resize(6, '0');
    fraction = parse_integer(digits).value_or(-1);
    if (fraction < 0) return std::nullopt;
  } else if (text.size() != 20) {
    return std::nullopt;
  }
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  const std::int64_t seconds = days * kSecondsPerDay + hour * 3600 + minute * 60 + second;
  return Instant{seconds * kMicrosecondsPerSecond + fraction};
}

}  // namespace doppel
