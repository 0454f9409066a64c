#include "http/target.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::http {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::kMalformedRequest, why); }

int digit_of(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return -1;
}

bool is_plain(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9');
}

/// What RFC 3986 allows in a path or query without a percent sign, and the few others that browsers
/// leave as they are ("|", "[", "]" and the like). Bytes beyond ASCII must be encoded.
bool may_stand_in_target(char letter) {
  constexpr std::string_view kNever = "\"<>\\^`{}#";
  return letter > 0x20 && letter < 0x7F && kNever.find(letter) == std::string_view::npos;
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char letter) {
    const auto code = static_cast<unsigned char>(letter);
    return code < 0x20 || code == 0x7F;
  });
}

/// Whether a part of a segment would be a step in a file system. "%2F" and "%5C" hide such parts.
bool has_dots(std::string_view segment) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= segment.size(); ++i) {
    if (i < segment.size() && segment[i] != '/' && segment[i] != '\\') continue;
    const std::string_view part = segment.substr(begin, i - begin);
    if (part == "." || part == "..") return true;
    begin = i + 1;
  }
  return false;
}

std::string decoded_segment(std::string_view text) {
  auto segment = percent_decoded(text);
  if (!segment) refuse("the path has a % without two hexadecimal digits");
  if (!is_valid_utf8(*segment)) refuse("the path isn't UTF-8");
  if (has_control(*segment)) refuse("the path has control characters");
  if (has_dots(*segment)) refuse("the path has segments that are '.' or '..'");
  return std::move(*segment);
}

std::string decoded_parameter(std::string_view text) {
  std::string blanks(text);
  std::ranges::replace(blanks, '+', ' ');
  auto decoded = percent_decoded(blanks);
  if (!decoded) refuse("a parameter has a % without two hexadecimal digits");
  if (!is_valid_utf8(*decoded)) refuse("a parameter isn't UTF-8");
  if (decoded->find('\0') != std::string::npos) refuse("a parameter has a NUL");
  return std::move(*decoded);
}

void parse_path(std::string_view path, Target& target) {
  std::size_t begin = 1;
  for (std::size_t i = 1; i <= path.size(); ++i) {
    if (i < path.size() && path[i] != '/') continue;
    target.segments.push_back(decoded_segment(path.substr(begin, i - begin)));
    target.path += '/';
    target.path += target.segments.back();
    begin = i + 1;
  }
  // "/" is the root, and not a segment without letters.
  if (path.size() == 1) target.segments.clear();
}

/// Takes `http://host` off the text and returns the host.
std::string take_authority(std::string_view& text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (to_lower_ascii(text.substr(0, scheme.size())) != scheme) continue;
    text.remove_prefix(scheme.size());
    const std::size_t end = std::min(text.find_first_of("/?"), text.size());
    const std::string authority(text.substr(0, end));
    text.remove_prefix(end);
    if (authority.empty() || authority.find('@') != std::string::npos) {
      refuse("the target names no host, or a user");
    }
    return authority;
  }
  refuse("the target is neither a path nor an http URL");
}

}  // namespace

const std::string* Query::find(std::string_view name) const {
  const auto found = std::ranges::find(parameters, name, &Parameter::name);
  return found == parameters.end() ? nullptr : &found->value;
}

std::vector<std::string_view> Query::all(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const Parameter& parameter : parameters) {
    if (parameter.name == name) found.emplace_back(parameter.value);
  }
  return found;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = digit_of(text[i + 1]);
    const int low = digit_of(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char letter : text) {
    if (is_plain(letter) || std::string_view("-._~").find(letter) != std::string_view::npos) {
      encoded += letter;
      continue;
    }
    const auto code = static_cast<unsigned char>(letter);
    encoded += {'%', kDigits[code >> 4], kDigits[code & 15]};
  }
  return encoded;
}

Query parse_query(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (part.empty()) continue;
    if (query.parameters.size() == kMostParameters) {
      refuse("there are more than " + std::to_string(kMostParameters) + " parameters");
    }
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::string_view value = equals == part.size() ? "" : part.substr(equals + 1);
    query.parameters.push_back(
        {decoded_parameter(part.substr(0, equals)), decoded_parameter(value)});
  }
  return query;
}

Target parse_target(std::string_view text) {
  if (!std::ranges::all_of(text, may_stand_in_target)) {
    refuse("the target has letters that must be percent-encoded");
  }
  Target target;
  if (text == "*") {
    target.path = "*";
    return target;
  }
  if (!text.starts_with('/')) target.authority = take_authority(text);
  const std::size_t question = std::min(text.find('?'), text.size());
  std::string_view path = text.substr(0, question);
  if (path.empty()) path = "/";
  parse_path(path, target);
  if (question < text.size()) target.query = parse_query(text.substr(question + 1));
  return target;
}

}  // namespace doppel::http
