#pragma once

#include <string>

#include "merge/work.hpp"

/// Sentences for people. Values of secret columns never stand in them. Internal to the room.
namespace doppel::merge {

/// "queues 'Spam'"
std::string name_of(const manifest::TableModel& table, const Row& row);
std::string name_of(const Item& item);
/// "name 'Spam'", for several columns "name 'Spam', colour 'red'".
std::string values_of(const manifest::TableModel& table, const std::vector<std::size_t>& columns,
                      const Row& row);
std::string both_changed_message(const Item& item, std::size_t column);
/// The same of a value in which both changed these paths or lines.
std::string both_changed_inside_message(const Item& item, std::size_t column,
                                        const std::vector<std::string>& clashes);

}  // namespace doppel::merge
