#include "api/caller.hpp"

#include <algorithm>

#include "access/rights.hpp"
#include "access/sandbox_cookie.hpp"
#include "api/site.hpp"
#include "base/error.hpp"
#include "http/cookie.hpp"
#include "http/problem.hpp"

namespace doppel::api {
namespace {

using access::EnvironmentKind;

constexpr std::string_view kBearer = "Bearer ";

bool is_safe(http::Method method) {
  return method == http::Method::kGet || method == http::Method::kHead ||
         method == http::Method::kOptions;
}

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

void enter(Call& call, environment::Environment sandbox) {
  call.environment.sandbox = sandbox.name;
  call.sandbox = std::move(sandbox);
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
  std::string environment;
  if (!wanted.empty()) {
    environment = kLive;
    if (wanted != kLive) {
      const auto named = place.engine().sandboxes(place.tenant());
      const auto found = std::ranges::find(named, wanted, &environment::Environment::name);
      environment = found == named.end() ? std::string(wanted) : found->id;
    }
  }
  const access::TokenUse use = use_token(place.store(), text, environment, call.actor);
  if (use.answer == access::TokenAnswer::kOtherEnvironment) {
    throw Error(ErrorCode::kNotSignedIn,
                "the token is for another environment than '" + std::string(wanted) + "'",
                {.place = kEnvironmentHeader, .remedy = "use a token of that environment"});
  }
  if (use.answer != access::TokenAnswer::kGood) fail_not_signed_in();
  call.token = use.token;
  call.account = active_account(place.directory(), use.token->user);
  if (use.token->environment == kLive) return;
  auto sandbox = find_sandbox(place.engine(), place.tenant(), use.token->environment);
  if (!sandbox) {
    throw Error(ErrorCode::kNotSignedIn, "the environment of this token has ended",
                {.place = {}, .remedy = "make a token for another one"});
  }
  enter(call, std::move(*sandbox));
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
    if (sandbox) return enter(call, std::move(*sandbox));
  }
  if (is_safe(request.method)) return;
  http::Problem problem{.code = ErrorCode::kWrongState,
                        .detail = "this session was in a sandbox that has ended; it is in live now",
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

}  // namespace

EnvironmentKind Call::kind() const {
  if (!sandbox) return EnvironmentKind::kLive;
  return access::parse_environment_kind(sandbox->kind).value_or(EnvironmentKind::kOverlay);
}

bool Call::may(access::Right right, EnvironmentKind where) const {
  return token ? access::may(account.grants, token->rights, right, where)
               : access::may(account.grants, right, where);
}

void Call::require(access::Right right, EnvironmentKind where) const {
  if (token) return access::require(account.grants, token->rights, right, where);
  access::require(account.grants, right, where);
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
  call->actor.who = call->account.login;
  call->workplace->engine().act_for(call->actor);
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
    if (!context.route->right.empty()) {
      const auto right = access::parse_right(context.route->right);
      if (!right) throw Error(ErrorCode::kInternal, "a route asks for a right that there isn't");
      try {
        call->require(*right, call->kind());
      } catch (const Error& refusal) {
        access::AuditEntry entry =
            entry_of(call->actor, std::string(context.route->operation), "route", {});
        entry.outcome = access::Outcome::kRefused;
        entry.reason = refusal.what();
        append_audit(call->workplace->store(), entry);
        throw;
      }
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
