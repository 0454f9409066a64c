#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// SQLite's SQL as tokens, for what its parser doesn't tell: where a statement begins, with which
/// word, and the clauses of a table's definition. Any bytes are taken; nothing is thrown.
/// Source: "How SQLite parses SQL", its tokenizer's rules for quotes and comments.
namespace doppel::sqlite {

enum class TokenKind {
  kWord,      ///< a keyword or a bare name
  kName,      ///< "a", `a` or [a]
  kText,      ///< 'a'
  kNumber,    ///< digits and what belongs to them
  kVariable,  ///< ?1, $a, :a, @a
  kSymbol,    ///< any other single character
};

struct Token {
  TokenKind kind = TokenKind::kSymbol;
  std::size_t begin = 0;
  std::size_t end = 0;  ///< past the last byte
};

/// The first token at or after `from`, blanks and comments skipped; empty (begin == end) at the
/// end.
Token next_token(std::string_view sql, std::size_t from);

std::vector<Token> tokens_of(std::string_view sql);

/// The token's text as a name: quotes taken off, doubled ones made single.
std::string name_of(std::string_view sql, const Token& token);

/// Whether it is this word, in any case. REQUIRES: `word` is upper case.
bool is_word(std::string_view sql, const Token& token, std::string_view word);

/// Whether it is this one character outside of quotes.
bool is_symbol(std::string_view sql, const Token& token, char symbol);

}  // namespace doppel::sqlite
