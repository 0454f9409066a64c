#pragma once

#include <string>

#include "base/row_change.hpp"

namespace doppel::database {

/// For adapters: throws the Error(kConstraint) for a change that its table doesn't take, naming the
/// table, the row and what was to be done to it. A database names the constraint at most.
[[noreturn]] void refuse_change(const RowChange& change, const std::string& reason);

}  // namespace doppel::database
