#include "merge/message.hpp"

#include "base/text.hpp"

namespace doppel::merge {
namespace {

std::string shown(const manifest::TableModel& table, std::size_t column, const Value& value) {
  if (table.columns[column].secret && !value.is_null()) return "(secret)";
  return display(value);
}

}  // namespace

std::string name_of(const manifest::TableModel& table, const Row& row) {
  constexpr std::size_t kLabelLimit = 80;
  return table.name() + " '" + printable(manifest::label_of(table, row), kLabelLimit) + "'";
}

std::string name_of(const Item& item) {
  const Row* row = item.base != nullptr ? item.base : item.sandbox;
  return name_of(*item.table, row != nullptr ? *row : *item.live);
}

std::string values_of(const manifest::TableModel& table, const std::vector<std::size_t>& columns,
                      const Row& row) {
  std::vector<std::string> parts;
  for (const std::size_t column : columns) {
    parts.push_back(table.shape->columns[column] + " " + shown(table, column, row[column]));
  }
  return join(parts, ", ");
}

std::string both_changed_message(const Item& item, std::size_t column) {
  const manifest::TableModel& table = *item.table;
  std::string message = name_of(item) + ": " + table.shape->columns[column];
  if (item.base != nullptr) message += " was " + shown(table, column, (*item.base)[column]) + ",";
  return message + " is " + shown(table, column, (*item.sandbox)[column]) + " in the sandbox and " +
         shown(table, column, (*item.live)[column]) + " in live";
}

std::string both_changed_inside_message(const Item& item, std::size_t column,
                                        const std::vector<std::string>& clashes) {
  constexpr std::size_t kTold = 5;
  std::vector<std::string> told;
  for (std::size_t i = 0; i < clashes.size() && i < kTold; ++i) {
    told.push_back(printable(clashes[i], 80));
  }
  if (clashes.size() > kTold) told.push_back(std::to_string(clashes.size() - kTold) + " more");
  return name_of(item) + ": both sides changed " + join(told, ", ") + " of " +
         item.table->shape->columns[column] + "; what else they changed in it is merged";
}

}  // namespace doppel::merge
