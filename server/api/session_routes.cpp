#include "access/audit.hpp"
#include "access/link.hpp"
#include "api/body.hpp"
#include "api/caller.hpp"
#include "api/people_json.hpp"
#include "api/site.hpp"
#include "base/error.hpp"
#include "http/problem.hpp"

namespace doppel::api {
namespace {

using http::Context;
using http::Request;
using http::Response;

constexpr const char* kTag = "Sessions";

json::array rights_json(const Call& call, access::EnvironmentKind kind) {
  json::array rights;
  for (const access::Right right : access::all_rights()) {
    if (call.may(right, kind)) rights.emplace_back(access::to_text(right));
  }
  return rights;
}

Response sign_in(Site& site, const Request& request) {
  const json::object body = read_object(request, {"login", "password"});
  const http::Cookies cookies = http::parse_cookies(request.headers.get("Cookie"));
  const std::string* former = cookies.find(kSessionCookie);
  auto place = site.workplaces().take();
  const access::SignedIn signed_in =
      access::sign_in(place->store(), place->directory(), place->passwords(),
                      {.login = required_text(body, "login"),
                       .password = required_text(body, "password"),
                       .address = request.peer,
                       .agent = std::string(request.headers.get("User-Agent")),
                       .request = request.request_id,
                       .former_session_id = former == nullptr ? "" : *former},
                      site.settings().sign_in);
  if (signed_in.answer == access::SignInAnswer::kThrottled) {
    return throttled_response(access::Throttled("too many failures to sign in", signed_in.wait),
                              request.request_id);
  }
  if (signed_in.answer == access::SignInAnswer::kRefused) {
    throw Error(ErrorCode::kNotSignedIn, "login and password don't belong together",
                {.place = {}, .remedy = "try again, or ask an admin for a link"});
  }
  json::object answer;
  answer["account"] = account_json(*signed_in.account);
  answer["csrf_token"] = access::csrf_token(signed_in.session->id);
  Response response = http::json_response(answer, 201);
  response.headers.add("Set-Cookie", cookie_of(site, kSessionCookie, signed_in.session->id));
  response.headers.add("Set-Cookie", cookie_removal_of(site, kSandboxCookie));
  return response;
}

Response sign_out(Site& site, const Context& context) {
  Call& call = call_of(context);
  if (!call.session) {
    throw Error(ErrorCode::kWrongState, "a token has no session",
                {.place = {}, .remedy = "revoke the token instead"});
  }
  end_session(call.workplace->store(), call.actor, call.account.id, call.session->handle);
  Response response = http::empty_response();
  response.headers.add("Set-Cookie", cookie_removal_of(site, kSessionCookie));
  response.headers.add("Set-Cookie", cookie_removal_of(site, kSandboxCookie));
  return response;
}

Response who_am_i(const Context& context) {
  const Call& call = call_of(context);
  json::object answer;
  answer["account"] = account_json(call.account);
  answer["environment"] = call.environment.live() ? kLive : call.environment.sandbox;
  answer["rights"] = rights_json(call, call.kind());
  answer["membership"] = call.membership ? json::value(to_text(*call.membership)) : json::value();
  answer["csrf_token"] =
      call.session ? json::value(access::csrf_token(call.session_id)) : json::value();
  return http::json_response(answer);
}

Response redeem(Site& site, const Context& context, const Request& request) {
  const json::object body = read_object(request, {"password"});
  auto place = site.workplaces().take();
  const access::Redeemed redeemed =
      redeem_link(place->store(), place->directory(), place->passwords(),
                  {.who = {}, .request = request.request_id, .address = request.peer},
                  context.parameter("secret"), required_text(body, "password"));
  if (redeemed.answer == access::LinkAnswer::kNotGood) {
    throw Error(ErrorCode::kNotFound, "the link is used, has ended or never was",
                {.place = {}, .remedy = "ask for a new one"});
  }
  if (redeemed.answer == access::LinkAnswer::kProblems) {
    refuse_fields("this can't be the password", redeemed.problems);
  }
  return http::json_response(json::object{{"account", account_json(*redeemed.account)}});
}

}  // namespace

std::vector<http::Route> session_routes(Site& site) {
  std::vector<http::Route> routes;
  routes.push_back({.method = http::Method::kPost,
                    .pattern = "/api/v1/session",
                    .operation = "sign_in",
                    .summary = "Sign in with login and password",
                    .right = std::string(http::kPublic),
                    .tag = kTag,
                    .body = body_of(R"({"type": "object", "required": ["login", "password"],
                      "additionalProperties": false,
                      "properties": {"login": {"type": "string"},
                                     "password": {"type": "string"}}})"),
                    .answers = {{.status = 201, .description = "who it is, and the CSRF token"}},
                    .handler = [&site](const Context&, const Request& request) {
                      return sign_in(site, request);
                    }});
  routes.push_back(
      {.method = http::Method::kGet,
       .pattern = "/api/v1/session",
       .operation = "read_session",
       .summary = "Who is signed in, where, and what he may do there",
       .tag = kTag,
       .answers = {{.status = 200, .description = "account, environment, rights"}},
       .handler = [](const Context& context, const Request&) { return who_am_i(context); }});
  routes.push_back({.method = http::Method::kDelete,
                    .pattern = "/api/v1/session",
                    .operation = "sign_out",
                    .summary = "Sign out",
                    .tag = kTag,
                    .answers = {{.status = 204, .description = "the session has ended"}},
                    .handler = [&site](const Context& context, const Request&) {
                      return sign_out(site, context);
                    }});
  routes.push_back({.method = http::Method::kPost,
                    .pattern = "/api/v1/links/{secret}",
                    .operation = "redeem_link",
                    .summary = "Set a password by a link that opens once",
                    .right = std::string(http::kPublic),
                    .tag = kTag,
                    .body = body_of(R"({"type": "object", "required": ["password"],
                      "additionalProperties": false,
                      "properties": {"password": {"type": "string", "minLength": 12}}})"),
                    .answers = {{.status = 200, .description = "whose it is now"}},
                    .handler = [&site](const Context& context, const Request& request) {
                      return redeem(site, context, request);
                    }});
  return routes;
}

}  // namespace doppel::api
