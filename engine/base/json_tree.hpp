#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace doppel {

/// JSON as it is written: numbers as their digits, members in their order, and where each value
/// stands in the text, so that a part of it can be changed and the rest stays byte for byte.
struct JsonTree {
  enum class Kind { kLiteral, kNumber, kText, kArray, kObject };
  /// Not a std::pair: that asks what a tree can do before it is complete.
  struct Member;

  Kind kind = Kind::kLiteral;
  std::string text;             ///< of a text what it says; else as written: null, true, 1.50
  std::vector<JsonTree> items;  ///< of an array
  std::vector<Member> members;  ///< of an object
  std::size_t begin = 0;        ///< bytes [begin, end) of the document
  std::size_t end = 0;

  const JsonTree* find(std::string_view name) const;

  /// Whether both say the same: members in any order, numbers by their digits.
  friend bool operator==(const JsonTree& a, const JsonTree& b);
};

struct JsonTree::Member {
  std::string name;
  std::size_t begin = 0;  ///< of the name's quote
  JsonTree value;
};

/// Nothing for what isn't one JSON document (RFC 8259), for names given twice, text that isn't
/// UTF-8 and nesting over 64: such a value is only ever taken as a whole.
std::optional<JsonTree> read_json_tree(std::string_view text);

/// How a writer spaces JSON in one line.
enum class JsonSpacing {
  kNone,   ///< {"a":1,"b":[2,3]}
  kWords,  ///< {"a": 1, "b": [2, 3]}
};

std::string write_json_tree(const JsonTree& tree, JsonSpacing spacing);

/// A text as JSON writes it, with the escapes that it must have.
std::string json_quoted(std::string_view text);

}  // namespace doppel
