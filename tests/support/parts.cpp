#include "tests/support/parts.hpp"

#include <set>

#include "base/json.hpp"

namespace doppel::testing {
namespace {

using manifest::MergeUnit;

/// What stands where: a member's name, an element, the number of a line.
using Parts = std::map<std::string, std::string>;

constexpr std::size_t kPlaces = 6;

bool has_places(MergeUnit unit) { return unit == MergeUnit::kText || unit == MergeUnit::kList; }

std::optional<Parts> parts_of(MergeUnit unit, const Value& value) {
  if (value.kind() != ValueKind::kText) return std::nullopt;
  const std::string& text = value.text();
  Parts parts;
  if (unit == MergeUnit::kText) {
    std::size_t begin = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos;
         end = text.find('\n', begin)) {
      parts[std::to_string(parts.size())] = text.substr(begin, end - begin);
      begin = end + 1;
    }
    return parts;
  }
  const json::value document = parse_json(text, "a value");
  if (unit == MergeUnit::kJson) {
    for (const auto& member : document.as_object()) {
      parts[member.key()] = std::to_string(member.value().as_int64());
    }
    return parts;
  }
  for (const json::value& element : document.as_array()) {
    const std::string name(element.as_string());
    parts[unit == MergeUnit::kSet ? name : std::to_string(parts.size())] = name;
  }
  return parts;
}

Value written(MergeUnit unit, const Parts& parts) {
  std::string text;
  for (const auto& [place, part] : parts) {
    if (unit == MergeUnit::kText) {
      text += part + "\n";
      continue;
    }
    if (!text.empty()) text += ", ";
    text += unit == MergeUnit::kJson ? "\"" + place + "\": " + part : "\"" + part + "\"";
  }
  if (unit == MergeUnit::kText) return text;
  return unit == MergeUnit::kJson ? "{" + text + "}" : "[" + text + "]";
}

}  // namespace

Value first_parts(MergeUnit unit, Random& random) {
  Parts parts;
  for (std::size_t i = 0; i < kPlaces; ++i) {
    const std::string name(1, static_cast<char>('a' + i));
    if (has_places(unit)) {
      parts[std::to_string(i)] = name + std::to_string(random.below(2));
    } else if (random.below(2) == 0) {
      parts[name] = unit == MergeUnit::kSet ? name : std::to_string(random.below(3));
    }
  }
  return written(unit, parts);
}

Value edit_part(MergeUnit unit, const Value& value, Random& random) {
  auto parts = parts_of(unit, value);
  if (!parts) return first_parts(unit, random);
  const std::size_t place = random.below(kPlaces);
  const std::string name(1, static_cast<char>('a' + place));
  if (has_places(unit)) {
    (*parts)[std::to_string(place)] = name + std::to_string(random.below(3));
  } else if (parts->contains(name) && (unit == MergeUnit::kSet || random.below(2) == 0)) {
    parts->erase(name);
  } else {
    (*parts)[name] = unit == MergeUnit::kSet ? name : std::to_string(random.below(4));
  }
  return written(unit, *parts);
}

bool same_parts(MergeUnit unit, const Value& a, const Value& b) {
  return a == b || (parts_of(unit, a) && parts_of(unit, a) == parts_of(unit, b));
}

Value merged_parts(MergeUnit unit, const Value& base, const Value& live, const Value& sandbox,
                   Wins wins) {
  const auto was = parts_of(unit, base);
  const auto theirs = parts_of(unit, live);
  const auto own = parts_of(unit, sandbox);
  if (!theirs || !own || (!was && unit != MergeUnit::kJson)) {
    return wins == Wins::kSandbox ? sandbox : live;
  }
  std::set<std::string> places;
  for (const auto* parts : {&*theirs, &*own}) {
    for (const auto& [place, part] : *parts) places.insert(place);
  }
  const auto at = [](const Parts& parts, const std::string& place) {
    const auto found = parts.find(place);
    return found == parts.end() ? std::nullopt : std::optional(found->second);
  };
  Parts merged;
  for (const std::string& place : places) {
    const auto before = at(was.value_or(Parts()), place);
    const auto here = at(*theirs, place);
    const auto there = at(*own, place);
    auto part = there == before ? here : here == before ? there : here;
    if (there != before && here != before && wins == Wins::kSandbox) part = there;
    if (part) merged[place] = *part;
  }
  return written(unit, merged);
}

}  // namespace doppel::testing
