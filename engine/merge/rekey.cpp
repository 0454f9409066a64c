#include <algorithm>

#include "merge/message.hpp"
#include "merge/work.hpp"

namespace doppel::merge {
namespace {

using manifest::TableModel;
using NaturalIndex = std::unordered_map<std::vector<Value>, std::vector<const Row*>, RowHash>;

bool gives_keys(const TableModel& table, const Key& key) {
  return table.key_source != database::KeySource::kApplication && table.shape->key.size() == 1 &&
         key.front().kind() == ValueKind::kInteger;
}

/// Whether a side's row is another object than the base's, under the same key: its birth differs.
/// Where the manifest names no column for that it is a guess: its natural key and more than half of
/// what else there is to compare differ. The rule stands in docs/reference/manifest.md.
bool is_replaced(const TableModel& table, const Row& base, const Row& side) {
  if (table.born) return base[*table.born] != side[*table.born];
  if (table.natural_key.empty()) return false;
  if (manifest::natural_key_of(table, base) == manifest::natural_key_of(table, side)) return false;
  std::size_t comparable = 0;
  std::size_t different = 0;
  for (std::size_t column = 0; column < base.size(); ++column) {
    const bool is_key = std::ranges::find(table.shape->key, column) != table.shape->key.end();
    const bool is_natural = std::ranges::any_of(
        table.natural_key, [&](const auto& part) { return part.column == column; });
    if (is_key || is_natural || is_quiet(table, column)) continue;
    if (table.list && table.list->order == column) continue;
    ++comparable;
    if (base[column] != side[column]) ++different;
  }
  return different * 2 > comparable;
}

/// One walk over all items. It is repeated while what it moves moves others: a child's key may hold
/// its parent's, and a natural key may, too.
class Identification {
 public:
  explicit Identification(Work& work) : work_(work), rewriter_(work) {
    for (const Item& item : work.items) {
      if (item.base == nullptr) ++inserts_[item.table->name()];
    }
  }

  void run() {
    constexpr int kPassLimit = 16;
    for (int pass = 0; pass < kPassLimit; ++pass) {
      next_moves_.clear();
      work_.conflicts.clear();
      work_.rekeyed.clear();
      work_.keys_used.clear();
      rewriter_.moved();
      for (Item& item : work_.items) identify(item);
      if (work_.lacks_facts()) return;
      const bool settled = same_moves();
      work_.moves = std::move(next_moves_);
      if (settled) break;
    }
    for (std::size_t i = 0; i < work_.items.size(); ++i) {
      const Item& item = work_.items[i];
      if (item.live != nullptr || item.base == nullptr || item.identified) {
        work_.by_live_key[item.table->name()].try_emplace(item.key, i);
      }
    }
  }

 private:
  void identify(Item& item) {
    item.status = Status::kNothing;
    item.identified = false;
    item.overwrite = false;
    item.replaces = false;
    item.live = nullptr;
    item.key = item.ours->key;
    item.base = item.ours->before ? &*item.ours->before : nullptr;
    item.sandbox = item.ours->after ? &*item.ours->after : nullptr;
    if (item.base == nullptr) {
      newcomer(item);
    } else {
      known(item);
    }
  }

  const Row* live_at(const TableModel& table, const Key& key) {
    const auto* rows = work_.ask(table.name(), table.shape->key, key);
    return rows == nullptr || rows->empty() ? nullptr : &rows->front();
  }

  /// A row that the base has.
  void known(Item& item) {
    const TableModel& table = *item.table;
    item.live = live_at(table, item.key);
    if (work_.lacks_facts()) return;
    if (item.sandbox != nullptr) {
      if (same_but_quiet(table, *item.base, *item.sandbox)) return;
      if (auto image = rewriter_.rewritten(table, *item.sandbox)) {
        // The row exists under this key: a reference inside the key can't follow.
        for (const std::size_t column : table.shape->key) (*image)[column] = (*item.base)[column];
        item.sandbox = work_.keep(std::move(*image));
      }
    }
    item.identified = true;
    const bool here = item.sandbox != nullptr && is_replaced(table, *item.base, *item.ours->after);
    const bool there = item.live != nullptr && is_replaced(table, *item.base, *item.live);
    // A birth is certain: the old object is gone on both sides and the sandbox's is a new one.
    if (here && table.born && (item.live == nullptr || there)) {
      item.base = nullptr;
      item.identified = false;
      return newcomer(item);
    }
    item.replaces = here && table.born.has_value();
    item.overwrite = item.replaces;
    if (there || (here && item.live != nullptr && !same_but_quiet(table, *item.base, *item.live))) {
      replaced(item, there);
    }
  }

  static std::string replaced_message(const Item& item, bool there) {
    if (there) {
      return name_of(item) + " was changed in the sandbox, but live has " +
             name_of(*item.table, *item.live) + " under its key " + display(item.key);
    }
    return name_of(item) + " was changed in live, but the sandbox has " +
           name_of(*item.table, *item.ours->after) + " under its key " + display(item.key);
  }

  /// One side has another object under the key, the other one cared for the old one.
  void replaced(Item& item, bool there) {
    if (item.sandbox != nullptr && same_but_quiet(*item.table, *item.live, *item.sandbox)) return;
    Conflict conflict = Work::conflict_for(item, ConflictKind::kReplaced, {});
    if (item.sandbox == nullptr) {
      std::erase(conflict.possible, AnswerKind::kNewKey);
      std::erase(conflict.possible, AnswerKind::kMergeInto);
    }
    conflict.message = replaced_message(item, there);
    const std::string id = conflict_id(conflict, {});
    const Answer* answer = work_.raise(std::move(conflict));
    if (answer == nullptr) return work_.hold(item, id);
    if (answer->kind == AnswerKind::kKeepLive) return work_.drop(item);
    if (answer->kind == AnswerKind::kTakeSandbox) {
      item.overwrite = true;
      return;
    }
    if (answer->kind == AnswerKind::kMergeInto) {
      item.overwrite = item.replaces = false;
      return;
    }
    item.base = nullptr;
    take_new_key(item, *item.sandbox, answer, id);
  }

  /// Another row of live with the natural key of `image`, unless the sandbox itself freed it.
  const Row* twin_of(const TableModel& table, const Row& image) {
    const auto natural = manifest::natural_key_of(table, image);
    if (natural.empty() ||
        std::ranges::all_of(natural, [](const Value& value) { return value.is_null(); })) {
      return nullptr;
    }
    std::vector<std::size_t> columns;
    for (const manifest::NaturalPart& part : table.natural_key) {
      if (part.fold == manifest::NaturalKeyPart::Fold::kNone) columns.push_back(part.column);
    }
    const auto* rows = work_.ask(table.name(), columns, TableShape::project(image, columns));
    if (rows == nullptr) return nullptr;
    auto [index, is_new] = natural_.try_emplace(rows);
    if (is_new) {
      for (const Row& row : *rows) {
        index->second[manifest::natural_key_of(table, row)].push_back(&row);
      }
    }
    const auto same = index->second.find(natural);
    if (same == index->second.end()) return nullptr;
    const auto twin = std::ranges::find_if(
        same->second, [&](const Row* row) { return !is_freed(table, *row, natural); });
    return twin == same->second.end() ? nullptr : *twin;
  }

  bool is_freed(const TableModel& table, const Row& row, const std::vector<Value>& natural) {
    const Item* ours = work_.at_sandbox(table.name(), table.shape->key_of(row));
    if (ours == nullptr || !ours->ours->before) return false;
    return !ours->ours->after || manifest::natural_key_of(table, *ours->ours->after) != natural;
  }

  /// A row that the sandbox made.
  void newcomer(Item& item) {
    if (item.sandbox == nullptr) return;  // A change without images is none.
    const TableModel& table = *item.table;
    if (auto image = rewriter_.rewritten(table, *item.sandbox)) {
      item.sandbox = work_.keep(std::move(*image));
    }
    bool renamed = false;
    while (true) {
      item.key = table.shape->key_of(*item.sandbox);
      const Row* here = live_at(table, item.key);
      const Row* twin = twin_of(table, *item.sandbox);
      if (work_.lacks_facts()) return;
      if (here != nullptr && same_but_quiet(table, *item.sandbox, *here)) {
        item.live = here;
        item.identified = true;
        return note_move(item, here);
      }
      const bool key_names_it =
          table.natural_key.empty() && table.key_source == database::KeySource::kApplication;
      if (twin == nullptr && key_names_it) twin = here;
      if (twin == nullptr) return place(item, here);
      if (!created_twice(item, *twin, renamed)) return;
      renamed = true;
    }
  }

  /// True: an answer renamed it, look again.
  bool created_twice(Item& item, const Row& twin, bool renamed) {
    const TableModel& table = *item.table;
    std::vector<std::size_t> columns;
    for (const manifest::NaturalPart& part : table.natural_key) columns.push_back(part.column);
    if (columns.empty()) columns = table.shape->key;
    Item asked = item;
    asked.live = &twin;
    // As the sandbox has it: a row that refers to itself changes with the answer.
    asked.sandbox = &*item.ours->after;
    Conflict conflict = Work::conflict_for(asked, ConflictKind::kCreatedTwice, columns);
    conflict.message = name_of(item) + " was made on both sides";
    // A row that the sandbox changes, too, can't take in another one.
    const Item* changed = work_.at_sandbox(table.name(), table.shape->key_of(twin));
    if (changed != nullptr && changed != &item) {
      std::erase(conflict.possible, AnswerKind::kMergeInto);
    }
    const std::string id = conflict_id(conflict, {});
    std::vector<Value> inputs = twin;
    inputs.insert(inputs.end(), asked.sandbox->begin(), asked.sandbox->end());
    if (renamed) {
      // The new name is taken, too: the question stays.
      work_.conflicts.at(id).answered.reset();
      work_.hold(item, id);
      return false;
    }
    const Answer* answer = work_.raise(std::move(conflict), inputs);
    if (answer == nullptr) {
      work_.hold(item, id);
      return false;
    }
    if (answer->kind == AnswerKind::kRename) {
      Row image = *item.sandbox;
      for (std::size_t i = 0; i < columns.size(); ++i) image[columns[i]] = answer->values[i];
      item.sandbox = work_.keep(std::move(image));
      return true;
    }
    // They are one object: what refers to the sandbox's row refers to live's.
    item.key = table.shape->key_of(twin);
    item.live = &twin;
    note_move(item, &twin);
    item.identified = answer->kind == AnswerKind::kMergeInto;
    return false;
  }

  /// Puts a new object under its key, or under another where live's `here` has that.
  void place(Item& item, const Row* here) {
    if (here == nullptr) {
      item.identified = true;
      return note_move(item, item.sandbox);
    }
    Item asked = item;
    asked.live = here;
    Conflict conflict = Work::conflict_for(asked, ConflictKind::kKeyTaken, item.table->shape->key);
    conflict.message = name_of(item) + " has the key " + display(item.key) +
                       ", which live gave to " + name_of(*item.table, *here);
    const std::string id = conflict_id(conflict, {});
    const Answer* answer = work_.raise(std::move(conflict));
    if (answer != nullptr && answer->kind == AnswerKind::kKeepLive) return work_.drop(item);
    const bool gives = gives_keys(*item.table, item.key);
    if (answer == nullptr && !gives) return work_.hold(item, id);
    take_new_key(item, *item.sandbox, answer, id);
  }

  void take_new_key(Item& item, Row image, const Answer* answer, const std::string& conflict) {
    const TableModel& table = *item.table;
    const auto& key = table.shape->key;
    if (answer != nullptr && answer->values.size() == key.size()) {
      for (std::size_t i = 0; i < key.size(); ++i) image[key[i]] = answer->values[i];
    } else if (gives_keys(table, item.key)) {
      const auto given = next_key(table);
      if (!given) return;
      image[key.front()] = *given;
    } else {
      work_.conflicts.at(conflict).answered.reset();
      return work_.hold(item, conflict);
    }
    item.key = table.shape->key_of(image);
    item.live = live_at(table, item.key);
    if (item.live != nullptr) {
      work_.conflicts.at(conflict).answered.reset();
      return work_.hold(item, conflict);
    }
    work_.conflicts.at(conflict).answered = AnswerKind::kNewKey;
    item.sandbox = work_.keep(std::move(image));
    item.identified = true;
    work_.rekeyed.push_back({table.name(), item.ours->key, item.key});
    note_move(item, item.sandbox);
  }

  /// The next key that live proposes and no new row of the sandbox has.
  std::optional<std::int64_t> next_key(const TableModel& table) {
    const auto* proposed = work_.facts.keys(table.name());
    std::size_t& used = work_.keys_used[table.name()];
    while (proposed != nullptr && used < proposed->size()) {
      const std::int64_t key = (*proposed)[used++];
      if (work_.at_sandbox(table.name(), {key}) == nullptr) return key;
    }
    // As many as could be wanted: those asked for so far, and one for each that may be in the way.
    ++used;
    work_.key_needs[table.name()] = used + inserts_[table.name()];
    return std::nullopt;
  }

  void note_move(const Item& item, const Row* to) {
    const Row* from = &*item.ours->after;
    if (*from != *to) next_moves_[item.table->name()].push_back({from, to});
  }

  bool same_moves() const {
    const auto same_table = [](const auto& a, const auto& b) {
      return a.first == b.first &&
             std::ranges::equal(a.second, b.second, [](const Move& x, const Move& y) {
               return x.from == y.from && *x.to == *y.to;
             });
    };
    return std::ranges::equal(work_.moves, next_moves_, same_table);
  }

  Work& work_;
  Rewriter rewriter_;
  std::map<std::string, std::vector<Move>, std::less<>> next_moves_;
  std::map<std::string, std::size_t, std::less<>> inserts_;
  std::unordered_map<const std::vector<Row>*, NaturalIndex> natural_;
};

}  // namespace

void identify(Work& work) { Identification(work).run(); }

}  // namespace doppel::merge
