#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.hpp"
#include "http/cookie.hpp"
#include "http/message.hpp"
#include "http/negotiation.hpp"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

/// Every cookie that is read can be set again as it is.
void read_cookies(const std::string& text) {
  for (const auto& [name, value] : doppel::http::parse_cookies(text).cookies) {
    if (name.starts_with("__")) continue;  // These demand attributes.
    const std::string header = doppel::http::to_header({.name = name, .value = value});
    check(doppel::http::is_header_value(header));
    check(header.starts_with(name + "=" + value + ";"));
  }
}

/// Headers that express wishes never refuse; conditions are read or refused.
void read_wishes(const std::string& text) {
  doppel::http::parse_prefer(text);
  doppel::http::parse_content_type(text);
  const auto type = doppel::http::preferred_type(text, {"application/json", "text/csv"});
  check(!type || *type == "application/json" || *type == "text/csv");
  try {
    for (const auto& tag : doppel::http::parse_tags(text).tags) {
      check(tag.text.find('"') == std::string::npos);
    }
  } catch (const doppel::Error& error) {
    check(error.code() == doppel::ErrorCode::kMalformedRequest);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  read_cookies(text);
  read_wishes(text);
  return 0;
}
