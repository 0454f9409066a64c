#include "http/negotiation.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/text.hpp"
#include "http/message.hpp"

namespace doppel::http {
namespace {

/// The parts between a separator that isn't in quotes, without the blanks around them.
std::vector<std::string_view> parts_of(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  bool is_quoted = false;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size()) {
      if (text[i] == '\\' && is_quoted) ++i;
      if (i < text.size() && text[i] == '"') is_quoted = !is_quoted;
      if (i < text.size() && (is_quoted || text[i] != separator)) continue;
    }
    const std::string_view part = trim(text.substr(begin, std::min(i, text.size()) - begin));
    if (!part.empty()) parts.push_back(part);
    begin = i + 1;
  }
  return parts;
}

struct Pair {
  std::string name;
  std::string value;
};

/// `name=value`, `name="value"` or `name`; the name in lower case.
Pair pair_of(std::string_view text) {
  const std::size_t equals = std::min(text.find('='), text.size());
  Pair pair{to_lower_ascii(trim(text.substr(0, equals))), ""};
  if (equals == text.size()) return pair;
  const std::string_view value = trim(text.substr(equals + 1));
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') {
    pair.value = value;
    return pair;
  }
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] == '\\' && i + 2 < value.size()) ++i;
    pair.value += value[i];
  }
  return pair;
}

/// A weight in thousandths: 0 to 1000.
std::optional<int> weight_of(std::string_view text) {
  const auto weight = parse_real(text);
  if (!weight || !(*weight >= 0 && *weight <= 1)) return std::nullopt;
  return static_cast<int>(std::lround(*weight * 1000));
}

struct MediaRange {
  std::string type;
  int weight = 1000;
};

std::vector<MediaRange> ranges_of(std::string_view accept) {
  std::vector<MediaRange> ranges;
  for (const std::string_view part : parts_of(accept, ',')) {
    const auto pieces = parts_of(part, ';');
    if (pieces.empty()) continue;
    MediaRange range{to_lower_ascii(pieces[0])};
    bool is_sound = range.type.find('/') != std::string::npos;
    for (std::size_t i = 1; i < pieces.size(); ++i) {
      const Pair pair = pair_of(pieces[i]);
      if (pair.name != "q") continue;
      const auto weight = weight_of(pair.value);
      is_sound = is_sound && weight.has_value();
      range.weight = weight.value_or(0);
    }
    if (is_sound) ranges.push_back(std::move(range));
  }
  return ranges;
}

/// How closely a range names a type: 0 not at all, 1 for `*/*`, 2 for `text/*`, 3 for the type.
int closeness(std::string_view range, std::string_view type) {
  if (range == type) return 3;
  if (range == "*/*") return 1;
  const bool is_family =
      range.ends_with("/*") && type.starts_with(range.substr(0, range.size() - 1));
  return is_family ? 2 : 0;
}

int weight_for(const std::vector<MediaRange>& ranges, std::string_view type) {
  int closest = 0;
  int weight = 0;
  for (const MediaRange& range : ranges) {
    const int close = closeness(range.type, type);
    if (close <= closest) continue;
    closest = close;
    weight = range.weight;
  }
  return weight;
}

}  // namespace

std::optional<std::string> preferred_type(std::string_view accept,
                                          const std::vector<std::string>& offered) {
  if (offered.empty()) return std::nullopt;
  if (trim(accept).empty()) return offered.front();
  const std::vector<MediaRange> ranges = ranges_of(accept);
  std::optional<std::string> best;
  int best_weight = 0;
  for (const std::string& type : offered) {
    const int weight = weight_for(ranges, type);
    if (weight <= best_weight) continue;
    best = type;
    best_weight = weight;
  }
  return best;
}

ContentType parse_content_type(std::string_view header) {
  const auto pieces = parts_of(header, ';');
  if (pieces.empty()) return {};
  ContentType content{to_lower_ascii(pieces[0])};
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    const Pair pair = pair_of(pieces[i]);
    if (pair.name == "charset") content.charset = to_lower_ascii(pair.value);
  }
  return content;
}

const std::string* Preferences::find(std::string_view name) const {
  const auto found = std::ranges::find(preferences, name, &Preference::name);
  return found == preferences.end() ? nullptr : &found->value;
}

Preferences parse_prefer(std::string_view header) {
  Preferences all;
  for (const std::string_view part : parts_of(header, ',')) {
    const auto pieces = parts_of(part, ';');
    if (pieces.empty()) continue;
    Pair pair = pair_of(pieces[0]);
    if (!is_token(pair.name)) continue;
    all.preferences.push_back({std::move(pair.name), std::move(pair.value)});
  }
  return all;
}

std::string to_header(const EntityTag& tag) {
  return (tag.strength == EntityTag::Strength::kWeak ? "W/\"" : "\"") + tag.text + "\"";
}

bool TagCondition::matches_strongly(std::string_view tag) const {
  return is_any || std::ranges::any_of(tags, [&](const EntityTag& one) {
           return one.strength == EntityTag::Strength::kStrong && one.text == tag;
         });
}

bool TagCondition::matches_weakly(std::string_view tag) const {
  return is_any || std::ranges::any_of(tags, [&](const EntityTag& one) { return one.text == tag; });
}

TagCondition parse_tags(std::string_view header) {
  TagCondition condition;
  if (trim(header) == "*") return {.is_any = true, .tags = {}};
  std::string_view rest = trim(header);
  while (!rest.empty()) {
    EntityTag tag;
    if (rest.starts_with("W/")) {
      tag.strength = EntityTag::Strength::kWeak;
      rest.remove_prefix(2);
    }
    // A tag may have commas and backslashes in it, and no quotes: these alone end it.
    const std::size_t end = rest.starts_with('"') ? rest.find('"', 1) : std::string_view::npos;
    if (end == std::string_view::npos) break;
    tag.text = rest.substr(1, end - 1);
    condition.tags.push_back(std::move(tag));
    rest = trim(rest.substr(end + 1));
    if (rest.empty()) return condition;
    if (!rest.starts_with(',')) break;
    rest = trim(rest.substr(1));
  }
  throw Error(ErrorCode::kMalformedRequest, "neither '*' nor a list of versions in quotes");
}

}  // namespace doppel::http
