#include "changeset/changeset.hpp"

#include <algorithm>
#include <numeric>

#include "base/error.hpp"

namespace doppel::changeset {
namespace {

using Rows = std::map<Key, Row>;

/// Adds what turns `before` into `after`: one walk over both, as both are sorted by key.
void diff_rows(const TableShapePtr& shape, const Rows& before, const Rows& after, ChangeSet& into) {
  auto old_row = before.begin();
  auto new_row = after.begin();
  while (old_row != before.end() || new_row != after.end()) {
    const bool only_old =
        new_row == after.end() || (old_row != before.end() && old_row->first < new_row->first);
    const bool only_new = !only_old && (old_row == before.end() || new_row->first < old_row->first);
    if (only_old) {
      into.changes.push_back({shape, old_row->first, old_row->second, std::nullopt});
      ++old_row;
    } else if (only_new) {
      into.changes.push_back({shape, new_row->first, std::nullopt, new_row->second});
      ++new_row;
    } else {
      if (old_row->second != new_row->second) {
        into.changes.push_back({shape, old_row->first, old_row->second, new_row->second});
      }
      ++old_row;
      ++new_row;
    }
  }
}

[[noreturn]] void refuse_stale(const RowChange& change, const std::string& what) {
  throw Error(ErrorCode::kStale, "row " + display(change.key) + " of " + change.table->name + what,
              {.place = change.table->name, .remedy = {}});
}

void apply_one(State& state, const RowChange& change) {
  auto& table = state.tables[change.table->name];
  if (!table.shape) table.shape = change.table;
  if (!(*table.shape == *change.table)) refuse_stale(change, " has other columns now");
  const auto found = table.rows.find(change.key);
  if (!change.before) {
    if (found != table.rows.end()) refuse_stale(change, " exists already");
    if (change.after) table.rows.emplace(change.key, *change.after);
    return;
  }
  if (found == table.rows.end()) refuse_stale(change, " does not exist");
  if (found->second != *change.before) refuse_stale(change, " is another than expected");
  if (change.after) {
    found->second = *change.after;
  } else {
    table.rows.erase(found);
  }
}

}  // namespace

const RowChange* ChangeSet::find(std::string_view table, const Key& key) const {
  const auto found = std::ranges::find_if(changes, [&](const RowChange& change) {
    return change.table->name == table && change.key == key;
  });
  return found == changes.end() ? nullptr : &*found;
}

ChangeSet diff(const State& before, const State& after) {
  const Rows none;
  ChangeSet changes;
  auto old_table = before.tables.begin();
  auto new_table = after.tables.begin();
  while (old_table != before.tables.end() || new_table != after.tables.end()) {
    const bool only_old = new_table == after.tables.end() ||
                          (old_table != before.tables.end() && old_table->first < new_table->first);
    const bool only_new =
        !only_old && (old_table == before.tables.end() || new_table->first < old_table->first);
    if (only_old) {
      diff_rows(old_table->second.shape, old_table->second.rows, none, changes);
      ++old_table;
    } else if (only_new) {
      diff_rows(new_table->second.shape, none, new_table->second.rows, changes);
      ++new_table;
    } else {
      diff_rows(new_table->second.shape, old_table->second.rows, new_table->second.rows, changes);
      ++old_table;
      ++new_table;
    }
  }
  return changes;
}

State apply(State state, const ChangeSet& changes) {
  for (const RowChange& change : changes.changes) apply_one(state, change);
  return state;
}

ChangeSet invert(const ChangeSet& changes) {
  ChangeSet inverse;
  inverse.changes.reserve(changes.size());
  for (auto change = changes.changes.rbegin(); change != changes.changes.rend(); ++change) {
    inverse.changes.push_back({change->table, change->key, change->after, change->before});
  }
  return inverse;
}

ChangeSet normalise(ChangeSet changes) {
  auto& all = changes.changes;
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto same_row = [&](std::size_t a, std::size_t b) {
    return all[a].table->name == all[b].table->name && all[a].key == all[b].key;
  };
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    const int tables = all[a].table->name.compare(all[b].table->name);
    return tables != 0 ? tables < 0 : all[a].key < all[b].key;
  });
  ChangeSet net;
  net.changes.reserve(order.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last + 1 < order.size() && same_row(order[first], order[last + 1])) ++last;
    RowChange& begin = all[order[first]];
    RowChange& end = all[order[last]];
    if (begin.before != end.after) {
      net.changes.push_back({std::move(end.table), std::move(begin.key), std::move(begin.before),
                             std::move(end.after)});
    }
    first = last + 1;
  }
  return net;
}

ChangeSet filter(const ChangeSet& changes, const std::function<bool(const RowChange&)>& keep) {
  ChangeSet kept;
  std::ranges::copy_if(changes.changes, std::back_inserter(kept.changes), keep);
  return kept;
}

std::map<std::string, Counts, std::less<>> count(const ChangeSet& changes) {
  std::map<std::string, Counts, std::less<>> counts;
  for (const RowChange& change : changes.changes) {
    Counts& table = counts[change.table->name];
    switch (change.kind()) {
      case ChangeKind::kInsert:
        ++table.added;
        break;
      case ChangeKind::kUpdate:
        ++table.changed;
        break;
      case ChangeKind::kDelete:
        ++table.removed;
        break;
    }
  }
  return counts;
}

}  // namespace doppel::changeset
