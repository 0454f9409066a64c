#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "database/overlay.hpp"
#include "tests/support/world.hpp"

/// What a life is lived on: live's database and how it is reached.
namespace doppel::testing {

enum class Carrier { kFile, kSplit, kCopy, kRows };

std::string carrier_name(Carrier carrier);
constexpr bool is_sqlite(Carrier carrier) {
  return carrier == Carrier::kFile || carrier == Carrier::kSplit;
}
/// Whether the rows of data that a sandbox shows are live's.
constexpr bool shares_data(Carrier carrier) {
  return carrier == Carrier::kSplit || carrier == Carrier::kRows;
}
/// Whether a sandbox may write data, its own or live's.
constexpr bool writes_data(Carrier carrier) { return carrier != Carrier::kRows; }

/// Live's database, empty at first; gone with this.
class Ground {
 public:
  virtual ~Ground() = default;
  /// What `doppel init` is given.
  virtual std::string dsn() const = 0;
  /// What the application opens (see world_file.hpp).
  virtual std::string live() const = 0;
};

/// SQLite: live.db in the folder. PostgreSQL: a database in the private cluster, with what the
/// script makes.
std::unique_ptr<Ground> make_ground(Carrier carrier, const std::filesystem::path& folder,
                                    const std::string& server_script = {});

/// What an application opens: a file of SQLite, or a DSN of PostgreSQL.
std::unique_ptr<database::Connection> connect_any(const std::string& where);

/// Of a server's database: schemas, roles and rows of sandboxes that aren't there, and entries in
/// the registry without theirs. Empty: nothing is left over.
std::string left_over(const std::string& live);

/// Either adapter, by the DSN's scheme.
std::unique_ptr<database::Database> attach_any(const std::string& dsn);

}  // namespace doppel::testing
