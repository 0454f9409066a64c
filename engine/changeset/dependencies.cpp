#include "changeset/dependencies.hpp"

#include <algorithm>
#include <unordered_map>

#include "base/text.hpp"

namespace doppel::changeset {
namespace {

using Columns = std::vector<std::size_t>;
using ByValues = std::unordered_map<std::vector<Value>, std::vector<std::size_t>, RowHash>;
using ByTable = std::unordered_map<std::string, std::vector<std::size_t>>;

bool has_null(const std::vector<Value>& values) {
  return std::ranges::any_of(values, [](const Value& value) { return value.is_null(); });
}

/// Values that a database might call equal (case, trailing blanks, 1 and 1.0) meet under one
/// spelling here: an edge too many costs nothing, one too few is a refused promotion.
Value folded(const Value& value) {
  if (value.kind() == ValueKind::kText) {
    std::string text = to_lower_ascii(value.text());
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  }
  if (value.kind() == ValueKind::kReal && value.real() >= -9e15 && value.real() <= 9e15 &&
      value.real() == static_cast<double>(static_cast<std::int64_t>(value.real()))) {
    return static_cast<std::int64_t>(value.real());
  }
  return value;
}

/// The values of some columns, folded; empty where one is NULL (such never meet).
std::vector<Value> meeting(const std::optional<Row>& image, const Columns& columns) {
  if (!image) return {};
  std::vector<Value> values = TableShape::project(*image, columns);
  if (has_null(values)) return {};
  for (Value& value : values) value = folded(value);
  return values;
}

class Finder {
 public:
  Finder(const ChangeSet& changes, const OrderRules& rules) : changes_(changes), rules_(rules) {
    for (std::size_t i = 0; i < changes.changes.size(); ++i) {
      by_table_[changes.changes[i].table->name].push_back(i);
    }
  }

  Dependencies find() {
    found_.target_columns.resize(rules_.references.size());
    for (const auto& unique : rules_.uniques) find_freed(unique);
    for (std::size_t i = 0; i < rules_.references.size(); ++i) {
      if (resolve_target(rules_.references[i], found_.target_columns[i])) {
        find_referred(rules_.references[i], found_.target_columns[i]);
      }
    }
    return std::move(found_);
  }

 private:
  const std::vector<std::size_t>& of_table(const std::string& table) const {
    static const std::vector<std::size_t> kNone;
    const auto found = by_table_.find(table);
    return found == by_table_.end() ? kNone : found->second;
  }

  bool resolve_target(const OrderRules::Reference& reference, Columns& columns) const {
    const auto& targets = of_table(reference.target);
    if (targets.empty() || of_table(reference.table).empty()) return false;
    for (const std::string& name : reference.target_columns) {
      const auto column = changes_.changes[targets.front()].table->column(name);
      if (!column) return false;
      columns.push_back(*column);
    }
    return true;
  }

  static bool is_shared(const OrderRules::Unique& unique, const Row& row) {
    return !unique.shared.empty() &&
           std::ranges::find(unique.shared, TableShape::project(row, unique.columns)) !=
               unique.shared.end();
  }

  void find_freed(const OrderRules::Unique& unique) {
    ByValues freed;
    for (const std::size_t i : of_table(unique.table)) {
      const RowChange& change = changes_.changes[i];
      if (change.before && is_shared(unique, *change.before)) continue;
      auto before = meeting(change.before, unique.columns);
      if (before.empty() || before == meeting(change.after, unique.columns)) continue;
      freed[std::move(before)].push_back(i);
    }
    if (freed.empty()) return;
    for (const std::size_t i : of_table(unique.table)) {
      const RowChange& change = changes_.changes[i];
      const auto after = meeting(change.after, unique.columns);
      if (after.empty()) continue;
      const auto givers = freed.find(after);
      if (givers == freed.end()) continue;
      for (const std::size_t giver : givers->second) {
        if (giver == i) continue;
        found_.all.push_back(
            {Dependency::Kind::kFree, giver, i, &unique.columns, &unique.columns, false});
      }
    }
  }

  void find_referred(const OrderRules::Reference& reference, const Columns& targets) {
    ByValues made;
    ByValues lost;
    for (const std::size_t i : of_table(reference.target)) {
      const RowChange& change = changes_.changes[i];
      auto before = meeting(change.before, targets);
      auto after = meeting(change.after, targets);
      if (before == after) continue;
      if (!before.empty()) lost[std::move(before)].push_back(i);
      if (!after.empty()) made[std::move(after)].push_back(i);
    }
    for (const std::size_t i : of_table(reference.table)) {
      const RowChange& change = changes_.changes[i];
      const auto before = meeting(change.before, reference.columns);
      const auto after = meeting(change.after, reference.columns);
      if (!after.empty()) {
        if (const auto parents = made.find(after); parents != made.end()) {
          for (const std::size_t parent : parents->second) {
            if (parent == i) continue;
            found_.all.push_back({Dependency::Kind::kParent, parent, i, &targets,
                                  &reference.columns, reference.nullable});
          }
        }
      }
      if (before.empty() || before == after) continue;
      if (const auto parents = lost.find(before); parents != lost.end()) {
        for (const std::size_t parent : parents->second) {
          if (parent == i) continue;
          found_.all.push_back({Dependency::Kind::kChild, i, parent, &reference.columns, &targets,
                                reference.nullable});
        }
      }
    }
  }

  const ChangeSet& changes_;
  const OrderRules& rules_;
  ByTable by_table_;
  Dependencies found_;
};

}  // namespace

Dependencies find_dependencies(const ChangeSet& changes, const OrderRules& rules) {
  return Finder(changes, rules).find();
}

}  // namespace doppel::changeset
