#pragma once

#include <memory>
#include <string>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/guard.hpp"
#include "adapters/sqlite/session_trust.hpp"
#include "database/sql_session.hpp"

namespace doppel::sqlite {

enum class SessionCapture { kNone, kCaptured };

/// A session on a connection of its own, which has a guard. What it writes is by `author`: a
/// sandbox's capture is told within each transaction that writes it, and told to forget it before
/// the commit. `trust`, if any, is told what is run and kept at the end.
std::unique_ptr<database::SqlSession> make_session(std::unique_ptr<Connection> connection,
                                                   SessionCapture capture, std::string author,
                                                   std::unique_ptr<SessionTrust> trust = nullptr);

}  // namespace doppel::sqlite
