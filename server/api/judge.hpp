#pragma once

#include <string_view>
#include <vector>

#include "access/members.hpp"
#include "access/rights.hpp"
#include "api/caller.hpp"

/// Whether a caller may use a route, by what the table of routes says of it.
namespace doppel::api {

/// Where a right is judged. A route's text is `edit_data` (here), `promote:live`,
/// `manage_environments:sandbox`, `enter:named`; several stand with a blank between, and all are
/// needed.
enum class Where {
  kHere,       ///< in the environment that the caller is in
  kInLive,     ///< in live, wherever he is
  kInSandbox,  ///< in some kind of sandbox at least
  kInNamed,    ///< in the sandbox that the path names, to which he must be let in
};

struct RouteRight {
  access::Right right = access::Right::kEnter;
  Where where = Where::kHere;
};

/// Throws Error(kInternal) for a text that says something else.
std::vector<RouteRight> parse_route_rights(std::string_view text);

/// What somebody has to be in a named sandbox for this: to look takes less than to change.
access::MemberRole least_role(access::Right right);

/// Leaves the named sandbox in the call. Throws Error(kForbidden), which names the right,
/// Error(kNotFound), Error(kNotSignedIn) for a token that reaches beyond its environment.
void judge(Call& call, const http::Context& context, const http::Request& request);

/// Whoever puts rows of `roles` live, or takes them back, needs the right to say what roles may do.
/// Throws Error(kForbidden).
void require_for_config(const Call& call, const plan::Plan& plan);
void require_for_config(const Call& call, const plan::Diff& diff);

/// A handler whose refusals for want of a right stand in the audit.
http::Handler audited(http::Handler handler);

/// Puts a refusal into the audit.
void note_refusal(Call& call, const http::Context& context, const Error& refusal);

}  // namespace doppel::api
