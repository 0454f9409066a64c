#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "adapters/sqlite/guard.hpp"
#include "adapters/sqlite/handle.hpp"
#include "adapters/sqlite/statement.hpp"
#include "base/error.hpp"
#include "database/connection.hpp"

namespace doppel::sqlite {

enum class Creation {
  kMustExist,
  kCreateIfMissing,  ///< for doppel's own files only; an attached application's is never made
};

struct OpenOptions {
  std::string path;
  database::Access access = database::Access::kReadOnly;
  Creation creation = Creation::kMustExist;
  int busy_timeout_ms = 5000;
};

/// A database file, as the ports see it and with the handle for the files of this room. Foreign
/// keys are on, so that cascades happen as declared; recursive triggers are off as in most
/// programs: a trigger that touches its own table would else call itself without end.
class Connection final : public database::Connection, private database::SqlRunner {
 public:
  Connection(DatabaseHandle handle, OpenOptions options);

  std::vector<std::optional<Row>> read_rows(const TableShape& table,
                                            std::span<const Key> keys) override;
  void scan_rows(const TableShape& table, const database::Matching& matching,
                 const database::RowSink& sink) override;
  std::vector<std::vector<Row>> find_rows(const TableShape& table,
                                          const std::vector<std::string>& columns,
                                          std::span<const std::vector<Value>> values,
                                          std::size_t limit) override;
  std::vector<std::int64_t> count_rows(const std::string& table,
                                       const std::vector<std::string>& columns,
                                       std::span<const std::vector<Value>> values) override;
  std::int64_t count_rows(const std::string& table) override;
  std::vector<database::IndexProbe> probe_index(const TableShape& table, const std::string& index,
                                                std::span<const Row> rows) override;
  std::vector<database::Moved> apply_changes(std::span<const RowChange> changes) override;
  std::vector<std::int64_t> propose_keys(const database::Table& table,
                                         const std::string& key_column, std::size_t count) override;
  database::Schema read_schema() override;
  std::unique_ptr<database::Transaction> begin(database::TransactionKind kind) override;
  /// Of the main database.
  std::optional<std::int64_t> version() override;
  std::optional<std::string> fingerprint() override;
  database::SqlRunner* sql() override { return this; }

  // For the files of this room.

  sqlite3* handle() const { return handle_.get(); }
  const OpenOptions& options() const { return options_; }
  const std::string& path() const { return options_.path; }
  bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
  /// Carrier split: the application's database stands beside main as `live`, and the catalogue is
  /// live's but for the columns of main's tables. Write transactions then take their locks at the
  /// first write: at once would be live's too.
  void attach_live(const std::string& live_path, database::Access access);
  /// Which of the two an unqualified name of a table means: `main`, or `live` where it isn't there.
  std::string file_of(const std::string& table);
  /// From now on statements are judged, and only those that read are cached: a cached one wouldn't
  /// be judged again.
  void install_guard(GuardRules rules);
  Guard* guard() const { return guard_.get(); }
  /// A cached statement; it goes back when the lease ends, and the lease ends before this does.
  StatementCache::Lease prepare(std::string sql);
  /// Runs statements without parameters and without results.
  void run_script(const std::string& sql);

 private:
  friend class OpenTransaction;

  std::vector<Row> query(std::string_view sql, std::span<const Value> parameters) override;
  std::int64_t execute(std::string_view sql, std::span<const Value> parameters) override;
  /// What the guard said, where it was the guard; else the failure as it is.
  [[noreturn]] void rethrow_refusal(const Error& error) const;
  void execute_script(std::string_view sql) override;
  bool has_own_table(std::string_view name) override;
  std::string own_table(std::string_view name) override;
  void prepare_own_tables() override {}  // They stand beside the application's.

  OpenOptions options_;
  std::string live_path_;
  DatabaseHandle handle_;
  std::unique_ptr<Guard> guard_;
  StatementCache statements_;  // Finalized before the handle is closed.
  /// Tables written in the open transaction: a foreign key that fails at commit is looked for
  /// there.
  std::set<std::string> written_;
};

/// Opens a database file.
/// Throws Error(kNotFound) for a missing file; Error(kNotADatabase) for a directory, an empty file,
/// something else or a damaged one; Error(kUnsupported) for a newer file format; Error(kReadOnly)
/// where it is to be written and can't be; Error(kBusy); Error(kIo).
std::unique_ptr<Connection> open(const OpenOptions& options);

}  // namespace doppel::sqlite
