#include <algorithm>

#include "merge/message.hpp"
#include "merge/work.hpp"

namespace doppel::merge {
namespace {

using manifest::Reference;
using manifest::TableModel;

/// What a reference of a merged row finds in live after the merge.
struct Target {
  enum class State { kThere, kHeld, kGone, kUnknown };
  State state = State::kUnknown;
  Item* item = nullptr;  ///< kHeld, kGone: the row that is missing, if the merge deals with it
};

/// What the merged rows refer to must be there when live is merged.
class ReferenceCheck {
 public:
  explicit ReferenceCheck(Work& work) : work_(work) {}

  bool run() {
    for (std::size_t i = 0; i < work_.items.size(); ++i) {
      Item& item = work_.items[i];
      for (const Reference& reference : item.table->references) {
        if (item.status != Status::kApplies || !item.merged) break;
        if (!is_changed(item, reference)) continue;
        check(item, reference);
      }
    }
    return changed_;
  }

 private:
  using ByValues = std::unordered_map<std::vector<Value>, std::size_t, RowHash>;

  static bool is_changed(const Item& item, const Reference& reference) {
    if (item.live == nullptr) return true;
    const auto differs = [&](std::size_t column) {
      return (*item.merged)[column] != (*item.live)[column];
    };
    return std::ranges::any_of(reference.columns, differs) ||
           (reference.discriminator && differs(*reference.discriminator)) ||
           (reference.via && differs(*reference.via)) ||
           std::ranges::any_of(reference.scope,
                               [&](const auto& pair) { return differs(pair.first); });
  }

  void check(Item& item, const Reference& reference) {
    Pointing pointing;
    if (find_pointing(work_, *item.table, reference, *item.merged, pointing) != Found::kYes) {
      return;
    }
    const Target target = find(item, pointing);
    switch (target.state) {
      case Target::State::kThere:
      case Target::State::kUnknown:
        return;
      case Target::State::kHeld:
        work_.hold(item, target.item->held_by);
        changed_ = true;
        return;
      case Target::State::kGone:
        gone(item, reference, pointing, target.item);
        return;
    }
  }

  Target find(const Item& item, const Pointing& pointing) {
    // A row that refers to itself is there when it is.
    if (pointing.table == item.table &&
        TableShape::project(*item.merged, pointing.columns) == pointing.values) {
      return {Target::State::kThere, nullptr};
    }
    return pointing.columns == pointing.table->shape->key ? find_by_key(pointing)
                                                          : find_by_values(pointing);
  }

  Target find_by_key(const Pointing& pointing) {
    const std::string& table = pointing.table->name();
    // A new row of the sandbox that was left out or waits: the key means nothing else here.
    Item* made = work_.at_sandbox(table, pointing.values);
    if (made != nullptr && made->base == nullptr && made->key == pointing.values) {
      if (made->status == Status::kHeld) return {Target::State::kHeld, made};
      if (made->status == Status::kDropped) return {Target::State::kGone, made};
    }
    Item* item = work_.at_live(table, pointing.values);
    if (item == nullptr) return find_in_live(pointing, made);
    const bool is_there =
        item->status == Status::kApplies ? item->merged.has_value() : item->live != nullptr;
    if (is_there) return {Target::State::kThere, item};
    return {item->status == Status::kHeld ? Target::State::kHeld : Target::State::kGone, item};
  }

  Target find_in_live(const Pointing& pointing, Item* item) {
    const auto* rows = work_.ask(pointing.table->name(), pointing.columns, pointing.values);
    if (rows == nullptr) return {};
    return {rows->empty() ? Target::State::kGone : Target::State::kThere, item};
  }

  Target find_by_values(const Pointing& pointing) {
    const ByValues& merged = merged_by(*pointing.table, pointing.columns);
    if (const auto found = merged.find(pointing.values); found != merged.end()) {
      Item& item = work_.items[found->second];
      if (item.status == Status::kApplies) return {Target::State::kThere, &item};
      return {Target::State::kHeld, &item};
    }
    const auto* rows = work_.ask(pointing.table->name(), pointing.columns, pointing.values);
    if (rows == nullptr) return {};
    for (const Row& row : *rows) {
      const Item* item = work_.at_live(pointing.table->name(), pointing.table->shape->key_of(row));
      if (item == nullptr || item->status != Status::kApplies) {
        return {Target::State::kThere, nullptr};
      }
    }
    return {Target::State::kGone, nullptr};
  }

  /// Items by the values of columns that are no key, those that apply before those that wait.
  const ByValues& merged_by(const TableModel& table, const std::vector<std::size_t>& columns) {
    auto [index, is_new] = merged_.try_emplace({table.name(), columns});
    if (!is_new) return index->second;
    for (std::size_t i = 0; i < work_.items.size(); ++i) {
      const Item& item = work_.items[i];
      const bool counts = item.status == Status::kApplies || item.status == Status::kHeld;
      if (item.table != &table || !item.merged || !counts) continue;
      const auto values = TableShape::project(*item.merged, columns);
      if (item.status == Status::kApplies) {
        index->second.insert_or_assign(values, i);
      } else {
        index->second.try_emplace(values, i);
      }
    }
    return index->second;
  }

  void gone(Item& item, const Reference& reference, const Pointing& pointing, Item* target) {
    Conflict conflict = Work::conflict_for(item, ConflictKind::kReferenceGone, reference.columns);
    const Row& wanted = item.sandbox != nullptr ? *item.sandbox : *item.merged;
    conflict.message = name_of(item) + " refers by " +
                       values_of(*item.table, reference.columns, wanted) + " to a row of " +
                       pointing.table->name() + " that live doesn't have";
    const std::string id = conflict_id(conflict, {});
    changed_ = true;
    const Answer* answer = work_.raise(std::move(conflict));
    if (answer == nullptr) return work_.hold(item, id);
    if (answer->kind == AnswerKind::kKeepLive) return work_.drop(item);
    const bool helped = answer->kind == AnswerKind::kEdit
                            ? point_elsewhere(item, reference, answer->values)
                            : restore(pointing, target, answer->values);
    if (helped) return;
    work_.conflicts.at(id).answered.reset();
    work_.hold(item, id);
  }

  static bool point_elsewhere(Item& item, const Reference& reference,
                              const std::vector<Value>& values) {
    if (TableShape::project(*item.merged, reference.columns) == values) return false;
    for (std::size_t i = 0; i < values.size(); ++i) {
      (*item.merged)[reference.columns[i]] = values[i];
    }
    return true;
  }

  /// The row comes back: the sandbox's, where its changes hold it, or the one given.
  bool restore(const Pointing& pointing, Item* target, const std::vector<Value>& row) {
    if (target != nullptr) {
      if (target->sandbox == nullptr || target->live != nullptr) return false;
      target->merged = *target->sandbox;
      target->status = Status::kApplies;
      return true;
    }
    const TableModel& table = *pointing.table;
    if (row.size() != table.shape->columns.size()) return false;
    if (TableShape::project(row, pointing.columns) != pointing.values) return false;
    const Key key = table.shape->key_of(row);
    if (work_.at_live(table.name(), key) != nullptr) return false;
    // Who refers by name may look for a row that live has under another one.
    const auto* there = work_.ask(table.name(), table.shape->key, key);
    if (there == nullptr) return true;  // known in the next round
    if (!there->empty()) return false;
    Item& back = work_.touch(table, *work_.keep(row));
    back.base = back.live = nullptr;
    return true;
  }

  Work& work_;
  bool changed_ = false;
  std::map<std::pair<std::string, std::vector<std::size_t>>, ByValues> merged_;
};

}  // namespace

bool check_references(Work& work) { return ReferenceCheck(work).run(); }

}  // namespace doppel::merge
