#include "merge/parts.hpp"

#include <algorithm>

#include "base/json_tree.hpp"
#include "merge/unit.hpp"

namespace doppel::merge {
namespace {

using manifest::MergeUnit;
using Kind = JsonTree::Kind;

class JsonParts {
 public:
  JsonParts(const manifest::ColumnModel& column, std::string_view before, std::string_view after)
      : column_(column), before_(before), after_(after) {}

  void compare(const JsonTree* before, const JsonTree* after) {
    if (before != nullptr && after != nullptr && *before == *after) return;
    const bool both = before != nullptr && after != nullptr;
    if (both && before->kind == Kind::kObject && after->kind == Kind::kObject) {
      return compare_members(*before, *after);
    }
    const bool arrays = both && before->kind == Kind::kArray && after->kind == Kind::kArray;
    if (arrays && unit_of(column_, path_) == MergeUnit::kSet) return compare_sets(*before, *after);
    add(before, after);
  }

  std::vector<PartChange> parts;

 private:
  void compare_members(const JsonTree& before, const JsonTree& after) {
    for (const JsonTree::Member& member : before.members) {
      path_.push_back(member.name);
      compare(&member.value, after.find(member.name));
      path_.pop_back();
    }
    for (const JsonTree::Member& member : after.members) {
      if (before.find(member.name) != nullptr) continue;
      path_.push_back(member.name);
      compare(nullptr, &member.value);
      path_.pop_back();
    }
  }

  void compare_sets(const JsonTree& before, const JsonTree& after) {
    for (const JsonTree& item : before.items) {
      if (std::ranges::find(after.items, item) == after.items.end()) add(&item, nullptr);
    }
    for (const JsonTree& item : after.items) {
      if (std::ranges::find(before.items, item) == before.items.end()) add(nullptr, &item);
    }
  }

  void add(const JsonTree* before, const JsonTree* after) {
    const auto raw = [](std::string_view text, const JsonTree* tree) {
      return tree == nullptr
                 ? std::nullopt
                 : std::optional<std::string>(text.substr(tree->begin, tree->end - tree->begin));
    };
    parts.push_back({path_in_words(path_), raw(before_, before), raw(after_, after)});
  }

  const manifest::ColumnModel& column_;
  std::string_view before_, after_;
  std::vector<std::string> path_;
};

}  // namespace

std::vector<PartChange> changed_parts(const manifest::ColumnModel& column, const Value& before,
                                      const Value& after) {
  const bool texts = before.kind() == ValueKind::kText && after.kind() == ValueKind::kText;
  if (!texts || column.merge == MergeUnit::kWhole) return {};
  if (column.merge == MergeUnit::kText) return changed_lines(before.text(), after.text());
  const auto before_tree = read_json_tree(before.text());
  const auto after_tree = read_json_tree(after.text());
  if (!before_tree || !after_tree) return {};
  JsonParts parts(column, before.text(), after.text());
  parts.compare(&*before_tree, &*after_tree);
  return std::move(parts.parts);
}

}  // namespace doppel::merge
