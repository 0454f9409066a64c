#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/row_change.hpp"
#include "base/value.hpp"
#include "database/schema.hpp"

/// The ports that an adapter fills. Everything above speaks to them and knows no database. An
/// environment is a connection: nobody here asks which one it has.
///
/// Threads: a connection is used by one thread at a time. Errors are thrown as doppel::Error with
/// the codes named; a failed call leaves the transaction open and the connection usable.
namespace doppel::database {

enum class Access { kReadOnly, kReadWrite };

enum class TransactionKind {
  kRead,   ///< one snapshot for all reads in it
  kWrite,  ///< takes the right to write at once, or throws Error(kBusy) after the patience given
};

/// Ends with commit(), else everything since its begin is rolled back by the destructor.
class Transaction {
 public:
  virtual ~Transaction() = default;
  /// Throws Error(kConstraint) when a deferred constraint fails; the transaction is then rolled
  /// back. Throws Error(kNoSpace), Error(kIo).
  virtual void commit() = 0;
};

/// A condition "these columns equal these values", judged by the database (its collation and
/// affinity), NULL matching NULL.
struct Matching {
  std::vector<std::string> columns;
  std::vector<Value> values;
};

using RowSink = std::function<void(Row&&)>;

class RowReader {
 public:
  virtual ~RowReader() = default;

  /// The rows with these keys, in the order of the keys; absent where there is none.
  virtual std::vector<std::optional<Row>> read_rows(const TableShape& table,
                                                    std::span<const Key> keys) = 0;

  /// All rows that match (none given: all), in key order. Not reentrant for the same table.
  virtual void scan_rows(const TableShape& table, const Matching& matching,
                         const RowSink& sink) = 0;

  /// For each of `values` the rows whose `columns` equal it, at most `limit` each, in key order.
  /// Uses an index where there is one. A value with a NULL matches nothing, as in a unique key.
  virtual std::vector<std::vector<Row>> find_rows(const TableShape& table,
                                                  const std::vector<std::string>& columns,
                                                  std::span<const std::vector<Value>> values,
                                                  std::size_t limit) = 0;

  /// For each of `values` the number of rows whose `columns` equal it. NULL matches nothing.
  virtual std::vector<std::int64_t> count_rows(const std::string& table,
                                               const std::vector<std::string>& columns,
                                               std::span<const std::vector<Value>> values) = 0;

  /// The number of all rows.
  virtual std::int64_t count_rows(const std::string& table) = 0;

  /// For each of `rows` (in the table's shape) what the unique index makes of it: for indexes with
  /// a condition or on expressions, which nobody but the database can evaluate. Adapters that can't
  /// leave it as it is; the database then judges when the row is written.
  virtual std::vector<IndexProbe> probe_index(const TableShape& /*table*/,
                                              const std::string& /*index*/,
                                              std::span<const Row> rows) {
    return std::vector<IndexProbe>(rows.size());
  }
};

/// A change that did not find what it expected.
struct Moved {
  std::size_t change;        ///< index into the changes given
  std::optional<Row> found;  ///< the row as it is now
};

class RowWriter {
 public:
  virtual ~RowWriter() = default;

  /// Applies changes in the order given, each only if the row is as `before` says (absent for an
  /// insert). The first ones that aren't are returned and then *nothing is to be committed*: the
  /// caller rolls back. References are judged at commit, unique keys at each change.
  /// Throws Error(kConstraint) with table, constraint and key.
  /// REQUIRES: an open write transaction.
  virtual std::vector<Moved> apply_changes(std::span<const RowChange> changes) = 0;
};

class KeyAllocator {
 public:
  virtual ~KeyAllocator() = default;
  /// `count` keys of a table with KeySource kReused or kCounted that no row has and that the
  /// database would give next. They are proposals: an apply_changes finds out if one was taken.
  virtual std::vector<std::int64_t> propose_keys(const Table& table, const std::string& key_column,
                                                 std::size_t count) = 0;
};

/// Plain SQL, for the control store, for actions that a manifest declares and for doppel's own
/// tables. Parameters are $1, $2, ...; values never stand in the text.
class SqlRunner {
 public:
  virtual ~SqlRunner() = default;
  virtual std::vector<Row> query(std::string_view sql, std::span<const Value> parameters) = 0;
  /// The number of rows changed.
  virtual std::int64_t execute(std::string_view sql, std::span<const Value> parameters) = 0;
  /// Several statements without parameters.
  virtual void execute_script(std::string_view sql) = 0;

  /// Doppel's own tables in an application's database (their names begin with `doppel_`) stand
  /// where the database has a place for them: whether one is there, and its name as SQL.
  virtual bool has_own_table(std::string_view name) = 0;
  virtual std::string own_table(std::string_view name) = 0;
  /// Makes that place where it is missing. REQUIRES: an open write transaction.
  virtual void prepare_own_tables() = 0;

  /// The time of the server that all users of the database share, in microseconds since 1970;
  /// absent where there is no server.
  virtual std::optional<std::int64_t> server_microseconds() { return std::nullopt; }

  /// Wakes who listens (Database::listen) when the open transaction commits. Does nothing where the
  /// database has no such thing.
  virtual void announce(const std::string& /*text*/) {}

  std::vector<Row> query(std::string_view sql, std::initializer_list<Value> parameters) {
    return query(sql, std::span(parameters.begin(), parameters.size()));
  }
  std::int64_t execute(std::string_view sql, std::initializer_list<Value> parameters) {
    return execute(sql, std::span(parameters.begin(), parameters.size()));
  }
};

class Connection : public RowReader, public RowWriter, public KeyAllocator {
 public:
  /// The catalogue, doppel's own tables left out.
  virtual Schema read_schema() = 0;

  /// Throws Error(kBusy) for kWrite when another writer doesn't end in time, Error(kReadOnly).
  /// Transactions don't nest.
  virtual std::unique_ptr<Transaction> begin(TransactionKind kind) = 0;

  /// Whether a write transaction that ended with `error` for the how many-th time is worth
  /// beginning again at once: where waiting inside of it would make others wait, its own patience
  /// is short.
  virtual bool may_try_again(const Error& /*error*/, int /*attempt*/) const { return false; }

  /// A number that is another after every commit by anybody else, and only compares with answers of
  /// this same connection: asked in two transactions and the same, the second sees the rows of the
  /// first. Absent where the database can't tell. REQUIRES: an open transaction.
  virtual std::optional<std::int64_t> version() { return std::nullopt; }

  /// What stands in the database in a few bytes, for later and for other processes: two equal
  /// answers mean that nobody has written between them. Absent where the database can't tell.
  virtual std::optional<std::string> fingerprint() { return std::nullopt; }

  /// Null where the adapter has no SQL (memory).
  virtual SqlRunner* sql() = 0;
};

}  // namespace doppel::database
