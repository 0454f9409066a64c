#pragma once

#include "database/schema.hpp"

namespace doppel::sqlite {

class Connection;

/// Reads the catalogue of the main database. SQLite's own tables and the shadow tables of virtual
/// tables are left out; a virtual table itself is an object of kind `virtual table`. A table's type
/// alias and key columns decide where its keys come from: see KeySource.
database::Schema read_catalogue(Connection& connection);

}  // namespace doppel::sqlite
