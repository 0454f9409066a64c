#include "access/token.hpp"
#include "api/body.hpp"
#include "api/caller.hpp"
#include "api/membership.hpp"
#include "api/people_json.hpp"
#include "api/site.hpp"
#include "base/error.hpp"

/// API tokens: each for one environment, shown once.
namespace doppel::api {
namespace {

using access::EnvironmentKind;
using access::MemberRole;
using access::Right;
using http::Context;
using http::Request;
using http::Response;

constexpr const char* kTag = "API tokens";
constexpr const char* kPath = "/api/v1/tokens";
constexpr std::int64_t kUsualDays = 90;
constexpr std::int64_t kMostDays = access::kLongestToken / access::kDay;

/// A token that could make tokens would outlive being revoked.
void require_session(const Call& call) {
  if (call.session) return;
  throw Error(ErrorCode::kForbidden, "a token makes, shows and revokes no tokens",
              {.place = {}, .remedy = "sign in for this"});
}

/// Whose rights are asked for, and where.
struct Wanted {
  std::string environment;  ///< id, or live
  std::string name;
  EnvironmentKind kind = EnvironmentKind::kLive;
};

Wanted wanted_environment(Call& call, const std::string& name) {
  if (name == kLive) return {kLive, kLive, EnvironmentKind::kLive};
  const environment::Environment sandbox = require_sandbox(call, name);
  require_member(call, sandbox, MemberRole::kReading);
  call.require(Right::kEnter, kind_of(sandbox));
  return {sandbox.id, sandbox.name, kind_of(sandbox)};
}

/// Whether the right counts for somebody in the token's environment: what a token of live lets do
/// with sandboxes is judged there.
bool has_somewhere(const Call& call, Right right, const Wanted& wanted) {
  if (call.may(right, wanted.kind)) return true;
  if (wanted.kind != EnvironmentKind::kLive) return false;
  return call.may(right, EnvironmentKind::kOverlay) || call.may(right, EnvironmentKind::kShadow);
}

access::Rights rights_of(const Call& call, const json::object& body, const Wanted& wanted) {
  access::Rights rights;
  const json::value* given = body.if_contains("rights");
  if (given == nullptr || given->is_null()) {
    for (const Right right : access::all_rights()) {
      rights.set(static_cast<std::size_t>(right), has_somewhere(call, right, wanted));
    }
    return rights;
  }
  if (!given->is_array()) refuse_field("rights", "has to be a list of rights");
  for (const json::value& item : given->get_array()) {
    const auto right =
        item.is_string() ? access::parse_right(std::string_view(item.get_string())) : std::nullopt;
    if (!right) refuse_field("rights", "has something in it that is no right");
    if (!has_somewhere(call, *right, wanted)) call.require(*right, wanted.kind);
    rights.set(static_cast<std::size_t>(*right));
  }
  return rights;
}

std::int64_t days_of(const json::object& body) {
  const json::value* given = body.if_contains("days");
  if (given == nullptr || given->is_null()) return kUsualDays;
  if (!given->is_int64() || given->get_int64() < 1 || given->get_int64() > kMostDays) {
    refuse_field("days", "has to be a number from 1 to 366");
  }
  return given->get_int64();
}

Response make(const Context& context, const Request& request) {
  Call& call = call_of(context);
  require_session(call);
  const json::object body = read_object(request, {"name", "environment", "rights", "days"});
  const std::string name = required_text(body, "name");
  const Wanted wanted =
      wanted_environment(call, optional_text(body, "environment").value_or(kLive));
  const access::NewToken made = make_token(call.workplace->store(), call.actor,
                                           {.user = call.account.id,
                                            .environment = wanted.environment,
                                            .name = name,
                                            .rights = rights_of(call, body, wanted),
                                            .lasts = days_of(body) * access::kDay});
  json::object answer = token_json(made.token, wanted.name);
  answer["token"] = made.text;
  Response response = http::json_response(answer, 201);
  response.headers.set("Cache-Control", "no-store");
  return response;
}

Response list_of(Call& call, const std::string& user) {
  json::array items;
  for (const access::ApiToken& token : list_tokens(call.workplace->store(), user)) {
    items.emplace_back(token_json(token, environment_name(*call.workplace, token.environment)));
  }
  return http::json_response(json::object{{"items", std::move(items)}});
}

Response list(const Context& context) {
  Call& call = call_of(context);
  require_session(call);
  return list_of(call, call.account.id);
}

/// One's own; of others with the right to manage users.
Response revoke(const Context& context) {
  Call& call = call_of(context);
  require_session(call);
  const std::string& id = context.parameter("id");
  const access::Store store = call.workplace->store();
  const std::string everybody =
      call.may(Right::kManageUsers, EnvironmentKind::kLive) ? std::string() : call.account.id;
  for (const access::ApiToken& token : list_tokens(store, everybody)) {
    if (token.id == id && revoke_token(store, call.actor, id)) return http::empty_response();
  }
  throw Error(ErrorCode::kNotFound, "you have no such token, or it was revoked before",
              {.place = "id", .remedy = std::string("GET ") + kPath + " lists them"});
}

}  // namespace

std::vector<http::Route> token_routes(Site& /*site*/) {
  std::vector<http::Route> routes;
  routes.push_back(
      {.method = http::Method::kGet,
       .pattern = kPath,
       .operation = "list_tokens",
       .summary = "Your API tokens, also those that have ended",
       .tag = kTag,
       .answers = {{.status = 200, .description = "`items`, the newest first"}},
       .handler = [](const Context& context, const Request&) { return list(context); }});
  routes.push_back({.method = http::Method::kPost,
                    .pattern = kPath,
                    .operation = "make_token",
                    .summary = "Make an API token for one environment",
                    .tag = kTag,
                    .body = body_of(R"({"type": "object", "required": ["name"],
                      "additionalProperties": false,
                      "properties": {
                        "name": {"type": "string", "maxLength": 100},
                        "environment": {"type": "string", "default": "live"},
                        "rights": {"type": "array", "items": {"type": "string"}},
                        "days": {"type": "integer", "minimum": 1, "maximum": 366,
                                 "default": 90}}})"),
                    .answers = {{.status = 201, .description = "with `token`, shown this once"}},
                    .handler = make});
  routes.push_back(
      {.method = http::Method::kDelete,
       .pattern = std::string(kPath) + "/{id}",
       .operation = "revoke_token",
       .summary = "Revoke an API token",
       .tag = kTag,
       .answers = {{.status = 204, .description = "it is good for nothing any more"}},
       .handler = [](const Context& context, const Request&) { return revoke(context); }});
  routes.push_back({.method = http::Method::kGet,
                    .pattern = "/api/v1/users/{id}/tokens",
                    .operation = "list_tokens_of_user",
                    .summary = "Somebody's API tokens",
                    .right = "manage_users:live",
                    .tag = kTag,
                    .answers = {{.status = 200, .description = "`items`, the newest first"}},
                    .handler = [](const Context& context, const Request&) {
                      return list_of(call_of(context), context.parameter("id"));
                    }});
  return routes;
}

}  // namespace doppel::api
