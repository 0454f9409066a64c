#pragma once

#include <functional>
#include <optional>
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

/// Rows of one table that are asked for.
struct TableKeys {
  TableShapePtr table;
  std::vector<Key> keys;
};

/// The same for those who read the rows of many tables at once: aligned with what is asked.
using TablesReader =
    std::function<std::vector<std::vector<std::optional<Row>>>(std::span<const TableKeys>)>;
std::vector<Moved> find_moved(const TablesReader& read, std::span<const RowChange> changes);

}  // namespace doppel::database
