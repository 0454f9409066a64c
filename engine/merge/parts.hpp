#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/value.hpp"
#include "manifest/model.hpp"

namespace doppel::merge {

/// What differs at one place inside a value.
struct PartChange {
  std::string at;                            ///< as conflicts name it: `filters.queue`, `line 4`
  std::optional<std::string> before, after;  ///< as it is written; absent: it isn't there
};

/// Where two values of a column differ, where the column merges inside; empty where they are only
/// taken as a whole.
std::vector<PartChange> changed_parts(const manifest::ColumnModel& column, const Value& before,
                                      const Value& after);

}  // namespace doppel::merge
