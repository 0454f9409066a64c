#pragma once

#include <memory>

#include "adapters/postgres/connection.hpp"
#include "database/sql_session.hpp"

namespace doppel::postgres {

/// A session on live, on a connection of its own: every statement runs in a transaction that the
/// server itself holds to reading, also one that the text begins.
std::unique_ptr<database::SqlSession> make_live_session(std::unique_ptr<Connection> connection);

}  // namespace doppel::postgres
