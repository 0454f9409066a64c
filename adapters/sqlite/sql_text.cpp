#include "adapters/sqlite/sql_text.hpp"

#include <algorithm>

namespace doppel::sqlite {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// SQLite takes every byte above 0x7f as part of a name.
bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::size_t skip_names(std::string_view sql, std::size_t at) {
  while (at < sql.size() && is_name(sql[at])) ++at;
  return at;
}

std::size_t skip_blanks(std::string_view sql, std::size_t at) {
  while (at < sql.size()) {
    if (is_blank(sql[at])) {
      ++at;
    } else if (sql.substr(at).starts_with("--")) {
      at = std::min(sql.find('\n', at), sql.size());
    } else if (sql.substr(at).starts_with("/*")) {
      const std::size_t close = sql.find("*/", at + 2);
      at = close == std::string_view::npos ? sql.size() : close + 2;
    } else {
      break;
    }
  }
  return at;
}

/// Past the closing quote; a doubled one stands for itself. An open quote runs to the end.
std::size_t skip_quoted(std::string_view sql, std::size_t at, char close) {
  ++at;
  while (at < sql.size()) {
    if (sql[at] != close) {
      ++at;
    } else if (close != ']' && at + 1 < sql.size() && sql[at + 1] == close) {
      at += 2;
    } else {
      return at + 1;
    }
  }
  return at;
}

std::size_t skip_number(std::string_view sql, std::size_t at) {
  while (at < sql.size()) {
    const bool sign_of_exponent =
        (sql[at] == '+' || sql[at] == '-') && (sql[at - 1] == 'e' || sql[at - 1] == 'E');
    if (!is_name(sql[at]) && sql[at] != '.' && !sign_of_exponent) break;
    ++at;
  }
  return at;
}

char closing(char c) { return c == '[' ? ']' : c; }

}  // namespace

Token next_token(std::string_view sql, std::size_t from) {
  const std::size_t at = skip_blanks(sql, std::min(from, sql.size()));
  if (at == sql.size()) return {TokenKind::kSymbol, at, at};
  const char c = sql[at];
  const char after = at + 1 < sql.size() ? sql[at + 1] : '\0';
  if (c == '\'') return {TokenKind::kText, at, skip_quoted(sql, at, c)};
  if (c == '"' || c == '`' || c == '[') {
    return {TokenKind::kName, at, skip_quoted(sql, at, closing(c))};
  }
  if (is_digit(c) || (c == '.' && is_digit(after))) {
    return {TokenKind::kNumber, at, skip_number(sql, at + 1)};
  }
  if (c == '?' || ((c == '$' || c == ':' || c == '@') && is_name(after))) {
    return {TokenKind::kVariable, at, skip_names(sql, at + 1)};
  }
  if (is_name(c) && c != '$') return {TokenKind::kWord, at, skip_names(sql, at)};
  return {TokenKind::kSymbol, at, at + 1};
}

std::vector<Token> tokens_of(std::string_view sql) {
  std::vector<Token> tokens;
  for (Token token = next_token(sql, 0); token.begin < token.end;
       token = next_token(sql, token.end)) {
    tokens.push_back(token);
  }
  return tokens;
}

std::string name_of(std::string_view sql, const Token& token) {
  const std::string_view text = sql.substr(token.begin, token.end - token.begin);
  if (token.kind != TokenKind::kName && token.kind != TokenKind::kText) return std::string(text);
  const char close = closing(text.front());
  std::string name;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == close) {
      if (i + 1 == text.size()) break;
      ++i;  // The first of two.
    }
    name += text[i];
  }
  return name;
}

bool is_word(std::string_view sql, const Token& token, std::string_view word) {
  if (token.kind != TokenKind::kWord) return false;
  const std::string_view text = sql.substr(token.begin, token.end - token.begin);
  return std::ranges::equal(text, word, {}, [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
}

bool is_symbol(std::string_view sql, const Token& token, char symbol) {
  return token.kind == TokenKind::kSymbol && token.begin < token.end && sql[token.begin] == symbol;
}

}  // namespace doppel::sqlite
