#include "bench/raw.hpp"

#include <stdexcept>

namespace doppel::bench {
namespace {

constexpr int kPatienceMilliseconds = 10'000;

void check(sqlite3* handle, int result) {
  if (result == SQLITE_OK || result == SQLITE_ROW || result == SQLITE_DONE) return;
  throw std::runtime_error(handle == nullptr ? sqlite3_errstr(result) : sqlite3_errmsg(handle));
}

/// Reads every value, as an application would.
void read_values(sqlite3_stmt* statement) {
  const int count = sqlite3_column_count(statement);
  for (int i = 0; i < count; ++i) sqlite3_column_bytes(statement, i);
}

}  // namespace

Raw::Raw(const std::filesystem::path& file, Access access) {
  sqlite3* opened = nullptr;
  const int flags = access == Access::kReadOnly ? SQLITE_OPEN_READONLY
                                                : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int result = sqlite3_open_v2(file.c_str(), &opened, flags, nullptr);
  handle_.reset(opened);
  check(opened, result);
  sqlite3_busy_timeout(opened, kPatienceMilliseconds);
}

void Raw::run(const std::string& sql) {
  check(handle(), sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr));
}

long Raw::rows(const std::string& sql) { return RawStatement(*this, sql).run(); }

std::int64_t Raw::integer(const std::string& sql) {
  const std::string found = text(sql);
  return found.empty() ? 0 : std::stoll(found);
}

std::string Raw::text(const std::string& sql) {
  sqlite3_stmt* prepared = nullptr;
  check(handle(), sqlite3_prepare_v2(handle(), sql.c_str(), -1, &prepared, nullptr));
  std::string found;
  const int result = sqlite3_step(prepared);
  if (result == SQLITE_ROW && sqlite3_column_text(prepared, 0) != nullptr) {
    found = reinterpret_cast<const char*>(sqlite3_column_text(prepared, 0));
  }
  sqlite3_finalize(prepared);
  check(handle(), result);
  return found;
}

RawStatement::RawStatement(Raw& database, const std::string& sql) {
  sqlite3_stmt* prepared = nullptr;
  check(database.handle(),
        sqlite3_prepare_v2(database.handle(), sql.c_str(), -1, &prepared, nullptr));
  statement_.reset(prepared);
}

RawStatement& RawStatement::bind(int index, std::int64_t value) {
  check(nullptr, sqlite3_bind_int64(statement_.get(), index, value));
  return *this;
}

RawStatement& RawStatement::bind(int index, const std::string& value) {
  check(nullptr, sqlite3_bind_text(statement_.get(), index, value.data(),
                                   static_cast<int>(value.size()), SQLITE_TRANSIENT));
  return *this;
}

RawStatement& RawStatement::bind(int index, double value) {
  check(nullptr, sqlite3_bind_double(statement_.get(), index, value));
  return *this;
}

long RawStatement::run() {
  long rows = 0;
  int result = SQLITE_ROW;
  while ((result = sqlite3_step(statement_.get())) == SQLITE_ROW) {
    read_values(statement_.get());
    ++rows;
  }
  check(sqlite3_db_handle(statement_.get()), result);
  sqlite3_reset(statement_.get());
  return rows;
}

std::string content(Raw& database, const std::string& table) {
  sqlite3_stmt* prepared = nullptr;
  const std::string sql = "SELECT * FROM \"" + table + "\" ORDER BY 1";
  check(database.handle(),
        sqlite3_prepare_v2(database.handle(), sql.c_str(), -1, &prepared, nullptr));
  std::string all;
  while (sqlite3_step(prepared) == SQLITE_ROW) {
    for (int i = 0; i < sqlite3_column_count(prepared); ++i) {
      all += std::to_string(sqlite3_column_type(prepared, i)) + ":";
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(prepared, i));
      if (text != nullptr) all += text;
      all += '\x1f';
    }
    all += '\n';
  }
  sqlite3_finalize(prepared);
  return all;
}

}  // namespace doppel::bench
