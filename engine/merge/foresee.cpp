#include <algorithm>

#include "merge/work.hpp"

namespace doppel::merge {
namespace {

using manifest::Reference;
using manifest::TableModel;

class Foresight {
 public:
  explicit Foresight(Work& work) : work_(work) {}

  void run() {
    const TableModel* table = nullptr;
    std::vector<Uniqueness> uniques;
    std::vector<WayIn> ways;
    for (const Item& item : work_.items) {
      if (table == nullptr || table != item.table) {
        table = item.table;
        uniques = uniques_of(*table);
        ways = ways_into(work_.model, *table);
      }
      for (const WayIn& way : ways) ask_referrers(item, way);
      if (item.sandbox == nullptr) continue;
      for (const Uniqueness& unique : uniques) ask_unique(item, unique);
      for (const Reference& reference : table->references) ask_target(item, reference);
    }
  }

 private:
  void ask_unique(const Item& item, const Uniqueness& unique) {
    if (!unique.index.empty()) {
      work_.probe(item.table->name(), unique.index, *item.sandbox);
      return;
    }
    const auto values = unique.values_of(*item.sandbox);
    if (values.empty()) return;
    if (item.base != nullptr && unique.values_of(*item.base) == values) return;
    work_.ask(item.table->name(), unique.asked, TableShape::project(*item.sandbox, unique.asked));
  }

  void ask_target(const Item& item, const Reference& reference) {
    const auto stays = [&](std::size_t column) {
      return item.base != nullptr && (*item.base)[column] == (*item.sandbox)[column];
    };
    if (std::ranges::all_of(reference.columns, stays)) return;
    Pointing pointing;
    if (find_pointing(work_, *item.table, reference, *item.sandbox, pointing) != Found::kYes) {
      return;
    }
    const bool is_key = pointing.columns == pointing.table->shape->key;
    // The sandbox's own rows are asked for by themselves.
    if (is_key && work_.at_sandbox(pointing.table->name(), pointing.values) != nullptr) return;
    work_.ask(pointing.table->name(), pointing.columns, pointing.values);
  }

  /// Rows that refer to what the sandbox deleted, or by values that it changed.
  void ask_referrers(const Item& item, const WayIn& way) {
    if (item.base == nullptr) return;
    const auto values = TableShape::project(*item.base, way.columns);
    if (std::ranges::any_of(values, &Value::is_null)) return;
    if (item.sandbox != nullptr && TableShape::project(*item.sandbox, way.columns) == values) {
      return;
    }
    work_.ask(way.from->name(), way.by, values);
  }

  Work& work_;
};

}  // namespace

void foresee(Work& work) { Foresight(work).run(); }

}  // namespace doppel::merge
