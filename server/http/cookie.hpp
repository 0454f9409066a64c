#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace doppel::http {

/// The cookies of a request (RFC 6265), in the order in which the browser sent them. A host's
/// cookies come from every application on it, so what can't be read is passed over and refuses
/// nothing.
struct Cookies {
  struct Cookie {
    std::string name;
    std::string value;
  };
  std::vector<Cookie> cookies;

  /// The first of this name: browsers send the one with the longest path first. Null: none.
  const std::string* find(std::string_view name) const;
};

/// More are passed over.
constexpr std::size_t kMostCookies = 64;

/// The value of the header Cookie.
Cookies parse_cookies(std::string_view header);

/// Which requests from other sites carry the cookie.
enum class SameSite { kStrict, kLax, kNone };
/// Whether the cookie travels over TLS only.
enum class Secure { kNo, kYes };
/// Whether scripts of the page see the cookie.
enum class HttpOnly { kNo, kYes };

/// One Set-Cookie header. The defaults are those of a session: no script sees it, other sites don't
/// send it along except by a link, and it ends with the browser.
struct SetCookie {
  std::string name;
  std::string value;
  std::string path = "/";
  std::string domain = {};                                     ///< "" is this host and no other
  std::optional<std::int64_t> max_age_seconds = std::nullopt;  ///< 0 removes the cookie
  SameSite same_site = SameSite::kLax;
  Secure secure = Secure::kYes;
  HttpOnly http_only = HttpOnly::kYes;
};

/// The value of the header Set-Cookie. Throws Error(kInternal) for what no browser would keep:
/// letters that a name, value, path or domain can't have, SameSite=None or the prefixes `__Secure-`
/// and `__Host-` without what they demand.
std::string to_header(const SetCookie& cookie);

/// The header that makes a browser forget a cookie. REQUIRES: path and domain as it was set with.
std::string removal_of(SetCookie cookie);

}  // namespace doppel::http
