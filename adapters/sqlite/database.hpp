#pragma once

#include <memory>
#include <string>

#include "database/overlay.hpp"

namespace doppel::sqlite {

/// The application's database file at `path`. Opens nothing by itself.
std::unique_ptr<database::Database> attach(const std::string& path);

/// doppel's own file at `path`, made where it is missing: the control store.
std::unique_ptr<database::Connection> open_store(const std::string& path);

}  // namespace doppel::sqlite
