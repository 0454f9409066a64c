#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace doppel::yaml {

enum class Kind { kScalar, kSequence, kMapping };

/// A node of a document with the place where it stands. Scalars stay text: whoever reads them says
/// what they must be, so nothing is guessed ("no", "012" and "1e3" are what was written).
struct Node {
  /// Not a std::pair: that asks what a Node can do before Node is complete.
  struct Entry;

  Kind kind = Kind::kScalar;
  std::string scalar;
  bool quoted = false;  ///< quoted or block scalars are always text; a plain `null` or `~` is none
  std::vector<Node> items;     ///< of a sequence
  std::vector<Entry> entries;  ///< of a mapping, in order
  std::size_t line = 0;        ///< counted from 1
  std::size_t column = 0;

  bool is_null() const {
    return kind == Kind::kScalar && !quoted &&
           (scalar.empty() || scalar == "null" || scalar == "~");
  }
  /// The entry's value, or null.
  const Node* find(std::string_view name) const;
};

struct Node::Entry {
  Node first;  ///< the key, a scalar
  Node second;
};

/// Reads one document. Throws Error(kInvalidInput) placed at `source`:line:column for what isn't
/// YAML, for a key given twice, keys that are no scalars, aliases (a manifest needs none, and they
/// can blow up), more than one document, depth over 32 and more than 1,000,000 nodes.
Node parse(std::string_view text, std::string_view source);

/// A scalar as it must be written to be read back as the same text (quoted where needed).
/// Throws Error(kInvalidInput) for text that isn't UTF-8: YAML has no form for it.
std::string quote(std::string_view text);

}  // namespace doppel::yaml
