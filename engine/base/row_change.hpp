#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.hpp"

namespace doppel {

/// What the values of a row mean: the stored columns of one table in order (generated columns left
/// out: the database makes them) and which of them are its key.
struct TableShape {
  std::string name;
  std::vector<std::string> columns;
  std::vector<std::size_t> key;  ///< indices into columns, in key order; never empty

  std::optional<std::size_t> column(std::string_view column_name) const;
  /// REQUIRES: row has this shape.
  Key key_of(const Row& row) const;
  /// The values of the given columns. REQUIRES: indices are of this shape.
  static std::vector<Value> project(const Row& row, const std::vector<std::size_t>& indices);

  friend bool operator==(const TableShape&, const TableShape&) = default;
};

/// Shared by all changes of a table, so that a change says by itself what its values are.
using TableShapePtr = std::shared_ptr<const TableShape>;

enum class ChangeKind { kInsert, kUpdate, kDelete };

/// What happened to one row: its image before (absent: it did not exist) and after (absent: it does
/// not any more). A changed key is a delete and an insert.
struct RowChange {
  TableShapePtr table;
  Key key;
  std::optional<Row> before;
  std::optional<Row> after;

  /// REQUIRES: one image at least.
  ChangeKind kind() const {
    if (!before) return ChangeKind::kInsert;
    return after ? ChangeKind::kUpdate : ChangeKind::kDelete;
  }
  bool changes_nothing() const { return before == after; }

  friend bool operator==(const RowChange& a, const RowChange& b) {
    return *a.table == *b.table && a.key == b.key && a.before == b.before && a.after == b.after;
  }
};

}  // namespace doppel
