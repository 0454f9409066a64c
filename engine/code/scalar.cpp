#include "code/scalar.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::code {
namespace {

/// The YAML reader goes 32 levels deep, of which a file has a few itself.
constexpr std::size_t kJsonDepth = 20;
/// libyaml takes no key of more than 1,024 characters.
constexpr std::size_t kNameLimit = 250;
constexpr std::size_t kLineWidth = 90;

bool is_plain(std::string_view quoted) {
  return quoted.empty() || (quoted.front() != '"' && quoted.front() != '\'');
}

std::string in_quotes(std::string_view text) {
  // A text that begins with a quote is always written in quotes; the added character goes again.
  std::string quoted = yaml::quote("\"" + std::string(text));
  quoted.erase(1, 2);
  // JSON inside a text reads best between single quotes, which know no escapes.
  const auto escapes = std::ranges::count(quoted, '\\');
  const bool only_quotes = escapes > 0 && escapes == std::ranges::count(text, '"');
  return only_quotes && text.find('\'') == std::string_view::npos ? "'" + std::string(text) + "'"
                                                                  : quoted;
}

std::string text_scalar(std::string_view text, Context context) {
  std::string written = yaml::quote(text);
  if (!is_plain(written)) return written;
  const bool breaks_flow = context == Context::kFlow &&
                           written.find_first_of(",[]{}:?#&*!|>'\"%@`") != std::string::npos;
  const yaml::Node plain{.scalar = written, .items = {}, .entries = {}};
  const bool is_itself = read_scalar(plain) == Value(text);
  // A colon at a plain scalar's end or before a blank is quoted by yaml::quote already.
  return breaks_flow || !is_itself ? in_quotes(text) : written;
}

bool is_simple(const JsonTree& tree) {
  return tree.kind != JsonTree::Kind::kArray && tree.kind != JsonTree::Kind::kObject;
}

std::string json_scalar(const JsonTree& tree, Context context) {
  if (tree.kind != JsonTree::Kind::kText) return tree.text;
  std::string written = text_scalar(tree.text, context);
  // What JSON writes without quotes is never text.
  if (is_plain(written) && read_json_tree(written)) return in_quotes(tree.text);
  return written;
}

bool is_lists_only(const JsonTree& tree) {
  if (is_simple(tree)) return true;
  return tree.kind == JsonTree::Kind::kArray && std::ranges::all_of(tree.items, is_lists_only);
}

std::string flow_list(const JsonTree& tree) {
  if (is_simple(tree)) return json_scalar(tree, Context::kFlow);
  std::vector<std::string> items;
  for (const JsonTree& item : tree.items) items.push_back(flow_list(item));
  return "[" + join(items, ", ") + "]";
}

/// Whether it stands beside its label.
std::optional<std::string> beside(const JsonTree& tree, std::size_t indent) {
  if (is_simple(tree)) return json_scalar(tree, Context::kBlock);
  if (tree.kind == JsonTree::Kind::kObject) {
    return tree.members.empty() ? std::optional<std::string>("{}") : std::nullopt;
  }
  if (!is_lists_only(tree)) return std::nullopt;
  std::string list = flow_list(tree);
  return list.size() + indent > kLineWidth ? std::nullopt : std::optional(std::move(list));
}

void lines(const JsonTree& tree, std::size_t indent, std::string& out) {
  const std::string margin = "\n" + std::string(indent, ' ');
  const auto child = [&](const std::string& label, const JsonTree& value) {
    out += margin + label;
    if (const auto short_form = beside(value, indent)) {
      out += " " + *short_form;
    } else {
      lines(value, indent + 2, out);
    }
  };
  for (const JsonTree& item : tree.items) child("-", item);
  for (const JsonTree::Member& member : tree.members) {
    child(text_scalar(member.name, Context::kFlow) + ":", member.value);
  }
}

bool fits_yaml(const JsonTree& tree, std::size_t depth) {
  if (depth > kJsonDepth) return false;
  return std::ranges::all_of(tree.items,
                             [&](const JsonTree& item) { return fits_yaml(item, depth + 1); }) &&
         std::ranges::all_of(tree.members, [&](const JsonTree::Member& member) {
           return member.name.size() <= kNameLimit && fits_yaml(member.value, depth + 1);
         });
}

}  // namespace

Value read_scalar(const yaml::Node& node) {
  if (node.is_null()) return {};
  if (node.quoted) return node.scalar;
  if (const auto integer = parse_integer(node.scalar);
      integer && std::to_string(*integer) == node.scalar) {
    return *integer;
  }
  const auto real = parse_real(node.scalar);
  if (real && (std::isfinite(*real) || format_real(*real) == node.scalar)) return *real;
  return node.scalar;
}

std::string scalar(const Value& value, Context context) {
  switch (value.kind()) {
    case ValueKind::kNull:
      return "~";
    case ValueKind::kInteger:
      return std::to_string(value.integer());
    case ValueKind::kReal:
      return format_real(value.real());
    case ValueKind::kText:
      if (!is_valid_utf8(value.text())) return "{$text: \"" + to_hex(value.text()) + "\"}";
      return text_scalar(value.text(), context);
    case ValueKind::kBlob:
      return "{$blob: \"" + to_hex(value.blob()) + "\"}";
  }
  return {};
}

std::optional<std::string> block(std::string_view text, std::size_t indent) {
  if (text.find('\n') == std::string_view::npos || !is_valid_utf8(text)) return std::nullopt;
  const bool ends = text.back() == '\n';
  const bool more = ends && text.size() > 1 && text[text.size() - 2] == '\n';
  std::string head = "|";
  if (text.front() == ' ' || text.front() == '\n' || text.front() == '\t') head += "2";
  head += !ends ? "-" : more ? "+" : "";
  const auto with_margin = [&](std::size_t margin) {
    std::string made = head;
    std::string_view rest = ends ? text.substr(0, text.size() - 1) : text;
    while (true) {
      const std::size_t end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      made += "\n";
      if (!line.empty()) made += std::string(margin, ' ') + std::string(line);
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 1);
    }
    return made;
  };
  // Whether YAML reads it as the same text, YAML says best.
  try {
    const yaml::Node read = yaml::parse("text: " + with_margin(2) + "\n", "block");
    const yaml::Node* found = read.find("text");
    if (found == nullptr || found->scalar != text) return std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
  return with_margin(indent);
}

std::optional<JsonSpacing> spacing_of(std::string_view text, const JsonTree& tree) {
  if (is_simple(tree) || !fits_yaml(tree, 0)) return std::nullopt;
  for (const JsonSpacing spacing : {JsonSpacing::kNone, JsonSpacing::kWords}) {
    if (write_json_tree(tree, spacing) == text) return spacing;
  }
  return std::nullopt;
}

std::string json_lines(const JsonTree& tree, std::size_t indent) {
  if (const auto short_form = beside(tree, indent)) return " " + *short_form;
  std::string out;
  lines(tree, indent, out);
  return out;
}

JsonTree json_from(const yaml::Node& node) {
  JsonTree tree;
  switch (node.kind) {
    case yaml::Kind::kSequence:
      tree.kind = JsonTree::Kind::kArray;
      for (const yaml::Node& item : node.items) tree.items.push_back(json_from(item));
      return tree;
    case yaml::Kind::kMapping:
      tree.kind = JsonTree::Kind::kObject;
      for (const yaml::Node::Entry& entry : node.entries) {
        tree.members.push_back({entry.first.scalar, 0, json_from(entry.second)});
      }
      return tree;
    case yaml::Kind::kScalar:
      break;
  }
  if (!node.quoted) {
    if (node.is_null()) {
      tree.text = "null";
      return tree;
    }
    if (auto literal = read_json_tree(node.scalar); literal && is_simple(*literal)) return *literal;
  }
  tree.kind = JsonTree::Kind::kText;
  tree.text = node.scalar;
  return tree;
}

}  // namespace doppel::code
