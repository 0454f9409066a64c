#include "bench/peers.hpp"

#include <cstdlib>
#include <fstream>

#include <fmt/core.h>

#include "base/files.hpp"
#include "bench/raw.hpp"
#include "bench/runner.hpp"

namespace doppel::bench {
namespace {

struct DeleteSession {
  void operator()(sqlite3_session* session) const { sqlite3session_delete(session); }
};

RowKinds read_changeset(sqlite3_session* session) {
  int size = 0;
  void* bytes = nullptr;
  require(sqlite3session_changeset(session, &size, &bytes) == SQLITE_OK, "no session changeset");
  sqlite3_changeset_iter* iterator = nullptr;
  sqlite3changeset_start(&iterator, size, bytes);
  RowKinds rows;
  while (sqlite3changeset_next(iterator) == SQLITE_ROW) {
    const char* table = nullptr;
    int columns = 0;
    int operation = 0;
    int indirect = 0;
    sqlite3changeset_op(iterator, &table, &columns, &operation, &indirect);
    sqlite3_value* key = nullptr;
    if (operation == SQLITE_INSERT) {
      sqlite3changeset_new(iterator, 0, &key);
    } else {
      sqlite3changeset_old(iterator, 0, &key);
    }
    const char kind = operation == SQLITE_INSERT ? 'I' : (operation == SQLITE_DELETE ? 'D' : 'U');
    rows[{table, sqlite3_value_int64(key)}] = kind;
  }
  sqlite3changeset_finalize(iterator);
  sqlite3_free(bytes);
  return rows;
}

}  // namespace

SessionDiff session_diff(const std::filesystem::path& before, const std::filesystem::path& after,
                         const std::string& table) {
  Raw database(after, Raw::Access::kReadOnly);
  database.run(fmt::format("ATTACH '{}' AS base", before.string()));
  sqlite3_session* made = nullptr;
  require(sqlite3session_create(database.handle(), "main", &made) == SQLITE_OK, "no session");
  const std::unique_ptr<sqlite3_session, DeleteSession> session(made);
  require(sqlite3session_attach(made, table.c_str()) == SQLITE_OK, "the session can't attach");
  SessionDiff found;
  char* message = nullptr;
  int result = SQLITE_OK;
  found.lap = lap([&] { result = sqlite3session_diff(made, "base", table.c_str(), &message); });
  require(result == SQLITE_OK, message == nullptr ? "session_diff failed" : message);
  found.rows = read_changeset(made);
  return found;
}

std::optional<SqlDiff> sqldiff(const std::filesystem::path& before,
                               const std::filesystem::path& after, const std::string& table) {
  if (std::system("command -v sqldiff >/dev/null") != 0) return std::nullopt;
  const std::filesystem::path out = after.string() + ".sqldiff";
  SqlDiff found;
  found.lap = lap([&] {
    const std::string command = fmt::format("sqldiff --primarykey --table {} '{}' '{}' > '{}'",
                                            table, before.string(), after.string(), out.string());
    require(std::system(command.c_str()) == 0, "sqldiff failed");
  });
  std::ifstream lines(out);
  for (std::string line; std::getline(lines, line);) ++found.statements;
  std::filesystem::remove(out);
  return found;
}

}  // namespace doppel::bench
