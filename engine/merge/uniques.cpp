#include <algorithm>

#include "merge/message.hpp"
#include "merge/work.hpp"

namespace doppel::merge {
namespace {

using manifest::TableModel;
using manifest::unique_values;
using manifest::UniqueKeyModel;

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
  using RowsByValues = std::unordered_map<std::vector<Value>, std::vector<const Row*>, RowHash>;

  /// A natural key counts as unique, whether or not the database sees to it: a row renamed here to
  /// what another is named there is a clash. Of a key that holds only some rows the database
  /// judges.
  const std::vector<UniqueKeyModel>& uniques_of(const TableModel& table) {
    auto [found, is_new] = uniques_.try_emplace(&table, table.unique_keys);
    if (!is_new) return found->second;
    std::erase_if(found->second, [](const UniqueKeyModel& unique) { return unique.partial; });
    if (table.natural_key.empty()) return found->second;
    UniqueKeyModel natural{"natural key", {}};
    for (const manifest::NaturalPart& part : table.natural_key) {
      natural.columns.push_back(part.column);
      natural.folded.push_back(part.fold == manifest::NaturalKeyPart::Fold::kLower);
    }
    const bool folds = std::ranges::find(natural.folded, true) != natural.folded.end();
    const bool is_known = natural.columns == table.shape->key ||
                          std::ranges::any_of(found->second, [&](const UniqueKeyModel& unique) {
                            return std::ranges::is_permutation(unique.columns, natural.columns) &&
                                   (!folds || !unique.folded.empty());
                          });
    if (!is_known) found->second.push_back(std::move(natural));
    return found->second;
  }

  void check(Item& item, std::size_t index, const UniqueKeyModel& unique, std::size_t which) {
    const std::vector<Value> values = unique_values(unique, *item.merged);
    if (std::ranges::any_of(values, [](const Value& value) { return value.is_null(); })) return;
    const bool kept = item.live != nullptr && unique_values(unique, *item.live) == values;
    ByValues& taken = taken_[{item.table->name(), which}];
    const auto [other, is_first] = taken.try_emplace(values, Taken{index, nullptr});
    if (!is_first) {
      Item& first = work_.items[other->second.item];
      const bool both_kept =
          kept && first.live != nullptr && unique_values(unique, *first.live) == values;
      if (both_kept) return;  // live lives with it
      // Who has the value in live already keeps it; the other one is asked about.
      Item& loser = kept ? first : item;
      if (loser.status == Status::kApplies) collide(loser, unique, *(kept ? item : first).merged);
      return;
    }
    if (kept) return;
    const std::vector<const Row*>* rows = rows_with(*item.table, which, unique, *item.merged);
    if (rows == nullptr) return;
    for (const Row* row : *rows) {
      if (item.status == Status::kApplies) check_row(item, unique, *row);
    }
  }

  /// Live's rows with the same value. Folded columns can't be asked for by value: what the others
  /// leave is asked for once and sorted out here. Null: not known yet.
  const std::vector<const Row*>* rows_with(const TableModel& table, std::size_t which,
                                           const UniqueKeyModel& unique, const Row& image) {
    std::vector<std::size_t> columns;
    for (std::size_t i = 0; i < unique.columns.size(); ++i) {
      if (unique.folded.empty() || !unique.folded[i]) columns.push_back(unique.columns[i]);
    }
    const auto* rows = work_.ask(table.name(), columns, TableShape::project(image, columns));
    if (rows == nullptr) return nullptr;
    auto [index, is_new] = in_live_.try_emplace({rows, which});
    if (is_new) {
      // A database may call more values equal than are identical: what it found by value counts.
      const bool by_value = columns.size() == unique.columns.size();
      for (const Row& row : *rows) {
        index->second[unique_values(unique, by_value ? image : row)].push_back(&row);
      }
    }
    return &index->second[unique_values(unique, image)];
  }

  /// A row of live that has the value.
  void check_row(Item& item, const UniqueKeyModel& unique, const Row& row) {
    const Key key = item.table->shape->key_of(row);
    if (item.live != nullptr && key == item.key) return;
    const Item* other = work_.at_live(item.table->name(), key);
    const bool gives_up =
        other != nullptr && (other->status == Status::kApplies || other->status == Status::kHeld) &&
        (!other->merged || unique_values(unique, *other->merged) != unique_values(unique, row));
    if (!gives_up) return collide(item, unique, row);
    if (other->status == Status::kApplies) return;
    work_.hold(item, other->held_by);
    changed_ = true;
  }

  void collide(Item& item, const UniqueKeyModel& unique, const Row& other) {
    changed_ = true;
    Item asked = item;
    asked.live = &other;
    Conflict conflict = Work::conflict_for(asked, ConflictKind::kUniqueTaken, unique.columns);
    // Asked about is what the sandbox would write, not what an answer made of it.
    const Row* wanted = item.sandbox != nullptr ? item.sandbox : &*item.merged;
    conflict.message = name_of(item) + " has " + values_of(*item.table, unique.columns, *wanted) +
                       ", which belongs to " + name_of(*item.table, other) + " in live";
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
    if (unique_values(unique, *item.merged) == unique_values(unique, other)) {
      work_.conflicts.at(id).answered.reset();
      work_.hold(item, id);
    }
  }

  Work& work_;
  bool changed_ = false;
  std::unordered_map<const TableModel*, std::vector<UniqueKeyModel>> uniques_;
  std::map<std::pair<std::string, std::size_t>, ByValues> taken_;
  std::map<std::pair<const std::vector<Row>*, std::size_t>, RowsByValues> in_live_;
  std::unordered_set<std::string> renamed_;
};

}  // namespace

bool check_uniques(Work& work) { return UniqueCheck(work).run(); }

}  // namespace doppel::merge
