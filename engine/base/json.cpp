#include "base/json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel {
namespace {

/// Integers up to here survive a reader that keeps numbers as doubles.
constexpr std::int64_t kExactInDouble = std::int64_t{1} << 53;

void write_escaped(char letter, std::string& out) {
  constexpr std::string_view kEscaped = "\"\\\b\f\n\r\t";
  constexpr std::string_view kLetters = "\"\\bfnrt";
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::size_t known = kEscaped.find(letter);
  if (known != std::string_view::npos) {
    out += {'\\', kLetters[known]};
    return;
  }
  const auto code = static_cast<unsigned char>(letter);
  out += "\\u00";
  out += {kDigits[code >> 4], kDigits[code & 15]};
}

/// Whether one of eight bytes needs an escape: below a blank, a quote or a backslash. By the usual
/// arithmetic on words: `x - 0x01..` borrows into the high bit of a byte only where it is zero.
bool needs_escape(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHighBits = kOnes << 7;
  const auto has_zero = [](std::uint64_t x) { return (x - kOnes) & ~x; };
  const std::uint64_t below_blank = (word - kOnes * ' ') & ~word;
  const std::uint64_t quote = has_zero(word ^ (kOnes * '"'));
  const std::uint64_t backslash = has_zero(word ^ (kOnes * '\\'));
  return ((below_blank | quote | backslash) & kHighBits) != 0;
}

/// Most text needs no escape: it is looked through eight bytes at once and appended in runs,
/// without a copy of its own.
void write_text(std::string_view text, std::string& out) {
  out += '"';
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::uint64_t word = 0;
    while (text.size() - i >= sizeof word) {
      std::memcpy(&word, text.data() + i, sizeof word);
      if (needs_escape(word)) break;
      i += sizeof word;
    }
    if (i == text.size()) break;
    const char letter = text[i];
    if (static_cast<unsigned char>(letter) >= ' ' && letter != '"' && letter != '\\') continue;
    out.append(text, written, i - written);
    write_escaped(letter, out);
    written = i + 1;
  }
  out.append(text, written);
  out += '"';
}

/// Of a text that isn't UTF-8 the bytes are escaped: what is written can always be read. Values of
/// a database never come here so: they are tagged.
void write_any_text(std::string_view text, std::string& out) {
  if (is_valid_utf8(text)) return write_text(text, out);
  write_text(printable(text, 0), out);
}

void append_integer(std::int64_t integer, std::string& out) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), integer).ptr;
  out.append(digits.data(), end);
}

class Writer {
 public:
  Writer(JsonStyle style, std::string& out) : style_(style), out_(out) {}

  void write(const json::value& value) {
    switch (value.kind()) {
      case json::kind::null:
        out_ += "null";
        return;
      case json::kind::bool_:
        out_ += value.get_bool() ? "true" : "false";
        return;
      case json::kind::int64:
        append_integer(value.get_int64(), out_);
        return;
      case json::kind::uint64:
        out_ += std::to_string(value.get_uint64());
        return;
      case json::kind::double_:
        out_ += format_real(value.get_double());
        return;
      case json::kind::string:
        write_any_text(value.get_string(), out_);
        return;
      case json::kind::array:
        return write_array(value.get_array());
      case json::kind::object:
        return write_object(value.get_object());
    }
  }

 private:
  void write_array(const json::array& array) {
    // A list of plain values reads best on one line.
    const bool flat = std::ranges::none_of(
        array, [](const json::value& item) { return item.is_object() || item.is_array(); });
    out_ += '[';
    ++depth_;
    bool first = true;
    for (const json::value& item : array) {
      if (!first) out_ += flat && style_ == JsonStyle::kPretty ? ", " : ",";
      first = false;
      if (!flat) new_line();
      write(item);
    }
    --depth_;
    if (!flat) new_line();
    out_ += ']';
  }

  void write_object(const json::object& object) {
    out_ += '{';
    ++depth_;
    bool first = true;
    for (const auto& item : object) {
      if (!first) out_ += ',';
      first = false;
      new_line();
      write_any_text(item.key(), out_);
      out_ += style_ == JsonStyle::kPretty ? ": " : ":";
      write(item.value());
    }
    --depth_;
    if (!object.empty()) new_line();
    out_ += '}';
  }

  void new_line() {
    if (style_ == JsonStyle::kCompact) return;
    out_ += '\n';
    out_.append(depth_ * 2, ' ');
  }

  JsonStyle style_;
  std::string& out_;
  std::size_t depth_ = 0;
};

[[noreturn]] void refuse(const std::string& message, std::string_view place) {
  throw Error(ErrorCode::kInvalidInput, message, {.place = std::string(place), .remedy = {}});
}

void append_tagged(std::string_view tag, std::string_view text, std::string& out) {
  out += "{\"";
  out += tag;
  out += "\":\"";
  out += text;
  out += "\"}";
}

bool is_exact_in_double(std::int64_t integer) {
  return integer <= kExactInDouble && integer >= -kExactInDouble;
}

void append_value(const Value& value, std::string& out) {
  switch (value.kind()) {
    case ValueKind::kNull:
      out += "null";
      return;
    case ValueKind::kInteger:
      if (is_exact_in_double(value.integer())) return append_integer(value.integer(), out);
      return append_tagged("integer", std::to_string(value.integer()), out);
    case ValueKind::kReal:
      if (std::isfinite(value.real())) {
        out += format_real(value.real());
        return;
      }
      return append_tagged("real", format_real(value.real()), out);
    case ValueKind::kText:
      if (is_valid_utf8(value.text())) return write_text(value.text(), out);
      return append_tagged("text_hex", to_hex(value.text()), out);
    case ValueKind::kBlob:
      return append_tagged("blob_hex", to_hex(value.blob()), out);
  }
}

json::value tagged(std::string_view tag, std::string_view text) {
  json::object object;
  object.emplace(tag, text);
  return object;
}

Value untagged(const json::object& object, std::string_view place) {
  if (object.size() == 1 && object.begin()->value().is_string()) {
    const std::string_view tag = object.begin()->key();
    const std::string_view text = object.begin()->value().get_string();
    if (tag == "integer") {
      if (const auto integer = parse_integer(text)) return *integer;
    } else if (tag == "real") {
      if (const auto real = parse_real(text)) return *real;
    } else if (tag == "text_hex") {
      if (auto bytes = from_hex(text)) return std::move(*bytes);
    } else if (tag == "blob_hex") {
      if (auto bytes = from_hex(text)) return Blob{std::move(*bytes)};
    }
  }
  refuse("not a database value: " + write_json(object, JsonStyle::kCompact), place);
}

}  // namespace

std::string write_json(const json::value& value, JsonStyle style) {
  std::string out;
  Writer(style, out).write(value);
  return out;
}

json::value to_json(const Value& value) {
  switch (value.kind()) {
    case ValueKind::kNull:
      return nullptr;
    case ValueKind::kInteger:
      if (!is_exact_in_double(value.integer())) {
        return tagged("integer", std::to_string(value.integer()));
      }
      return value.integer();
    case ValueKind::kReal:
      if (!std::isfinite(value.real())) return tagged("real", format_real(value.real()));
      return value.real();
    case ValueKind::kText:
      if (!is_valid_utf8(value.text())) return tagged("text_hex", to_hex(value.text()));
      return json::string(value.text());
    case ValueKind::kBlob:
      return tagged("blob_hex", to_hex(value.blob()));
  }
  return nullptr;
}

json::value to_json(const std::vector<Value>& values) {
  json::array array;
  array.reserve(values.size());
  for (const Value& value : values) array.push_back(to_json(value));
  return array;
}

void append_json(const std::vector<Value>& values, std::string& out) {
  out += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    append_value(values[i], out);
  }
  out += ']';
}

void append_json(std::string_view text, std::string& out) { write_any_text(text, out); }

Value value_from_json(const json::value& value, std::string_view place) {
  switch (value.kind()) {
    case json::kind::null:
      return {};
    case json::kind::int64:
      return value.get_int64();
    case json::kind::double_:
      return value.get_double();
    case json::kind::string:
      return std::string(value.get_string());
    case json::kind::object:
      return untagged(value.get_object(), place);
    default:
      refuse("not a database value: " + write_json(value, JsonStyle::kCompact), place);
  }
}

std::vector<Value> values_from_json(const json::value& values, std::string_view place) {
  if (!values.is_array()) refuse("a list of values is expected", place);
  std::vector<Value> row;
  for (const json::value& value : values.get_array()) row.push_back(value_from_json(value, place));
  return row;
}

const json::value& member(const json::value& object, std::string_view name,
                          std::string_view place) {
  if (!object.is_object()) refuse("an object is expected", place);
  const json::value* found = object.get_object().if_contains(name);
  if (found == nullptr) refuse("the member '" + std::string(name) + "' is missing", place);
  return *found;
}

std::string text_member(const json::value& object, std::string_view name, std::string_view place) {
  const json::value& found = member(object, name, place);
  if (!found.is_string()) refuse("'" + std::string(name) + "' must be text", place);
  return std::string(found.get_string());
}

}  // namespace doppel
