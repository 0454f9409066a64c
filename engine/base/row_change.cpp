#include "base/row_change.hpp"

#include <algorithm>

namespace doppel {

std::optional<std::size_t> TableShape::column(std::string_view column_name) const {
  const auto found = std::ranges::find(columns, column_name);
  if (found == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns.begin());
}

Key TableShape::key_of(const Row& row) const { return project(row, key); }

std::vector<Value> TableShape::project(const Row& row, const std::vector<std::size_t>& indices) {
  std::vector<Value> values;
  values.reserve(indices.size());
  for (const std::size_t index : indices) values.push_back(row[index]);
  return values;
}

}  // namespace doppel
