#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/row_change.hpp"

/// Changes are values: ordered row changes that are diffed, inverted, applied to values, stored and
/// hashed without a database.
namespace doppel::changeset {

/// At most one change for a row (table and key); see normalise().
struct ChangeSet {
  std::vector<RowChange> changes;

  bool empty() const { return changes.empty(); }
  std::size_t size() const { return changes.size(); }
  const RowChange* find(std::string_view table, const Key& key) const;  ///< linear
  friend bool operator==(const ChangeSet&, const ChangeSet&) = default;
};

/// The rows of some tables as a value: what the laws are stated on.
struct State {
  struct TableState {
    TableShapePtr shape;
    std::map<Key, Row> rows;
    friend bool operator==(const TableState& a, const TableState& b) {
      return *a.shape == *b.shape && a.rows == b.rows;
    }
  };
  std::map<std::string, TableState, std::less<>> tables;
  friend bool operator==(const State&, const State&) = default;
};

/// What turns `before` into `after`, by table and key order. Tables of one side only count as
/// empty on the other. apply(a, diff(a, b)) == b; diff(a, a) is empty.
ChangeSet diff(const State& before, const State& after);

/// Throws Error(kStale) with table and key where a change doesn't find its before image.
State apply(State state, const ChangeSet& changes);

/// What undoes it: images swapped, order reversed. invert(invert(c)) == c.
ChangeSet invert(const ChangeSet& changes);

/// One change per row (the first before, the last after), those that change nothing left out, by
/// table and key: the net effect, whatever happened on the way.
ChangeSet normalise(ChangeSet changes);

ChangeSet filter(const ChangeSet& changes, const std::function<bool(const RowChange&)>& keep);

/// Numbers of one table's changes.
struct Counts {
  std::size_t added = 0;
  std::size_t removed = 0;
  std::size_t changed = 0;
};
std::map<std::string, Counts, std::less<>> count(const ChangeSet& changes);

/// SHA-256 over shapes, keys and images, the same whatever the order of changes.
std::string hash(const ChangeSet& changes);
std::string hash(const State& state);

/// The stored form, documented in docs/formats/changeset.md; reading it back gives an equal value.
json::value to_json(const ChangeSet& changes);
/// The same as text: what write_json(to_json(changes), kCompact) gives.
std::string to_stored_text(const ChangeSet& changes);
/// Throws Error(kInvalidInput) placed in `source`.
ChangeSet from_json(const json::value& stored, std::string_view source);

}  // namespace doppel::changeset
