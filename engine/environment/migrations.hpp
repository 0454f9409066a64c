#pragma once

#include <string>
#include <vector>

namespace doppel::environment {

struct Migration {
  std::string name;  ///< 0001_control_store
  std::string sql;
};

/// The control store's migrations in order, from migrations/*.sql.
const std::vector<Migration>& migrations();

}  // namespace doppel::environment
