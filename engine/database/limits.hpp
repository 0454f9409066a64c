#pragma once

#include <cstdint>
#include <string>

namespace doppel::database {

/// What a sandbox and its sessions may take of the server that live is on, too [E9].
struct SessionLimits {
  int connections = 20;
  int statement_s = 300;
  int lock_s = 10;
  int idle_transaction_s = 600;
  int transaction_s = 900;
  int temp_mb = 1024;            ///< of temporary files, a session
  int changed_rows = 1'000'000;  ///< that the sandbox may hold as its own
  friend bool operator==(const SessionLimits&, const SessionLimits&) = default;
};

/// A session of a sandbox that was ended because it did harm.
struct EndedSession {
  std::string sandbox;  ///< its mark, see OverlaySpec
  std::string role;
  std::int64_t process = 0;
  std::string reason;  ///< a sentence
};

}  // namespace doppel::database
