#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/row_change.hpp"
#include "database/schema.hpp"

/// A database in memory: what is committed, and who writes.
namespace doppel::memory {

/// The rows of one table by their identity: the primary key's values, or a number of the table's
/// own where it declares none. A row holds the stored columns in the schema's order.
struct TableRows {
  std::map<Key, Row> rows;
  std::int64_t last_key = 0;       ///< the highest key ever, for KeySource::kCounted
  std::int64_t last_identity = 0;  ///< for tables without a primary key
};

/// By table name. A value: a snapshot is a copy of the pointer to it, a transaction a copy of it.
using State = std::map<std::string, TableRows>;

/// A row whose reference finds nothing.
struct BrokenReference {
  std::string place;
  std::string message;
};

/// The first row, by table and key, with a reference that finds nothing in `after` and that was not
/// already so in `before`.
std::optional<BrokenReference> find_broken_reference(const database::Schema& schema,
                                                     const State& before, const State& after);

/// Shared by its connections, which may be in different threads.
class Store {
 public:
  explicit Store(database::Schema schema);

  const database::Schema& schema() const { return schema_; }
  std::shared_ptr<const State> committed() const;

  /// Whether the right to write was free; it is the caller's until he calls end_write.
  bool try_begin_write();
  void end_write();
  /// REQUIRES: the caller has the right to write.
  void commit(State state);

 private:
  const database::Schema schema_;
  mutable std::mutex mutex_;
  std::shared_ptr<const State> committed_;
  bool writing_ = false;
};

}  // namespace doppel::memory
