#pragma once

namespace doppel::database {

/// What the sessions of a sandbox may take of the server that live is on, too [E9].
struct SessionLimits {
  int connections = 20;
  int statement_s = 300;
  int lock_s = 10;
  int idle_transaction_s = 600;
  int temp_mb = 1024;  ///< of temporary files, a session
  friend bool operator==(const SessionLimits&, const SessionLimits&) = default;
};

}  // namespace doppel::database
