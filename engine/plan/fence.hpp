#pragma once

#include <cstdint>
#include <string>

#include "database/connection.hpp"

namespace doppel::plan {

/// Keeps whoever slept through the end of his lease from committing to live after somebody else has
/// taken over: live itself keeps the highest token that was used on it.
struct Fence {
  std::string environment;  ///< id
  std::int64_t token = 0;
};

/// Live knows of this token from here on, and takes none below it. Throws Error(kBusy) when it
/// knows of a higher one. Whoever holds the transaction keeps the others waiting. REQUIRES: an open
/// write transaction on live.
void raise_fence(database::SqlRunner& live, const Fence& fence, const std::string& title);

}  // namespace doppel::plan
