#include <algorithm>
#include <span>

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

/// Rows of live's config that refer to what the sandbox deleted, or by a value that it changed:
/// made or moved there meanwhile, so the sandbox never saw them. A database that cascades would
/// delete the ones without a word; the others would refer to nothing.
class ReferrerCheck {
 public:
  explicit ReferrerCheck(Work& work) : work_(work) {}

  bool run() {
    const std::size_t count = work_.items.size();
    for (std::size_t i = 0; i < count; ++i) {
      Item& item = work_.items[i];
      if (item.status == Status::kApplies && item.live != nullptr) check(item);
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
    auto [ways, is_new] = ways_.try_emplace(item.table);
    if (is_new) ways->second = ways_into(work_.model, *item.table);
    std::vector<Referring> found;
    std::vector<std::size_t> renamed;
    for (const WayIn& way : ways->second) {
      if (item.merged && !is_renamed(item, way.columns)) continue;
      const std::size_t before = found.size();
      collect(item, way, found);
      if (item.status != Status::kApplies) return;
      if (found.size() == before) continue;
      if (may_be_taken_over(item, way)) {
        const auto taken = is_taken_over(item, way.columns);
        if (!taken || *taken) {
          found.resize(before);
          continue;
        }
      }
      if (item.merged) add_renamed(item, way, renamed);
    }
    if (found.empty()) return;
    std::ranges::sort(renamed);
    const auto twice = std::ranges::unique(renamed);
    renamed.erase(twice.begin(), twice.end());
    still_referenced(item, found, std::move(renamed));
  }

  static bool is_renamed(const Item& item, const std::vector<std::size_t>& columns) {
    return std::ranges::any_of(columns, [&](std::size_t column) {
      return (*item.live)[column] != (*item.merged)[column];
    });
  }

  /// A scope is asked about only where it is what changed.
  static void add_renamed(const Item& item, const WayIn& way, std::vector<std::size_t>& renamed) {
    for (const std::size_t column : way.columns) {
      const bool changed = (*item.live)[column] != (*item.merged)[column];
      if (changed || way.reference->scope.empty()) renamed.push_back(column);
    }
  }

  /// Who refers by name refers to whoever has it; but a deletion that the database passes on
  /// reaches them before another row has the name.
  static bool may_be_taken_over(const Item& item, const WayIn& way) {
    if (way.columns == item.table->shape->key) return false;
    const std::string& on_delete = way.reference->on_delete;
    return item.merged || on_delete.empty() || on_delete == "NO ACTION";
  }

  /// Whether another row has the old values after the merge; nothing: not known yet.
  std::optional<bool> is_taken_over(const Item& item, const std::vector<std::size_t>& columns) {
    const auto values = TableShape::project(*item.live, columns);
    for (const Item& other : work_.items) {
      if (other.table == item.table && other.status == Status::kApplies && other.merged &&
          TableShape::project(*other.merged, columns) == values) {
        return true;
      }
    }
    const auto* rows = work_.ask(item.table->name(), columns, values);
    if (rows == nullptr) return std::nullopt;
    return std::ranges::any_of(*rows, [&](const Row& row) {
      const Item* other = work_.at_live(item.table->name(), item.table->shape->key_of(row));
      return other == nullptr || other->status != Status::kApplies;
    });
  }

  void collect(Item& item, const WayIn& way, std::vector<Referring>& found) {
    const auto values = TableShape::project(*item.live, way.columns);
    if (std::ranges::any_of(values, &Value::is_null)) return;
    const auto& none = way.reference->none;
    const std::span own(values.data(), way.reference->columns.size());
    const auto is_none = [&](const Value& value) {
      return std::ranges::find(none, value) != none.end();
    };
    if (std::ranges::any_of(own, is_none)) return;
    const auto* rows = work_.ask(way.from->name(), way.by, values);
    if (rows == nullptr) return;
    for (const Row& row : *rows) {
      if (refers(item, *way.from, *way.reference, row)) {
        found.push_back({way.from, way.reference, &row});
      }
      if (item.status != Status::kApplies) return;
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

  /// `renamed` are the columns that are referred by and change; none: the row is deleted.
  void still_referenced(Item& item, const std::vector<Referring>& found,
                        std::vector<std::size_t> renamed) {
    changed_ = true;
    const Referring& first = found.front();
    const std::string what = renamed.empty() ? " was deleted" : " got another name";
    Conflict conflict =
        Work::conflict_for(item, ConflictKind::kStillReferenced, std::move(renamed));
    conflict.message =
        name_of(item) + what + " in the sandbox, but " + name_of(*first.table, *first.row) +
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
    if (to == item.key && !item.merged) return false;
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
    // The database may find a row by a key that is written otherwise: '1' for 1.
    if (row == nullptr || (known == nullptr && target.shape->key_of(*row) != to)) return false;
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
    for (const auto& [here, there] : referring.reference->scope) {
      // A row of another scope can't be referred to from there.
      const auto column = target.shape->column(there);
      if (!column || (*other->merged)[here] != (*row)[*column]) return false;
    }
    for (const Reference::Target& way : referring.reference->targets) {
      if (way.table != target.name()) continue;
      const auto columns = columns_of(target, way.columns);
      for (std::size_t i = 0; columns && i < columns->size(); ++i) {
        const std::size_t column = referring.reference->columns[i];
        if (std::ranges::find(table.shape->key, column) != table.shape->key.end()) return false;
        (*other->merged)[column] = (*row)[(*columns)[i]];
      }
      // An answer that helps nothing is none: the question would be raised for ever.
      return !points_to(item, table, *referring.reference, *other->merged);
    }
    return false;
  }

  Work& work_;
  bool changed_ = false;
  std::unordered_map<const TableModel*, std::vector<WayIn>> ways_;
};

}  // namespace

std::vector<WayIn> ways_into(const manifest::Model& model, const TableModel& table) {
  std::vector<WayIn> ways;
  const auto referrers = model.referrers.find(table.name());
  if (referrers == model.referrers.end()) return ways;
  for (const manifest::Referrer& referrer : referrers->second) {
    const TableModel* from = model.table(referrer.table);
    if (from == nullptr || !from->may_hold_config()) continue;
    const Reference& reference = from->references[referrer.reference];
    for (const Reference::Target& target : reference.targets) {
      if (target.table != table.name()) continue;
      std::vector<std::string> names = target.columns;
      std::vector<std::size_t> by = reference.columns;
      for (const auto& [here, there] : reference.scope) {
        by.push_back(here);
        names.push_back(there);
      }
      if (auto columns = columns_of(table, names)) {
        ways.push_back({from, &reference, std::move(*columns), std::move(by)});
      }
    }
  }
  return ways;
}

bool check_referrers(Work& work) { return ReferrerCheck(work).run(); }

}  // namespace doppel::merge
