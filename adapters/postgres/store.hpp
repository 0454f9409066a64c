#pragma once

#include <memory>
#include <string>

#include "database/connection.hpp"

namespace doppel::postgres {

/// The control store in a database of a server: tables in a schema of its own, which is made where
/// it is missing. Its writers take turns. Throws as `open` does, and Error(kReadOnly) with the
/// right that is missing.
std::unique_ptr<database::Connection> open_store(const std::string& dsn);

}  // namespace doppel::postgres
