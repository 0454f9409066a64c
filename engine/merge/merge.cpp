#include "merge/merge.hpp"

#include <algorithm>

#include "merge/message.hpp"
#include "merge/work.hpp"

namespace doppel::merge {
namespace {

/// The checks influence each other only by taking rows out (or by an answer, once each), so they
/// come to rest.
void settle(Work& work) {
  bool changed = true;
  while (changed && !work.lacks_facts()) {
    changed = check_uniques(work);
    changed = check_references(work) || changed;
    changed = check_referrers(work) || changed;
  }
}

bool by_table_and_key(const RowChange& a, const RowChange& b) {
  const int tables = a.table->name.compare(b.table->name);
  return tables != 0 ? tables < 0 : a.key < b.key;
}

void collect_changes(Work& work, Result& result) {
  for (Item& item : work.items) {
    if (item.status != Status::kApplies) continue;
    RowChange change;
    change.table = item.table->shape;
    change.key = item.key;
    if (item.live != nullptr) change.before = *item.live;
    change.after = std::move(item.merged);
    if (!change.changes_nothing()) result.changes.changes.push_back(std::move(change));
  }
  auto& changes = result.changes.changes;
  if (!std::ranges::is_sorted(changes, by_table_and_key)) {
    std::ranges::sort(changes, by_table_and_key);
  }
}

void collect_conflicts(Work& work, Result& result) {
  for (auto& [id, conflict] : work.conflicts) result.conflicts.push_back(std::move(conflict));
  std::ranges::sort(result.conflicts, [](const Conflict& a, const Conflict& b) {
    const int tables = a.table->name.compare(b.table->name);
    if (tables != 0) return tables < 0;
    if (a.key != b.key) return a.key < b.key;
    return a.kind != b.kind ? a.kind < b.kind : a.id < b.id;
  });
}

void collect_adopted(const Work& work, Result& result) {
  for (const auto& [name, moves] : work.moves) {
    const TableShape& shape = *work.model.require(name).shape;
    for (const Move& move : moves) {
      Rekeyed adopted{name, shape.key_of(*move.from), shape.key_of(*move.to)};
      const bool is_rekeyed = std::ranges::any_of(work.rekeyed, [&](const Rekeyed& other) {
        return other.table == name && other.from == adopted.from;
      });
      if (adopted.from != adopted.to && !is_rekeyed) result.adopted.push_back(std::move(adopted));
    }
  }
}

/// A row may wait for a question about another one: that is said, so that nobody looks for it.
void warn_of_waiting(const Work& work, Result& result) {
  for (const Item& item : work.items) {
    if (item.status != Status::kHeld) continue;
    const auto found = work.conflicts.find(item.held_by);
    if (found == work.conflicts.end()) continue;
    const Conflict& conflict = found->second;
    const Key& key = item.ours != nullptr ? item.ours->key : item.key;
    if (conflict.table->name == item.table->name() && conflict.key == key) continue;
    result.warnings.push_back({item.table->name(), key,
                               name_of(item) + " waits for the answer to " + conflict.id + " (" +
                                   conflict.message + ")"});
  }
}

}  // namespace

Result merge(const manifest::Model& model, const changeset::ChangeSet& ours,
             const std::vector<ListBase>& lists, const Facts& facts,
             const std::vector<Answer>& answers) {
  Work work(model, ours, facts, answers, lists);
  Result result;
  if (facts.empty()) foresee(work);
  identify(work);
  if (!work.lacks_facts()) {
    merge_fields(work);
    merge_lists(work);
  }
  settle(work);
  if (work.lacks_facts()) {
    result.needs = work.take_needs();
    return result;
  }
  warn_of_waiting(work, result);
  collect_changes(work, result);
  collect_conflicts(work, result);
  collect_adopted(work, result);
  result.rekeyed = std::move(work.rekeyed);
  return result;
}

}  // namespace doppel::merge
