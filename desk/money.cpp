#include "desk/money.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

namespace doppel::desk {
namespace {

__extension__ using Wide = __int128;

struct Separators {
  char thousands, decimal;
};

Separators separators_of(std::string_view locale) {
  const std::string_view language = locale.substr(0, 2);
  if (language == "de" || language == "nl" || language == "es" || language == "it") {
    return {'.', ','};
  }
  if (language == "fr" || language == "sv") return {' ', ','};
  return {',', '.'};
}

}  // namespace

int minor_digits(std::string_view currency) {
  constexpr std::array<std::string_view, 6> kNone{"JPY", "KRW", "VND", "CLP", "ISK", "XOF"};
  constexpr std::array<std::string_view, 5> kThree{"KWD", "BHD", "OMR", "JOD", "TND"};
  if (std::ranges::find(kNone, currency) != kNone.end()) return 0;
  return std::ranges::find(kThree, currency) != kThree.end() ? 3 : 2;
}

bool is_currency(std::string_view text) {
  constexpr std::size_t kLetters = 3;
  return text.size() == kLetters &&
         std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::int64_t scaled(std::int64_t amount, std::int64_t numerator, std::int64_t denominator) {
  const Wide product = static_cast<Wide>(amount) * numerator;
  const Wide half = denominator / 2;
  const Wide rounded =
      product >= 0 ? (product + half) / denominator : (product - half) / denominator;
  return static_cast<std::int64_t>(rounded);
}

std::string format_money(std::int64_t amount, std::string_view currency, std::string_view locale) {
  const auto digits = static_cast<std::size_t>(minor_digits(currency));
  const Separators separators = separators_of(locale);
  // The smallest number has no positive counterpart of its own type.
  std::string text = std::to_string(amount);
  const bool negative = text.front() == '-';
  if (negative) text.erase(0, 1);
  if (text.size() <= digits) text.insert(0, digits + 1 - text.size(), '0');
  std::string whole = text.substr(0, text.size() - digits);
  constexpr std::size_t kGroup = 3;
  for (std::size_t at = whole.size(); at > kGroup;) {
    at -= kGroup;
    whole.insert(at, 1, separators.thousands);
  }
  const std::string fraction =
      digits == 0 ? "" : separators.decimal + text.substr(text.size() - digits);
  return fmt::format("{}{}{} {}", negative ? "-" : "", whole, fraction, currency);
}

std::string format_date(std::string_view date, std::string_view locale) {
  constexpr std::size_t kLength = 10;
  if (date.size() != kLength) return std::string(date);
  const std::string_view year = date.substr(0, 4);
  const std::string_view month = date.substr(5, 2);
  const std::string_view day = date.substr(8, 2);
  if (locale == "en-US") return fmt::format("{}/{}/{}", month, day, year);
  const std::string_view language = locale.substr(0, 2);
  if (language == "de") return fmt::format("{}.{}.{}", day, month, year);
  if (language == "en" || language == "fr" || language == "es" || language == "it") {
    return fmt::format("{}/{}/{}", day, month, year);
  }
  return std::string(date);
}

}  // namespace doppel::desk
