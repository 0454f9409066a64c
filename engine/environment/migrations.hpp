#pragma once

#include <vector>

#include "database/migrate.hpp"

namespace doppel::environment {

/// The control store's migrations in order, from migrations/*.sql.
const std::vector<database::Migration>& migrations();

}  // namespace doppel::environment
