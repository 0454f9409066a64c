#pragma once

#include <vector>

#include "adapters/postgres/connection.hpp"
#include "database/limits.hpp"

namespace doppel::postgres {

/// See Database::end_harmful_sessions: one look at what the server says of its sessions.
std::vector<database::EndedSession> end_harmful_sessions(Connection& live,
                                                         const database::SessionLimits& limits);

}  // namespace doppel::postgres
