#pragma once

#include <optional>
#include <vector>

#include "adapters/postgres/link.hpp"
#include "base/row_change.hpp"

/// Two tables compared by what they hold, where nothing was captured.
namespace doppel::postgres {

struct DifferentRow {
  Key key;
  std::optional<Row> first, second;
};

/// The rows that differ between two tables of one database, by key, at one moment: the shapes have
/// the same columns and key and name the tables, `schema.table` where the path doesn't see them.
/// The server folds each table to hashes of groups of rows, both at once by a process each; only
/// groups that differ come over the wire. Rows are the same where their texts are.
std::vector<DifferentRow> compare_tables(const OpenOptions& options, const TableShape& first,
                                         const TableShape& second);

}  // namespace doppel::postgres
