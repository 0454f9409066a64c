#include <algorithm>

#include "access/sandbox_cookie.hpp"
#include "api/body.hpp"
#include "api/caller.hpp"
#include "api/environment_json.hpp"
#include "api/judge.hpp"
#include "api/membership.hpp"
#include "api/people_json.hpp"
#include "api/site.hpp"
#include "base/error.hpp"
#include "http/problem.hpp"

/// The configuration sandbox of the admin who asks [D4]: a face on the general resource.
namespace doppel::api {
namespace {

using access::Right;
using environment::Environment;
using http::Context;
using http::Request;
using http::Response;

constexpr const char* kTag = "Configuration sandbox";
constexpr const char* kPath = "/api/v1/admin/sandbox";

/// Each admin has one of his own; its name says whose, and is the same wherever he signs in.
EnvironmentName own_sandbox(const Call& call) {
  constexpr std::size_t kDigits = 12;
  const std::string& id = call.account.id;
  return {.tenant = call.environment.tenant,
          .sandbox = "own-" + id.substr(id.size() - std::min(id.size(), kDigits))};
}

std::optional<Environment> find_own(Call& call) {
  const EnvironmentName name = own_sandbox(call);
  for (Environment& environment : call.workplace->engine().sandboxes(name.tenant)) {
    if (environment.name != name.sandbox) continue;
    if (role_in(*call.workplace, call.account, environment) != access::MemberRole::kOwner) break;
    return std::move(environment);
  }
  return std::nullopt;
}

Environment require_own(Call& call) {
  auto own = find_own(call);
  if (own) return std::move(*own);
  throw Error(ErrorCode::kNotFound, "you have no sandbox",
              {.place = {}, .remedy = std::string("POST ") + kPath + " makes one"});
}

/// Promotions that stand: neither taken back, nor taking back one that is.
const plan::Promotion* newest_standing(const std::vector<plan::Promotion>& history) {
  const auto is_reverted = [&](std::int64_t number) {
    return std::ranges::any_of(
        history, [&](const plan::Promotion& other) { return other.reverts == number; });
  };
  for (auto promotion = history.rbegin(); promotion != history.rend(); ++promotion) {
    if (promotion->kind == plan::PromotionKind::kRollback) continue;
    if (!is_reverted(promotion->number)) return &*promotion;
  }
  return nullptr;
}

json::object version_json(std::string_view state, std::int64_t version, const std::string& at,
                          const std::string& by) {
  json::object object;
  object["state"] = state;
  object["version"] = version;
  object["created_at"] = at;
  object["created_by"] = by;
  return object;
}

json::value sandbox_json(Call& call) {
  if (!find_own(call)) return nullptr;
  return to_json(call.workplace->engine().status(own_sandbox(call)));
}

/// Others see that there is one, whose and since when, and nothing of what is in it.
json::array others_json(Call& call) {
  json::array others;
  const EnvironmentName own = own_sandbox(call);
  for (const Environment& other : call.workplace->engine().sandboxes(own.tenant)) {
    if (other.name == own.sandbox) continue;
    others.push_back({{"created_by", other.created_by}, {"created_at", other.created_at}});
  }
  return others;
}

Response read_status(const Context& context) {
  Call& call = call_of(context);
  Doppel& engine = call.workplace->engine();
  const std::vector<plan::Promotion> history = engine.history(call.environment.tenant);
  const plan::Promotion* previous = newest_standing(history);
  json::object answer;
  const auto version = static_cast<std::int64_t>(history.size());
  answer["live"] = history.empty()
                       ? version_json("live", 0, "", "")
                       : version_json("live", version, history.back().at, history.back().by);
  answer["sandbox"] = sandbox_json(call);
  // What live was before the newest promotion that stands is what a rollback brings back.
  answer["previous"] = previous == nullptr ? json::value()
                                           : version_json("previous", previous->number - 1,
                                                          previous->at, previous->by);
  const auto own = find_own(call);
  answer["active"] = own && call.sandbox && call.sandbox->id == own->id;
  answer["others"] = others_json(call);
  return http::json_response(answer);
}

Response create(const Context& context) {
  Call& call = call_of(context);
  const Created created = call.workplace->engine().create(own_sandbox(call), {});
  own(call, created.environment);
  json::object answer;
  answer["tables"] = counts_json(created.tables);
  answer["sandbox"] = to_json(created.environment);
  return http::json_response(answer, 201);
}

Response toggle(Site& site, const Context& context, const Request& request) {
  Call& call = call_of(context);
  if (!call.session) {
    throw Error(ErrorCode::kWrongState, "a token has an environment of its own and no session",
                {.place = {}, .remedy = "make a token for the sandbox"});
  }
  const bool enable = required_flag(read_object(request, {"enable"}), "enable");
  Response response = http::json_response(json::object{{"enabled", enable}});
  if (!enable) {
    response.headers.add("Set-Cookie", cookie_removal_of(site, kSandboxCookie));
    return response;
  }
  const auto own = find_own(call);
  if (!own) {
    throw Error(ErrorCode::kWrongState, "you have no sandbox to enter",
                {.place = {}, .remedy = std::string("POST ") + kPath + " makes one"});
  }
  const access::Store store = call.workplace->store();
  response.headers.add("Set-Cookie",
                       cookie_of(site, kSandboxCookie,
                                 make_sandbox_cookie(signing_keys(store), store.tenant, own->id,
                                                     call.session->handle)));
  return response;
}

Response read_diff(const Context& context) {
  Call& call = call_of(context);
  require_own(call);
  Doppel& engine = call.workplace->engine();
  const EnvironmentName name = own_sandbox(call);
  return http::json_response(to_json(engine.model(name.tenant), engine.diff(name)));
}

/// A refusal that shows what has to be decided.
Response conflicts(const plan::Plan& plan, const manifest::Model& model, const Request& request) {
  std::vector<std::string> failed;
  for (const plan::Check& check : plan.checks) {
    if (!check.passed) failed.push_back(check.message);
  }
  const Error error(ErrorCode::kConflicts,
                    failed.empty() ? "the plan can't be promoted" : failed.front(),
                    {.place = {}, .remedy = "resolve its conflicts in the plan of the sandbox"});
  Response response = http::problem_response(error, request.request_id);
  json::object document = parse_json(response.text(), "problem").as_object();
  document["plan"] = to_json(model, plan);
  response.body = write_json(document, JsonStyle::kCompact);
  return response;
}

Response promote(Site& site, const Context& context, const Request& request) {
  Call& call = call_of(context);
  const Environment sandbox = require_own(call);
  Doppel& engine = call.workplace->engine();
  const EnvironmentName name = own_sandbox(call);
  const plan::Plan plan = engine.plan(name, {});
  require_for_config(call, plan);
  if (!plan.promotable()) return conflicts(plan, engine.model(name.tenant), request);
  const plan::Promoted promoted = engine.promote(name, plan.hash.text);
  revoke_if_ended(call, sandbox);
  json::object answer;
  answer["promotion"] = to_json(promoted.promotion);
  answer["rows"] = promoted.promotion.config.size();
  answer["snapshot"] = promoted.snapshot.name;
  Response response = http::json_response(answer);
  return out_of_it(site, call, sandbox, std::move(response));
}

LaterEdits later_edits_of(const json::object& body) {
  const auto wanted = optional_text(body, "later_edits");
  if (!wanted) return LaterEdits::kRefuse;
  if (*wanted == "keep") return LaterEdits::kKeep;
  if (*wanted == "discard") return LaterEdits::kDiscard;
  refuse_field("later_edits", "has to be keep or discard");
}

Response roll_back(const Context& context, const Request& request) {
  Call& call = call_of(context);
  const LaterEdits later_edits = later_edits_of(read_object(request, {"later_edits"}));
  Doppel& engine = call.workplace->engine();
  const std::vector<plan::Promotion> history = engine.history(call.environment.tenant);
  const plan::Promotion* previous = newest_standing(history);
  if (previous == nullptr) {
    const Error error(ErrorCode::kWrongState, "there is no previous config",
                      {.place = {}, .remedy = "there is one after a promotion"});
    Response response = http::problem_response(error, request.request_id);
    json::object document = parse_json(response.text(), "problem").as_object();
    document["code"] = "no_previous";
    response.body = write_json(document, JsonStyle::kCompact);
    return response;
  }
  require_for_config(call, engine.plan_rollback(call.environment.tenant, previous->number,
                                                {.select = {}, .mappings = {}, .rehearse = false}));
  const plan::Promoted restored = engine.restore_previous(call.environment.tenant, later_edits);
  json::object answer;
  answer["promotion"] = to_json(restored.promotion);
  answer["rows"] = restored.promotion.config.size();
  answer["snapshot"] = restored.snapshot.name;
  return http::json_response(answer);
}

Response discard(Site& site, const Context& context) {
  Call& call = call_of(context);
  const Environment sandbox = require_own(call);
  call.workplace->engine().discard(own_sandbox(call));
  revoke_if_ended(call, sandbox);
  Response response = http::empty_response();
  return out_of_it(site, call, sandbox, std::move(response));
}

/// All of them are for those who manage environments in live: admins.
std::string right_with(std::string_view more) {
  std::string rights = std::string(to_text(Right::kManageEnvironments)) + ":" + kLive;
  if (!more.empty()) rights += " " + std::string(more) + ":" + kLive;
  return rights;
}

http::Route route(http::Method method, const std::string& path, std::string operation,
                  std::string summary, int status, http::Handler handler,
                  std::string_view more = {}) {
  return {.method = method,
          .pattern = kPath + path,
          .operation = std::move(operation),
          .summary = std::move(summary),
          .right = right_with(more),
          .tag = kTag,
          .answers = {{.status = status, .description = "as docs/reference/api.md shows it"}},
          .handler = std::move(handler)};
}

}  // namespace

std::vector<http::Route> sandbox_routes(Site& site) {
  using http::Method;
  std::vector<http::Route> routes;
  routes.push_back(route(Method::kGet, "", "read_own_sandbox", "Live, your sandbox and previous",
                         200, [](const Context& c, const Request&) { return read_status(c); }));
  routes.push_back(route(Method::kPost, "", "create_own_sandbox",
                         "Make your sandbox: a private copy of live's config", 201,
                         [](const Context& c, const Request&) { return create(c); }));
  routes.push_back(route(
      Method::kPost, "/toggle", "toggle_own_sandbox", "Enter or leave your sandbox", 200,
      [&site](const Context& c, const Request& request) { return toggle(site, c, request); }));
  routes.push_back(route(Method::kGet, "/diff", "diff_own_sandbox",
                         "What your sandbox adds, removes and changes", 200,
                         [](const Context& c, const Request&) { return read_diff(c); }));
  routes.push_back(route(
      Method::kPost, "/promote", "promote_own_sandbox", "Make your sandbox's config live's", 200,
      [&site](const Context& c, const Request& request) { return promote(site, c, request); },
      to_text(Right::kPromote)));
  routes.push_back(route(
      Method::kPost, "/rollback", "restore_previous", "Make the previous config live's", 200,
      [](const Context& c, const Request& request) { return roll_back(c, request); },
      to_text(Right::kRollBack)));
  routes.push_back(route(Method::kDelete, "", "discard_own_sandbox", "Throw your sandbox away", 204,
                         [&site](const Context& c, const Request&) { return discard(site, c); }));
  for (http::Route& one : routes) {
    if (one.operation == "toggle_own_sandbox") {
      one.body = body_of(R"({"type": "object", "required": ["enable"],
        "additionalProperties": false, "properties": {"enable": {"type": "boolean"}}})");
    } else if (one.operation == "restore_previous") {
      one.body = body_of(R"({"type": "object", "additionalProperties": false,
        "properties": {"later_edits": {"enum": ["keep", "discard"]}}})");
    }
  }
  return routes;
}

}  // namespace doppel::api
