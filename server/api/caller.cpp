#include "api/caller.hpp"

#include <algorithm>

#include "access/rights.hpp"
#include "access/sandbox_cookie.hpp"
#include "api/judge.hpp"
#include "api/membership.hpp"
#include "api/site.hpp"
#include "base/error.hpp"
#include "desk/directory.hpp"
#include "http/cookie.hpp"
#include "http/problem.hpp"

namespace doppel::api {
namespace {

using access::EnvironmentKind;

constexpr std::string_view kBearer = "Bearer ";

[[noreturn]] void fail_not_signed_in() {
  throw Error(ErrorCode::kNotSignedIn, "this needs somebody who is signed in",
              {.place = {}, .remedy = "POST /api/v1/session, or send an API token"});
}

std::optional<environment::Environment> find_sandbox(Doppel& engine, const std::string& tenant,
                                                     const std::string& id) {
  for (environment::Environment& environment : engine.sandboxes(tenant)) {
    if (environment.id == id) return std::move(environment);
  }
  return std::nullopt;
}

/// False: he isn't let in, or not any more.
bool enter(Call& call, environment::Environment sandbox) {
  const auto role = role_in(*call.workplace, call.account, sandbox);
  if (!role || !call.may(access::Right::kEnter, kind_of(sandbox))) return false;
  call.membership = role;
  call.environment.sandbox = sandbox.name;
  call.sandbox = std::move(sandbox);
  return true;
}

/// An account that may act, as live has it now.
access::Account active_account(access::Directory& directory, const std::string& id) {
  auto account = directory.find_by_id(id);
  if (!account || !account->is_active()) fail_not_signed_in();
  return std::move(*account);
}

void identify_by_token(Call& call, const http::Request& request, std::string_view text) {
  Workplace& place = *call.workplace;
  const std::string_view wanted = request.headers.get(kEnvironmentHeader);
  const auto sandboxes = place.engine().sandboxes(place.tenant());
  std::string environment(wanted);
  if (!wanted.empty() && wanted != kLive) {
    const auto found = std::ranges::find(sandboxes, wanted, &environment::Environment::name);
    if (found != sandboxes.end()) environment = found->id;
  }
  const access::TokenUse use = use_token(place.store(), text, environment, call.actor);
  if (use.answer == access::TokenAnswer::kUnknown) fail_not_signed_in();
  const auto own =
      std::ranges::find(sandboxes, use.token->environment, &environment::Environment::id);
  if (use.answer == access::TokenAnswer::kOtherEnvironment) {
    const std::string name = own == sandboxes.end() ? use.token->environment : own->name;
    throw Error(ErrorCode::kNotSignedIn,
                "the token is for '" + name + "' and was used in '" + std::string(wanted) + "'",
                {.place = kEnvironmentHeader, .remedy = "use a token of that environment"});
  }
  call.token = use.token;
  call.account = active_account(place.directory(), use.token->user);
  if (use.token->environment == kLive) return;
  if (own == sandboxes.end() || !enter(call, *own)) {
    throw Error(ErrorCode::kNotSignedIn, "the environment of this token has ended",
                {.place = {}, .remedy = "make a token for another one"});
  }
}

/// The sandbox that the session is in; one that has ended refuses a write once [P3].
void enter_by_cookie(Site& site, Call& call, const http::Request& request,
                     const std::string& cookie) {
  Workplace& place = *call.workplace;
  const access::Store store = place.store();
  const access::SandboxCookie read = read_sandbox_cookie(
      signing_keys(store), place.tenant(), cookie, call.session->handle, store.now().microseconds);
  if (read.answer == access::CookieAnswer::kGood) {
    auto sandbox = find_sandbox(place.engine(), place.tenant(), read.environment);
    if (sandbox && enter(call, std::move(*sandbox))) return;
  }
  if (is_safe(request.method)) return;
  http::Problem problem{.code = ErrorCode::kWrongState,
                        .detail =
                            "this session was in a sandbox that has ended, or isn't shared "
                            "with you any more; it is in live now",
                        .remedy = "look at live and send it again if it is meant for live"};
  throw LeftSandbox(std::move(problem), cookie_removal_of(site, kSandboxCookie));
}

void identify_by_session(Site& site, Call& call, const http::Request& request,
                         const http::Cookies& cookies) {
  const std::string* id = cookies.find(kSessionCookie);
  if (id == nullptr) fail_not_signed_in();
  Workplace& place = *call.workplace;
  call.session = find_session(place.store(), *id, site.settings().sign_in.times);
  if (!call.session) fail_not_signed_in();
  call.session_id = *id;
  call.account = active_account(place.directory(), call.session->user);
  if (!is_safe(request.method) && !access::is_csrf_token(request.headers.get(kCsrfHeader), *id)) {
    throw Error(ErrorCode::kForbidden, "the write doesn't carry its session's token",
                {.place = kCsrfHeader, .remedy = "GET /api/v1/session gives it as `csrf_token`"});
  }
  if (const std::string* sandbox = cookies.find(kSandboxCookie)) {
    enter_by_cookie(site, call, request, *sandbox);
  }
}

/// A session is where its cookie says; a client that names another place is told so.
void refuse_other_environment(const Call& call, const http::Request& request) {
  const std::string_view wanted = request.headers.get(kEnvironmentHeader);
  if (wanted.empty() || !call.session) return;
  const std::string now = call.environment.live() ? kLive : call.environment.sandbox;
  if (wanted == now) return;
  throw Error(ErrorCode::kWrongState,
              "the request names '" + std::string(wanted) + "' and the session is in '" + now + "'",
              {.place = kEnvironmentHeader, .remedy = "enter it, or send a token of it"});
}

/// A write from a page that was drawn in another environment than the session is in now [O2].
void refuse_other_page(const Call& call, const http::Request& request) {
  const std::string_view page = request.headers.get(kPageHeader);
  if (page.empty() || is_safe(request.method)) return;
  const std::string now = call.environment.live() ? kLive : call.environment.sandbox;
  if (page == now) return;
  throw Error(
      ErrorCode::kWrongState,
      "the page was drawn in '" + std::string(page) + "' and the session is in '" + now + "' now",
      {.place = kPageHeader, .remedy = "load the page again"});
}

/// A role is looked at, never worn: it takes from what the caller may do and gives nothing [R1].
void view_as_role(Call& call, const http::Request& request) {
  const std::string role(request.headers.get(kViewAsHeader));
  if (role.empty()) return;
  if (!is_safe(request.method)) {
    throw Error(ErrorCode::kForbidden, "nothing is written while a role is viewed as",
                {.place = kViewAsHeader, .remedy = "leave the header out"});
  }
  OpenEnvironment& place = call.workplace->environment(call.environment, call.sandbox);
  call.viewed = desk::grants_of_role(*place.connection().sql(), role);
  if (!call.viewed) {
    throw Error(ErrorCode::kNotFound, "there is no role '" + role + "' here",
                {.place = kViewAsHeader, .remedy = "GET /api/v1/roles lists their codes"});
  }
}

}  // namespace

bool is_safe(http::Method method) {
  return method == http::Method::kGet || method == http::Method::kHead ||
         method == http::Method::kOptions;
}

EnvironmentKind Call::kind() const { return sandbox ? kind_of(*sandbox) : EnvironmentKind::kLive; }

bool Call::may(access::Right right, EnvironmentKind where) const {
  if (viewed && !access::may(*viewed, right, where)) return false;
  return token ? access::may(account.grants, token->rights, right, where)
               : access::may(account.grants, right, where);
}

void Call::require(access::Right right, EnvironmentKind where) const {
  if (token) access::require(account.grants, token->rights, right, where);
  access::require(account.grants, right, where);
  if (viewed) access::require(*viewed, right, where);
}

Call& call_of(const http::Context& context) {
  return *std::any_cast<const std::shared_ptr<Call>&>(context.caller);
}

std::shared_ptr<Call> identify(Site& site, const http::Request& request) {
  auto call = std::make_shared<Call>(
      Call{.workplace = site.workplaces().take(),
           .account = {},
           .session_id = {},
           .session = {},
           .token = {},
           .environment = {.tenant = site.settings().tenant, .sandbox = {}},
           .sandbox = {},
           .actor = {.who = {}, .request = request.request_id, .address = request.peer}});
  const std::string_view authorization = request.headers.get("Authorization");
  if (authorization.starts_with(kBearer)) {
    identify_by_token(*call, request, authorization.substr(kBearer.size()));
  } else {
    identify_by_session(site, *call, request, http::parse_cookies(request.headers.get("Cookie")));
  }
  view_as_role(*call, request);
  call->grants = call->account.grants;
  if (call->token) call->grants &= call->token->rights;
  if (call->viewed) call->grants &= *call->viewed;
  call->actor.who = call->account.login;
  call->workplace->engine().act_for(call->actor);
  refuse_other_environment(*call, request);
  refuse_other_page(*call, request);
  return call;
}

http::Guard guard_of(Site& site) {
  return [&site](http::Context& context,
                 const http::Request& request) -> std::optional<http::Response> {
    if (context.route->right == http::kPublic) return std::nullopt;
    std::shared_ptr<Call> call;
    try {
      call = identify(site, request);
    } catch (const LeftSandbox& left) {
      http::Response refused = http::problem_response(left.problem(), request.request_id);
      refused.headers.add("Set-Cookie", left.cookie_removal());
      return refused;
    }
    try {
      judge(*call, context, request);
    } catch (const Error& refusal) {
      if (refusal.code() == ErrorCode::kForbidden) note_refusal(*call, context, refusal);
      throw;
    }
    context.caller = std::move(call);
    return std::nullopt;
  };
}

std::string cookie_of(const Site& site, const std::string& name, const std::string& value) {
  return http::to_header(
      http::SetCookie{.name = name, .value = value, .secure = site.settings().cookies});
}

std::string cookie_removal_of(const Site& site, const std::string& name) {
  return http::removal_of(
      http::SetCookie{.name = name, .value = {}, .secure = site.settings().cookies});
}

}  // namespace doppel::api
