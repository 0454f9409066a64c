#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/memory/store.hpp"
#include "database/connection.hpp"

namespace doppel::memory {

/// The ports over a Store, for tests. Values are compared exactly: there are neither
/// collations nor affinities. Judged are NOT NULL, primary and plain unique keys at each change and
/// foreign keys at commit, whatever their ON DELETE; indexes that are partial or on expressions,
/// checks and triggers aren't. There is no SQL.
class Connection final : public database::Connection {
 public:
  Connection(std::shared_ptr<Store> store, database::Access access);

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
  std::vector<database::Moved> apply_changes(std::span<const RowChange> changes) override;
  std::vector<std::int64_t> propose_keys(const database::Table& table,
                                         const std::string& key_column, std::size_t count) override;
  database::Schema read_schema() override { return store_->schema(); }
  std::unique_ptr<database::Transaction> begin(database::TransactionKind kind) override;
  database::SqlRunner* sql() override { return nullptr; }

 private:
  friend class OpenTransaction;

  /// The snapshot, what is being written, or what is committed now.
  std::shared_ptr<const State> view() const;

  std::shared_ptr<Store> store_;
  database::Access access_;
  std::shared_ptr<const State> snapshot_;  ///< in a read transaction
  std::shared_ptr<State> working_;         ///< in a write transaction
};

std::shared_ptr<Store> make_store(database::Schema schema);
std::unique_ptr<Connection> open(std::shared_ptr<Store> store, database::Access access);

}  // namespace doppel::memory
