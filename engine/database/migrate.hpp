#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "database/connection.hpp"

/// How doppel's own store gets its tables: numbered SQL that each room brings for what it keeps
/// there, and the time that all who share the store agree on.
namespace doppel::database {

struct Migration {
  std::string name;  ///< 0001_control_store
  std::string sql;   ///< what only a server says stands in it as /* postgresql: ... */
};

/// The migrations of one room, in order, and the table that says which of them were applied.
struct MigrationSequence {
  std::string_view table;
  const std::vector<Migration>* all;
};

/// Applies what is missing, all in one transaction. Throws Error(kNewerStore) for a store that a
/// newer doppel wrote. `place`: for messages.
void migrate(Connection& store, const Clock& clock, const std::string& place,
             std::span<const MigrationSequence> sequences);

/// The server's, or the clock's where there is no server.
Instant store_time(SqlRunner& sql, const Clock& clock);

}  // namespace doppel::database
