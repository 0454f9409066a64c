#include "base/value.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <functional>

#include "base/text.hpp"

namespace doppel {
namespace {

constexpr std::size_t kDisplayLimit = 60;

/// Maps a double onto an integer whose order is the total order of doubles.
std::int64_t ordered_bits(double real) {
  const auto bits = std::bit_cast<std::int64_t>(real);
  return bits >= 0 ? bits : std::int64_t(0x8000000000000000ULL - std::uint64_t(bits)) - 1;
}

std::size_t mix(std::size_t seed, std::size_t next) {
  return seed ^ (next + 0x9e3779b97f4a7c15ULL + (seed << 12) + (seed >> 4));
}

}  // namespace

std::strong_ordering operator<=>(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return a.kind() <=> b.kind();
  switch (a.kind()) {
    case ValueKind::kNull:
      return std::strong_ordering::equal;
    case ValueKind::kInteger:
      return a.integer() <=> b.integer();
    case ValueKind::kReal:
      return ordered_bits(a.real()) <=> ordered_bits(b.real());
    case ValueKind::kText:
      return a.text().compare(b.text()) <=> 0;
    case ValueKind::kBlob:
      return a.blob().compare(b.blob()) <=> 0;
  }
  return std::strong_ordering::equal;
}

std::size_t hash_value(const Value& value) {
  const auto kind = static_cast<std::size_t>(value.kind());
  switch (value.kind()) {
    case ValueKind::kNull:
      return kind;
    case ValueKind::kInteger:
      return mix(kind, std::hash<std::int64_t>{}(value.integer()));
    case ValueKind::kReal:
      return mix(kind, std::hash<std::int64_t>{}(std::bit_cast<std::int64_t>(value.real())));
    case ValueKind::kText:
      return mix(kind, std::hash<std::string>{}(value.text()));
    case ValueKind::kBlob:
      return mix(kind, std::hash<std::string>{}(value.blob()));
  }
  return kind;
}

std::size_t hash_value(const std::vector<Value>& values) {
  std::size_t seed = values.size();
  for (const Value& value : values) seed = mix(seed, hash_value(value));
  return seed;
}

std::string format_real(double real) {
  if (std::isnan(real)) return "nan";
  if (std::isinf(real)) return real > 0 ? "inf" : "-inf";
  std::array<char, 40> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), real);
  std::string text(buffer.data(), result.ptr);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string display(const Value& value) {
  switch (value.kind()) {
    case ValueKind::kNull:
      return "NULL";
    case ValueKind::kInteger:
      return std::to_string(value.integer());
    case ValueKind::kReal:
      return format_real(value.real());
    case ValueKind::kText:
      return "'" + printable(value.text(), kDisplayLimit) + "'";
    case ValueKind::kBlob: {
      const std::string& bytes = value.blob();
      const bool cut = bytes.size() > kDisplayLimit / 2;
      return "x'" + to_hex(std::string_view(bytes).substr(0, kDisplayLimit / 2)) +
             (cut ? "…'" : "'");
    }
  }
  return {};
}

std::string display(const std::vector<Value>& values) {
  std::string text;
  for (const Value& value : values) {
    if (!text.empty()) text += ", ";
    text += display(value);
  }
  return values.size() == 1 ? text : "(" + text + ")";
}

}  // namespace doppel
