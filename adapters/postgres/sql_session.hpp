#pragma once

#include <memory>

#include "adapters/postgres/connection.hpp"
#include "database/sql_session.hpp"

namespace doppel::postgres {

/// A session on live, on a connection of its own: every statement runs in a transaction that the
/// server itself holds to reading, also one that the text begins.
std::unique_ptr<database::SqlSession> make_live_session(std::unique_ptr<Connection> connection);

/// A session as a sandbox's own role: the server knows what that may do. Throws
/// Error(kUnsupported) where the connection's names don't mean a sandbox.
std::unique_ptr<database::SqlSession> make_sandbox_session(std::unique_ptr<Connection> connection);

}  // namespace doppel::postgres
