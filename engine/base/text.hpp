#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace doppel {

std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view hex);

bool is_valid_utf8(std::string_view text);

/// Text for one line of a terminal: control characters and invalid bytes escaped, cut after
/// `limit` bytes (0: never) with an ellipsis.
std::string printable(std::string_view text, std::size_t limit);

std::string to_lower_ascii(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);

/// The whole of `text` as an integer, else nothing.
std::optional<std::int64_t> parse_integer(std::string_view text);
/// The whole of `text` as a real, else nothing.
std::optional<double> parse_real(std::string_view text);

/// The candidate nearest to `word` by edit distance, if near enough to be a typing mistake.
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

/// "1 row", "2 rows".
std::string counted(std::int64_t count, std::string_view singular);

}  // namespace doppel
