#pragma once

#include <span>
#include <vector>

#include "database/connection.hpp"

namespace doppel::database {

/// More than this many rows that moved are of no use to anybody.
inline constexpr std::size_t kMovedLimit = 1000;

/// For adapters: which of the changes, to be applied in order, don't find the row that `before`
/// says. All rows are compared before any is written, so that what the database's own triggers do
/// to a later row isn't taken for somebody's edit; where a key comes twice, the second change is
/// compared with what the first one leaves.
std::vector<Moved> find_moved(RowReader& reader, std::span<const RowChange> changes);

}  // namespace doppel::database
