#include "bench/merge_measure.hpp"

#include <map>

#include <fmt/core.h>

#include "merge/merge.hpp"
#include "overlay/facts.hpp"

namespace doppel::bench {
namespace {

bool conflicts(std::int64_t i) { return i % 200 == 0; }

/// The sandbox's side as the capture would give it: rows of the base with another value.
changeset::ChangeSet sandbox_changes(const Edits& edits, const manifest::Model& model,
                                     database::Connection& base) {
  const TableShapePtr& shape = model.require(edits.table).shape;
  std::vector<Key> keys;
  for (std::int64_t i = 0; i < edits.count; ++i) keys.push_back({Value(1 + i * edits.step)});
  changeset::ChangeSet changes;
  const std::size_t column = *shape->column(edits.sandbox_column);
  auto rows = base.read_rows(*shape, keys);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    require(rows[i].has_value(), "the base has no such row");
    Row after = *rows[i];
    after[column] = "sandbox";
    changes.changes.push_back({shape, keys[i], std::move(rows[i]), std::move(after)});
  }
  return changes;
}

/// What a merge by hand gives: live's row with the sandbox's value, but where both wrote the same.
void check(const Edits& edits, const changeset::ChangeSet& ours, const merge::Result& merged,
           database::Connection& live) {
  const TableShape& shape = *ours.changes.front().table;
  const std::size_t column = *shape.column(edits.sandbox_column);
  std::map<Key, const RowChange*> found;
  for (const RowChange& change : merged.changes.changes) found[change.key] = &change;
  std::vector<Key> keys;
  for (const RowChange& change : ours.changes) keys.push_back(change.key);
  const auto rows = live.read_rows(shape, keys);
  std::size_t expected_conflicts = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (conflicts(static_cast<std::int64_t>(i))) {
      ++expected_conflicts;
      require(!found.contains(keys[i]), "a row in conflict is changed");
      continue;
    }
    auto now = rows[i];
    require(found.contains(keys[i]) && found[keys[i]]->before == now,
            "a change isn't on live's row");
    (*now)[column] = "sandbox";
    require(found[keys[i]]->after == now, "a merged row is another than by hand");
    found.erase(keys[i]);
  }
  require(found.empty(), "rows are changed that the sandbox didn't touch");
  require(merged.conflicts.size() == expected_conflicts, "another number of conflicts");
}

}  // namespace

void each_live_edit(const Edits& edits,
                    const std::function<void(std::int64_t, const std::string&)>& write) {
  for (std::int64_t i = 0; i < edits.count; ++i) {
    const std::int64_t key = 1 + i * edits.step;
    if (conflicts(i)) {
      write(key, edits.sandbox_column);
    } else {
      write(i % 2 == 0 ? key : key + 1, edits.live_column);
    }
  }
}

Line merge_line(const std::string& title, const Edits& edits, const MergeSides& sides, double most,
                int runs) {
  const changeset::ChangeSet ours = sandbox_changes(edits, sides.model, sides.live);
  sides.edit_live();
  const auto snapshot = sides.live.begin(database::TransactionKind::kRead);
  merge::Result merged;
  const auto once = [&] {
    merged =
        merge::merge_with(sides.model, ours, {}, overlay::facts_from(sides.model, sides.live), {});
  };
  once();
  check(edits, ours, merged, sides.live);
  return {.name = title,
          .laps = laps(runs, once),
          .most = most,
          .note = fmt::format("{} conflicts, as by hand", merged.conflicts.size())};
}

}  // namespace doppel::bench
