#include "model.hpp"

#include <algorithm>
#include <set>

#include <fmt/core.h>

namespace doppel::testing {

using changeset::State;
using manifest::TableModel;

namespace {

/// Columns of which a merge says more than "whoever changed it": not to be told cell by cell.
std::vector<bool> plain_columns(const TableModel& table) {
  std::vector<bool> plain(table.shape->columns.size(), true);
  for (std::size_t i = 0; i < plain.size(); ++i) {
    if (i < table.columns.size() && table.columns[i].is_volatile) plain[i] = false;
  }
  if (table.list) plain[table.list->order] = false;
  for (const auto& reference : table.references) {
    for (const std::size_t column : reference.columns) plain[column] = false;
  }
  return plain;
}

}  // namespace

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

State cell_by_cell(const State& base, const State& live, const State& shown) {
  State merged = live;
  for_each_row(base, live, shown,
               [&](const std::string& table, const Key& key, const Row* was, const Row* theirs,
                   const Row* own) {
                 if (same(was, own)) return;
                 auto& rows = merged.tables[table].rows;
                 if (own == nullptr) {
                   rows.erase(key);
                 } else if (was == nullptr || theirs == nullptr) {
                   rows[key] = *own;
                 } else {
                   for (std::size_t i = 0; i < own->size(); ++i) {
                     if ((*own)[i] != (*was)[i]) rows[key][i] = (*own)[i];
                   }
                 }
               });
  return merged;
}

State base_after_refresh(const State& base, const State& live, const State& shown) {
  State after = live;
  for_each_row(base, live, shown,
               [&](const std::string& table, const Key& key, const Row* was, const Row* theirs,
                   const Row* own) {
                 if (same(was, own) || same(was, theirs) || same(own, theirs)) return;
                 auto& rows = after.tables[table].rows;
                 if (was != nullptr && (own == nullptr || theirs == nullptr)) rows[key] = *was;
                 if (was == nullptr || own == nullptr || theirs == nullptr) return;
                 for (std::size_t i = 0; i < own->size(); ++i) {
                   const bool both = (*own)[i] != (*was)[i] && (*theirs)[i] != (*was)[i];
                   if (both && (*own)[i] != (*theirs)[i]) rows[key][i] = (*was)[i];
                 }
               });
  return after;
}

bool meet(const State& base, const State& live, const State& shown) {
  bool met = false;
  for_each_row(
      base, live, shown,
      [&](const std::string&, const Key&, const Row* was, const Row* theirs, const Row* own) {
        if (same(was, own) || same(was, theirs) || same(own, theirs)) return;
        if (own == nullptr || theirs == nullptr || was == nullptr) {
          met = true;
          return;
        }
        for (std::size_t i = 0; i < own->size(); ++i) {
          const bool both = (*own)[i] != (*was)[i] && (*theirs)[i] != (*was)[i];
          if (both && (*own)[i] != (*theirs)[i]) met = true;
        }
      });
  return met;
}

std::string lost_edits(const manifest::Model& model, const State& base, const State& live,
                       const State& shown, const State& merged) {
  std::string lost;
  for_each_row(base, live, shown,
               [&](const std::string& name, const Key& key, const Row* was, const Row* theirs,
                   const Row* own) {
                 const TableModel& table = model.require(name);
                 const bool made_or_gone = was == nullptr || own == nullptr || theirs == nullptr;
                 if (made_or_gone && !same(was, own) && !same(was, theirs)) return;
                 if (made_or_gone && !table.natural_key.empty()) return;
                 const Row* now = row_of(merged, name, key);
                 const Row* wanted = same(was, own) ? theirs : own;
                 if ((wanted == nullptr) != (now == nullptr)) {
                   lost += fmt::format("{} {} {}\n", name, display(key),
                                       now == nullptr ? "is gone" : "is still there");
                   return;
                 }
                 if (now == nullptr) return;
                 const std::vector<bool> plain = plain_columns(table);
                 for (std::size_t i = 0; i < now->size(); ++i) {
                   if (!plain[i]) continue;
                   Value cell = (*wanted)[i];
                   if (!made_or_gone) {
                     const bool by_own = (*own)[i] != (*was)[i];
                     const bool by_theirs = (*theirs)[i] != (*was)[i];
                     if (by_own && by_theirs) continue;
                     cell = by_own ? (*own)[i] : (*theirs)[i];
                   }
                   if ((*now)[i] == cell) continue;
                   lost += fmt::format("{} {} {}: expected {}, saw {}\n", name, display(key),
                                       table.shape->columns[i], display(cell), display((*now)[i]));
                 }
               });
  return lost.empty() ? lost : "lost:\n" + lost;
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
