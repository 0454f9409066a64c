#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "merge/work.hpp"

namespace doppel::merge {
namespace {

using enum AnswerKind;

struct KindInfo {
  ConflictKind kind;
  std::string_view name;
  std::vector<AnswerKind> possible;
};

const std::vector<KindInfo>& kinds() {
  static const std::vector<KindInfo> kKinds{
      {ConflictKind::kBothChanged, "both_changed", {kKeepLive, kTakeSandbox, kEdit}},
      {ConflictKind::kDeletedInLive, "deleted_in_live", {kKeepDeleted, kRestore}},
      {ConflictKind::kDeletedInSandbox, "deleted_in_sandbox", {kKeepLive, kKeepDeleted}},
      {ConflictKind::kCreatedTwice, "created_twice", {kKeepLive, kMergeInto, kRename}},
      {ConflictKind::kKeyTaken, "key_taken", {kNewKey, kKeepLive}},
      {ConflictKind::kReplaced, "replaced", {kKeepLive, kNewKey, kTakeSandbox, kMergeInto}},
      {ConflictKind::kUniqueTaken, "unique_taken", {kKeepLive, kRename}},
      {ConflictKind::kReferenceGone, "reference_gone", {kKeepLive, kRestore, kEdit}},
      {ConflictKind::kStillReferenced, "still_referenced", {kKeepLive, kEdit}},
      {ConflictKind::kOrder, "order", {kKeepLive, kTakeSandbox}},
  };
  return kKinds;
}

const KindInfo& info(ConflictKind kind) { return kinds()[static_cast<std::size_t>(kind)]; }

constexpr std::array<std::string_view, 8> kAnswerNames{"keep_live",  "take_sandbox", "edit",
                                                       "restore",    "keep_deleted", "rename",
                                                       "merge_into", "new_key"};

void add_image(Sha256& hash, const Conflict& conflict, const std::optional<Row>& image,
               const manifest::TableModel* table) {
  hash.add(image ? "+" : "-");
  if (!image) return;
  for (const std::size_t column : conflict.table->key) hash.add_value((*image)[column]);
  if (!conflict.columns.empty()) {
    for (const std::size_t column : conflict.columns) hash.add_value((*image)[column]);
    return;
  }
  for (std::size_t column = 0; column < image->size(); ++column) {
    if (table == nullptr || !is_quiet(*table, column)) hash.add_value((*image)[column]);
  }
}

/// An answer must be a possible one and bring the values that it needs.
bool fits(const Conflict& conflict, const Answer& answer) {
  if (std::ranges::find(conflict.possible, answer.kind) == conflict.possible.end()) return false;
  const std::size_t given = answer.values.size();
  switch (answer.kind) {
    case kEdit:
      // The row that takes over is named by its key; referrers.cpp looks whether it exists.
      if (conflict.kind == ConflictKind::kStillReferenced) {
        return given == conflict.table->key.size();
      }
      return given == conflict.columns.size();
    case kRename:
      return given == conflict.columns.size();
    default:
      return true;
  }
}

}  // namespace

std::string_view to_text(ConflictKind kind) { return info(kind).name; }

std::string_view to_text(AnswerKind kind) { return kAnswerNames[static_cast<std::size_t>(kind)]; }

std::optional<AnswerKind> parse_answer_kind(std::string_view text) {
  const auto found = std::ranges::find(kAnswerNames, text);
  if (found == kAnswerNames.end()) return std::nullopt;
  return static_cast<AnswerKind>(found - kAnswerNames.begin());
}

std::vector<AnswerKind> possible_answers(ConflictKind kind) { return info(kind).possible; }

std::string conflict_id(const Conflict& conflict, const std::vector<Value>& list) {
  Sha256 hash;
  hash.add_framed(to_text(conflict.kind));
  hash.add_framed(conflict.table->name);
  // A list is asked about as a whole: which of its members is named may change.
  for (const Value& value : conflict.kind == ConflictKind::kOrder ? list : conflict.key) {
    hash.add_value(value);
  }
  hash.add("columns");
  for (const std::size_t column : conflict.columns) {
    hash.add_framed(conflict.table->columns[column]);
  }
  return "c_" + hash.finish().substr(0, 10);
}

Conflict Work::conflict_for(const Item& item, ConflictKind kind, std::vector<std::size_t> columns) {
  Conflict conflict;
  conflict.kind = kind;
  conflict.table = item.table->shape;
  conflict.key = item.ours != nullptr ? item.ours->key : item.key;
  conflict.columns = std::move(columns);
  if (item.base != nullptr) conflict.base = *item.base;
  if (item.live != nullptr) conflict.live = *item.live;
  if (item.sandbox != nullptr) conflict.sandbox = *item.sandbox;
  conflict.possible = possible_answers(kind);
  return conflict;
}

const Answer* Work::raise(Conflict conflict, const std::vector<Value>& inputs) {
  if (conflict.id.empty()) conflict.id = conflict_id(conflict, {});
  Sha256 hash;
  const manifest::TableModel* table = model.table(conflict.table->name);
  add_image(hash, conflict, conflict.base, table);
  add_image(hash, conflict, conflict.live, table);
  add_image(hash, conflict, conflict.sandbox, table);
  for (const Value& value : inputs) hash.add_value(value);
  conflict.inputs = hash.finish().substr(0, 16);

  const Answer* holds = nullptr;
  if (const auto given = answers_.find(conflict.id); given != answers_.end()) {
    const Answer& answer = *given->second;
    if (answer.inputs == conflict.inputs && fits(conflict, answer)) holds = &answer;
  }
  if (holds != nullptr) conflict.answered = holds->kind;
  std::string id = conflict.id;
  conflicts.insert_or_assign(std::move(id), std::move(conflict));
  return holds;
}

bool Result::open() const {
  return std::ranges::any_of(conflicts,
                             [](const Conflict& conflict) { return !conflict.answered; });
}

}  // namespace doppel::merge
