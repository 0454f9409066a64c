#pragma once

#include <optional>
#include <string_view>

#include "base/json.hpp"

namespace doppel::scenario {

/// What a path means in a document; nothing where it leads nowhere.
///
///     changes.0.table                  members by name, elements by number
///     conflicts.#                      the number of elements or members
///     conflicts[kind="order"].table    the first element in which a member equals a JSON value;
///                                      a value that isn't JSON is meant as text
std::optional<json::value> select(const json::value& document, std::string_view path);

}  // namespace doppel::scenario
