#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/audit.hpp"
#include "access/rights.hpp"

/// API tokens: each for one user and one environment, with a part of his rights. Shown once,
/// stored hashed.
namespace doppel::access {

/// A token is doppel_PREFIX_SECRET: the beginning is to recognise it by, also for those who search
/// text for tokens that shouldn't be there.
inline constexpr std::string_view kTokenWord = "doppel_";

struct ApiToken {
  std::string id;
  std::string user;         ///< id
  std::string environment;  ///< id of a sandbox, or `live`
  std::string name;         ///< what it is for
  std::string prefix;       ///< doppel_a1b2c3d4
  Rights rights;            ///< never more than its user's own
  std::int64_t created_at = 0;
  std::string created_by;
  std::int64_t ends_at = 0, used_at = 0, revoked_at = 0;  ///< 0: not yet
};

struct TokenRequest {
  std::string user, environment, name;
  Rights rights;
  std::int64_t lasts = 90 * kDay;  ///< microseconds, a year at most
};
inline constexpr std::int64_t kLongestToken = 366 * kDay;
inline constexpr std::size_t kMostTokensOfUser = 100;

struct NewToken {
  std::string text;  ///< shown once
  ApiToken token;
};

/// Throws Error(kInvalidInput) for a name or time that can't be, Error(kConstraint) for one more
/// than a user may have.
NewToken make_token(const Store& store, const Actor& actor, const TokenRequest& request);

enum class TokenAnswer {
  kGood,
  kUnknown,           ///< also where there was one that has ended: the answer is the same
  kOtherEnvironment,  ///< good, but for another environment than it is used in
};

struct TokenUse {
  TokenAnswer answer = TokenAnswer::kUnknown;
  std::optional<ApiToken> token = {};  ///< unless it is unknown
};

/// What a token is good for in an environment. Empty `environment`: in its own, whichever that is.
/// When it was used is kept to the minute. A use in another environment is audited.
TokenUse use_token(const Store& store, std::string_view text, const std::string& environment,
                   const Actor& actor);

/// All of a user, also revoked and ended ones, the newest first. Empty `user`: of everybody.
std::vector<ApiToken> list_tokens(const Store& store, const std::string& user);

/// False where there is none, or it was revoked before.
bool revoke_token(const Store& store, const Actor& actor, const std::string& id);
/// All tokens of an environment, when that has ended; says how many.
std::size_t revoke_tokens_of_environment(const Store& store, const Actor& actor,
                                         const std::string& environment);

}  // namespace doppel::access
