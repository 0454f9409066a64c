#include <algorithm>
#include <cstdint>
#include <string>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value_stack.hpp>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace doppel {
namespace {

constexpr std::size_t kDepthLimit = 64;

/// Builds the document that the parser reads. Boost's own reading of a number with a point is off
/// by a bit for every tenth one; the digits are here, so they are read exactly.
class Builder {
 public:
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  // A document is read and thrown away as a whole, and so is its memory.
  Builder() { stack_.reset(json::make_shared_resource<json::monotonic_resource>()); }
  json::value release() { return stack_.release(); }

  // NOLINTBEGIN(readability-identifier-naming): these names are the parser's.
  bool on_document_begin(json::error_code& /*failure*/) { return true; }
  bool on_document_end(json::error_code& /*failure*/) { return true; }
  bool on_object_begin(json::error_code& /*failure*/) { return true; }
  bool on_object_end(std::size_t count, json::error_code& /*failure*/) {
    stack_.push_object(count);
    return true;
  }
  bool on_array_begin(json::error_code& /*failure*/) { return true; }
  bool on_array_end(std::size_t count, json::error_code& /*failure*/) {
    stack_.push_array(count);
    return true;
  }
  bool on_key_part(json::string_view text, std::size_t /*size*/, json::error_code& /*failure*/) {
    stack_.push_chars(text);
    return true;
  }
  bool on_key(json::string_view text, std::size_t /*size*/, json::error_code& /*failure*/) {
    stack_.push_key(text);
    return true;
  }
  bool on_string_part(json::string_view text, std::size_t /*size*/, json::error_code& /*failure*/) {
    stack_.push_chars(text);
    return true;
  }
  bool on_string(json::string_view text, std::size_t /*size*/, json::error_code& /*failure*/) {
    stack_.push_string(text);
    return true;
  }
  bool on_number_part(json::string_view digits, json::error_code& /*failure*/) {
    digits_.append(digits.data(), digits.size());
    return true;
  }
  bool on_int64(std::int64_t number, json::string_view /*digits*/, json::error_code& /*failure*/) {
    digits_.clear();
    stack_.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, json::string_view /*digits*/,
                 json::error_code& /*failure*/) {
    digits_.clear();
    stack_.push_uint64(number);
    return true;
  }
  bool on_double(double /*nearly*/, json::string_view digits, json::error_code& failure) {
    digits_.append(digits.data(), digits.size());
    const auto number = parse_real(digits_);
    digits_.clear();
    // Beyond what a double can hold.
    if (!number)
      failure = json::make_error_code(json::error::exponent_overflow);
    else
      stack_.push_double(*number);
    return number.has_value();
  }
  bool on_bool(bool value, json::error_code& /*failure*/) {
    stack_.push_bool(value);
    return true;
  }
  bool on_null(json::error_code& /*failure*/) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(json::string_view /*text*/, json::error_code& /*failure*/) { return true; }
  bool on_comment(json::string_view /*text*/, json::error_code& /*failure*/) { return true; }
  // NOLINTEND(readability-identifier-naming)

 private:
  json::value_stack stack_;
  std::string digits_;  ///< of a number that comes in parts
};

std::string line_and_column(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = std::ranges::count(before, '\n') + 1;
  const std::size_t start =
      before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return std::to_string(line) + ":" + std::to_string(offset - start + 1);
}

}  // namespace

json::value parse_json(std::string_view text, std::string_view source) {
  json::parse_options options;
  options.max_depth = kDepthLimit;
  json::basic_parser<Builder> parser(options);
  json::error_code failure;
  std::size_t offset = parser.write_some(false, text.data(), text.size(), failure);
  if (!failure) {
    const std::size_t extra = text.substr(offset).find_first_not_of(" \t\r\n");
    if (extra != std::string_view::npos) {
      offset += extra;
      failure = json::make_error_code(json::error::extra_data);
    } else if (!parser.done()) {
      failure = json::make_error_code(json::error::incomplete);
    }
  }
  if (failure) {
    throw Error(ErrorCode::kInvalidInput, "not JSON: " + failure.message(),
                {.place = std::string(source) + ":" + line_and_column(text, offset), .remedy = {}});
  }
  return parser.handler().release();
}

}  // namespace doppel
