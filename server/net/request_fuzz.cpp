#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "http/head.hpp"
#include "net/request_parser.hpp"

namespace {

using doppel::net::RequestParser;

constexpr doppel::http::HeadLimits kLimits;
constexpr std::size_t kMostBody = 300;

void check(bool holds) {
  if (!holds) std::abort();
}

/// What was read: the body, and how many bytes of the input the request took.
struct Seen {
  std::string body;
  std::size_t taken = 0;
  bool operator==(const Seen&) const = default;
};

/// Reads one request as a connection does, with the body arriving in pieces. Nothing when it is
/// refused or not whole.
std::optional<Seen> read(const std::string& text, std::size_t step) {
  try {
    const auto end = doppel::http::HeadScanner().scan(text, kLimits);
    if (!end) return std::nullopt;
    const std::string_view head = std::string_view(text).substr(0, *end);
    const auto shape = doppel::http::check_head(head, kLimits);
    RequestParser parser;
    parser.feed_head(head);
    check(!(shape.content_length.value_or(0) == 0 && !shape.is_chunked) || parser.is_done());
    Seen seen{.body = {}, .taken = *end};
    std::size_t arrived = *end;
    while (!parser.is_done()) {
      if (arrived == text.size()) return std::nullopt;
      arrived = std::min(arrived + step, text.size());
      const std::string_view rest = std::string_view(text).substr(seen.taken, arrived - seen.taken);
      seen.taken += parser.feed_body(rest, kMostBody, seen.body);
    }
    check(seen.body.size() <= kMostBody && seen.taken <= text.size());
    if (shape.content_length) check(seen.body.size() == *shape.content_length);
    return seen;
  } catch (const doppel::Error& error) {
    check(doppel::error_info(error.code()).http_status >= 400);
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  // What a request is doesn't depend on the pieces in which it arrives.
  const auto whole = read(text, text.size() + 1);
  check(read(text, 1) == whole);
  check(read(text, 5) == whole);
  return 0;
}
