#include "json_path.hpp"

#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::scenario {

namespace {

/// "a[b=c.d].e" as "a", "[b=c.d", "e".
std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments{""};
  bool in_brackets = false;
  for (const char character : path) {
    if (character == '[' && !in_brackets) {
      in_brackets = true;
      segments.emplace_back("[");
    } else if (character == ']' && in_brackets) {
      in_brackets = false;
    } else if (character == '.' && !in_brackets) {
      segments.emplace_back();
    } else {
      segments.back() += character;
    }
  }
  std::erase(segments, "");
  return segments;
}

json::value wanted_value(const std::string& text) {
  try {
    return parse_json(text, "path");
  } catch (const Error&) {
    return json::value(text);
  }
}

const json::value* matching(const json::value& list, std::string_view condition) {
  const std::size_t equals = condition.find('=');
  if (!list.is_array() || equals == std::string_view::npos) return nullptr;
  const json::value wanted = wanted_value(std::string{condition.substr(equals + 1)});
  for (const json::value& item : list.as_array()) {
    const auto found = select(item, condition.substr(0, equals));
    if (found && *found == wanted) return &item;
  }
  return nullptr;
}

const json::value* step_into(const json::value& value, const std::string& segment) {
  if (segment.starts_with('[')) return matching(value, std::string_view{segment}.substr(1));
  if (value.is_object()) return value.as_object().if_contains(segment);
  const auto index = parse_integer(segment);
  if (!value.is_array() || !index || *index < 0) return nullptr;
  const auto& items = value.as_array();
  return static_cast<std::size_t>(*index) < items.size() ? &items[static_cast<std::size_t>(*index)]
                                                         : nullptr;
}

}  // namespace

std::optional<json::value> select(const json::value& document, std::string_view path) {
  const json::value* at = &document;
  for (const std::string& segment : segments_of(path)) {
    if (segment == "#") {
      if (at->is_array()) return json::value(std::int64_t(at->as_array().size()));
      if (at->is_object()) return json::value(std::int64_t(at->as_object().size()));
      return std::nullopt;
    }
    at = step_into(*at, segment);
    if (at == nullptr) return std::nullopt;
  }
  return *at;
}

}  // namespace doppel::scenario
