#include <algorithm>

#include "merge/message.hpp"
#include "merge/sequence.hpp"
#include "merge/work.hpp"

namespace doppel::merge {
namespace {

using manifest::TableModel;

bool is_whole(const Row* row, std::size_t column) {
  return row == nullptr || (*row)[column].kind() == ValueKind::kInteger;
}

/// One ordered list, live's rows and the sandbox's together.
class ListMerge {
 public:
  ListMerge(Work& work, const TableModel& table, std::vector<Value> within)
      : work_(work), table_(table), list_(*table.list), within_(std::move(within)) {}

  /// `ours` are the items that the sandbox has in this list.
  void run(const std::vector<std::size_t>& ours, const ListBase* base) {
    const auto* rows = work_.ask(table_.name(), list_.within, within_);
    if (rows == nullptr) return;
    if (base != nullptr) {
      for (const auto& [key, value] : base->order) {
        if (value.kind() == ValueKind::kInteger) base_order_[key] = value.integer();
      }
      has_base_ = true;
    }
    for (const Row& row : *rows) add_live(row);
    for (const std::size_t index : ours) add_new(work_.items[index]);
    // Order values that aren't whole numbers are merged as any field.
    if (is_sequence_) merge(ours);
  }

 private:
  bool is_here(const Row* row) const {
    return row != nullptr && TableShape::project(*row, list_.within) == within_;
  }

  std::optional<std::int64_t> value_of(const Row* row) {
    if (!is_here(row)) return std::nullopt;
    if (!is_whole(row, list_.order)) {
      is_sequence_ = false;
      return std::nullopt;
    }
    return (*row)[list_.order].integer();
  }

  std::optional<std::int64_t> base_of(const Key& key, const Row* row) {
    if (!has_base_) return value_of(row);
    const auto found = base_order_.find(key);
    if (found == base_order_.end()) return std::nullopt;
    return found->second;
  }

  void add_live(const Row& row) {
    Member member;
    member.key = table_.shape->key_of(row);
    Item* item = work_.at_live(table_.name(), member.key);
    if (item != nullptr && item->status != Status::kApplies) item = nullptr;
    if (item != nullptr) {
      if (!item->merged || !is_here(&*item->merged)) return;
      member.live = value_of(&row);
      member.base = base_of(member.key, item->base);
      member.sandbox = value_of(item->sandbox);
      if (const auto merged = value_of(&*item->merged)) member.merged = *merged;
    } else {
      // Not touched by the sandbox: there it stands where the base has it.
      member.live = value_of(&row);
      member.base = base_of(member.key, &row);
      member.sandbox = member.base;
      member.merged = member.live.value_or(0);
    }
    add(std::move(member), item, &row);
  }

  /// Rows that come into the list by the sandbox alone.
  void add_new(Item& item) {
    if (is_here(item.live)) return;
    Member member;
    member.key = item.key;
    member.base = base_of(item.key, item.base);
    member.sandbox = value_of(item.sandbox);
    const auto merged = value_of(&*item.merged);
    member.merged = merged.value_or(0);
    if (!member.sandbox) member.sandbox = merged;
    add(std::move(member), &item, nullptr);
  }

  /// The place that a row has in another list says nothing here, and of two that both sides gave it
  /// anew the first counts: so it doesn't matter which side is which.
  void add(Member member, Item* item, const Row* live) {
    if (member.live && member.sandbox) {
      if (!member.base) member.merged = std::min(*member.live, *member.sandbox);
    } else if (member.live || member.sandbox) {
      member.merged = member.live ? *member.live : *member.sandbox;
    }
    members_.push_back(std::move(member));
    items_.push_back(item);
    rows_.push_back(live);
  }

  void merge(const std::vector<std::size_t>& ours) {
    Prefer prefer = Prefer::kNobody;
    Sequence sequence = merge_sequence(members_, prefer);
    if (sequence.is_disputed) {
      const Answer* answer = dispute(work_.items[ours.front()]);
      if (answer == nullptr) {
        for (const std::size_t index : ours) work_.hold(work_.items[index], dispute_id_);
        return;
      }
      prefer = answer->kind == AnswerKind::kTakeSandbox ? Prefer::kSandbox : Prefer::kLive;
      sequence = merge_sequence(members_, prefer);
      for (Member& member : members_) take_side(member, prefer);
    }
    write(sequence);
  }

  static void take_side(Member& member, Prefer prefer) {
    const auto& first = prefer == Prefer::kSandbox ? member.sandbox : member.live;
    const auto& second = prefer == Prefer::kSandbox ? member.live : member.sandbox;
    member.merged = first ? *first : second.value_or(member.merged);
  }

  const Answer* dispute(const Item& item) {
    Conflict conflict = Work::conflict_for(item, ConflictKind::kOrder, {list_.order});
    conflict.base.reset();
    conflict.live.reset();
    conflict.sandbox.reset();
    conflict.message = "the order of " + table_.name() +
                       (list_.within.empty() ? std::string() : " within " + display(within_)) +
                       " was changed in the sandbox and in live, around " + name_of(item);
    conflict.id = conflict_id(conflict, within_);
    dispute_id_ = conflict.id;
    std::vector<Value> inputs;
    const auto add_value = [&](const std::optional<std::int64_t>& value) {
      inputs.emplace_back();
      if (value) inputs.back() = *value;
    };
    for (const Member& member : members_) {
      inputs.insert(inputs.end(), member.key.begin(), member.key.end());
      add_value(member.base);
      add_value(member.live);
      add_value(member.sandbox);
    }
    return work_.raise(std::move(conflict), inputs);
  }

  void write(const Sequence& sequence) {
    const bool is_unique = std::ranges::any_of(table_.unique_keys, [&](const auto& unique) {
      return std::ranges::find(unique.columns, list_.order) != unique.columns.end();
    });
    const auto values = renumber(members_, sequence.order, is_unique ? Ties::kNone : Ties::kByKey);
    for (std::size_t i = 0; i < sequence.order.size(); ++i) {
      const std::size_t member = sequence.order[i];
      Item* item = items_[member];
      if (item == nullptr) {
        if (members_[member].live == values[i]) continue;
        item = work_.at_live(table_.name(), members_[member].key);
        if (item == nullptr) item = &work_.touch(table_, *rows_[member]);
        // A row that waits or was left out keeps its place in live.
        if (item->status != Status::kApplies) {
          if (item->status != Status::kNothing || item->live == nullptr) continue;
          item->merged = *item->live;
          item->status = Status::kApplies;
        }
      }
      (*item->merged)[list_.order] = values[i];
    }
  }

  Work& work_;
  const TableModel& table_;
  const manifest::ListModel& list_;
  std::vector<Value> within_;
  bool is_sequence_ = true;
  bool has_base_ = false;
  std::unordered_map<Key, std::int64_t, RowHash> base_order_;
  std::vector<Member> members_;
  std::vector<Item*> items_;      ///< by member; null: not the sandbox's
  std::vector<const Row*> rows_;  ///< by member; live's
  std::string dispute_id_;
};

/// Whether the sandbox put the row somewhere: it made it, moved it, or moved it to another list.
bool is_placed(const Item& item) {
  if (item.status != Status::kApplies || !item.merged || item.sandbox == nullptr) return false;
  if (item.base == nullptr || item.live == nullptr) return true;
  const manifest::ListModel& list = *item.table->list;
  const auto moved = [&](std::size_t column) {
    return (*item.base)[column] != (*item.sandbox)[column];
  };
  return moved(list.order) || std::ranges::any_of(list.within, moved);
}

}  // namespace

void merge_lists(Work& work) {
  std::map<std::string, std::map<std::vector<Value>, std::vector<std::size_t>>> lists;
  for (std::size_t i = 0; i < work.items.size(); ++i) {
    const Item& item = work.items[i];
    if (!item.table->list || !is_placed(item)) continue;
    lists[item.table->name()][TableShape::project(*item.merged, item.table->list->within)]
        .push_back(i);
  }
  for (const auto& [name, of_table] : lists) {
    const TableModel& table = work.model.require(name);
    std::map<std::vector<Value>, const ListBase*> bases;
    for (const ListBase& base : work.lists) {
      if (base.table == name) bases[base.within] = &base;
    }
    for (const auto& [within, items] : of_table) {
      const auto base = bases.find(within);
      ListMerge(work, table, within).run(items, base == bases.end() ? nullptr : base->second);
    }
  }
}

}  // namespace doppel::merge
