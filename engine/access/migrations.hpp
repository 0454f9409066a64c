#pragma once

#include <vector>

#include "database/migrate.hpp"

namespace doppel::access {

/// What this room keeps in the control store, from migrations/*.sql. Whoever opens a ControlStore
/// has applied them.
const std::vector<database::Migration>& migrations();

/// Which of them were applied.
inline constexpr const char* kMigrationTable = "access_migration";

}  // namespace doppel::access
