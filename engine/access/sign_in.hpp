#pragma once

#include <optional>
#include <string>

#include "access/directory.hpp"
#include "access/password.hpp"
#include "access/session.hpp"
#include "access/throttle.hpp"

/// Signing in with a password, and changing it.
namespace doppel::access {

struct SignInRequest {
  std::string login, password;
  std::string address, agent;
  std::string request = {};  ///< its id, for the audit
  /// What the browser came with, if anything: that session ends, whosever it is, and its id is
  /// never used again.
  std::string former_session_id = {};
};

struct SignInRules {
  SessionTimes times = {};
  ThrottleRules throttle = {};
};

enum class SignInAnswer {
  kSignedIn,
  kRefused,    ///< and nobody is told whether it was the login, the password or the account
  kThrottled,  ///< not looked at; `wait` says how long
};

struct SignedIn {
  SignInAnswer answer = SignInAnswer::kRefused;
  std::int64_t wait = 0;  ///< microseconds until another attempt is looked at
  std::optional<Account> account = {};
  std::optional<NewSession> session = {};
};

/// Does the same work and gives the same answer whether there is such an account or not. A hash of
/// other cost than today's is made anew. Audited with what it really was, but for attempts that
/// weren't looked at: the entry before them says from when on.
SignedIn sign_in(const Store& store, Directory& directory, Passwords& passwords,
                 const SignInRequest& request, const SignInRules& rules);

/// What a change of the password came to; problems are of fields `current` and `password`.
using PasswordChange = std::vector<FieldProblem>;

/// By somebody who is signed in and knows the present one; all his other sessions end. Wrong ones
/// count as failures to sign in. Throws Error(kThrottled), Error(kNotFound).
PasswordChange change_password(const Store& store, Directory& directory, Passwords& passwords,
                               const Actor& actor, const Session& session,
                               const std::string& current, const std::string& wanted,
                               const SignInRules& rules);

}  // namespace doppel::access
