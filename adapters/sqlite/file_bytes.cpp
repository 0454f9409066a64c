#include "adapters/sqlite/file_bytes.hpp"

#include <algorithm>

#include "adapters/sqlite/failure.hpp"

namespace doppel::sqlite {
namespace {

sqlite3_file* file_of(sqlite3* database) {
  sqlite3_file* file = nullptr;
  check(
      database,
      sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file)),
      "file pointer");
  return file != nullptr && file->pMethods != nullptr ? file : nullptr;
}

}  // namespace

std::string first_bytes(sqlite3* database, std::size_t size) {
  sqlite3_file* file = file_of(database);
  sqlite3_int64 there = 0;
  if (file == nullptr || file->pMethods->xFileSize(file, &there) != SQLITE_OK) return {};
  std::string bytes(std::min(size, static_cast<std::size_t>(there)), '\0');
  const int result = file->pMethods->xRead(file, bytes.data(), static_cast<int>(bytes.size()), 0);
  if (result == SQLITE_IOERR_SHORT_READ) return {};  // Cut while it was looked at.
  check(nullptr, result, sqlite3_db_filename(database, "main"));
  return bytes;
}

std::string first_wal_index_bytes(sqlite3* database, std::size_t size) {
  constexpr int kRegionBytes = 32 * 1024;  // Of every region, says the WAL-index format.
  sqlite3_file* file = file_of(database);
  constexpr int kWithSharedMemory = 2;
  if (file == nullptr || file->pMethods->iVersion < kWithSharedMemory) return {};
  void volatile* region = nullptr;
  // Mapped by SQLite already: it only tells where.
  const int result = file->pMethods->xShmMap(file, 0, kRegionBytes, 0, &region);
  const bool mapped = result == SQLITE_OK || result == SQLITE_READONLY;
  if (!mapped || region == nullptr) return {};
  std::string bytes(size, '\0');
  const auto* from = static_cast<const char volatile*>(region);
  std::copy_n(from, size, bytes.begin());
  return bytes;
}

}  // namespace doppel::sqlite
