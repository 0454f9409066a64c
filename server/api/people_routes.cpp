#include <algorithm>

#include "access/audit.hpp"
#include "access/link.hpp"
#include "access/token.hpp"
#include "api/body.hpp"
#include "api/caller.hpp"
#include "api/people_json.hpp"
#include "api/site.hpp"
#include "base/error.hpp"
#include "desk/resource.hpp"

/// Inviting people, letting them in again, shutting them out. People are live's, wherever the
/// caller is.
namespace doppel::api {
namespace {

using access::Account;
using http::Context;
using http::Request;
using http::Response;

constexpr const char* kTag = "People";
constexpr const char* kInvitations = "/api/v1/invitations";

desk::Workplace live_of(Site& site, Call& call) {
  return {.connection = call.workplace->live(),
          .collections = site.collections(),
          .clock = site.surroundings().clock,
          .random = site.surroundings().random,
          .user_id = call.account.id,
          .grants = &call.grants};
}

/// The account of the path, which the caller has power over: he has all that it has.
Account require_user(Call& call, const Context& context) {
  const std::string& id = context.parameter("id");
  auto account = call.workplace->directory().find_by_id(id);
  if (!account) {
    throw Error(ErrorCode::kNotFound, "there is no user '" + id + "'",
                {.place = "id", .remedy = "GET /api/v1/users lists them"});
  }
  access::require_assign(call.grants, account->grants);
  return std::move(*account);
}

void refuse_outcome(const desk::Outcome& outcome, std::string_view field) {
  if (outcome.kind != desk::Outcome::Kind::kInvalid) return;
  std::vector<doppel::FieldProblem> problems = outcome.problems;
  for (doppel::FieldProblem& problem : problems) {
    if (!field.empty()) problem.field = field;
  }
  refuse_fields("nobody was invited", problems);
}

/// The ids of roles by their codes, each of which the caller may give.
std::vector<std::string> roles_of(Call& call, const json::object& body) {
  std::vector<std::string> ids;
  const json::value* given = body.if_contains("roles");
  if (given == nullptr || !given->is_array() || given->get_array().empty()) {
    refuse_field("roles", "has to be a list of codes of roles", "GET /api/v1/roles lists them");
  }
  for (const json::value& item : given->get_array()) {
    if (!item.is_string()) refuse_field("roles", "has to be a list of codes of roles");
    const std::string code(item.get_string());
    const auto rows =
        call.workplace->live().sql()->query("SELECT id FROM roles WHERE code = $1", {Value(code)});
    if (rows.empty()) refuse_field("roles", "has no role '" + code + "' in live");
    const std::string id = rows[0][0].text();
    if (std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
  }
  return ids;
}

/// The user and his roles; nothing of it stays where something is refused.
std::string add_user(desk::Workplace& live, const json::object& body,
                     const std::vector<std::string>& roles) {
  desk::Values values;
  for (const char* field : {"login", "name", "email"}) {
    values[field] = Value(required_text(body, field));
  }
  const desk::Outcome made = desk::create(live, "users", std::move(values));
  refuse_outcome(made, "");
  const std::string id = made.record->id;
  try {
    std::vector<desk::Write> writes;
    for (const std::string& role : roles) {
      writes.push_back({.verb = desk::Verb::kCreate,
                        .collection = "user_roles",
                        .values = {{"user_id", Value(id)}, {"role_id", Value(role)}}});
    }
    for (const desk::Outcome& outcome : desk::write_all(live, writes)) {
      refuse_outcome(outcome, "roles");
    }
  } catch (const Error&) {
    desk::remove(live, "users", id);
    throw;
  }
  return id;
}

json::object link_json(const std::string& secret, access::LinkPurpose purpose) {
  json::object object;
  object["purpose"] = to_text(purpose);
  object["path"] = "/api/v1/links/" + secret;
  return object;
}

Response link_response(json::object answer, const std::string& secret,
                       access::LinkPurpose purpose) {
  answer["link"] = link_json(secret, purpose);
  Response response = http::json_response(answer, 201);
  response.headers.set("Cache-Control", "no-store");
  return response;
}

Response invite(Site& site, const Context& context, const Request& request) {
  Call& call = call_of(context);
  const json::object body = read_object(request, {"login", "name", "email", "roles"});
  const std::vector<std::string> roles = roles_of(call, body);
  desk::Workplace live = live_of(site, call);
  const std::string id = add_user(live, body, roles);
  const access::Store store = call.workplace->store();
  append_audit(store, entry_of(call.actor, "invite", "users", id));
  const auto account = call.workplace->directory().find_by_id(id);
  return link_response({{"account", account_json(account.value())}},
                       make_link(store, call.actor, access::LinkPurpose::kInvitation, id),
                       access::LinkPurpose::kInvitation);
}

/// For who was invited and lost his link, and for who forgot his password.
Response make_new_link(const Context& context) {
  Call& call = call_of(context);
  const Account account = require_user(call, context);
  if (account.state == access::AccountState::kSuspended) {
    throw Error(ErrorCode::kWrongState, "the account is disabled",
                {.place = "id", .remedy = "enable it first"});
  }
  const access::LinkPurpose purpose = account.password_hash.empty()
                                          ? access::LinkPurpose::kInvitation
                                          : access::LinkPurpose::kReset;
  return link_response({{"account", account_json(account)}},
                       make_link(call.workplace->store(), call.actor, purpose, account.id),
                       purpose);
}

void note(Call& call, const char* verb, const std::string& id) {
  append_audit(call.workplace->store(), entry_of(call.actor, verb, "users", id));
}

/// His sessions and tokens end before the answer is given, and don't come back with him.
Response disable(const Context& context) {
  Call& call = call_of(context);
  const Account account = require_user(call, context);
  if (account.id == call.account.id) {
    throw Error(ErrorCode::kWrongState, "nobody disables himself",
                {.place = "id", .remedy = "ask another administrator"});
  }
  Workplace& place = *call.workplace;
  const access::Store store = place.store();
  place.directory().set_suspended(account.id, access::Suspended::kYes);
  note(call, "disable", account.id);
  const std::size_t sessions = end_sessions(store, call.actor, account.id);
  std::size_t tokens = 0;
  for (const access::ApiToken& token : list_tokens(store, account.id)) {
    if (token.revoked_at == 0 && revoke_token(store, call.actor, token.id)) ++tokens;
  }
  end_links(store, account.id);
  return http::json_response(
      json::object{{"state", "disabled"}, {"sessions", sessions}, {"tokens", tokens}});
}

Response enable(const Context& context) {
  Call& call = call_of(context);
  const Account account = require_user(call, context);
  if (account.state != access::AccountState::kSuspended) {
    throw Error(ErrorCode::kWrongState, "the account isn't disabled", {.place = "id"});
  }
  call.workplace->directory().set_suspended(account.id, access::Suspended::kNo);
  note(call, "enable", account.id);
  return http::json_response(
      json::object{{"state", account.password_hash.empty() ? "invited" : "active"}});
}

Response list_sessions_of(Site& site, const Context& context) {
  Call& call = call_of(context);
  json::array items;
  for (const access::Session& session : list_sessions(
           call.workplace->store(), context.parameter("id"), site.settings().sign_in.times)) {
    items.emplace_back(session_json(session, call.session ? call.session->handle : ""));
  }
  return http::json_response(json::object{{"items", std::move(items)}});
}

Response end_sessions_of(const Context& context) {
  Call& call = call_of(context);
  const Account account = require_user(call, context);
  const std::string kept =
      call.session && account.id == call.account.id ? call.session->handle : "";
  const std::size_t ended = end_sessions(call.workplace->store(), call.actor, account.id, kept);
  return http::json_response(json::object{{"ended", ended}});
}

http::Route route(http::Method method, std::string pattern, std::string operation,
                  std::string summary, http::AnswerDescription answer, http::Handler handler) {
  return {.method = method,
          .pattern = std::move(pattern),
          .operation = std::move(operation),
          .summary = std::move(summary),
          .right = "manage_users:live",
          .tag = kTag,
          .answers = {std::move(answer)},
          .handler = std::move(handler)};
}

http::Handler plain(Response (*handler)(const Context&)) {
  return [handler](const Context& context, const Request&) { return handler(context); };
}

}  // namespace

std::vector<http::Route> people_routes(Site& site) {
  using http::Method;
  const std::string one = "/api/v1/users/{id}";
  std::vector<http::Route> routes;
  routes.push_back(route(Method::kPost, kInvitations, "invite",
                         "Invite somebody: an account, its roles, and a link that opens once",
                         {.status = 201, .description = "`account`, and `link`, shown this once"},
                         [&site](const Context& context, const Request& request) {
                           return invite(site, context, request);
                         }));
  routes.back().body = body_of(R"({"type": "object", "additionalProperties": false,
    "required": ["login", "name", "email", "roles"],
    "properties": {"login": {"type": "string"}, "name": {"type": "string"},
                   "email": {"type": "string"},
                   "roles": {"type": "array", "minItems": 1, "items": {"type": "string"}}}})");
  routes.push_back(route(Method::kPost, one + "/link", "make_link",
                         "A new link for who lost his invitation or password",
                         {.status = 201, .description = "`account`, and `link`, shown this once"},
                         plain(make_new_link)));
  routes.push_back(route(Method::kPost, one + "/disable", "disable_user",
                         "Shut somebody out: his sessions and tokens end at once",
                         {.status = 200, .description = "how many sessions and tokens ended"},
                         plain(disable)));
  routes.push_back(route(Method::kPost, one + "/enable", "enable_user", "Let somebody in again",
                         {.status = 200, .description = "his state"}, plain(enable)));
  routes.push_back(route(
      Method::kGet, one + "/sessions", "list_sessions_of_user", "Where somebody is signed in",
      {.status = 200, .description = "`items`"},
      [&site](const Context& context, const Request&) { return list_sessions_of(site, context); }));
  routes.push_back(route(
      Method::kDelete, one + "/sessions", "end_sessions_of_user", "Sign somebody out everywhere",
      {.status = 200, .description = "`ended`: how many"}, plain(end_sessions_of)));
  return routes;
}

}  // namespace doppel::api
