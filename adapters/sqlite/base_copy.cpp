#include "adapters/sqlite/base_copy.hpp"

#include <array>
#include <bit>
#include <cstdint>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/sqlite/file_bytes.hpp"
#include "adapters/sqlite/statement.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "database/quote.hpp"

namespace doppel::sqlite {
namespace {

namespace fs = std::filesystem;
using database::quote_name;

std::string key_list(const TableShape& shape) {
  std::vector<std::string> names;
  for (const std::size_t index : shape.key) names.push_back(shape.columns[index]);
  return database::quote_names(names);
}

std::string key_order(const TableShape& shape) {
  std::string order;
  for (const std::size_t index : shape.key) {
    order += fmt::format("{}{} COLLATE BINARY", order.empty() ? "" : ", ",
                         quote_name(shape.columns[index]));
  }
  return order;
}

/// One row after the other of a table in key order, compared without copying values out.
class Cursor {
 public:
  Cursor(Connection& connection, const TableShape& shape)
      : shape_(shape),
        statement_(
            connection.handle(),
            fmt::format("SELECT {} FROM {} ORDER BY {}", database::quote_names(shape.columns),
                        quote_name(shape.name), key_order(shape)),
            connection.path()) {
    next();
  }

  bool at_end() const { return at_end_; }
  void next() { at_end_ = !statement_.step(); }
  Row row() const { return statement_.row(); }
  Key key() const {
    Key key;
    for (const std::size_t index : shape_.key) key.push_back(statement_.column(int(index)));
    return key;
  }

  /// The order of SQLite's ORDER BY: NULL, numbers by value, text, blobs by bytes.
  int compare_key(const Cursor& other) const {
    for (const std::size_t index : shape_.key) {
      const int order = compare(value(index), other.value(index));
      if (order != 0) return order;
    }
    return 0;
  }

  bool same_values(const Cursor& other) const {
    for (std::size_t i = 0; i < shape_.columns.size(); ++i) {
      if (!same(value(i), other.value(i))) return false;
    }
    return true;
  }

 private:
  sqlite3_value* value(std::size_t column) const {
    return sqlite3_column_value(statement_.handle(), int(column));
  }

  static int rank(int type) {
    switch (type) {
      case SQLITE_NULL:
        return 0;
      case SQLITE_INTEGER:
      case SQLITE_FLOAT:
        return 1;
      case SQLITE_TEXT:
        return 2;
      default:
        return 3;
    }
  }

  static std::string_view bytes(sqlite3_value* value) {
    const void* data = sqlite3_value_blob(value);
    const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
    return {static_cast<const char*>(data), data == nullptr ? 0 : size};
  }

  static int compare(sqlite3_value* a, sqlite3_value* b) {
    const int type_a = sqlite3_value_type(a);
    const int type_b = sqlite3_value_type(b);
    if (rank(type_a) != rank(type_b)) return rank(type_a) < rank(type_b) ? -1 : 1;
    if (type_a == SQLITE_NULL) return 0;
    if (type_a == SQLITE_INTEGER && type_b == SQLITE_INTEGER) {
      const std::int64_t left = sqlite3_value_int64(a);
      const std::int64_t right = sqlite3_value_int64(b);
      return left < right ? -1 : (left > right ? 1 : 0);
    }
    if (rank(type_a) == 1) {
      // x87's long double holds every 64-bit integer and every double exactly.
      const auto number = [](sqlite3_value* value, int type) -> long double {
        if (type == SQLITE_INTEGER) return static_cast<long double>(sqlite3_value_int64(value));
        return static_cast<long double>(sqlite3_value_double(value));
      };
      const long double left = number(a, type_a);
      const long double right = number(b, type_b);
      return left < right ? -1 : (left > right ? 1 : 0);
    }
    return bytes(a).compare(bytes(b));
  }

  static bool same(sqlite3_value* a, sqlite3_value* b) {
    const int type = sqlite3_value_type(a);
    if (type != sqlite3_value_type(b)) return false;
    switch (type) {
      case SQLITE_NULL:
        return true;
      case SQLITE_INTEGER:
        return sqlite3_value_int64(a) == sqlite3_value_int64(b);
      case SQLITE_FLOAT: {
        return std::bit_cast<std::uint64_t>(sqlite3_value_double(a)) ==
               std::bit_cast<std::uint64_t>(sqlite3_value_double(b));
      }
      default:
        return bytes(a) == bytes(b);
    }
  }

  const TableShape& shape_;
  Statement statement_;
  bool at_end_ = false;
};

/// As many bytes as there are, up to `size`; empty when there is no such file. Not for files that
/// SQLite locks (see file_bytes.hpp).
std::string first_bytes_of(const fs::path& wal, std::size_t size) {
  const int descriptor = ::open(wal.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return {};
  std::string bytes(size, '\0');
  const ssize_t count = ::pread(descriptor, bytes.data(), size, 0);
  ::close(descriptor);
  bytes.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  return bytes;
}

std::string identity(const fs::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return "none";
  return fmt::format("{} {} {} {}.{}", status.st_dev, status.st_ino, status.st_size,
                     status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

}  // namespace

std::vector<std::int64_t> make_base(Connection& sandbox, const fs::path& file,
                                    const std::vector<database::TrackedTable>& tables) {
  // The sandbox's connection makes no files, so the base begins on one of its own.
  open({.path = file.string(),
        .access = database::Access::kReadWrite,
        .creation = Creation::kCreateIfMissing})
      ->run_script(
          "CREATE TABLE doppel_settled (state TEXT); INSERT INTO doppel_settled VALUES (NULL)");
  database::SqlRunner& sql = *sandbox.sql();
  sql.execute("ATTACH $1 AS doppel_base", {Value(file.string())});
  // Nothing of it counts before the sandbox is ready, so it needs no journal; it is flushed then.
  sandbox.run_script("PRAGMA doppel_base.journal_mode = OFF; PRAGMA doppel_base.synchronous = OFF");
  std::vector<std::int64_t> rows;
  for (const database::TrackedTable& table : tables) {
    if (table.kind != database::TrackedTable::Kind::kConfig) {
      rows.push_back(0);
      continue;
    }
    const TableShape& shape = *table.shape;
    const std::string columns = database::quote_names(shape.columns);
    sandbox.run_script(
        fmt::format("CREATE TABLE doppel_base.{} ({}, PRIMARY KEY ({})) WITHOUT ROWID",
                    quote_name(shape.name), columns, key_list(shape)));
    rows.push_back(sql.execute(fmt::format("INSERT INTO doppel_base.{} ({}) SELECT {} FROM main.{} "
                                           "ORDER BY {}",
                                           quote_name(shape.name), columns, columns,
                                           quote_name(shape.name), key_order(shape)),
                               {}));
  }
  sandbox.run_script("DETACH doppel_base");
  return rows;
}

void compare_with_base(Connection& sandbox, Connection& base, const TableShape& table,
                       const DifferenceSink& report) {
  Cursor now(sandbox, table);
  Cursor before(base, table);
  while (!now.at_end() || !before.at_end()) {
    const int order = now.at_end() ? 1 : (before.at_end() ? -1 : now.compare_key(before));
    if (order < 0) {
      report(now.key(), std::nullopt);
      now.next();
    } else if (order > 0) {
      report(before.key(), before.row());
      before.next();
    } else {
      if (!now.same_values(before)) report(before.key(), before.row());
      now.next();
      before.next();
    }
  }
}

std::string file_state(Connection& connection) {
  constexpr std::size_t kHeaderBytes = 100;
  constexpr std::size_t kReadVersionOffset = 19;
  constexpr char kWal = 2;
  constexpr std::size_t kWalHeaderBytes = 32;
  constexpr std::size_t kWalIndexHeaderBytes = 96;
  // No statement is run: SQLite's backup may be writing through the connection.
  const fs::path database = connection.path();
  const std::string header = first_bytes(connection.handle(), kHeaderBytes);
  Sha256 hash;
  hash.add_framed(header);
  hash.add_framed(identity(database));
  const fs::path wal = database.string() + "-wal";
  const bool in_wal_mode = header.size() > kReadVersionOffset && header[kReadVersionOffset] == kWal;
  const std::string wal_header = in_wal_mode ? first_bytes_of(wal, kWalHeaderBytes) : std::string();
  if (!wal_header.empty()) {
    hash.add_framed(wal_header);
    hash.add_framed(identity(wal));
    hash.add_framed(first_wal_index_bytes(connection.handle(), kWalIndexHeaderBytes));
  }
  return hash.finish();
}

}  // namespace doppel::sqlite
