#include "adapters/postgres/values.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::postgres {
namespace {

constexpr std::size_t kShown = 60;

std::string real_text(double real) {
  if (std::isnan(real)) return "NaN";
  if (std::isinf(real)) return real > 0 ? "Infinity" : "-Infinity";
  std::array<char, 40> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), real);
  return {buffer.data(), result.ptr};
}

double real_of(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  double real = 0;
  std::from_chars(text.data(), text.data() + text.size(), real);
  return real;
}

void append_element(std::string& array, const std::optional<std::string>& text) {
  if (!text) {
    array += "NULL";
    return;
  }
  array += '"';
  for (const char c : *text) {
    if (c == '"' || c == '\\') array += '\\';
    array += c;
  }
  array += '"';
}

bool fits_integer(std::string_view text, std::int64_t lowest, std::int64_t highest) {
  const auto number = parse_integer(trim(text));
  return number && *number >= lowest && *number <= highest;
}

bool is_uuid(std::string_view text) {
  std::size_t digits = 0;
  for (const char c : text) {
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (!hex && c != '-' && c != '{' && c != '}') return false;
    digits += hex ? 1 : 0;
  }
  constexpr std::size_t kDigits = 32;
  return digits == kDigits;
}

}  // namespace

Value value_of(TypeOid type, std::string_view text) {
  switch (type) {
    case kBool:
      return std::int64_t{text == "t" || text == "true" ? 1 : 0};
    case kInt2:
    case kInt4:
    case kInt8:
    case kOid:
      return parse_integer(text).value();
    case kFloat4:
    case kFloat8:
      return real_of(text);
    case kBytea:
      return Blob{from_hex(text.substr(2)).value()};  // Past \x.
    default:
      return std::string(text);
  }
}

Value value_of(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column) != 0) return {};
  const auto size = static_cast<std::size_t>(PQgetlength(result, row, column));
  return value_of(PQftype(result, column), {PQgetvalue(result, row, column), size});
}

Row row_of(const PGresult* result, int row, int first_column) {
  const int count = PQnfields(result);
  Row values;
  values.reserve(static_cast<std::size_t>(count - first_column));
  for (int i = first_column; i < count; ++i) values.push_back(value_of(result, row, i));
  return values;
}

std::vector<Row> rows_of(const PGresult* result) {
  std::vector<Row> rows;
  const int count = PQntuples(result);
  rows.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) rows.push_back(row_of(result, i));
  return rows;
}

std::optional<std::string> text_of(const Value& value) {
  switch (value.kind()) {
    case ValueKind::kNull:
      return std::nullopt;
    case ValueKind::kInteger:
      return std::to_string(value.integer());
    case ValueKind::kReal:
      return real_text(value.real());
    case ValueKind::kBlob:
      return "\\x" + to_hex(value.blob());
    case ValueKind::kText:
      break;
  }
  const std::string& text = value.text();
  if (text.find('\0') != std::string::npos || !is_valid_utf8(text)) {
    throw Error(ErrorCode::kInvalidInput,
                "PostgreSQL keeps no text with a NUL byte or invalid UTF-8: '" +
                    printable(text, kShown) + "'",
                {.place = {}, .remedy = "give it as bytes, or mend the text"});
  }
  return text;
}

std::string array_of(std::span<const Value* const> values) {
  std::string array = "{";
  for (const Value* value : values) {
    if (array.size() > 1) array += ',';
    append_element(array, text_of(*value));
  }
  return array + "}";
}

std::vector<std::optional<std::string>> parse_array(std::string_view text) {
  std::vector<std::optional<std::string>> elements;
  std::size_t at = 1;
  while (at < text.size() && text[at] != '}') {
    std::string element;
    const bool quoted = text[at] == '"';
    if (quoted) ++at;
    for (; at < text.size(); ++at) {
      if (quoted ? text[at] == '"' : (text[at] == ',' || text[at] == '}')) break;
      if (text[at] == '\\') ++at;
      element += text[at];
    }
    if (quoted) ++at;
    if (!quoted && element == "NULL") {
      elements.emplace_back(std::nullopt);
    } else {
      elements.emplace_back(std::move(element));
    }
    if (at < text.size() && text[at] == ',') ++at;
  }
  return elements;
}

bool could_equal(TypeOid type, const Value& value) {
  const std::optional<std::string> given = text_of(value);
  if (!given) return false;
  const std::string& text = *given;
  switch (type) {
    case kInt2:
      return fits_integer(text, INT16_MIN, INT16_MAX);
    case kInt4:
      return fits_integer(text, INT32_MIN, INT32_MAX);
    case kInt8:
      return fits_integer(text, INT64_MIN, INT64_MAX);
    case kOid:
      return fits_integer(text, 0, UINT32_MAX);
    case kBool:
      return text == "0" || text == "1" || text == "t" || text == "f" || text == "true" ||
             text == "false";
    case kFloat4:
    case kFloat8:
      return value.kind() == ValueKind::kReal || parse_real(text).has_value();
    case kUuid:
      return is_uuid(text);
    case kBytea:
      return value.kind() == ValueKind::kBlob;
    default:
      return true;
  }
}

}  // namespace doppel::postgres
