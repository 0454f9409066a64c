#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "adapters/sqlite/connection.hpp"
#include "database/overlay.hpp"

/// The base of a sandbox: its config tables as they were when it was made, in a file of their own
/// beside the sandbox's. Written once, then only read.
namespace doppel::sqlite {

/// Copies the config tables of `sandbox` into the new file, in key order; not flushed.
/// Returns the number of rows per table, in the order of `tables` (data tables 0).
/// Throws Error(kConstraint) for a config row without a key.
std::vector<std::int64_t> make_base(Connection& sandbox, const std::filesystem::path& file,
                                    const std::vector<database::TrackedTable>& tables);

/// A row where the sandbox and its base differ.
using DifferenceSink = std::function<void(const Key& key, std::optional<Row> base)>;

/// Walks one table of both in key order and reports every row that is not the same in both, in
/// storage class and bytes. Cost follows the table's size.
void compare_with_base(Connection& sandbox, Connection& base, const TableShape& table,
                       const DifferenceSink& report);

/// What stands in a file, for telling whether anybody has written to it: a hash of the header of
/// the file (with its change counter), its size and identity, and of the WAL's state. Two equal
/// answers mean that nobody has; different ones that somebody may have. No lock is touched, so
/// that it may be asked within a transaction.
/// Source: SQLite's file format, sections 1.3 (header) and 4 (WAL), and its WAL-index format.
std::string file_state(Connection& connection);

}  // namespace doppel::sqlite
