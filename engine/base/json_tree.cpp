#include "base/json_tree.hpp"

#include <algorithm>
#include <cstdint>
#include <unordered_set>

#include "base/text.hpp"

namespace doppel {
namespace {

constexpr int kDepthLimit = 64;

void append_utf8(std::string& text, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Reads a document from its beginning; every function leaves `at_` behind what it read, or returns
/// false at what isn't JSON.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<JsonTree> document() {
    JsonTree tree;
    skip_blanks();
    if (!value(tree, 0)) return std::nullopt;
    skip_blanks();
    if (at_ != text_.size()) return std::nullopt;
    return tree;
  }

 private:
  bool ended() const { return at_ == text_.size(); }
  bool take(char c) {
    if (ended() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void skip_blanks() {
    while (!ended() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
      ++at_;
    }
  }

  bool value(JsonTree& tree, int depth) {
    if (ended() || depth > kDepthLimit) return false;
    tree.begin = at_;
    const bool read = text_[at_] == '{'   ? object(tree, depth)
                      : text_[at_] == '[' ? array(tree, depth)
                      : text_[at_] == '"' ? text(tree)
                                          : word(tree);
    tree.end = at_;
    return read;
  }

  bool object(JsonTree& tree, int depth) {
    tree.kind = JsonTree::Kind::kObject;
    std::unordered_set<std::string> names;
    take('{');
    skip_blanks();
    if (take('}')) return true;
    while (true) {
      JsonTree::Member member;
      skip_blanks();
      member.begin = at_;
      if (!quoted(member.name) || !names.insert(member.name).second) return false;
      skip_blanks();
      if (!take(':')) return false;
      skip_blanks();
      if (!value(member.value, depth + 1)) return false;
      tree.members.push_back(std::move(member));
      skip_blanks();
      if (take('}')) return true;
      if (!take(',')) return false;
    }
  }

  bool array(JsonTree& tree, int depth) {
    tree.kind = JsonTree::Kind::kArray;
    take('[');
    skip_blanks();
    if (take(']')) return true;
    while (true) {
      skip_blanks();
      if (!value(tree.items.emplace_back(), depth + 1)) return false;
      skip_blanks();
      if (take(']')) return true;
      if (!take(',')) return false;
    }
  }

  bool text(JsonTree& tree) {
    tree.kind = JsonTree::Kind::kText;
    return quoted(tree.text);
  }

  bool quoted(std::string& out) {
    if (!take('"')) return false;
    while (!ended()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\') {
        out += c;
      } else if (!escape(out)) {
        return false;
      }
    }
    return false;
  }

  bool escape(std::string& out) {
    if (ended()) return false;
    constexpr std::string_view kEscapes = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char c = text_[at_++];
    if (const std::size_t found = kEscapes.find(c); found != std::string_view::npos) {
      out += kMeanings[found];
      return true;
    }
    std::uint32_t code = 0;
    if (c != 'u' || !four_digits(code)) return false;
    if (code >= 0xD800 && code < 0xDC00) {
      std::uint32_t low = 0;
      if (!take('\\') || !take('u') || !four_digits(low) || low < 0xDC00 || low > 0xDFFF) {
        return false;
      }
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code < 0xE000) {
      return false;
    }
    append_utf8(out, code);
    return true;
  }

  bool four_digits(std::uint32_t& code) {
    constexpr std::size_t kDigits = 4;
    if (text_.size() - at_ < kDigits) return false;
    const auto bytes = from_hex(text_.substr(at_, kDigits));
    if (!bytes) return false;
    code = static_cast<std::uint32_t>(static_cast<unsigned char>((*bytes)[0]) << 8 |
                                      static_cast<unsigned char>((*bytes)[1]));
    at_ += kDigits;
    return true;
  }

  bool word(JsonTree& tree) {
    for (const std::string_view literal : {"null", "true", "false"}) {
      if (text_.substr(at_, literal.size()) != literal) continue;
      tree.text = literal;
      at_ += literal.size();
      return true;
    }
    tree.kind = JsonTree::Kind::kNumber;
    const std::size_t begin = at_;
    if (!number()) return false;
    tree.text = text_.substr(begin, at_ - begin);
    return true;
  }

  bool digits() {
    const std::size_t begin = at_;
    while (!ended() && is_digit(text_[at_])) ++at_;
    return at_ != begin;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

void write(const JsonTree& tree, JsonSpacing spacing, std::string& out) {
  const std::string_view comma = spacing == JsonSpacing::kNone ? "," : ", ";
  const std::string_view colon = spacing == JsonSpacing::kNone ? ":" : ": ";
  switch (tree.kind) {
    case JsonTree::Kind::kLiteral:
    case JsonTree::Kind::kNumber:
      out += tree.text;
      return;
    case JsonTree::Kind::kText:
      out += json_quoted(tree.text);
      return;
    case JsonTree::Kind::kArray:
      out += '[';
      for (std::size_t i = 0; i < tree.items.size(); ++i) {
        if (i != 0) out += comma;
        write(tree.items[i], spacing, out);
      }
      out += ']';
      return;
    case JsonTree::Kind::kObject:
      out += '{';
      for (std::size_t i = 0; i < tree.members.size(); ++i) {
        if (i != 0) out += comma;
        out += json_quoted(tree.members[i].name);
        out += colon;
        write(tree.members[i].value, spacing, out);
      }
      out += '}';
      return;
  }
}

}  // namespace

const JsonTree* JsonTree::find(std::string_view name) const {
  const auto found = std::ranges::find(members, name, &Member::name);
  return found == members.end() ? nullptr : &found->value;
}

bool operator==(const JsonTree& a, const JsonTree& b) {
  if (a.kind != b.kind || a.text != b.text || a.items != b.items ||
      a.members.size() != b.members.size()) {
    return false;
  }
  return std::ranges::all_of(a.members, [&](const JsonTree::Member& member) {
    const JsonTree* other = b.find(member.name);
    return other != nullptr && *other == member.value;
  });
}

std::optional<JsonTree> read_json_tree(std::string_view text) {
  if (!is_valid_utf8(text)) return std::nullopt;
  return Reader(text).document();
}

std::string write_json_tree(const JsonTree& tree, JsonSpacing spacing) {
  std::string out;
  write(tree, spacing, out);
  return out;
}

std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    constexpr std::string_view kMeanings = "\"\\\b\f\n\r\t";
    constexpr std::string_view kEscapes = "\"\\bfnrt";
    if (const std::size_t found = kMeanings.find(c); found != std::string_view::npos) {
      out += '\\';
      out += kEscapes[found];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00" + to_hex(std::string_view(&c, 1));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace doppel
