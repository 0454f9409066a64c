#include "manifest/format.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace doppel::manifest {
namespace {

constexpr std::array<std::string_view, 8> kRoles{"config",    "data", "identity",  "secret",
                                                 "transient", "log",  "reference", "derived"};
constexpr std::array<std::string_view, 5> kMergeUnits{"whole", "json", "set", "list", "text"};
constexpr std::array<std::string_view, 20> kPersonal{
    "email",    "login",       "given_name", "family_name", "full_name", "phone", "street",
    "city",     "postal_code", "birth_date", "national_id", "iban",      "card",  "ip",
    "location", "device",      "company",    "free_text",   "file",      "other"};

std::optional<std::size_t> position(Words words, std::string_view text) {
  const auto found = std::ranges::find(words, text);
  if (found == words.end()) return {};
  return static_cast<std::size_t>(found - words.begin());
}

std::string shown(std::string_view text) { return "'" + printable(text, 60) + "'"; }

}  // namespace

std::string_view to_text(Role role) { return kRoles.at(static_cast<std::size_t>(role)); }

std::optional<Role> parse_role(std::string_view text) {
  const auto found = position(kRoles, text);
  if (!found) return {};
  return static_cast<Role>(*found);
}

std::optional<MergeUnit> parse_merge_unit(std::string_view text) {
  const auto found = position(kMergeUnits, text);
  if (!found) return {};
  return static_cast<MergeUnit>(*found);
}

Words merge_unit_words() { return kMergeUnits; }
Words role_words() { return kRoles; }
Words personal_words() { return kPersonal; }

std::vector<std::string> to_strings(Words words) { return {words.begin(), words.end()}; }

std::string remedy_for_unknown(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t kListed = 24;
  if (const auto near = nearest(word, known)) return "did you mean " + shown(*near) + "?";
  if (known.empty() || known.size() > kListed) return "check the name";
  return "known: " + join(known, ", ");
}

void FormatReader::error(const yaml::Node& at, const std::string& message,
                         const std::string& remedy) {
  if (problems_.size() >= kProblemLimit) return;
  problems_.push_back({Problem::Severity::kError, place(at).text(), message, remedy});
}

bool FormatReader::is_mapping(const yaml::Node& node, const std::string& what) {
  if (node.kind == yaml::Kind::kMapping) return true;
  error(node, what + " must be a mapping", "write `name: value` pairs");
  return false;
}

void FormatReader::only_words(const yaml::Node& mapping, const std::string& what, Words words) {
  for (const auto& [name, value] : mapping.entries) {
    if (position(words, name.scalar)) continue;
    error(name, what + " has no word " + shown(name.scalar),
          remedy_for_unknown(name.scalar, to_strings(words)));
  }
}

std::optional<std::string> FormatReader::text(const yaml::Node& node, const std::string& what) {
  if (node.kind == yaml::Kind::kScalar && !node.is_null() && !node.scalar.empty()) {
    if (node.scalar.find('\0') == std::string::npos) return node.scalar;
  }
  error(node, what + " must be a text", "write one word or a quoted text");
  return {};
}

std::optional<bool> FormatReader::flag(const yaml::Node& node, const std::string& what) {
  if (node.kind == yaml::Kind::kScalar && !node.quoted) {
    if (node.scalar == "true") return true;
    if (node.scalar == "false") return false;
  }
  error(node, what + " must be true or false", "write true, or leave it out");
  return {};
}

std::optional<Value> FormatReader::value(const yaml::Node& node, const std::string& what) {
  if (node.kind != yaml::Kind::kScalar || node.is_null()) {
    error(node, what + " must be a value", "write a number or a text");
    return {};
  }
  if (!node.quoted) {
    const auto integer = parse_integer(node.scalar);
    if (integer && std::to_string(*integer) == node.scalar) return Value(*integer);
    const auto real = parse_real(node.scalar);
    if (real && format_real(*real) == node.scalar) return Value(*real);
  }
  return Value(node.scalar);
}

std::vector<std::string> FormatReader::texts(const yaml::Node& node, const std::string& what) {
  std::vector<std::string> found;
  if (node.kind == yaml::Kind::kScalar) {
    if (auto one = text(node, what)) found.push_back(*one);
    return found;
  }
  if (node.kind == yaml::Kind::kMapping) {
    error(node, what + " must be a text or a list of texts", "write [a, b]");
    return found;
  }
  if (node.items.empty()) error(node, what + " is an empty list", "leave it out");
  for (const yaml::Node& item : node.items) {
    if (auto one = text(item, "each of " + what)) found.push_back(*one);
  }
  return found;
}

std::vector<std::string> FormatReader::names(const yaml::Node& node, const std::string& what) {
  std::vector<std::string> found;
  if (node.items.size() > kListLimit) {
    error(node, what + " names more than " + std::to_string(kListLimit), "name fewer");
    return found;
  }
  for (std::string& name : texts(node, what)) {
    if (std::ranges::find(found, name) != found.end()) {
      error(node, what + " names " + shown(name) + " twice", "name it once");
    } else {
      found.push_back(std::move(name));
    }
  }
  return found;
}

std::optional<Role> FormatReader::role(const yaml::Node& node, const std::string& what) {
  const auto word = text(node, what);
  if (!word) return {};
  const auto found = parse_role(*word);
  if (!found) {
    error(node, what + ": there is no role " + shown(*word),
          remedy_for_unknown(*word, to_strings(kRoles)));
  }
  return found;
}

}  // namespace doppel::manifest
