#include <algorithm>
#include <array>
#include <set>

#include "access/password.hpp"
#include "base/text.hpp"

namespace doppel::access {
namespace {

/// What guessers try first, as the letters that stay when digits and signs are taken out.
constexpr std::array<std::string_view, 40> kDenied{
    "password", "passwort",   "passw",      "pass",     "pwd",       "secret",        "geheim",
    "qwerty",   "qwertyuiop", "qwertz",     "azerty",   "asdfghjkl", "zxcvbnm",       "qazwsx",
    "letmein",  "welcome",    "willkommen", "changeme", "default",   "iloveyou",      "monkey",
    "dragon",   "football",   "baseball",   "sunshine", "princess",  "master",        "superman",
    "admin",    "superadmin", "root",       "user",     "login",     "administrator", "guest",
    "test",     "demo",       "doppel",     "company",  "helpdesk"};

constexpr std::size_t kFewestDifferentBytes = 5;
/// A login shorter than this stands in too many words to mean anything.
constexpr std::size_t kShortestKnown = 3;

std::size_t count_letters(std::string_view text) {
  // Bytes 10xxxxxx of UTF-8 go on with a letter.
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (static_cast<unsigned char>(c) >= 0x80); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Whether the text is words of the list and nothing else.
bool is_denied_words(std::string_view letters) {
  if (letters.empty()) return true;
  return std::ranges::any_of(kDenied, [&](std::string_view word) {
    return letters.starts_with(word) && is_denied_words(letters.substr(word.size()));
  });
}

/// abcabcabcabc, aaaaaaaaaaaa.
bool is_repeated(std::string_view text) {
  for (std::size_t period = 1; period <= text.size() / 2; ++period) {
    if (text.substr(period) == text.substr(0, text.size() - period)) return true;
  }
  return false;
}

/// abcdefghijkl, 987654321098: each follows the one before, one way all along.
bool is_run(std::string_view text) {
  for (const int step : {1, -1}) {
    const auto breaks =
        std::ranges::adjacent_find(text, [&](char a, char b) { return b - a != step; });
    if (breaks == text.end()) return true;
  }
  return false;
}

std::string_view why_too_easy(std::string_view lower) {
  if (std::ranges::all_of(lower, is_digit)) return "it is digits only";
  std::string letters;
  std::ranges::copy_if(lower, std::back_inserter(letters), is_letter);
  if (!letters.empty() && is_denied_words(letters))
    return "it is one of those that are tried first";
  if (is_repeated(lower)) return "it repeats itself";
  if (is_run(lower)) return "it is a run of neighbours";
  const std::set<char> different(lower.begin(), lower.end());
  if (different.size() < kFewestDifferentBytes) return "it has too few different letters";
  return {};
}

/// The login, and of an e-mail address what stands before the sign.
std::vector<std::string> words_of(const std::vector<std::string>& known) {
  std::vector<std::string> words;
  for (const std::string& text : known) {
    const std::string lower = to_lower_ascii(text);
    words.push_back(lower.substr(0, lower.find('@')));
  }
  return words;
}

}  // namespace

std::vector<FieldProblem> password_problems(std::string_view password,
                                            const std::vector<std::string>& known) {
  std::vector<FieldProblem> problems;
  const auto add = [&](std::string message, std::string remedy) {
    problems.push_back({"password", std::move(message), std::move(remedy)});
  };
  if (password.size() > kLongestPassword) {
    add("the password is too long", "take at most 256 bytes");
    return problems;
  }
  if (!is_valid_utf8(password) ||
      std::ranges::any_of(password, [](char c) { return c >= 0 && (c < ' ' || c == '\x7f'); })) {
    add("the password isn't text that can be typed", "leave control characters out");
    return problems;
  }
  if (count_letters(password) < kShortestPassword) {
    add("the password is too short", "take 12 letters or more; several words are easy to keep");
    return problems;
  }
  const std::string lower = to_lower_ascii(password);
  for (const std::string& word : words_of(known)) {
    // Where most of it is left without the word, that is what has to be guessed.
    if (word.size() >= kShortestKnown && lower.find(word) != std::string::npos &&
        lower.size() < word.size() + kShortestPassword) {
      add("the password has your login or name in it", "take words that nobody knows of you");
      break;
    }
  }
  if (const std::string_view why = why_too_easy(lower); !why.empty()) {
    add("the password is too easy to guess: " + std::string(why),
        "take several words that don't belong together");
  }
  return problems;
}

}  // namespace doppel::access
