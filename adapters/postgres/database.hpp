#pragma once

#include <memory>
#include <string>

#include "database/overlay.hpp"

namespace doppel::postgres {

/// The application's database that a DSN (postgresql://...) names. Opens nothing by itself. Its
/// dsn() holds no password: a server that wants one finds it in ~/.pgpass or PGPASSWORD.
std::unique_ptr<database::Database> attach(const std::string& dsn);

}  // namespace doppel::postgres
