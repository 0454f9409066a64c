#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <sqlite3.h>

/// SQLite as an application uses it, without anything of doppel: the peers, the oracle, the edits.
namespace doppel::bench {

class Raw {
 public:
  enum class Access { kReadOnly, kReadWrite };
  explicit Raw(const std::filesystem::path& file, Access access = Access::kReadWrite);

  sqlite3* handle() const { return handle_.get(); }
  void run(const std::string& sql);
  /// Runs a query to its end and returns the number of rows; values are read and thrown away.
  long rows(const std::string& sql);
  std::int64_t integer(const std::string& sql);
  std::string text(const std::string& sql);

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

/// A prepared statement for running often.
class RawStatement {
 public:
  RawStatement(Raw& database, const std::string& sql);
  RawStatement& bind(int index, std::int64_t value);
  RawStatement& bind(int index, const std::string& value);
  RawStatement& bind(int index, double value);
  /// To the end, all values read; returns the number of rows.
  long run();

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// Every row of a table in key order as one text, for comparing contents.
std::string content(Raw& database, const std::string& table);

}  // namespace doppel::bench
