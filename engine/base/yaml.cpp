#include "base/yaml.hpp"

#include <algorithm>
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
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
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
  return std::ranges::any_of(text,
                             [](char c) {
                               const auto byte = static_cast<unsigned char>(c);
                               return byte < 0x20 || byte == 0x7F;
                             }) ||
         !is_valid_utf8(text);
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
  if (!needs_quotes(text)) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      quoted += "\\x" + to_hex(std::string_view(&c, 1));
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

}  // namespace doppel::yaml
