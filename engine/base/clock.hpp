#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace doppel {

/// A point in time, microseconds since 1970-01-01T00:00:00Z.
struct Instant {
  std::int64_t microseconds = 0;
  friend auto operator<=>(const Instant&, const Instant&) = default;
};

/// `2026-11-22T09:15:00.123456Z`; the fraction is left out when it is zero.
std::string to_text(Instant instant);
/// The inverse of to_text, also with fewer digits of the fraction.
std::optional<Instant> parse_instant(std::string_view text);

/// Where the engine gets the time from; the only place of the product that reads a clock is
/// SystemClock.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Instant now() const override;
};

/// For tests: stands still until told otherwise.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Instant start) : now_(start) {}
  Instant now() const override { return now_; }
  void advance_microseconds(std::int64_t by) { now_.microseconds += by; }

 private:
  Instant now_;
};

}  // namespace doppel
