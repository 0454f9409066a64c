#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "access/sign_in.hpp"

/// Links that open once, for whoever has no password: the first start, an invitation, a password
/// forgotten. The store has their hashes.
namespace doppel::access {

enum class LinkPurpose { kFirst, kInvitation, kReset };

std::string_view to_text(LinkPurpose purpose);

struct LinkTimes {
  std::int64_t first = kDay;
  std::int64_t invitation = 7 * kDay;
  std::int64_t reset = kHour;
};

struct LinkInfo {
  LinkPurpose purpose = LinkPurpose::kReset;
  std::string user;  ///< id
  std::int64_t ends_at = 0;
};

inline constexpr std::size_t kMostLinksOfUser = 5;  ///< the oldest then ends

/// The secret of a new link; where it leads is the caller's business. Older ones stay good until
/// one of them is used.
std::string make_link(const Store& store, const Actor& actor, LinkPurpose purpose,
                      const std::string& user, const LinkTimes& times = {});

/// The first start: makes the super_admin and gives his link. Nothing where there is one with a
/// password.
struct FirstStart {
  Account account;
  std::string link;
};
std::optional<FirstStart> first_start(const Store& store, Directory& directory,
                                      const LinkTimes& times = {});

/// A link for who forgot his password, by login; nothing where no active account has it, which
/// nobody is to be told: answer the same. Throttled as signing in is; throws Error(kThrottled).
struct Reset {
  Account account;  ///< whom to mail it to
  std::string link;
};
std::optional<Reset> request_reset(const Store& store, Directory& directory, const Actor& actor,
                                   const std::string& login, const ThrottleRules& rules,
                                   const LinkTimes& times = {});

/// All links of a user that aren't used yet, when he is shut out.
void end_links(const Store& store, const std::string& user);

/// What a link is for, if it is good still; it stays so.
std::optional<LinkInfo> find_link(const Store& store, std::string_view secret);

enum class LinkAnswer {
  kDone,
  kNotGood,   ///< unknown, used or ended: the answer is the same
  kProblems,  ///< the password can't be; the link stays good
};

struct Redeemed {
  LinkAnswer answer = LinkAnswer::kNotGood;
  std::vector<FieldProblem> problems = {};
  std::optional<Account> account = {};
};

/// Sets the password of the link's user, once: of several at a time one does it. All his sessions
/// and other links end. Throws what the directory throws; the link is then good again.
Redeemed redeem_link(const Store& store, Directory& directory, Passwords& passwords,
                     const Actor& actor, std::string_view secret, const std::string& password);

}  // namespace doppel::access
