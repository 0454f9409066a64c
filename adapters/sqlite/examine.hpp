#pragma once

#include <span>
#include <vector>

#include "adapters/sqlite/connection.hpp"
#include "database/overlay.hpp"

namespace doppel::sqlite {

/// See Database::examine: SQLite itself says what triggers write, by preparing statements that
/// nobody runs. REQUIRES: a connection without a guard.
std::vector<database::Finding> examine(Connection& live, const database::OverlaySpec& spec,
                                       std::span<const database::Lookup> lookups);

}  // namespace doppel::sqlite
