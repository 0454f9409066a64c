#include <algorithm>

#include "merge/message.hpp"
#include "merge/work.hpp"

namespace doppel::merge {
namespace {

using manifest::Reference;
using manifest::TableModel;

/// Rows `of` a reference count as config here: their owner is looked at by the plan.
bool is_config(const TableModel& table, const Row& row) {
  const manifest::RoleRule& rule = table.role;
  if (!rule.of.empty()) return true;
  if (const auto column = table.shape->column(rule.by); column && !rule.by.empty()) {
    for (const auto& [value, role] : rule.cases) {
      if (value == row[*column]) return role == manifest::Role::kConfig;
    }
  }
  return rule.role == manifest::Role::kConfig;
}

/// Rows of live's config that refer to what the sandbox deleted: made or moved there meanwhile, so
/// the sandbox never saw them. A database that cascades would delete them without a word.
class ReferrerCheck {
 public:
  explicit ReferrerCheck(Work& work) : work_(work) {}

  bool run() {
    const std::size_t count = work_.items.size();
    for (std::size_t i = 0; i < count; ++i) {
      Item& item = work_.items[i];
      if (item.status != Status::kApplies || item.merged || item.live == nullptr) continue;
      check(item);
    }
    return changed_;
  }

 private:
  struct Referring {
    const TableModel* table;
    const Reference* reference;
    const Row* row;
  };

  void check(Item& item) {
    const auto referrers = work_.model.referrers.find(item.table->name());
    if (referrers == work_.model.referrers.end()) return;
    std::vector<Referring> found;
    for (const manifest::Referrer& referrer : referrers->second) {
      const TableModel* table = work_.model.table(referrer.table);
      if (table == nullptr || !table->may_hold_config()) continue;
      collect(item, *table, table->references[referrer.reference], found);
      if (item.status != Status::kApplies) return;
    }
    if (!found.empty()) still_referenced(item, found);
  }

  void collect(Item& item, const TableModel& table, const Reference& reference,
               std::vector<Referring>& found) {
    for (const Reference::Target& target : reference.targets) {
      if (target.table != item.table->name()) continue;
      const auto columns = columns_of(*item.table, target.columns);
      if (!columns) continue;
      const auto values = TableShape::project(*item.live, *columns);
      if (std::ranges::any_of(values, [&](const Value& value) {
            return value.is_null() ||
                   std::ranges::find(reference.none, value) != reference.none.end();
          })) {
        continue;
      }
      const auto* rows = work_.ask(table.name(), reference.columns, values);
      if (rows == nullptr) continue;
      for (const Row& row : *rows) {
        if (refers(item, table, reference, row)) found.push_back({&table, &reference, &row});
        if (item.status != Status::kApplies) return;
      }
    }
  }

  /// Whether a row of live refers to `item`'s row, and will after the merge.
  bool refers(Item& item, const TableModel& table, const Reference& reference, const Row& row) {
    if (!is_config(table, row) || !points_to(item, table, reference, row)) return false;
    const Item* other = work_.at_live(table.name(), table.shape->key_of(row));
    if (other == nullptr || other == &item) return other == nullptr;
    const bool lets_go = (other->status == Status::kApplies || other->status == Status::kHeld) &&
                         (!other->merged || !points_to(item, table, reference, *other->merged));
    if (!lets_go) return true;
    if (other->status == Status::kHeld) {
      work_.hold(item, other->held_by);
      changed_ = true;
    }
    return false;
  }

  bool points_to(const Item& item, const TableModel& table, const Reference& reference,
                 const Row& row) {
    Pointing pointing;
    if (find_pointing(work_, table, reference, row, pointing) != Found::kYes) return false;
    return pointing.table == item.table &&
           TableShape::project(*item.live, pointing.columns) == pointing.values;
  }

  void still_referenced(Item& item, const std::vector<Referring>& found) {
    changed_ = true;
    const Referring& first = found.front();
    Conflict conflict = Work::conflict_for(item, ConflictKind::kStillReferenced, {});
    conflict.message =
        name_of(item) + " was deleted in the sandbox, but " + name_of(*first.table, *first.row) +
        " of live refers to it" +
        (found.size() > 1 ? " (and " + std::to_string(found.size() - 1) + " more)" : std::string());
    std::vector<Value> inputs;
    for (const Referring& referring : found) {
      inputs.emplace_back(referring.table->name());
      for (Value& value : referring.table->shape->key_of(*referring.row)) {
        inputs.push_back(std::move(value));
      }
    }
    const std::string id = conflict_id(conflict, {});
    const Answer* answer = work_.raise(std::move(conflict), inputs);
    if (answer == nullptr) return work_.hold(item, id);
    if (answer->kind == AnswerKind::kKeepLive) return work_.drop(item);
    for (const Referring& referring : found) {
      if (take_over(item, referring, answer->values)) continue;
      work_.conflicts.at(id).answered.reset();
      return work_.hold(item, id);
    }
  }

  /// Makes a row of live refer to the row with the key `to` instead.
  bool take_over(const Item& item, const Referring& referring, const Key& to) {
    if (to == item.key) return false;
    const TableModel& target = *item.table;
    const Item* known = work_.at_live(target.name(), to);
    const Row* row = nullptr;
    if (known != nullptr && known->status == Status::kApplies) {
      row = known->merged ? &*known->merged : nullptr;
    } else {
      const auto* rows = work_.ask(target.name(), target.shape->key, to);
      if (rows == nullptr) return true;  // known in the next round
      row = rows->empty() ? nullptr : &rows->front();
    }
    if (row == nullptr) return false;
    const TableModel& table = *referring.table;
    Item* other = work_.at_live(table.name(), table.shape->key_of(*referring.row));
    if (other == nullptr) {
      other = &work_.touch(table, *referring.row);
    } else if (other->status == Status::kHeld) {
      return false;
    }
    if (other->status != Status::kApplies) {
      other->merged = *other->live;
      other->status = Status::kApplies;
    }
    if (!other->merged) return true;
    for (const Reference::Target& way : referring.reference->targets) {
      if (way.table != target.name()) continue;
      const auto columns = columns_of(target, way.columns);
      for (std::size_t i = 0; columns && i < columns->size(); ++i) {
        const std::size_t column = referring.reference->columns[i];
        if (std::ranges::find(table.shape->key, column) != table.shape->key.end()) return false;
        (*other->merged)[column] = (*row)[(*columns)[i]];
      }
      return true;
    }
    return false;
  }

  Work& work_;
  bool changed_ = false;
};

}  // namespace

bool check_referrers(Work& work) { return ReferrerCheck(work).run(); }

}  // namespace doppel::merge
