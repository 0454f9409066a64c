#pragma once

#include <memory>
#include <string>

#include "database/overlay.hpp"

namespace doppel::postgres {

/// The channel of NOTIFY by which a database says what was promoted to it.
inline constexpr const char* kChannel = "doppel_promotion";

/// A connection of its own that listens from now on.
std::unique_ptr<database::Listener> listen(const std::string& dsn);

}  // namespace doppel::postgres
