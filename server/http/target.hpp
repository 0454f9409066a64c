#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace doppel::http {

/// The parameters behind the question mark, or of a form, decoded, in the order of the text.
struct Query {
  struct Parameter {
    std::string name;
    std::string value;
  };
  std::vector<Parameter> parameters;

  /// The first of this name; null when there is none.
  const std::string* find(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
};

/// What a request is about.
struct Target {
  std::string path;                   ///< decoded, begins with '/'; for people and logs
  std::vector<std::string> segments;  ///< decoded one by one: what routes are matched with
  Query query = {};
  std::string authority = {};  ///< of the absolute form, "host:port"; else the header Host counts
};

/// More parameters than anybody means are refused.
constexpr std::size_t kMostParameters = 256;

/// Bytes behind %, decoded. Nothing for a % without two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text);
/// Everything but letters, digits and "-._~" encoded.
std::string percent_encoded(std::string_view text);

/// `a=1&b=two+words`. Throws Error(kMalformedRequest) for what isn't UTF-8 after decoding, for NUL
/// and for more than kMostParameters.
Query parse_query(std::string_view text);

/// The target of a request line: the origin form (`/path?query`), the absolute form
/// (`http://host/path`) or `*`, which gives no segments. Throws Error(kMalformedRequest) for
/// anything else, for bytes that a URI can't have, for text that isn't UTF-8 after decoding,
/// control characters, and for segments that are or hide `.` and `..`: a path means what it says,
/// so nobody has to normalise it.
Target parse_target(std::string_view text);

}  // namespace doppel::http
