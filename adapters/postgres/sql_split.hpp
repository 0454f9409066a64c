#pragma once

#include <string>
#include <string_view>

namespace doppel::postgres {

/// A statement at the beginning of a text, as the server's own lexer would cut it.
struct FirstStatement {
  std::size_t begin = 0;  ///< past blanks, comments and semicolons; the text's size where none is
  std::size_t end = 0;    ///< past its semicolon, or the text's size
  bool complete = false;  ///< whether a semicolon ended it
  std::string word;       ///< its first word in capitals: SELECT, BEGIN, ...
};

/// Knows quotes of every kind ('', E'', "", $$), nested comments, parentheses, and the bodies of
/// functions that begin with BEGIN ATOMIC. REQUIRES: standard_conforming_strings.
FirstStatement first_statement(std::string_view sql, std::size_t from);

}  // namespace doppel::postgres
