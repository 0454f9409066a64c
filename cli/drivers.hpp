#pragma once

#include <memory>

#include "cli/context.hpp"

namespace doppel::cli {

/// What the library is given of the world; what it points to lasts as long as the process.
Settings settings_of(const Options& options);

/// The library over the adapters that this binary has.
std::unique_ptr<Doppel> open_doppel(const Options& options);

/// The database that a DSN names.
std::unique_ptr<database::Database> connect(const std::string& dsn);

/// It opened for writing; a SQLite file is made where there is none.
std::unique_ptr<database::Connection> open_or_make(const std::string& dsn);

}  // namespace doppel::cli
