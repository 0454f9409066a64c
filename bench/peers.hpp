#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "base/value.hpp"
#include "bench/runner.hpp"

/// Other programs' answers to the same question, for comparing results first and speed then.
namespace doppel::bench {

/// What one row came to, by table and integer key: 'I', 'U' or 'D'.
using RowKinds = std::map<std::pair<std::string, std::int64_t>, char>;

/// SQLite's session extension: the difference of one table of two files, as its changeset.
struct SessionDiff {
  RowKinds rows;
  Lap lap;  ///< of sqlite3session_diff alone
};
SessionDiff session_diff(const std::filesystem::path& before, const std::filesystem::path& after,
                         const std::string& table);

/// sqldiff, a program of its own; nothing where it isn't installed.
struct SqlDiff {
  std::size_t statements = 0;
  Lap lap;
};
std::optional<SqlDiff> sqldiff(const std::filesystem::path& before,
                               const std::filesystem::path& after, const std::string& table);

}  // namespace doppel::bench
