#include "adapters/postgres/sql_split.hpp"

#include <algorithm>

namespace doppel::postgres {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string in_capitals(std::string_view text) {
  std::string capitals(text);
  for (char& c : capitals) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return capitals;
}

/// Past what begins at `at` and ends with `quote`; a doubled quote is part of it.
std::size_t past_quoted(std::string_view sql, std::size_t at, char quote, bool backslashes) {
  for (++at; at < sql.size(); ++at) {
    if (backslashes && sql[at] == '\\') {
      ++at;
    } else if (sql[at] == quote) {
      if (at + 1 >= sql.size() || sql[at + 1] != quote) return at + 1;
      ++at;
    }
  }
  return sql.size();
}

std::size_t past_comment(std::string_view sql, std::size_t at) {
  if (sql[at] == '-') return std::min(sql.find('\n', at), sql.size());
  int depth = 0;
  for (; at < sql.size(); ++at) {
    if (sql.substr(at, 2) == "/*") {
      ++depth;
      ++at;
    } else if (sql.substr(at, 2) == "*/") {
      ++at;
      if (--depth == 0) return at + 1;
    }
  }
  return sql.size();
}

bool begins_comment(std::string_view sql, std::size_t at) {
  return sql.substr(at, 2) == "--" || sql.substr(at, 2) == "/*";
}

/// Past a text between $tag$ and $tag$; past the sign alone where it begins none ($1).
std::size_t past_dollars(std::string_view sql, std::size_t at) {
  std::size_t end = at + 1;
  if (end < sql.size() && is_digit(sql[end])) return end;
  while (end < sql.size() && (is_letter(sql[end]) || is_digit(sql[end]))) ++end;
  if (end >= sql.size() || sql[end] != '$') return at + 1;
  const std::string_view tag = sql.substr(at, end + 1 - at);
  const auto closing = sql.find(tag, end + 1);
  return closing == std::string_view::npos ? sql.size() : closing + tag.size();
}

std::size_t past_word(std::string_view sql, std::size_t at) {
  while (at < sql.size() && (is_letter(sql[at]) || is_digit(sql[at]) || sql[at] == '$')) ++at;
  return at;
}

/// Where statements may hold semicolons of their own: a function's body from BEGIN ATOMIC on.
class Nesting {
 public:
  void see_word(const std::string& word) {
    if (words_++ == 0) creates_ = word == "CREATE";
    routine_ = routine_ || word == "FUNCTION" || word == "PROCEDURE";
    if (!creates_ || !routine_) return;
    if (depth_ == 0) {
      if (word == "ATOMIC" && last_ == "BEGIN") depth_ = 1;
    } else if (word == "CASE" || word == "BEGIN") {
      ++depth_;
    } else if (word == "END") {
      --depth_;
    }
    last_ = word;
  }
  void see_symbol(char symbol) {
    if (symbol == '(') ++parentheses_;
    if (symbol == ')' && parentheses_ > 0) --parentheses_;
  }
  bool ends_here() const { return depth_ == 0 && parentheses_ == 0; }

 private:
  int words_ = 0, depth_ = 0, parentheses_ = 0;
  bool creates_ = false, routine_ = false;
  std::string last_;
};

std::size_t skip_empty(std::string_view sql, std::size_t at) {
  while (at < sql.size()) {
    if (is_blank(sql[at]) || sql[at] == ';') {
      ++at;
    } else if (begins_comment(sql, at)) {
      at = past_comment(sql, at);
    } else {
      break;
    }
  }
  return at;
}

}  // namespace

FirstStatement first_statement(std::string_view sql, std::size_t from) {
  FirstStatement statement;
  statement.begin = skip_empty(sql, from);
  Nesting nesting;
  std::size_t at = statement.begin;
  while (at < sql.size()) {
    const char c = sql[at];
    if (c == '\'' || c == '"') {
      at = past_quoted(sql, at, c, false);
    } else if ((c == 'e' || c == 'E') && at + 1 < sql.size() && sql[at + 1] == '\'') {
      at = past_quoted(sql, at + 1, '\'', true);
    } else if (begins_comment(sql, at)) {
      at = past_comment(sql, at);
    } else if (c == '$') {
      at = past_dollars(sql, at);
    } else if (is_letter(c)) {
      const std::size_t end = past_word(sql, at);
      const std::string word = in_capitals(sql.substr(at, end - at));
      if (statement.word.empty()) statement.word = word;
      nesting.see_word(word);
      at = end;
    } else if (c == ';' && nesting.ends_here()) {
      statement.complete = true;
      ++at;
      break;
    } else {
      nesting.see_symbol(c);
      ++at;
    }
  }
  statement.end = at;
  return statement;
}

}  // namespace doppel::postgres
