#pragma once

#include <string>
#include <vector>

#include "database/connection.hpp"

/// Many rows at once: one statement holds as many as the databases' limit on parameters lets it.
namespace doppel::desk {

/// REQUIRES: every row has the columns named, in their order.
void insert_rows(database::SqlRunner& sql, const std::string& table,
                 const std::vector<std::string>& columns, std::span<const Row> rows);

}  // namespace doppel::desk
