#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Amounts in a currency's smallest unit: never through a floating point number.
namespace doppel::desk {

inline constexpr std::int64_t kMillion = 1'000'000;

/// How many digits a currency has after the point (ISO 4217): 2 for EUR, 0 for JPY, 3 for KWD.
int minor_digits(std::string_view currency);
/// Whether it is three capital letters, as currencies are written.
bool is_currency(std::string_view text);

/// amount * numerator / denominator, rounded half away from zero, without overflow in between.
/// REQUIRES: denominator > 0.
std::int64_t scaled(std::int64_t amount, std::int64_t numerator, std::int64_t denominator);

/// For documents: 1234567 in EUR is `12,345.67 EUR` in locale en and `12.345,67 EUR` in de.
std::string format_money(std::int64_t amount, std::string_view currency, std::string_view locale);

/// 2026-11-22 is 22/11/2026 in en, 22.11.2026 in de, 11/22/2026 in en-US; others keep the ISO form.
std::string format_date(std::string_view date, std::string_view locale);

}  // namespace doppel::desk
