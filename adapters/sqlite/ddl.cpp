#include "adapters/sqlite/ddl.hpp"

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "adapters/sqlite/sql_text.hpp"
#include "base/text.hpp"

namespace doppel::sqlite {
namespace {

class Definition {
 public:
  explicit Definition(std::string_view sql) : sql_(sql), tokens_(tokens_of(sql)) {}

  std::size_t size() const { return tokens_.size(); }
  const Token& operator[](std::size_t i) const { return tokens_[i]; }
  std::string name(std::size_t i) const {
    return i < size() ? name_of(sql_, tokens_[i]) : std::string();
  }
  bool word(std::size_t i, std::string_view text) const {
    return i < size() && is_word(sql_, tokens_[i], text);
  }
  bool symbol(std::size_t i, char c) const { return i < size() && is_symbol(sql_, tokens_[i], c); }

  /// Past the bracket that closes the one at `i`.
  std::size_t after_brackets(std::size_t i) const {
    std::size_t depth = 0;
    for (; i < size(); ++i) {
      if (symbol(i, '(')) ++depth;
      if (symbol(i, ')') && --depth == 0) return i + 1;
    }
    return i;
  }

  /// The bracket that the one at `i` closes; 0 where there is none.
  std::size_t opening(std::size_t i) const {
    std::size_t depth = 0;
    for (; i > 0; --i) {
      if (symbol(i, ')')) ++depth;
      if (symbol(i, '(') && --depth == 0) return i;
    }
    return 0;
  }

  /// Past the REFERENCES clause at `i`, with its actions.
  std::size_t after_clause(std::size_t i) const {
    i = std::min(i + 2, size());
    if (symbol(i, '(')) i = after_brackets(i);
    for (;;) {
      if (word(i, "ON") && (word(i + 1, "DELETE") || word(i + 1, "UPDATE"))) {
        // SET NULL, SET DEFAULT and NO ACTION are two words, CASCADE and RESTRICT one.
        i += word(i + 2, "SET") || word(i + 2, "NO") ? 4U : 3U;
      } else if (word(i, "MATCH") || word(i, "INITIALLY") ||
                 (word(i, "NOT") && word(i + 1, "DEFERRABLE"))) {
        i += 2;
      } else if (word(i, "DEFERRABLE")) {
        i += 1;
      } else {
        return std::min(i, size());
      }
    }
  }

  /// The first token of the constraint whose REFERENCES stands at `i`, and the comma before it
  /// where it is a constraint of the table.
  std::size_t before_clause(std::size_t i) const {
    std::size_t begin = i;
    bool of_table = false;
    if (i > 0 && symbol(i - 1, ')')) {
      const std::size_t open = opening(i - 1);
      of_table = open >= 2 && word(open - 1, "KEY") && word(open - 2, "FOREIGN");
      if (of_table) begin = open - 2;
    }
    if (begin >= 2 && word(begin - 2, "CONSTRAINT")) begin -= 2;
    if (of_table && begin >= 1 && symbol(begin - 1, ',')) --begin;
    return begin;
  }

 private:
  std::string_view sql_;
  std::vector<Token> tokens_;
};

}  // namespace

std::string without_foreign_keys(std::string_view definition,
                                 const std::function<bool(const std::string& target)>& keeps) {
  const Definition tokens(definition);
  std::string result;
  std::size_t copied = 0;  // Bytes of the definition.
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!tokens.word(i, "REFERENCES") || i + 1 == tokens.size() || keeps(tokens.name(i + 1))) {
      continue;
    }
    const std::size_t begin = tokens[tokens.before_clause(i)].begin;
    if (begin < copied) continue;  // No definition: a clause within a clause.
    const std::size_t last = tokens.after_clause(i) - 1;
    result += definition.substr(copied, begin - copied);
    result += ' ';
    copied = tokens[last].end;
    i = last;
  }
  result += definition.substr(copied);
  return result;
}

std::string as_temporary(std::string_view definition) {
  const Token create = next_token(definition, 0);
  if (!is_word(definition, create, "CREATE")) return std::string(definition);
  return std::string(definition.substr(0, create.end)) + " TEMP" +
         std::string(definition.substr(create.end));
}

bool mentions(std::string_view definition, const std::set<std::string>& names) {
  return std::ranges::any_of(tokens_of(definition), [&](const Token& token) {
    return (token.kind == TokenKind::kWord || token.kind == TokenKind::kName ||
            token.kind == TokenKind::kText) &&
           names.contains(to_lower_ascii(name_of(definition, token)));
  });
}

}  // namespace doppel::sqlite
