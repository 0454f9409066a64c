#pragma once

#include "database/schema.hpp"

namespace doppel::postgres {

class Connection;

/// Tables of all schemas that aren't the server's, an extension's or doppel's own; those on the
/// search_path by their name, others as `schema.table`. A partitioned table is one table.
database::Schema read_catalogue(Connection& connection);

}  // namespace doppel::postgres
