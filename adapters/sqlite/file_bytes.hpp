#pragma once

#include <cstddef>
#include <string>

#include <sqlite3.h>

/// A database's own files, read through what SQLite has open. A process that opens such a file
/// beside SQLite and closes it again lets go of every lock that it holds on it, of all of its
/// connections: that is how POSIX defines locks.
namespace doppel::sqlite {

/// The first bytes of the main database file, as many as there are up to `size`.
std::string first_bytes(sqlite3* database, std::size_t size);

/// The first bytes of the index of its WAL; empty where there is none.
/// REQUIRES: the connection has read from a database that is in WAL mode.
std::string first_wal_index_bytes(sqlite3* database, std::size_t size);

}  // namespace doppel::sqlite
