#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "adapters/sqlite/connection.hpp"
#include "database/overlay.hpp"

/// What the carriers of this adapter have in common: a file with the sandbox's own tables and the
/// capture, and a file with their base.
namespace doppel::sqlite {

inline constexpr const char* kDataFile = "data.db";

/// The base file that belongs to a sandbox with this mark.
std::filesystem::path base_file(const database::OverlaySpec& spec);

/// The tables of the spec whose rows stand in the sandbox's own file.
std::vector<database::TrackedTable> own_tables(const database::OverlaySpec& spec);

/// Installs mark, capture and counters in a new sandbox file and makes its base beside it.
/// REQUIRES: `sandbox` holds the own tables, no transaction is open.
std::vector<database::RowCount> install_overlay(Connection& sandbox,
                                                const database::OverlaySpec& spec,
                                                const std::filesystem::path& base);

enum class ConnectionUse {
  kOverlay,  ///< doppel's own
  kSession,  ///< for SQL that somebody else wrote: with a guard that keeps it from doppel's tables
};
using Connect = std::function<std::unique_ptr<Connection>(ConnectionUse)>;

/// An open sandbox over a connection whose unqualified names mean it. `connect` makes more of them.
std::unique_ptr<database::Overlay> make_overlay(std::unique_ptr<Connection> connection,
                                                const database::OverlaySpec& spec, Connect connect);

/// Up to 100,000 rows exactly, else the highest rowid, marked as an estimate [O1].
database::RowCount count_or_estimate(Connection& connection, const std::string& table);

}  // namespace doppel::sqlite
