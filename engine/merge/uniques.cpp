#include <algorithm>

#include "base/text.hpp"
#include "merge/message.hpp"
#include "merge/work.hpp"

namespace doppel::merge {
namespace {

using manifest::TableModel;

/// Every unique key of every merged image against live and against the other merged images.
class UniqueCheck {
 public:
  explicit UniqueCheck(Work& work) : work_(work) {}

  bool run() {
    for (std::size_t i = 0; i < work_.items.size(); ++i) {
      Item& item = work_.items[i];
      const auto& uniques = uniques_of(*item.table);
      for (std::size_t unique = 0; unique < uniques.size(); ++unique) {
        if (item.status != Status::kApplies || !item.merged) break;
        check(item, i, uniques[unique], unique);
      }
    }
    return changed_;
  }

 private:
  struct Taken {
    std::size_t item;
    const Row* row;
  };
  using ByValues = std::unordered_map<std::vector<Value>, Taken, RowHash>;

  const std::vector<Uniqueness>& uniques_of(const TableModel& table) {
    auto [found, is_new] = uniques_.try_emplace(&table);
    if (is_new) found->second = merge::uniques_of(table);
    return found->second;
  }

  /// What the key compares of a row. Nothing also while an index is still asked: the merge then
  /// begins again with the answer.
  std::vector<Value> values_of(const TableModel& table, const Uniqueness& unique, const Row& row) {
    if (unique.index.empty()) return unique.values_of(row);
    const database::IndexProbe* probe = work_.probe(table.name(), unique.index, row);
    return probe == nullptr ? std::vector<Value>() : probe->values;
  }

  /// Live's rows that may be in the way; null: not known yet.
  const std::vector<Row>* rows_in_the_way(const Item& item, const Uniqueness& unique) {
    if (unique.index.empty()) {
      return work_.ask(item.table->name(), unique.asked,
                       TableShape::project(*item.merged, unique.asked));
    }
    const database::IndexProbe* probe = work_.probe(item.table->name(), unique.index, *item.merged);
    return probe == nullptr ? nullptr : &probe->rows;
  }

  void check(Item& item, std::size_t index, const Uniqueness& unique, std::size_t which) {
    const TableModel& table = *item.table;
    std::vector<Value> values = values_of(table, unique, *item.merged);
    if (values.empty()) return;
    const bool kept = item.live != nullptr && values_of(table, unique, *item.live) == values;
    ByValues& taken = taken_[{item.table, which}];
    const auto [other, is_first] = taken.try_emplace(std::move(values), Taken{index, nullptr});
    if (!is_first) {
      Item& first = work_.items[other->second.item];
      const bool both_kept =
          kept && first.live != nullptr && values_of(table, unique, *first.live) == other->first;
      if (both_kept) return;  // Live lives with it.
      // Who has the value in live already keeps it; the other one is asked about.
      Item& loser = kept ? first : item;
      if (loser.status == Status::kApplies) collide(loser, unique, *(kept ? item : first).merged);
      return;
    }
    if (kept) return;
    const auto* rows = rows_in_the_way(item, unique);
    if (rows == nullptr) return;
    if (!unique.sorted_out_here) {
      // The database's own idea of equal counts, so every row that it answers is in the way.
      for (const Row& row : *rows) check_row(item, unique, row);
      return;
    }
    for (const Row* row : folded(unique, *rows)[other->first]) {
      check_row(item, unique, *row);
    }
  }

  std::unordered_map<std::vector<Value>, std::vector<const Row*>, RowHash>& folded(
      const Uniqueness& unique, const std::vector<Row>& rows) {
    auto [index, is_new] = folded_.try_emplace({&rows, &unique});
    if (is_new) {
      for (const Row& row : rows) index->second[unique.values_of(row)].push_back(&row);
    }
    return index->second;
  }

  /// A row of live that has the value.
  void check_row(Item& item, const Uniqueness& unique, const Row& row) {
    if (item.status != Status::kApplies) return;
    const Key key = item.table->shape->key_of(row);
    if (item.live != nullptr && key == item.key) return;
    const Item* other = work_.at_live(item.table->name(), key);
    const bool gives_up = other != nullptr &&
                          (other->status == Status::kApplies || other->status == Status::kHeld) &&
                          (!other->merged || values_of(*item.table, unique, *other->merged) !=
                                                 values_of(*item.table, unique, row));
    if (!gives_up) return collide(item, unique, row);
    if (other->status == Status::kApplies) return;
    work_.hold(item, other->held_by);
    changed_ = true;
  }

  void collide(Item& item, const Uniqueness& unique, const Row& other) {
    changed_ = true;
    Item asked = item;
    asked.live = &other;
    Conflict conflict = Work::conflict_for(asked, ConflictKind::kUniqueTaken, unique.columns);
    // Asked about is what the sandbox would write, not what an answer made of it.
    const Row* wanted = item.sandbox != nullptr ? item.sandbox : &*item.merged;
    conflict.message = unique.columns.empty()
                           ? name_of(item) + " collides with " + name_of(*item.table, other) +
                                 " of live in the unique index " + unique.index
                           : name_of(item) + " has " +
                                 merge::values_of(*item.table, unique.columns, *wanted) +
                                 ", which belongs to " + name_of(*item.table, other) + " in live";
    // Of an index on what the database computes nobody can say which values to give instead.
    if (unique.columns.empty()) std::erase(conflict.possible, AnswerKind::kRename);
    const std::string id = conflict_id(conflict, {});
    const Answer* answer = work_.raise(std::move(conflict));
    if (answer == nullptr) return work_.hold(item, id);
    if (answer->kind == AnswerKind::kKeepLive) return work_.drop(item);
    if (!renamed_.insert(id).second) {
      work_.conflicts.at(id).answered.reset();
      return work_.hold(item, id);
    }
    for (std::size_t i = 0; i < unique.columns.size(); ++i) {
      (*item.merged)[unique.columns[i]] = answer->values[i];
    }
    if (values_of(*item.table, unique, *item.merged) == values_of(*item.table, unique, other)) {
      work_.conflicts.at(id).answered.reset();
      work_.hold(item, id);
    }
  }

  Work& work_;
  bool changed_ = false;
  std::unordered_map<const TableModel*, std::vector<Uniqueness>> uniques_;
  std::map<std::pair<const TableModel*, std::size_t>, ByValues> taken_;
  std::map<std::pair<const std::vector<Row>*, const Uniqueness*>,
           std::unordered_map<std::vector<Value>, std::vector<const Row*>, RowHash>>
      folded_;
  std::unordered_set<std::string> renamed_;
};

}  // namespace

std::vector<Value> Uniqueness::values_of(const Row& row) const {
  std::vector<Value> values;
  values.reserve(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Value& value = row[columns[i]];
    if (value.is_null()) return {};
    const bool fold = i < folded.size() && folded[i] && value.kind() == ValueKind::kText;
    values.push_back(fold ? Value(to_lower_ascii(value.text())) : value);
  }
  return values;
}

std::vector<Uniqueness> uniques_of(const TableModel& table) {
  std::vector<Uniqueness> uniques;
  for (const manifest::UniqueKeyModel& unique : table.unique_keys) {
    if (unique.judged()) {
      uniques.push_back({unique.columns, {}, {}, false, unique.name});
      continue;
    }
    Uniqueness made{unique.columns, unique.folded, {}, false};
    for (std::size_t i = 0; i < unique.columns.size(); ++i) {
      if (unique.folded.empty() || !unique.folded[i]) made.asked.push_back(unique.columns[i]);
    }
    // The key may ignore what a look-up by its column doesn't.
    made.sorted_out_here = made.asked.size() < made.columns.size();
    uniques.push_back(std::move(made));
  }
  if (table.natural_key.empty()) return uniques;
  Uniqueness natural;
  for (const manifest::NaturalPart& part : table.natural_key) {
    const bool folds = part.fold != manifest::NaturalKeyPart::Fold::kNone;
    natural.columns.push_back(part.column);
    natural.folded.push_back(folds);
    if (!folds) natural.asked.push_back(part.column);
  }
  natural.sorted_out_here = natural.asked.size() < natural.columns.size();
  const bool is_known =
      natural.columns == table.shape->key ||
      std::ranges::any_of(table.unique_keys, [&](const manifest::UniqueKeyModel& unique) {
        return !unique.judged() && std::ranges::is_permutation(unique.columns, natural.columns) &&
               (!natural.sorted_out_here || !unique.folded.empty());
      });
  if (!is_known) uniques.push_back(std::move(natural));
  return uniques;
}

bool check_uniques(Work& work) { return UniqueCheck(work).run(); }

}  // namespace doppel::merge
