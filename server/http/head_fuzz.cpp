#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.hpp"
#include "http/head.hpp"

namespace {

using doppel::http::HeadLimits;
using doppel::http::HeadScanner;

constexpr HeadLimits kLimits{.target_bytes = 200, .header_bytes = 1000, .header_count = 10};

void check(bool holds) {
  if (!holds) std::abort();
}

/// Where the head ends doesn't depend on the pieces in which it arrives.
std::size_t end_of(const std::string& text, std::size_t step) {
  HeadScanner scanner;
  try {
    for (std::size_t size = step; size < text.size(); size += step) {
      if (const auto end = scanner.scan(std::string_view(text).substr(0, size), kLimits)) {
        return *end;
      }
    }
    return scanner.scan(text, kLimits).value_or(0);
  } catch (const doppel::Error&) {
    return 0;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = end_of(text, text.size() + 1);
  if (end == 0) return 0;
  check(end_of(text, 1) == end && end_of(text, 7) == end);
  try {
    const auto shape = doppel::http::check_head(std::string_view(text).substr(0, end), kLimits);
    check(!(shape.is_chunked && shape.content_length));
    check(!shape.target.empty() && shape.target.size() <= kLimits.target_bytes);
  } catch (const doppel::Error& error) {
    check(doppel::error_info(error.code()).http_status >= 400);
  }
  return 0;
}
