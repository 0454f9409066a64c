#include "model.hpp"

#include <algorithm>
#include <set>

#include <fmt/core.h>

namespace doppel::testing {

using changeset::State;
const Row* row_of(const State& state, const std::string& table, const Key& key) {
  const auto rows = state.tables.find(table);
  if (rows == state.tables.end()) return nullptr;
  const auto row = rows->second.rows.find(key);
  return row == rows->second.rows.end() ? nullptr : &row->second;
}

bool same(const Row* one, const Row* other) {
  return (one == nullptr && other == nullptr) ||
         (one != nullptr && other != nullptr && *one == *other);
}

void for_each_row(const State& base, const State& live, const State& shown, const Visit& visit) {
  std::set<std::pair<std::string, Key>> rows;
  for (const State* state : {&base, &live, &shown}) {
    for (const auto& [name, table] : state->tables) {
      for (const auto& [key, row] : table.rows) rows.emplace(name, key);
    }
  }
  for (const auto& [table, key] : rows) {
    visit(table, key, row_of(base, table, key), row_of(live, table, key),
          row_of(shown, table, key));
  }
}

State base_of(const plan::Diff& diff, State shown) {
  for (const plan::DiffRow& changed : diff.rows) {
    auto& rows = shown.tables.at(changed.table).rows;
    if (!changed.in_base) {
      rows.erase(changed.key);
      continue;
    }
    Row& row = rows[changed.key];
    row.resize(changed.shape->columns.size());
    if (!changed.in_sandbox) {
      for (std::size_t i = 0; i < changed.key.size(); ++i) {
        row[changed.shape->key[i]] = changed.key[i];
      }
    }
    for (const plan::DiffField& field : changed.fields) {
      row[*changed.shape->column(field.column)] = field.base;
    }
  }
  return shown;
}

}  // namespace doppel::testing
