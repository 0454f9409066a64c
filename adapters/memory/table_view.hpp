#pragma once

#include <string>
#include <vector>

#include "adapters/memory/store.hpp"

namespace doppel::memory {

/// A table's rows as a TableShape names them: a shape's key may be another than the table's own.
class TableView {
 public:
  /// Throws Error(kSql) for a table or column that isn't there.
  TableView(const database::Schema& schema, const State& state, const std::string& table);

  /// Where these columns stand in a stored row.
  std::vector<std::size_t> positions(const std::vector<std::string>& columns) const;
  std::vector<std::size_t> key_positions(const TableShape& shape) const;

  /// The rows whose columns at `columns` are `values`, in no order: by look-up where the columns
  /// are the primary key, else by a scan.
  std::vector<const Row*> matching(const std::vector<std::size_t>& columns,
                                   const std::vector<Value>& values) const;

  const database::Table& table() const { return *table_; }
  const TableRows& rows() const { return *rows_; }

 private:
  const database::Table* table_;
  const TableRows* rows_;
};

}  // namespace doppel::memory
