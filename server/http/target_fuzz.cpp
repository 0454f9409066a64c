#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.hpp"
#include "base/text.hpp"
#include "http/target.hpp"

namespace {

using doppel::Error;
using doppel::ErrorCode;

void check(bool holds) {
  if (!holds) std::abort();
}

bool is_clean(const std::string& text) {
  return doppel::is_valid_utf8(text) && text.find('\0') == std::string::npos;
}

/// What is read is UTF-8 without NUL, steps nowhere, and is read again from what is written of it.
void read_target(const std::string& text) {
  try {
    const doppel::http::Target target = doppel::http::parse_target(text);
    std::string again;
    for (const std::string& segment : target.segments) {
      check(is_clean(segment) && segment != "." && segment != "..");
      again += "/" + doppel::http::percent_encoded(segment);
    }
    if (!again.empty()) check(doppel::http::parse_target(again).segments == target.segments);
  } catch (const Error& error) {
    check(error.code() == ErrorCode::kMalformedRequest);
  }
}

void read_query(const std::string& text) {
  try {
    for (const auto& [name, value] : doppel::http::parse_query(text).parameters) {
      check(is_clean(name) && is_clean(value));
    }
  } catch (const Error& error) {
    check(error.code() == ErrorCode::kMalformedRequest);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  read_target(text);
  read_target("/" + text);
  read_query(text);
  check(doppel::http::percent_decoded(doppel::http::percent_encoded(text)) == text);
  return 0;
}
