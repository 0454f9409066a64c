#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "adapters/postgres/facts.hpp"
#include "adapters/postgres/pool.hpp"
#include "database/before_images.hpp"
#include "database/connection.hpp"

namespace doppel::postgres {

/// Doppel's own tables stand in this schema of the application's database.
inline constexpr std::string_view kOwnSchema = "doppel";
/// Schemas of sandboxes begin so: they sort after live's.
inline constexpr std::string_view kSandboxPrefix = "zz_doppel_";

/// A savepoint for the time of one call; rolled back to unless it is kept. Does nothing where no
/// transaction is open. It goes to the server with the call's first statement, its end with the
/// next one.
class Savepoint {
 public:
  explicit Savepoint(Link& link);
  Savepoint(const Savepoint&) = delete;
  Savepoint& operator=(const Savepoint&) = delete;
  ~Savepoint();
  void keep();
  /// What happened since is undone, and the savepoint stands again.
  void undo();

 private:
  /// Nothing went to the server since it was made: it is still the last of what waits there.
  bool unsent() const { return link_.sent() == sent_; }

  Link& link_;
  bool open_;
  std::int64_t sent_ = 0;
};

/// A server's database, as the ports see it and with its wire for the files of this room.
class Connection final : public database::Connection, private database::SqlRunner {
 public:
  explicit Connection(const OpenOptions& options) : Connection(options, Lease(options)) {}
  Connection(OpenOptions options, Lease lease);

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
  bool may_try_again(const Error& error, int attempt) const override;
  database::SqlRunner* sql() override { return this; }

  // For the files of this room.

  const OpenOptions& options() const { return options_; }
  const std::string& place() const { return link_.place(); }
  /// The schemas that unqualified names are looked for in, doppel's own left out.
  const std::vector<std::string>& path() const { return path_; }
  /// Unqualified names are looked for in this schema first from now on.
  void stand_in(const std::string& schema);
  /// Write transactions take turns with those of this number from now on: OpenOptions.
  void take_turns(std::int32_t writer_lock) { options_.writer_lock = writer_lock; }
  bool in_transaction() const { return link_.status() != PQTRANS_IDLE; }

  /// One statement with parameters $1, $2, ...: on the wire as it is, so that a failure ends an
  /// open transaction unless a Savepoint stands around it.
  ResultHandle run(const std::string& sql, std::span<const Value> parameters = {}) {
    return link_.run(sql, parameters);
  }
  ResultHandle run_script(const std::string& sql) { return link_.run_script(sql); }
  Link& link() { return link_; }

  /// Rows of many tables, in one round trip.
  std::vector<std::vector<std::optional<Row>>> read_rows_of(
      std::span<const database::TableKeys> asked);

  /// Throws Error(kSql) for a table that isn't there. Valid until the next transaction begins.
  const TableFacts& facts(const std::string& table);
  void forget_facts() { facts_.clear(); }

  /// From now on everything happens in one transaction that is never committed, and begin() makes
  /// savepoints in it: a rehearsal.
  void never_commit();

 private:
  friend class OpenTransaction;

  /// A key of the manifest may hold NULL, which is no value to be joined by.
  void read_keys_with_null(const TableShape& table, std::span<const Key> keys,
                           const std::string& lock, std::vector<std::optional<Row>>& rows);

  std::vector<Row> query(std::string_view sql, std::span<const Value> parameters) override;
  std::int64_t execute(std::string_view sql, std::span<const Value> parameters) override;
  void execute_script(std::string_view sql) override;
  bool has_own_table(std::string_view name) override;
  std::string own_table(std::string_view name) override;
  void prepare_own_tables() override;
  std::optional<std::int64_t> server_microseconds() override;
  void announce(const std::string& text) override;

  /// Runs with a savepoint around it where a transaction is open: a failure leaves it usable.
  template <typename Call>
  auto guarded(const Call& call) {
    Savepoint savepoint(link_);
    auto result = call();
    savepoint.keep();
    return result;
  }

  OpenOptions options_;
  Lease lease_;
  Link& link_;
  std::vector<std::string> path_;
  KnownFacts facts_;
  std::set<std::string, std::less<>> asked_;  ///< in any transaction
  enum class Open { kNone, kRead, kWrite } open_ = Open::kNone;
  bool rehearses_ = false;
  bool applied_ = false;  ///< changes in the open transaction: constraints wait for its end
  bool locks_what_it_reads_ = false;
  int cursors_ = 0;
};

/// Opens a database. Throws Error(kIo) where no server answers, Error(kNotFound) for a database
/// that isn't there, Error(kReadOnly) for a role or password that it refuses, Error(kBusy) where
/// it takes no more connections, Error(kUnsupported) for a server older than 15.
std::unique_ptr<Connection> open(const OpenOptions& options);

/// The same by a link of the pool, whose DSN it is.
std::unique_ptr<Connection> open(OpenOptions options, Pool& pool);

}  // namespace doppel::postgres
