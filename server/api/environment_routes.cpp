#include <algorithm>

#include "access/sandbox_cookie.hpp"
#include "api/body.hpp"
#include "api/caller.hpp"
#include "api/environment_json.hpp"
#include "api/site.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "http/problem.hpp"

/// Sandboxes as a general resource: everything that the engine can do, by name.
namespace doppel::api {
namespace {

using access::EnvironmentKind;
using access::Right;
using environment::Environment;
using http::Context;
using http::Request;
using http::Response;

constexpr const char* kEnvironments = "Environments";
constexpr const char* kPromotions = "Promotions";

/// What is in a sandbox is its owner's until he shares it. Throws Error(kNotFound),
/// Error(kForbidden).
EnvironmentName own_environment(const Context& context) {
  Call& call = call_of(context);
  const std::string& name = context.parameter("name");
  for (const Environment& environment :
       call.workplace->engine().sandboxes(call.environment.tenant)) {
    if (environment.name != name) continue;
    if (environment.created_by == call.account.login) {
      return {.tenant = call.environment.tenant, .sandbox = name};
    }
    throw Error(ErrorCode::kForbidden, "the sandbox is private to " + environment.created_by,
                {.place = name, .remedy = "ask its owner"});
  }
  throw Error(ErrorCode::kNotFound, "there is no sandbox '" + name + "'",
              {.place = "name", .remedy = "GET /api/v1/environments lists them"});
}

Response list(const Context& context) {
  Call& call = call_of(context);
  json::array items;
  for (const Environment& environment :
       call.workplace->engine().sandboxes(call.environment.tenant)) {
    const bool own = environment.created_by == call.account.login;
    // Of another's, what it is there for isn't told.
    json::object item = own ? to_json(environment)
                            : json::object{{"name", environment.name},
                                           {"created_at", environment.created_at},
                                           {"created_by", environment.created_by}};
    item["own"] = own;
    items.emplace_back(std::move(item));
  }
  return http::json_response(json::object{{"items", std::move(items)}});
}

Response create(const Context& context, const Request& request) {
  Call& call = call_of(context);
  const json::object body = read_object(request, {"name", "kind", "follow", "purpose"});
  CreateOptions options;
  options.kind = optional_text(body, "kind").value_or(options.kind);
  options.purpose = optional_text(body, "purpose").value_or("");
  if (const auto follow = optional_text(body, "follow")) {
    if (*follow != kLive) refuse_field("follow", "has to be live, or left out");
    options.follow_live = true;
  }
  const EnvironmentName name =
      parse_environment(call.environment.tenant + "/" + required_text(body, "name"));
  const Created created = call.workplace->engine().create(name, options);
  json::object answer = to_json(created.environment);
  answer["tables"] = counts_json(created.tables);
  Response response = http::json_response(answer, 201);
  response.headers.add("Location", "/api/v1/environments/" + name.sandbox);
  return response;
}

Response status(const Context& context) {
  const EnvironmentName name = own_environment(context);
  return http::json_response(to_json(call_of(context).workplace->engine().status(name)));
}

Response enter(Site& site, const Context& context) {
  Call& call = call_of(context);
  const EnvironmentName name = own_environment(context);
  if (!call.session) {
    throw Error(ErrorCode::kWrongState, "a token has an environment of its own and no session",
                {.place = {}, .remedy = "make a token for the sandbox"});
  }
  Doppel& engine = call.workplace->engine();
  const access::Store store = call.workplace->store();
  Response response = http::json_response(json::object{{"environment", name.sandbox}});
  response.headers.add(
      "Set-Cookie",
      cookie_of(site, kSandboxCookie,
                make_sandbox_cookie(signing_keys(store), store.tenant,
                                    engine.status(name).environment.id, call.session->handle)));
  return response;
}

Response leave(Site& site) {
  Response response = http::json_response(json::object{{"environment", kLive}});
  response.headers.add("Set-Cookie", cookie_removal_of(site, kSandboxCookie));
  return response;
}

std::vector<std::string> texts_of(const json::object& body, std::string_view name) {
  std::vector<std::string> texts;
  const json::value* found = body.if_contains(name);
  if (found == nullptr) return texts;
  if (!found->is_array()) refuse_field(name, "has to be a list of texts");
  for (const json::value& item : found->get_array()) {
    if (!item.is_string()) refuse_field(name, "has to be a list of texts");
    texts.emplace_back(item.get_string());
  }
  return texts;
}

PlanOptions plan_options(const json::object& body) {
  PlanOptions options;
  for (const std::string& text : texts_of(body, "select")) {
    options.select.push_back(plan::parse_selector(text));
  }
  for (const std::string& text : texts_of(body, "map")) {
    options.mappings.push_back(plan::parse_mapping(text));
  }
  return options;
}

Response plan_response(Doppel& engine, const std::string& tenant, const plan::Plan& plan) {
  return http::json_response(to_json(engine.model(tenant), plan));
}

Response make_plan(const Context& context, const Request& request) {
  const EnvironmentName name = own_environment(context);
  Doppel& engine = call_of(context).workplace->engine();
  const PlanOptions options = plan_options(read_object(request, {"select", "map"}));
  return plan_response(engine, name.tenant, engine.plan(name, options));
}

Resolution resolution_of(const Context& context, const json::object& body) {
  Resolution resolution{.conflict = context.parameter("conflict"),
                        .values = texts_of(body, "values")};
  const std::string answer = required_text(body, "answer");
  if (answer == "default") {
    resolution.use_default = true;
    return resolution;
  }
  const auto kind = merge::parse_answer_kind(answer);
  if (!kind) refuse_field("answer", "is no answer", "the plan lists those of each conflict");
  resolution.kind = *kind;
  return resolution;
}

Response resolve(const Context& context, const Request& request) {
  const EnvironmentName name = own_environment(context);
  Doppel& engine = call_of(context).workplace->engine();
  const json::object body = read_object(request, {"answer", "values", "select", "map"});
  return plan_response(engine, name.tenant,
                       engine.resolve(name, {resolution_of(context, body)}, plan_options(body)));
}

json::object promoted_json(const plan::Promoted& promoted) {
  json::object answer;
  answer["promotion"] = to_json(promoted.promotion);
  answer["rows"] = promoted.promotion.config.size();
  answer["data_rows"] = promoted.promotion.data.size();
  answer["snapshot"] = promoted.snapshot.name;
  return answer;
}

/// Who ends the sandbox that he is in knows that he is in live again: his next write is meant so.
void leave_if_ended(const Site& site, Call& call, const EnvironmentName& name, Response& response) {
  if (!call.session || !call.sandbox || call.environment.sandbox != name.sandbox) return;
  for (const Environment& still : call.workplace->engine().sandboxes(name.tenant)) {
    if (still.id == call.sandbox->id) return;
  }
  response.headers.add("Set-Cookie", cookie_removal_of(site, kSandboxCookie));
}

Response promote(const Site& site, const Context& context, const Request& request) {
  Call& call = call_of(context);
  call.require(Right::kPromote, EnvironmentKind::kLive);
  const EnvironmentName name = own_environment(context);
  const json::object body = read_object(request, {"plan"});
  Response response = http::json_response(
      promoted_json(call.workplace->engine().promote(name, required_text(body, "plan"))));
  leave_if_ended(site, call, name, response);
  return response;
}

Response discard(const Site& site, const Context& context) {
  Call& call = call_of(context);
  const EnvironmentName name = own_environment(context);
  call.workplace->engine().discard(name);
  Response response = http::empty_response();
  leave_if_ended(site, call, name, response);
  return response;
}

Response refresh(const Context& context, const Request& request) {
  const EnvironmentName name = own_environment(context);
  const json::object body = read_object(request, {"drop_data"});
  const bool drop = body.contains("drop_data") && required_flag(body, "drop_data");
  const overlay::Refreshed done = call_of(context).workplace->engine().refresh(name, drop);
  json::array conflicts;
  for (const merge::Conflict& conflict : done.conflicts) {
    conflicts.push_back(
        {{"id", conflict.id}, {"table", conflict.table->name}, {"message", conflict.message}});
  }
  return http::json_response(json::object{{"kept", done.kept},
                                          {"already_live", done.already_live},
                                          {"conflicts", std::move(conflicts)}});
}

Response reset(const Context& context, const Request& request) {
  const EnvironmentName name = own_environment(context);
  const json::object body = read_object(request, {"checkpoint"});
  const std::size_t rows =
      call_of(context).workplace->engine().reset(name, optional_text(body, "checkpoint"));
  return http::json_response(json::object{{"rows", rows}});
}

Response mark(const Context& context, const Request& request) {
  const EnvironmentName name = own_environment(context);
  const std::string mark = required_text(read_object(request, {"name"}), "name");
  call_of(context).workplace->engine().checkpoint(name, mark);
  return http::json_response(json::object{{"checkpoint", mark}}, 201);
}

std::int64_t number_of(const Context& context) {
  const auto number = parse_integer(context.parameter("number"));
  if (!number || *number < 1) {
    throw Error(ErrorCode::kNotFound, "promotions have numbers from 1", {.place = "number"});
  }
  return *number;
}

Response history(const Context& context) {
  Call& call = call_of(context);
  json::array items;
  for (const plan::Promotion& promotion :
       call.workplace->engine().history(call.environment.tenant)) {
    items.emplace_back(to_json(promotion));
  }
  return http::json_response(json::object{{"items", std::move(items)}});
}

Response plan_rollback(const Context& context) {
  Call& call = call_of(context);
  Doppel& engine = call.workplace->engine();
  const std::string& tenant = call.environment.tenant;
  return plan_response(engine, tenant, engine.plan_rollback(tenant, number_of(context), {}));
}

Response roll_back(const Context& context, const Request& request) {
  Call& call = call_of(context);
  call.require(Right::kRollBack, EnvironmentKind::kLive);
  const json::object body = read_object(request, {"plan"});
  return http::json_response(promoted_json(call.workplace->engine().rollback(
      call.environment.tenant, number_of(context), required_text(body, "plan"))));
}

struct Described {
  http::Method method;
  std::string pattern, operation, summary;
  int status;
  http::Handler handler;
};

http::Route route(Described described, const char* tag) {
  return {
      .method = described.method,
      .pattern = std::move(described.pattern),
      .operation = std::move(described.operation),
      .summary = std::move(described.summary),
      .right = std::string(to_text(Right::kManageEnvironments)),
      .tag = tag,
      .answers = {{.status = described.status, .description = "as docs/reference/api.md shows it"}},
      .handler = std::move(described.handler)};
}

/// Handlers that need the context alone, or the request, too.
http::Handler plain(Response (*handler)(const Context&)) {
  return [handler](const Context& context, const Request&) { return handler(context); };
}

std::vector<Described> life_of_sandboxes(Site& site) {
  using http::Method;
  const std::string all = "/api/v1/environments", one = all + "/{name}";
  return {
      {Method::kGet, all, "list_environments", "Sandboxes, your own in full", 200, plain(list)},
      {Method::kPost, all, "create_environment", "Make a sandbox", 201, create},
      {Method::kGet, one, "read_environment", "How a sandbox stands", 200, plain(status)},
      {Method::kDelete, one, "discard_environment", "Throw a sandbox away", 204,
       [&site](const Context& context, const Request&) { return discard(site, context); }},
      {Method::kPost, one + "/enter", "enter_environment", "Be in it with this session", 200,
       [&site](const Context& context, const Request&) { return enter(site, context); }},
      {Method::kPost, "/api/v1/session/leave", "leave_environment", "Be in live again", 200,
       [&site](const Context&, const Request&) { return leave(site); }},
      {Method::kPost, one + "/refresh", "refresh_environment", "Rebase it on live of today", 200,
       refresh},
      {Method::kPost, one + "/reset", "reset_environment", "Back to a mark or the start", 200,
       reset},
      {Method::kPost, one + "/checkpoints", "mark_environment", "Mark how it stands", 201, mark},
  };
}

std::vector<Described> ways_to_live(const Site& site) {
  using http::Method;
  const std::string one = "/api/v1/environments/{name}", done = "/api/v1/promotions";
  return {
      {Method::kGet, one + "/diff", "diff_environment", "What is different in it", 200,
       [](const Context& context, const Request&) {
         const EnvironmentName name = own_environment(context);
         Doppel& engine = call_of(context).workplace->engine();
         return http::json_response(to_json(engine.model(name.tenant), engine.diff(name)));
       }},
      {Method::kPost, one + "/plan", "plan_environment", "What promoting it would do", 200,
       make_plan},
      {Method::kPost, one + "/conflicts/{conflict}", "resolve_conflict",
       "Answer a conflict of its plan", 200, resolve},
      {Method::kPost, one + "/promote", "promote_environment", "Put a reviewed plan live", 200,
       [&site](const Context& context, const Request& request) {
         return promote(site, context, request);
       }},
      {Method::kGet, done, "list_promotions", "What was promoted", 200, plain(history)},
      {Method::kPost, done + "/{number}/plan", "plan_rollback",
       "What taking a promotion back would do", 200, plain(plan_rollback)},
      {Method::kPost, done + "/{number}/rollback", "roll_back", "Take a promotion back", 200,
       roll_back},
  };
}

}  // namespace

std::vector<http::Route> environment_routes(Site& site) {
  std::vector<http::Route> routes;
  for (Described& one : life_of_sandboxes(site)) {
    routes.push_back(route(std::move(one), kEnvironments));
  }
  for (Described& one : ways_to_live(site)) {
    const bool is_promotion = one.pattern.starts_with("/api/v1/promotions");
    routes.push_back(route(std::move(one), is_promotion ? kPromotions : kEnvironments));
  }
  return routes;
}

}  // namespace doppel::api
