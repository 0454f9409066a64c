#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/audit.hpp"

/// The cookie that says which sandbox a browser session is in [O2]: signed with a key of the
/// control store, so that every server reads what another wrote, and bound to the session.
namespace doppel::access {

struct SigningKey {
  std::string id;
  std::string secret;        ///< 256 bits
  std::int64_t ends_at = 0;  ///< 0: signs; else what it signed is good until then
};

/// The newest first: that one signs.
using SigningKeys = std::vector<SigningKey>;

/// Those of a tenant that are good still; makes the first where there is none. A server keeps them
/// and asks again when a cookie names another.
SigningKeys signing_keys(const Store& store);

/// A new key signs from now on; what the old ones signed is good for `grace` more.
SigningKeys rotate_signing_keys(const Store& store, const Actor& actor,
                                std::int64_t grace = 12 * kHour);

/// REQUIRES: keys isn't empty; neither id has a '.' in it.
std::string make_sandbox_cookie(const SigningKeys& keys, const std::string& tenant,
                                const std::string& environment, const std::string& session_handle);

enum class CookieAnswer {
  kGood,
  kForged,      ///< or cut, or of another tenant
  kForeign,     ///< signed, but for another session
  kUnknownKey,  ///< whose key has ended, or isn't known here yet
};

struct SandboxCookie {
  CookieAnswer answer = CookieAnswer::kForged;
  std::string environment = {};  ///< of a good one
};

/// Pure. `now`: of the store, microseconds.
SandboxCookie read_sandbox_cookie(const SigningKeys& keys, const std::string& tenant,
                                  std::string_view cookie, const std::string& session_handle,
                                  std::int64_t now);

}  // namespace doppel::access
