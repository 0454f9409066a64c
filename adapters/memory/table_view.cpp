#include "adapters/memory/table_view.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace doppel::memory {
namespace {

std::vector<std::string> stored_columns(const database::Table& table) {
  std::vector<std::string> names;
  for (const database::Column& column : table.columns) {
    if (!column.generated) names.push_back(column.name);
  }
  return names;
}

}  // namespace

TableView::TableView(const database::Schema& schema, const State& state, const std::string& table)
    : table_(schema.table(table)) {
  if (table_ == nullptr) {
    throw Error(ErrorCode::kSql, "no such table: " + table, {.place = table, .remedy = {}});
  }
  rows_ = &state.at(table);
}

std::vector<std::size_t> TableView::positions(const std::vector<std::string>& columns) const {
  const std::vector<std::string> stored = stored_columns(*table_);
  std::vector<std::size_t> found;
  for (const std::string& column : columns) {
    const auto at = std::ranges::find(stored, column);
    if (at == stored.end()) {
      throw Error(ErrorCode::kSql, "no such column: " + column,
                  {.place = table_->name, .remedy = {}});
    }
    found.push_back(static_cast<std::size_t>(at - stored.begin()));
  }
  return found;
}

std::vector<std::size_t> TableView::key_positions(const TableShape& shape) const {
  std::vector<std::string> names;
  for (const std::size_t index : shape.key) names.push_back(shape.columns[index]);
  return positions(names);
}

std::vector<const Row*> TableView::matching(const std::vector<std::size_t>& columns,
                                            const std::vector<Value>& values) const {
  std::vector<const Row*> found;
  if (!table_->primary_key.empty() && columns == positions(table_->primary_key)) {
    const auto at = rows_->rows.find(values);
    if (at != rows_->rows.end()) found.push_back(&at->second);
    return found;
  }
  for (const auto& [identity, row] : rows_->rows) {
    if (TableShape::project(row, columns) == values) found.push_back(&row);
  }
  return found;
}

}  // namespace doppel::memory
