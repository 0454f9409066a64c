#include "merge/work.hpp"

#include <algorithm>
#include <utility>

namespace doppel::merge {

Work::Work(const manifest::Model& the_model, const changeset::ChangeSet& ours,
           const Facts& the_facts, const std::vector<Answer>& answers,
           const std::vector<ListBase>& the_lists)
    : model(the_model), facts(the_facts), lists(the_lists) {
  for (const Answer& answer : answers) answers_[answer.conflict] = &answer;
  const manifest::TableModel* table = nullptr;
  for (const RowChange& change : ours.changes) {
    if (table == nullptr || table->name() != change.table->name) {
      table = &model.require(change.table->name);
    }
    Item item;
    item.ours = &change;
    item.table = table;
    item.key = change.key;
    item.base = change.before ? &*change.before : nullptr;
    item.sandbox = change.after ? &*change.after : nullptr;
    by_sandbox_key[table->name()].emplace(change.key, items.size());
    items.push_back(std::move(item));
  }
}

const std::vector<Row>* Work::ask(const std::string& table, const std::vector<std::size_t>& columns,
                                  const std::vector<Value>& values) {
  const std::vector<Row>* found = facts.rows(table, columns, values);
  if (found == nullptr) asked_[table][columns].insert(values);
  return found;
}

const database::IndexProbe* Work::probe(const std::string& table, const std::string& index,
                                        const Row& row) {
  IndexQuestion question{table, index, row};
  const database::IndexProbe* found = facts.probe(question);
  if (found == nullptr) probes_.insert(std::move(question));
  return found;
}

Needs Work::take_needs() {
  Needs needs;
  needs.probes.assign(probes_.begin(), probes_.end());
  probes_.clear();
  needs.keys = std::exchange(key_needs, {});
  for (auto& [table, by_columns] : asked_) {
    for (auto& [columns, asked] : by_columns) {
      std::vector<std::vector<Value>> all;
      all.reserve(asked.size());
      while (!asked.empty()) {
        all.push_back(std::move(asked.extract(asked.begin()).value()));
      }
      std::ranges::sort(all);
      for (auto& values : all) needs.questions.push_back({table, columns, std::move(values)});
    }
  }
  asked_.clear();
  return needs;
}

namespace {

Item* find_item(const std::map<std::string, ItemIndex, std::less<>>& index, std::deque<Item>& items,
                std::string_view table, const Key& key) {
  const auto rows = index.find(table);
  if (rows == index.end()) return nullptr;
  const auto found = rows->second.find(key);
  return found == rows->second.end() ? nullptr : &items[found->second];
}

}  // namespace

Item* Work::at_live(std::string_view table, const Key& key) {
  return find_item(by_live_key, items, table, key);
}

Item* Work::at_sandbox(std::string_view table, const Key& key) {
  return find_item(by_sandbox_key, items, table, key);
}

const Row* Work::keep(Row row) {
  rows_.push_back(std::move(row));
  return &rows_.back();
}

Item& Work::touch(const manifest::TableModel& table, const Row& live) {
  Item item;
  item.table = &table;
  item.key = table.shape->key_of(live);
  item.base = item.live = item.sandbox = &live;
  item.merged = live;
  item.identified = true;
  item.status = Status::kApplies;
  by_live_key[table.name()][item.key] = items.size();
  items.push_back(std::move(item));
  return items.back();
}

void Work::hold(Item& item, const std::string& conflict) {
  item.status = Status::kHeld;
  item.held_by = conflict;
}

bool is_quiet(const manifest::TableModel& table, std::size_t column) {
  const manifest::ColumnModel& model = table.columns[column];
  return model.is_volatile || model.stays();
}

bool same_but_quiet(const manifest::TableModel& table, const Row& a, const Row& b) {
  for (std::size_t column = 0; column < a.size(); ++column) {
    if (a[column] != b[column] && !is_quiet(table, column)) return false;
  }
  return true;
}

std::optional<std::vector<std::size_t>> columns_of(const manifest::TableModel& table,
                                                   const std::vector<std::string>& names) {
  std::vector<std::size_t> columns;
  for (const std::string& name : names) {
    const auto column = table.shape->column(name);
    if (!column) return std::nullopt;
    columns.push_back(*column);
  }
  return columns;
}

}  // namespace doppel::merge
