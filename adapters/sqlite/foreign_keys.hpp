#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/sqlite/connection.hpp"

namespace doppel::sqlite {

/// A row whose reference finds nothing.
struct BrokenReference {
  std::string place;    ///< table.column
  std::string message;  ///< which row, which value, which table it should be in
  std::string remedy;
};

/// SQLite says of a deferred foreign key only that it failed. This looks for the row, first in the
/// tables written, then in those that refer to them (none written known: in all).
std::optional<BrokenReference> find_broken_reference(Connection& connection,
                                                     const std::vector<std::string>& written);

}  // namespace doppel::sqlite
