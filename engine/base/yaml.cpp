#include "base/yaml.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <unordered_set>
#include <utility>

#include <yaml.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::yaml {
namespace {

constexpr std::size_t kDepthLimit = 32;
constexpr std::size_t kNodeLimit = 1'000'000;

struct EventDeleter {
  void operator()(yaml_event_t* event) const {
    yaml_event_delete(event);
    delete event;
  }
};
using EventPtr = std::unique_ptr<yaml_event_t, EventDeleter>;

class Parser {
 public:
  Parser(std::string_view text, std::string_view source) : source_(source) {
    if (yaml_parser_initialize(&parser_) == 0) {
      throw Error(ErrorCode::kInternal, "the YAML parser can't be started");
    }
    // A view of nothing may have no address, which libyaml doesn't take.
    const char* bytes = text.empty() ? "" : text.data();
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(bytes),
                                 text.size());
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
  }
  ~Parser() { yaml_parser_delete(&parser_); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  Node document() {
    next();  // stream start
    EventPtr event = next();
    if (event->type == YAML_STREAM_END_EVENT) refuse("the document is empty", event->start_mark);
    Node root = node(next(), 0);
    next();  // document end
    event = next();
    if (event->type != YAML_STREAM_END_EVENT) {
      refuse("one document is expected, here begins another", event->start_mark);
    }
    return root;
  }

 private:
  EventPtr next() {
    EventPtr event(new yaml_event_t{});
    if (yaml_parser_parse(&parser_, event.get()) == 0) {
      const yaml_mark_t mark = parser_.problem_mark.line + parser_.problem_mark.column != 0
                                   ? parser_.problem_mark
                                   : parser_.mark;
      refuse(std::string("not YAML: ") + (parser_.problem != nullptr ? parser_.problem : "unknown"),
             mark);
    }
    return event;
  }

  Node node(EventPtr event, std::size_t depth) {
    if (depth > kDepthLimit) refuse("nested too deep", event->start_mark);
    if (++nodes_ > kNodeLimit) refuse("too many nodes", event->start_mark);
    Node made;
    made.line = event->start_mark.line + 1;
    made.column = event->start_mark.column + 1;
    switch (event->type) {
      case YAML_SCALAR_EVENT:
        made.scalar.assign(reinterpret_cast<const char*>(event->data.scalar.value),
                           event->data.scalar.length);
        made.quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        return made;
      case YAML_SEQUENCE_START_EVENT:
        made.kind = Kind::kSequence;
        for (EventPtr item = next(); item->type != YAML_SEQUENCE_END_EVENT; item = next()) {
          made.items.push_back(node(std::move(item), depth + 1));
        }
        return made;
      case YAML_MAPPING_START_EVENT:
        made.kind = Kind::kMapping;
        read_entries(made, depth);
        return made;
      case YAML_ALIAS_EVENT:
        refuse("aliases are not read; write the value out", event->start_mark);
      default:
        refuse("a value is expected", event->start_mark);
    }
  }

  void read_entries(Node& mapping, std::size_t depth) {
    std::unordered_set<std::string> names;
    for (EventPtr event = next(); event->type != YAML_MAPPING_END_EVENT; event = next()) {
      const yaml_mark_t mark = event->start_mark;
      Node name = node(std::move(event), depth + 1);
      if (name.kind != Kind::kScalar) refuse("a key must be plain text", mark);
      if (!names.insert(name.scalar).second) {
        refuse("the key '" + printable(name.scalar, 60) + "' is given twice", mark);
      }
      EventPtr value = next();
      Node child = node(std::move(value), depth + 1);
      mapping.entries.emplace_back(std::move(name), std::move(child));
    }
  }

  [[noreturn]] void refuse(const std::string& message, const yaml_mark_t& mark) const {
    throw Error(ErrorCode::kInvalidInput, message,
                {.place = source_ + ":" + std::to_string(mark.line + 1) + ":" +
                          std::to_string(mark.column + 1),
                 .remedy = {}});
  }

  yaml_parser_t parser_{};
  std::string source_;
  std::size_t nodes_ = 0;
};

/// The length of the character that begins with this byte. REQUIRES: valid UTF-8.
std::size_t length_of_character(unsigned char first) {
  if (first < 0x80) return 1;
  if (first < 0xE0) return 2;
  return first < 0xF0 ? 3 : 4;
}

std::uint32_t code_of_character(std::string_view character) {
  std::uint32_t code = static_cast<unsigned char>(character.front());
  if (character.size() > 1) code &= 0x7FU >> character.size();
  for (const char c : character.substr(1)) {
    code = code << 6 | (static_cast<unsigned char>(c) & 0x3FU);
  }
  return code;
}

/// Characters that YAML doesn't take as they are (YAML 1.1, section 5.1), and the line breaks.
bool must_be_escaped(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029 ||
         code == 0xFEFF || code == 0xFFFE || code == 0xFFFF;
}

bool has_escapes(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = length_of_character(static_cast<unsigned char>(text[at]));
    if (must_be_escaped(code_of_character(text.substr(at, length)))) return true;
    at += length;
  }
  return false;
}

/// `\x07`, `\u2028`: two or four digits, none of these characters needs more.
std::string escaped(std::uint32_t code) {
  const auto low = static_cast<char>(code & 0xFF);
  if (code < 0x100) return "\\x" + to_hex(std::string_view(&low, 1));
  const auto high = static_cast<char>(code >> 8 & 0xFF);
  return "\\u" + to_hex(std::string{high, low});
}

/// Whether a reader of YAML 1.1 or 1.2 could take the plain form for something else than text.
bool needs_quotes(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return true;
  constexpr std::string_view kSpecialFirst = "-?:,[]{}#&*!|>'\"%@`=~<";
  if (kSpecialFirst.find(text.front()) != std::string_view::npos) return true;
  const char first = text.front();
  if ((first >= '0' && first <= '9') || first == '+' || first == '.') return true;
  if (text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos ||
      text.back() == ':') {
    return true;
  }
  static constexpr std::string_view kWords[] = {"true", "false", "yes", "no",  "on", "off",
                                                "null", "y",     "n",   "inf", "nan"};
  const std::string lower = to_lower_ascii(text);
  if (std::ranges::find(kWords, lower) != std::end(kWords)) return true;
  return has_escapes(text);
}

}  // namespace

const Node* Node::find(std::string_view name) const {
  const auto found =
      std::ranges::find_if(entries, [&](const auto& entry) { return entry.first.scalar == name; });
  return found == entries.end() ? nullptr : &found->second;
}

Node parse(std::string_view text, std::string_view source) {
  return Parser(text, source).document();
}

std::string quote(std::string_view text) {
  if (!is_valid_utf8(text)) {
    throw Error(ErrorCode::kInvalidInput, "not UTF-8: '" + printable(text, 60) + "'");
  }
  if (!needs_quotes(text)) return std::string(text);
  std::string quoted = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = length_of_character(static_cast<unsigned char>(text[at]));
    const std::string_view character = text.substr(at, length);
    at += length;
    if (character == "\"" || character == "\\") {
      quoted += '\\';
      quoted += character;
    } else if (character == "\n") {
      quoted += "\\n";
    } else if (const std::uint32_t code = code_of_character(character); must_be_escaped(code)) {
      quoted += escaped(code);
    } else {
      quoted += character;
    }
  }
  return quoted + "\"";
}

}  // namespace doppel::yaml
