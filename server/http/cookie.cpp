#include "http/cookie.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "http/message.hpp"

namespace doppel::http {
namespace {

/// cookie-octet of RFC 6265, section 4.1.1.
bool is_cookie_letter(char letter) {
  return letter > 0x20 && letter < 0x7F &&
         std::string_view("\",;\\").find(letter) == std::string_view::npos;
}

bool is_cookie_value(std::string_view text) { return std::ranges::all_of(text, is_cookie_letter); }

std::string_view unquoted(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    return value.substr(1, value.size() - 2);
  }
  return value;
}

bool is_attribute(std::string_view text) {
  return std::ranges::all_of(
      text, [](char letter) { return letter >= 0x20 && letter < 0x7F && letter != ';'; });
}

std::string_view word_of(SameSite same_site) {
  switch (same_site) {
    case SameSite::kStrict:
      return "Strict";
    case SameSite::kLax:
      return "Lax";
    case SameSite::kNone:
      return "None";
  }
  return "Strict";
}

/// What browsers demand of a cookie, or else silently drop it.
void check(const SetCookie& cookie) {
  const auto refuse_unless = [&](bool holds, std::string_view what) {
    if (holds) return;
    throw Error(ErrorCode::kInternal,
                "the cookie '" + printable(cookie.name, 40) + "' " + std::string(what));
  };
  const bool is_secure = cookie.secure == Secure::kYes;
  refuse_unless(is_token(cookie.name), "has a name that no cookie can have");
  refuse_unless(is_cookie_value(cookie.value), "has a value with letters that no cookie can have");
  refuse_unless(cookie.path.starts_with('/') && is_attribute(cookie.path), "has no path");
  refuse_unless(is_attribute(cookie.domain), "has a domain that is none");
  refuse_unless(is_secure || cookie.same_site != SameSite::kNone,
                "is for other sites, and must be secure for that");
  refuse_unless(is_secure || !cookie.name.starts_with("__Secure-"), "must be secure by its name");
  refuse_unless(!cookie.name.starts_with("__Host-") ||
                    (is_secure && cookie.domain.empty() && cookie.path == "/"),
                "must be secure, of the path / and without a domain, by its name");
}

}  // namespace

const std::string* Cookies::find(std::string_view name) const {
  const auto found = std::ranges::find(cookies, name, &Cookie::name);
  return found == cookies.end() ? nullptr : &found->value;
}

Cookies parse_cookies(std::string_view header) {
  Cookies all;
  while (!header.empty() && all.cookies.size() < kMostCookies) {
    const std::size_t end = std::min(header.find(';'), header.size());
    const std::string_view pair = trim(header.substr(0, end));
    header.remove_prefix(std::min(end + 1, header.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = trim(pair.substr(0, equals));
    const std::string_view value = unquoted(trim(pair.substr(equals + 1)));
    if (!is_token(name) || !is_cookie_value(value)) continue;
    all.cookies.push_back({std::string(name), std::string(value)});
  }
  return all;
}

std::string to_header(const SetCookie& cookie) {
  check(cookie);
  std::string header = cookie.name + "=" + cookie.value + "; Path=" + cookie.path;
  if (!cookie.domain.empty()) header += "; Domain=" + cookie.domain;
  if (cookie.max_age_seconds) header += "; Max-Age=" + std::to_string(*cookie.max_age_seconds);
  // The date that every reader of cookies takes for "gone".
  if (cookie.max_age_seconds == 0) header += "; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
  if (cookie.secure == Secure::kYes) header += "; Secure";
  if (cookie.http_only == HttpOnly::kYes) header += "; HttpOnly";
  return header + "; SameSite=" + std::string(word_of(cookie.same_site));
}

std::string removal_of(SetCookie cookie) {
  cookie.value.clear();
  cookie.max_age_seconds = 0;
  return to_header(cookie);
}

}  // namespace doppel::http
