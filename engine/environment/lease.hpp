#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "base/process.hpp"
#include "database/connection.hpp"
#include "database/migrate.hpp"

/// Who works on what, in a control store that several machines share. A lease ends by itself, so
/// that whoever died keeps nobody out for long; time is the store's server's, whatever the clocks
/// of those who ask say. Each taking has a higher number than the one before, its token, by which a
/// holder that slept through the end of its lease is told from the one after it.
namespace doppel::environment {

using database::store_time;

struct Lease {
  std::string resource;  ///< environment ID, tenant NAME
  std::int64_t token = 0;
};

struct LeaseRequest {
  std::string resource;
  std::string title;  ///< of the resource, for people
  std::string what;   ///< is being done with it
  std::string by;
  ProcessId process;
  std::int64_t microseconds = 0;  ///< how long it lasts unless it is renewed
};

/// Throws Error(kBusy), which says who has it, since when and how long at most. One whose process
/// is known to have ended is taken over at once.
Lease take_lease(database::Connection& store, const Clock& clock, const LeaseRequest& request);

/// Makes it last from now on; false when it isn't this holder's any more.
bool renew_lease(database::Connection& store, const Clock& clock, const Lease& lease,
                 std::int64_t microseconds);

void end_lease(database::Connection& store, const Lease& lease);

/// Throws Error(kBusy) unless nobody else took it: also after its end it is good until then.
/// REQUIRES: an open write transaction, which is then the holder's to the end.
void require_lease(database::SqlRunner& sql, const Lease& lease, const std::string& title);

}  // namespace doppel::environment
