#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "database/connection.hpp"
#include "database/migrate.hpp"

/// What all of this room works with.
namespace doppel::access {

/// Who does something, and by what request: what the audit says of it.
struct Actor {
  std::string who;           ///< a login; empty: nobody who is known
  std::string request = {};  ///< id of the request; empty: none, the command line
  std::string address = {};  ///< where it came from
};

/// A connection to the control store, for one tenant. Borrows everything; used by one thread at a
/// time. Every call that takes one is a transaction of its own unless it says otherwise.
struct Store {
  database::Connection& connection;
  const Clock& clock;
  Random& random;
  std::string tenant;

  database::SqlRunner& sql() const { return *connection.sql(); }
  /// By the server of the store where it has one.
  Instant now() const { return database::store_time(*connection.sql(), clock); }
};

inline constexpr std::int64_t kSecond = 1'000'000;  ///< in microseconds
inline constexpr std::int64_t kMinute = 60 * kSecond;
inline constexpr std::int64_t kHour = 60 * kMinute;
inline constexpr std::int64_t kDay = 24 * kHour;

}  // namespace doppel::access
