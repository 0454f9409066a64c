#pragma once

#include <optional>
#include <string_view>

namespace doppel::sqlite {

/// What a pragma may be used for in a session.
enum class PragmaUse {
  kAsk,     ///< its argument, if any, says what is asked for
  kRead,    ///< without an argument only
  kSet,     ///< setting it touches nothing but the session
  kOwnSet,  ///< set where the database file is the sandbox's own to set up
};

/// Nothing for a pragma that sessions don't know. REQUIRES: `name` in lower case.
std::optional<PragmaUse> pragma_use(std::string_view name);

}  // namespace doppel::sqlite
