#include "access/sign_in.hpp"
#include "api/body.hpp"
#include "api/caller.hpp"
#include "api/people_json.hpp"
#include "api/site.hpp"
#include "base/error.hpp"

/// What everybody does with his own sessions and password.
namespace doppel::api {
namespace {

using http::Context;
using http::Request;
using http::Response;

constexpr const char* kTag = "Sessions";

/// Throws Error(kWrongState) for who came with a token.
const access::Session& own_session(const Call& call) {
  if (call.session) return *call.session;
  throw Error(ErrorCode::kWrongState, "a token has no session and no password",
              {.place = {}, .remedy = "sign in for this"});
}

Response list(Site& site, const Context& context) {
  Call& call = call_of(context);
  const access::Session& own = own_session(call);
  json::array items;
  for (const access::Session& session :
       list_sessions(call.workplace->store(), call.account.id, site.settings().sign_in.times)) {
    items.emplace_back(session_json(session, own.handle));
  }
  return http::json_response(json::object{{"items", std::move(items)}});
}

Response end_one(Site& site, const Context& context) {
  Call& call = call_of(context);
  const access::Session& own = own_session(call);
  const std::string& handle = context.parameter("id");
  if (!end_session(call.workplace->store(), call.actor, call.account.id, handle)) {
    throw Error(ErrorCode::kNotFound, "you have no such session", {.place = "id"});
  }
  Response response = http::empty_response();
  if (handle == own.handle) {
    response.headers.add("Set-Cookie", cookie_removal_of(site, kSessionCookie));
    response.headers.add("Set-Cookie", cookie_removal_of(site, kSandboxCookie));
  }
  return response;
}

Response end_others(const Context& context) {
  Call& call = call_of(context);
  const std::size_t ended =
      end_sessions(call.workplace->store(), call.actor, call.account.id, own_session(call).handle);
  return http::json_response(json::object{{"ended", ended}});
}

Response change(Site& site, const Context& context, const Request& request) {
  Call& call = call_of(context);
  const access::Session& own = own_session(call);
  const json::object body = read_object(request, {"current", "password"});
  Workplace& place = *call.workplace;
  try {
    const access::PasswordChange problems = access::change_password(
        place.store(), place.directory(), place.passwords(), call.actor, own,
        required_text(body, "current"), required_text(body, "password"), site.settings().sign_in);
    if (!problems.empty()) refuse_fields("the password stays as it is", problems);
  } catch (const access::Throttled& throttled) {
    return throttled_response(throttled, request.request_id);
  }
  return http::empty_response();
}

}  // namespace

std::vector<http::Route> account_routes(Site& site) {
  std::vector<http::Route> routes;
  routes.push_back(
      {.method = http::Method::kGet,
       .pattern = "/api/v1/sessions",
       .operation = "list_sessions",
       .summary = "Where you are signed in",
       .tag = kTag,
       .answers = {{.status = 200, .description = "`items`, seen last first"}},
       .handler = [&site](const Context& context, const Request&) { return list(site, context); }});
  routes.push_back(
      {.method = http::Method::kDelete,
       .pattern = "/api/v1/sessions",
       .operation = "end_other_sessions",
       .summary = "Sign out everywhere but here",
       .tag = kTag,
       .answers = {{.status = 200, .description = "`ended`: how many"}},
       .handler = [](const Context& context, const Request&) { return end_others(context); }});
  routes.push_back({.method = http::Method::kDelete,
                    .pattern = "/api/v1/sessions/{id}",
                    .operation = "end_session",
                    .summary = "End one of your sessions",
                    .tag = kTag,
                    .answers = {{.status = 204, .description = "it has ended"}},
                    .handler = [&site](const Context& context, const Request&) {
                      return end_one(site, context);
                    }});
  routes.push_back({.method = http::Method::kPost,
                    .pattern = "/api/v1/session/password",
                    .operation = "change_password",
                    .summary = "Change your password; your other sessions end",
                    .tag = kTag,
                    .body = body_of(R"({"type": "object", "required": ["current", "password"],
                      "additionalProperties": false,
                      "properties": {"current": {"type": "string"},
                                     "password": {"type": "string"}}})"),
                    .answers = {{.status = 204, .description = "it is the new one"}},
                    .handler = [&site](const Context& context, const Request& request) {
                      return change(site, context, request);
                    }});
  return routes;
}

}  // namespace doppel::api
