#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "adapters/sqlite/handle.hpp"
#include "base/value.hpp"

namespace doppel::sqlite {

/// A value of the current row. `index` counts from 0. REQUIRES: the last step gave a row.
Value column_of(sqlite3_stmt* statement, int index);
/// All of them.
Row row_of(sqlite3_stmt* statement);

/// One prepared statement. Values go in and come out exactly, by storage class: no affinity or
/// text form of doppel's own stands between. Every failure is thrown as doppel::Error with `place`.
class Statement {
 public:
  /// Throws Error(kSql) for text that isn't exactly one statement.
  Statement(sqlite3* database, std::string_view sql, std::string place);

  /// `index` counts from 1.
  void bind(int index, const Value& value);
  /// Binds 1, 2, 3, ...
  void bind_all(std::span<const Value> values);
  /// Whether there is a row to read.
  bool step();
  /// Steps to the end.
  void run();
  /// Makes it ready for the next run and forgets its values.
  void reset() noexcept;

  int column_count() const { return sqlite3_column_count(handle_.get()); }
  /// `index` counts from 0. REQUIRES: the last step() was true.
  Value column(int index) const { return column_of(handle_.get(), index); }
  /// Columns first, first + 1, ... up to the last.
  Row row() const { return row_of(handle_.get()); }

  sqlite3_stmt* handle() const { return handle_.get(); }

 private:
  sqlite3* database_;
  std::string place_;
  StatementHandle handle_;
};

/// Keeps prepared statements by their text. A statement in use is out of the cache, so that a
/// second use of the same text at the same time gets one of its own.
class StatementCache {
 public:
  /// A statement that goes back, reset, when the lease ends. The cache must outlive it.
  class Lease {
   public:
    Lease(StatementCache& cache, std::string sql, std::unique_ptr<Statement> statement);
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    Statement* operator->() const { return statement_.get(); }
    Statement& operator*() const { return *statement_; }

   private:
    StatementCache* cache_;
    std::string sql_;
    std::unique_ptr<Statement> statement_;
  };

  Lease prepare(sqlite3* database, std::string sql, const std::string& place);
  void clear() { idle_.clear(); }
  void keep_readers_only() { readers_only_ = true; }

 private:
  static constexpr std::size_t kLimit = 256;
  std::unordered_map<std::string, std::unique_ptr<Statement>> idle_;
  bool readers_only_ = false;
};

}  // namespace doppel::sqlite
