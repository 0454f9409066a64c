#pragma once

#include <string>
#include <string_view>

#include "access/store.hpp"
#include "base/error.hpp"

/// How often a password may be guessed: counted for each account and each network, also of
/// accounts that don't exist. An attempt is counted before it is judged, so that many at once gain
/// nothing, and taken back when it was right.
namespace doppel::access {

/// After `free` failures each one doubles the wait.
struct ThrottleRule {
  std::int64_t free = 5;
  std::int64_t first = kSecond;
  std::int64_t longest = 5 * kMinute;
  std::int64_t forgive = 30 * kMinute;  ///< one failure is forgotten in so long
};

struct ThrottleRules {
  ThrottleRule account = {};
  /// Many people may sit behind one address, and mistype.
  ThrottleRule network = {
      .free = 30, .first = kSecond, .longest = 15 * kMinute, .forgive = kMinute};
  /// Rows of each of the two: beyond it whoever failed least is forgotten first, so that a flood
  /// of names doesn't wash out those that were tried often.
  std::size_t most = 10'000;
};

struct Attempt {
  std::int64_t wait = 0;       ///< microseconds until another may be made; 0: this one may
  std::int64_t next_wait = 0;  ///< if this one fails: until the next may be made
};

/// Error(kThrottled), with how long to wait.
class Throttled : public Error {
 public:
  Throttled(const std::string& message, std::int64_t wait);
  std::int64_t wait() const { return wait_; }                               ///< microseconds
  std::int64_t seconds() const { return (wait_ + kSecond - 1) / kSecond; }  ///< rounded up

 private:
  std::int64_t wait_;
};

/// Counts an attempt unless one of both has to wait. REQUIRES: an open write transaction.
Attempt begin_attempt_within(const Store& store, std::string_view login, std::string_view address,
                             const ThrottleRules& rules);

/// It was right: the account begins again, the network loses this failure only, so that an own
/// account doesn't open the way to guess others. REQUIRES: an open write transaction.
void clear_attempt_within(const Store& store, std::string_view login, std::string_view address);

/// What addresses are counted together: one of IPv4, the first 64 bits of IPv6, which one
/// subscriber has to himself.
std::string network_of(std::string_view address);

}  // namespace doppel::access
