#pragma once

#include <memory>
#include <optional>
#include <string>

#include "access/directory.hpp"
#include "access/members.hpp"
#include "access/session.hpp"
#include "access/token.hpp"
#include "api/workplace.hpp"
#include "http/problem.hpp"
#include "http/router.hpp"

/// Who asks, by what, and for which environment: found out once, before the handler.
namespace doppel::api {

class Site;

inline constexpr const char* kSessionCookie = "doppel_session";
inline constexpr const char* kSandboxCookie = "doppel_sandbox";
/// Every write with a cookie carries it: the session's own, which no other site can know.
inline constexpr const char* kCsrfHeader = "X-CSRF-Token";
/// How API clients name the environment; never by cookie [O2].
inline constexpr const char* kEnvironmentHeader = "Doppel-Environment";
/// The environment that a page was drawn in, with every write from it [O2].
inline constexpr const char* kPageHeader = "Doppel-Page-Environment";
/// Looks at an environment as somebody with this role would, as the environment has the role.
inline constexpr const char* kViewAsHeader = "Doppel-View-As";
inline constexpr const char* kLive = "live";

/// One request's caller, with the workplace that answers it.
struct Call {
  Workplaces::Lease workplace;
  access::Account account;
  std::string session_id;  ///< empty for a token
  std::optional<access::Session> session;
  std::optional<access::ApiToken> token;
  EnvironmentName environment;                      ///< live, or the sandbox that the caller is in
  std::optional<environment::Environment> sandbox;  ///< of a sandbox
  access::Actor actor;
  std::optional<access::MemberRole> membership = {};   ///< in that sandbox
  std::optional<environment::Environment> named = {};  ///< the sandbox of the path, once judged
  std::optional<access::Grants> viewed = {};           ///< of the role that is viewed as
  /// What counts: the account's, no more than its token's and than the role's that is viewed as.
  access::Grants grants = {};

  access::EnvironmentKind kind() const;
  bool may(access::Right right, access::EnvironmentKind where) const;
  /// Throws Error(kForbidden), which names the right.
  void require(access::Right right, access::EnvironmentKind where) const;
};

/// The sandbox of the session's cookie has ended: a write is refused once, and the cookie removed.
class LeftSandbox : public http::ProblemError {
 public:
  LeftSandbox(http::Problem problem, std::string cookie_removal)
      : ProblemError(std::move(problem)), cookie_removal_(std::move(cookie_removal)) {}
  const std::string& cookie_removal() const { return cookie_removal_; }

 private:
  std::string cookie_removal_;
};

/// Whether a method changes nothing.
bool is_safe(http::Method method);

/// REQUIRES: the route isn't public.
Call& call_of(const http::Context& context);

/// Refuses who isn't signed in, has no right to the route or writes from a page of another
/// environment, and leaves the Call in the context for all others.
http::Guard guard_of(Site& site);

/// The caller of a request, without looking at rights. Throws Error(kNotSignedIn).
std::shared_ptr<Call> identify(Site& site, const http::Request& request);

/// Set-Cookie for this site.
std::string cookie_of(const Site& site, const std::string& name, const std::string& value);
std::string cookie_removal_of(const Site& site, const std::string& name);

}  // namespace doppel::api
