#include "tests/support/merge_model.hpp"

namespace doppel::testing {
namespace {

using changeset::State;

const Row* row_of(const State& state, const std::string& table, const Key& key) {
  const auto rows = state.tables.find(table);
  if (rows == state.tables.end()) return nullptr;
  const auto row = rows->second.rows.find(key);
  return row == rows->second.rows.end() ? nullptr : &row->second;
}

bool same(const manifest::TableModel& table, const Row* a, const Row* b) {
  if (a == nullptr || b == nullptr) return a == b;
  for (std::size_t i = 0; i < a->size(); ++i) {
    if (!table.columns[i].is_volatile && (*a)[i] != (*b)[i]) return false;
  }
  return true;
}

class OneRow {
 public:
  OneRow(ModelMerge& result, const manifest::TableModel& table, Key key)
      : result_(result), table_(table), key_(std::move(key)) {}

  void merge(const Row* base, const Row* live, const Row* sandbox) {
    if (same(table_, base, sandbox) || same(table_, live, sandbox)) return;
    if (same(table_, base, live)) return take(live, sandbox);
    if (live == nullptr) return conflict("deleted_in_live", "");
    if (sandbox == nullptr) return conflict("deleted_in_sandbox", "");
    if (base == nullptr) return conflict("made_twice", "");
    Row merged = *live;
    bool open = false;
    std::set<std::size_t> asked;
    for (const auto& reference : table_.references) {
      bool live_moved = false;
      bool sandbox_moved = false;
      bool apart = false;
      for (const std::size_t i : reference.columns) {
        live_moved = live_moved || (*live)[i] != (*base)[i];
        sandbox_moved = sandbox_moved || (*sandbox)[i] != (*base)[i];
        apart = apart || (*live)[i] != (*sandbox)[i];
      }
      if (reference.columns.size() < 2 || !live_moved || !sandbox_moved || !apart) continue;
      conflict("both_changed", table_.shape->columns[reference.columns[0]]);
      asked.insert(reference.columns.begin(), reference.columns.end());
      open = true;
    }
    for (std::size_t i = 0; i < merged.size(); ++i) {
      if (table_.columns[i].is_volatile || asked.contains(i)) continue;
      const Value& b = (*base)[i];
      const Value& l = (*live)[i];
      const Value& s = (*sandbox)[i];
      if (l == b) {
        merged[i] = s;
      } else if (s != b && s != l) {
        conflict("both_changed", table_.shape->columns[i]);
        open = true;
      }
    }
    if (!open) rows()[key_] = merged;
  }

 private:
  std::map<Key, Row>& rows() { return result_.merged.tables[table_.name()].rows; }

  /// Live hasn't moved: the sandbox's row goes in, but for what is volatile.
  void take(const Row* live, const Row* sandbox) {
    if (sandbox == nullptr) {
      rows().erase(key_);
      return;
    }
    Row row = *sandbox;
    for (std::size_t i = 0; live != nullptr && i < row.size(); ++i) {
      if (table_.columns[i].is_volatile) row[i] = (*live)[i];
    }
    rows()[key_] = row;
  }

  void conflict(const std::string& kind, const std::string& column) {
    result_.conflicts.insert({kind, table_.name(), key_, column});
  }

  ModelMerge& result_;
  const manifest::TableModel& table_;
  Key key_;
};

}  // namespace

ModelMerge naive_merge(const manifest::Model& model, const State& base, const State& live,
                       const State& sandbox) {
  ModelMerge result;
  result.merged = live;
  for (const manifest::TableModel& table : model.tables) {
    std::set<Key> keys;
    for (const State* state : {&base, &live, &sandbox}) {
      const auto rows = state->tables.find(table.name());
      if (rows == state->tables.end()) continue;
      for (const auto& [key, row] : rows->second.rows) keys.insert(key);
    }
    for (const Key& key : keys) {
      OneRow(result, table, key)
          .merge(row_of(base, table.name(), key), row_of(live, table.name(), key),
                 row_of(sandbox, table.name(), key));
    }
  }
  return result;
}

}  // namespace doppel::testing
