#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/failure.hpp"
#include "adapters/sqlite/file_bytes.hpp"
#include "base/error.hpp"

namespace doppel::sqlite {
namespace {

namespace fs = std::filesystem;

/// The file format's first hundred bytes; offsets from "The SQLite Database File Format".
constexpr std::size_t kHeaderSize = 100;
constexpr std::size_t kWriteVersionOffset = 18;
constexpr std::size_t kReadVersionOffset = 19;
constexpr std::size_t kSchemaFormatOffset = 47;  // The last byte of four, big-endian.
constexpr std::string_view kMagic{"SQLite format 3\0", 16};
constexpr int kNewestVersion = 2;  // 1 rollback journal, 2 WAL.
constexpr int kNewestSchemaFormat = 4;

[[noreturn]] void refuse(ErrorCode code, const std::string& message, const OpenOptions& options,
                         std::string remedy = {}) {
  throw Error(code, message, {.place = options.path, .remedy = std::move(remedy)});
}

void check_format(const std::array<unsigned char, kHeaderSize>& header,
                  const OpenOptions& options) {
  if (header[kReadVersionOffset] > kNewestVersion ||
      header[kSchemaFormatOffset] > kNewestSchemaFormat) {
    refuse(ErrorCode::kUnsupported, "the file is of a newer format than this SQLite reads", options,
           "use a doppel built with a newer SQLite");
  }
  if (header[kWriteVersionOffset] > kNewestVersion &&
      options.access == database::Access::kReadWrite) {
    refuse(ErrorCode::kUnsupported, "the file is of a newer format than this SQLite writes",
           options, "use a doppel built with a newer SQLite");
  }
}

/// What SQLite would say less clearly, or only later.
void check_header(sqlite3* handle, const OpenOptions& options) {
  const std::string header = first_bytes(handle, kHeaderSize);
  if (header.empty()) {
    if (options.creation == Creation::kCreateIfMissing) return;
    refuse(ErrorCode::kNotADatabase, "the file is empty", options);
  }
  if (std::string_view(header).substr(0, kMagic.size()) != kMagic)
    refuse(ErrorCode::kNotADatabase, "the file is not a SQLite database", options);
  if (header.size() < kHeaderSize) {
    refuse(ErrorCode::kNotADatabase, "the file is cut short: it ends within its header", options);
  }
  std::array<unsigned char, kHeaderSize> bytes{};
  std::ranges::copy(header, bytes.begin());
  check_format(bytes, options);
}

/// What can be said before SQLite opens the file: it would make a missing one.
void check_file(const OpenOptions& options) {
  if (options.path.empty()) refuse(ErrorCode::kUsage, "the path of a database is empty", options);
  std::error_code failure;
  const fs::file_status status = fs::status(options.path, failure);
  if (status.type() == fs::file_type::not_found) {
    if (options.creation == Creation::kCreateIfMissing) return;
    refuse(ErrorCode::kNotFound, "there is no such file", options, "check the path");
  }
  if (status.type() == fs::file_type::none) refuse(ErrorCode::kIo, failure.message(), options);
  if (status.type() == fs::file_type::directory) {
    refuse(ErrorCode::kNotADatabase, "this is a directory", options);
  }
  if (status.type() != fs::file_type::regular) {
    refuse(ErrorCode::kNotADatabase, "this is no regular file", options);
  }
  if (::faccessat(AT_FDCWD, options.path.c_str(), R_OK, AT_EACCESS) != 0) {
    refuse(ErrorCode::kIo, "the file can't be opened", options,
           "give doppel the right to read the file");
  }
}

void configure(Connection& connection) {
  sqlite3* handle = connection.handle();
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, connection.options().busy_timeout_ms);
  // A database brought by somebody else must not run functions with side effects.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
}

std::int64_t read_integer(Connection& connection, const char* sql) {
  auto statement = connection.prepare(sql);
  return statement->step() ? statement->column(0).integer() : 0;
}

/// The first read: takes the lock, rolls back a journal left by a crash, and finds most damage.
void read_first_page(Connection& connection) {
  const auto transaction = connection.begin(database::TransactionKind::kRead);
  const std::int64_t pages = read_integer(connection, "PRAGMA main.page_count");
  const std::int64_t page_size = read_integer(connection, "PRAGMA main.page_size");
  auto mode = connection.prepare("PRAGMA main.journal_mode");
  // In WAL mode the newest pages may be in the -wal file only.
  if (mode->step() && mode->column(0) == Value("wal")) return;
  std::error_code failure;
  const auto size = fs::file_size(connection.path(), failure);
  if (!failure && size < static_cast<std::uintmax_t>(pages * page_size)) {
    refuse(ErrorCode::kNotADatabase, "the file is cut short: its header promises more pages",
           connection.options(), "restore the file from a backup");
  }
}

/// Whether a process died in a transaction: the file is whole again only when its journal, which
/// stands beside it, was played back.
bool must_be_recovered(sqlite3* handle) {
  // Whatever was done since the failure, such as a ROLLBACK, has taken its code's place.
  sqlite3_exec(handle, "SELECT 1 FROM main.sqlite_schema LIMIT 1", nullptr, nullptr, nullptr);
  const int result = sqlite3_extended_errcode(handle);
  return result == SQLITE_READONLY_ROLLBACK || result == SQLITE_READONLY_RECOVERY;
}

/// Any reader who may write the file plays the journal back at once, so doppel does it, too: it
/// writes what the database was before and nothing of its own.
bool recovered(OpenOptions options) {
  options.access = database::Access::kReadWrite;
  try {
    open(options);
    return true;
  } catch (const Error&) {
    return false;  // The reader's own failure says more.
  }
}

}  // namespace

std::unique_ptr<Connection> open(const OpenOptions& options) {
  check_file(options);
  const bool write = options.access == database::Access::kReadWrite;
  int flags = write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  if (write && options.creation == Creation::kCreateIfMissing) flags |= SQLITE_OPEN_CREATE;
  flags |= SQLITE_OPEN_NOMUTEX;  // A connection is used by one thread at a time.
  sqlite3* handle = nullptr;
  // Live is attached by a URI, for reading only; a path itself is never one.
  const std::string path = options.path.starts_with("file:") ? "./" + options.path : options.path;
  const int result = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_URI, nullptr);
  DatabaseHandle owner(handle);
  check(handle, result, options.path);
  check_header(handle, options);
  auto connection = std::make_unique<Connection>(std::move(owner), options);
  configure(*connection);
  if (write && sqlite3_db_readonly(handle, "main") == 1) {
    refuse(ErrorCode::kReadOnly, "the file can't be written", options);
  }
  try {
    read_first_page(*connection);
  } catch (const Error& error) {
    if (!write && must_be_recovered(handle) && recovered(options)) return open(options);
    if (error.code() != ErrorCode::kIo || write) throw;
    refuse(ErrorCode::kIo, std::string(error.what()) + ", at the first read", options,
           "a database in WAL mode needs its -shm file beside it even for reading: give doppel "
           "the right to write in the directory, or let the application open it meanwhile");
  }
  return connection;
}

}  // namespace doppel::sqlite
