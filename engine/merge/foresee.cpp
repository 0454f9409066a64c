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
    for (const Item& item : work_.items) {
      if (table != item.table) uniques = uniques_of(*(table = item.table));
      if (item.sandbox == nullptr) {
        ask_referrers(item);
      } else {
        for (const Uniqueness& unique : uniques) ask_unique(item, unique);
        for (const Reference& reference : table->references) ask_target(item, reference);
      }
    }
  }

 private:
  void ask_unique(const Item& item, const Uniqueness& unique) {
    const auto values = unique.values_of(*item.table, *item.sandbox);
    if (values.empty()) return;
    if (item.base != nullptr && unique.values_of(*item.table, *item.base) == values) return;
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

  void ask_referrers(const Item& item) {
    const auto referrers = work_.model.referrers.find(item.table->name());
    if (referrers == work_.model.referrers.end()) return;
    for (const manifest::Referrer& referrer : referrers->second) {
      const TableModel* table = work_.model.table(referrer.table);
      if (table == nullptr || !table->may_hold_config()) continue;
      const Reference& reference = table->references[referrer.reference];
      for (const Reference::Target& target : reference.targets) {
        if (target.table != item.table->name()) continue;
        const auto columns = columns_of(*item.table, target.columns);
        if (!columns) continue;
        const auto values = TableShape::project(*item.base, *columns);
        if (std::ranges::none_of(values, &Value::is_null)) {
          work_.ask(table->name(), reference.columns, values);
        }
      }
    }
  }

  Work& work_;
};

}  // namespace

void foresee(Work& work) { Foresight(work).run(); }

}  // namespace doppel::merge
