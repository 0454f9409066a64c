#include <algorithm>

#include "merge/message.hpp"
#include "merge/unit.hpp"
#include "merge/work.hpp"

namespace doppel::merge {
namespace {

/// Whether the table's order column is merged as a sequence (lists.cpp) in these rows.
bool is_sequenced(const manifest::TableModel& table, std::size_t column, const Value& live,
                  const Value& sandbox) {
  return table.list && table.list->order == column && live.kind() == ValueKind::kInteger &&
         sandbox.kind() == ValueKind::kInteger;
}

/// The value with both sides' changes inside it; nothing where it is only taken as a whole.
std::optional<UnitMerge> merge_inside(const Item& item, std::size_t column, Side side) {
  const Value& live = (*item.live)[column];
  const Value& sandbox = (*item.sandbox)[column];
  const Value base = item.base == nullptr ? Value() : (*item.base)[column];
  const bool is_text = live.kind() == ValueKind::kText && sandbox.kind() == ValueKind::kText &&
                       (base.kind() == ValueKind::kText || base.is_null());
  if (!is_text) return std::nullopt;
  const auto before = base.is_null() ? std::nullopt : std::optional<std::string_view>(base.text());
  return merge_unit(item.table->columns[column], before, live.text(), sandbox.text(), side);
}

/// One field that both sides changed: the answer's value, or nothing while it is open. Of a value
/// that merges inside only what both changed is asked.
std::optional<Value> ask_field(Work& work, Item& item, std::size_t column) {
  auto inside = merge_inside(item, column, Side::kLive);
  if (inside && inside->clashes.empty()) return std::move(inside->merged);
  Conflict conflict = Work::conflict_for(item, ConflictKind::kBothChanged, {column});
  conflict.message = inside ? both_changed_inside_message(item, column, inside->clashes)
                            : both_changed_message(item, column);
  const std::string id = conflict_id(conflict, {});
  const Answer* answer = work.raise(std::move(conflict));
  if (answer == nullptr) {
    work.hold(item, id);
    return std::nullopt;
  }
  if (answer->kind == AnswerKind::kEdit) return answer->values.front();
  const bool take = answer->kind == AnswerKind::kTakeSandbox;
  if (!inside) return take ? (*item.sandbox)[column] : (*item.live)[column];
  if (take) inside = merge_inside(item, column, Side::kSandbox);
  return std::move(inside->merged);
}

/// The merged value of one field; nothing: it is asked.
std::optional<Value> merge_field(Work& work, Item& item, std::size_t column) {
  const Value& live = (*item.live)[column];
  const Value& sandbox = (*item.sandbox)[column];
  if (live == sandbox || item.table->columns[column].is_volatile) return live;
  if (is_quiet(*item.table, column) && !item.replaces) return live;
  if (item.overwrite) return sandbox;
  if (item.base != nullptr) {
    const Value& base = (*item.base)[column];
    if (base == sandbox) return live;
    if (base == live) return sandbox;
  } else {
    // Two objects that become one: what only one of them knows is kept.
    if (live.is_null()) return sandbox;
    if (sandbox.is_null()) return live;
  }
  if (is_sequenced(*item.table, column, live, sandbox)) return live < sandbox ? live : sandbox;
  return ask_field(work, item, column);
}

/// Whether both sides changed these columns, to different values.
bool both_moved(const Item& item, const std::vector<std::size_t>& columns) {
  const auto base = TableShape::project(*item.base, columns);
  const auto live = TableShape::project(*item.live, columns);
  const auto sandbox = TableShape::project(*item.sandbox, columns);
  return base != live && base != sandbox && live != sandbox;
}

/// A reference of several columns is one field: half of live's and half of the sandbox's would
/// point somewhere else. Puts the answer into `merged`; false: it is open.
bool merge_wide_reference(Work& work, Item& item, const std::vector<std::size_t>& columns,
                          Row& merged) {
  const auto live = TableShape::project(*item.live, columns);
  const auto sandbox = TableShape::project(*item.sandbox, columns);
  Conflict conflict = Work::conflict_for(item, ConflictKind::kBothChanged, columns);
  conflict.message = name_of(item) + ": " + values_of(*item.table, columns, *item.sandbox) +
                     " in the sandbox, " + values_of(*item.table, columns, *item.live) + " in live";
  const std::string id = conflict_id(conflict, {});
  const Answer* answer = work.raise(std::move(conflict));
  if (answer == nullptr) {
    work.hold(item, id);
    return false;
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (answer->kind == AnswerKind::kKeepLive) merged[columns[i]] = live[i];
    if (answer->kind == AnswerKind::kTakeSandbox) merged[columns[i]] = sandbox[i];
    if (answer->kind == AnswerKind::kEdit) merged[columns[i]] = answer->values[i];
  }
  return true;
}

void merge_row(Work& work, Item& item) {
  Row merged = *item.live;
  bool open = false;
  std::vector<bool> decided(merged.size(), false);
  for (const std::size_t column : item.table->shape->key) decided[column] = true;
  if (item.base != nullptr && !item.overwrite) {
    for (const manifest::Reference& reference : item.table->references) {
      if (reference.columns.size() < 2) continue;
      const bool is_free = std::ranges::none_of(
          reference.columns, [&](std::size_t column) { return decided[column]; });
      if (!is_free || !both_moved(item, reference.columns)) continue;
      open = !merge_wide_reference(work, item, reference.columns, merged) || open;
      for (const std::size_t column : reference.columns) decided[column] = true;
    }
  }
  for (std::size_t column = 0; column < merged.size(); ++column) {
    if (decided[column]) continue;
    if (auto value = merge_field(work, item, column)) {
      merged[column] = std::move(*value);
    } else {
      open = true;
    }
  }
  item.merged = std::move(merged);
  if (!open) item.status = Status::kApplies;
}

/// Edited in the sandbox, deleted in live.
void merge_deleted_in_live(Work& work, Item& item) {
  Conflict conflict = Work::conflict_for(item, ConflictKind::kDeletedInLive, {});
  conflict.message = name_of(item) + " was edited in the sandbox and deleted in live";
  const std::string id = conflict_id(conflict, {});
  const Answer* answer = work.raise(std::move(conflict));
  item.merged = *item.sandbox;
  if (answer == nullptr) return work.hold(item, id);
  if (answer->kind == AnswerKind::kKeepDeleted) return work.drop(item);
  item.status = Status::kApplies;
}

/// Deleted in the sandbox.
void merge_deletion(Work& work, Item& item) {
  if (item.live == nullptr) return;
  item.merged.reset();
  item.status = Status::kApplies;
  if (item.overwrite || same_but_quiet(*item.table, *item.base, *item.live)) return;
  Conflict conflict = Work::conflict_for(item, ConflictKind::kDeletedInSandbox, {});
  conflict.message = name_of(item) + " was deleted in the sandbox and edited in live";
  const std::string id = conflict_id(conflict, {});
  const Answer* answer = work.raise(std::move(conflict));
  if (answer == nullptr) return work.hold(item, id);
  if (answer->kind == AnswerKind::kKeepLive) work.drop(item);
}

}  // namespace

void merge_fields(Work& work) {
  for (std::size_t i = 0; i < work.items.size(); ++i) {
    Item& item = work.items[i];
    if (!item.identified || item.status != Status::kNothing) continue;
    if (item.sandbox == nullptr) {
      merge_deletion(work, item);
    } else if (item.live != nullptr) {
      merge_row(work, item);
    } else if (item.base == nullptr) {
      item.merged = *item.sandbox;
      item.status = Status::kApplies;
    } else {
      merge_deleted_in_live(work, item);
    }
  }
}

}  // namespace doppel::merge
