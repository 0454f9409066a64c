#include "adapters/postgres/sql_words.hpp"

#include "base/text.hpp"

namespace doppel::postgres {
namespace {

bool begins_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool goes_on(char c) { return begins_word(c) || (c >= '0' && c <= '9') || c == '$'; }

/// The place behind what begins at `at` and is ended by `end`.
std::size_t behind(std::string_view body, std::size_t at, std::string_view end) {
  const std::size_t found = body.find(end, at);
  return found == std::string_view::npos ? body.size() : found + end.size();
}

}  // namespace

std::vector<std::string> words_of(std::string_view body, Texts texts) {
  std::vector<std::string> words;
  std::size_t at = 0;
  while (at < body.size()) {
    const char c = body[at];
    if (body.substr(at).starts_with("--")) {
      at = behind(body, at, "\n");
    } else if (body.substr(at).starts_with("/*")) {
      at = behind(body, at + 2, "*/");
    } else if (c == '\'' && texts == Texts::kLeaveOut) {
      at = behind(body, at + 1, "'");  // A doubled quote begins another text at once.
    } else if (c == '"') {
      const std::size_t end = behind(body, at + 1, "\"");
      words.emplace_back(body.substr(at + 1, end - at - 2));
      at = end;
    } else if (begins_word(c)) {
      const std::size_t begin = at;
      while (at < body.size() && goes_on(body[at])) ++at;
      words.push_back(to_lower_ascii(body.substr(begin, at - begin)));
    } else {
      if (c == '.') words.emplace_back(".");
      ++at;
    }
  }
  return words;
}

}  // namespace doppel::postgres
