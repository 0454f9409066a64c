#include "access/sandbox_cookie.hpp"
#include "api/body.hpp"
#include "api/caller.hpp"
#include "api/environment_json.hpp"
#include "api/judge.hpp"
#include "api/membership.hpp"
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

/// The sandbox of the path, in which the guard has judged the caller.
EnvironmentName named(const Context& context) {
  const Call& call = call_of(context);
  return {.tenant = call.environment.tenant, .sandbox = call.named->name};
}

/// Of one that he isn't let into, what it is there for isn't told.
json::object listed(const Environment& sandbox, const std::optional<access::MemberRole>& role) {
  json::object item = role ? to_json(sandbox)
                           : json::object{{"name", sandbox.name},
                                          {"created_at", sandbox.created_at},
                                          {"created_by", sandbox.created_by}};
  item["role"] = role ? json::value(to_text(*role)) : json::value();
  item["own"] = role == access::MemberRole::kOwner;
  return item;
}

Response list(const Context& context) {
  Call& call = call_of(context);
  const bool all = sees_others(call);
  json::array items;
  for (const Environment& sandbox : call.workplace->engine().sandboxes(call.environment.tenant)) {
    if (call.token && call.sandbox && call.sandbox->id != sandbox.id) continue;
    const auto role = role_in(*call.workplace, call.account, sandbox);
    if (role || all) items.emplace_back(listed(sandbox, role));
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
  const auto kind = access::parse_environment_kind(options.kind);
  if (!kind || kind == EnvironmentKind::kLive) refuse_field("kind", "has to be overlay or shadow");
  call.require(Right::kManageEnvironments, *kind);
  const EnvironmentName name =
      parse_environment(call.environment.tenant + "/" + required_text(body, "name"));
  const Created created = call.workplace->engine().create(name, options);
  own(call, created.environment);
  json::object answer = to_json(created.environment);
  answer["tables"] = counts_json(created.tables);
  Response response = http::json_response(answer, 201);
  response.headers.add("Location", "/api/v1/environments/" + name.sandbox);
  return response;
}

Response status(const Context& context) {
  return http::json_response(to_json(call_of(context).workplace->engine().status(named(context))));
}

Response discard(Site& site, const Context& context) {
  Call& call = call_of(context);
  call.workplace->engine().discard(named(context));
  revoke_if_ended(call, *call.named);
  return out_of_it(site, call, *call.named, http::empty_response());
}

Response enter(Site& site, const Context& context) {
  Call& call = call_of(context);
  if (!call.session) {
    throw Error(ErrorCode::kWrongState, "a token has an environment of its own and no session",
                {.place = {}, .remedy = "make a token for the sandbox"});
  }
  const access::Store store = call.workplace->store();
  Response response = http::json_response(json::object{{"environment", call.named->name}});
  response.headers.add(
      "Set-Cookie", cookie_of(site, kSandboxCookie,
                              make_sandbox_cookie(signing_keys(store), store.tenant, call.named->id,
                                                  call.session->handle)));
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
  const EnvironmentName name = named(context);
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
  const EnvironmentName name = named(context);
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

Response promote(Site& site, const Context& context, const Request& request) {
  Call& call = call_of(context);
  const EnvironmentName name = named(context);
  const std::string hash = required_text(read_object(request, {"plan"}), "plan");
  Doppel& engine = call.workplace->engine();
  require_for_config(call, engine.diff(name));
  const plan::Promoted promoted = engine.promote(name, hash);
  Response response = http::json_response(promoted_json(promoted));
  if (!revoke_if_ended(call, *call.named)) return response;
  return out_of_it(site, call, *call.named, std::move(response));
}

Response refresh(const Context& context, const Request& request) {
  const EnvironmentName name = named(context);
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
  const EnvironmentName name = named(context);
  const json::object body = read_object(request, {"checkpoint"});
  const std::size_t rows =
      call_of(context).workplace->engine().reset(name, optional_text(body, "checkpoint"));
  return http::json_response(json::object{{"rows", rows}});
}

Response mark(const Context& context, const Request& request) {
  const EnvironmentName name = named(context);
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
  const std::string hash = required_text(read_object(request, {"plan"}), "plan");
  const std::int64_t number = number_of(context);
  Doppel& engine = call.workplace->engine();
  const std::string& tenant = call.environment.tenant;
  require_for_config(call, engine.plan_rollback(tenant, number,
                                                {.select = {}, .mappings = {}, .rehearse = false}));
  return http::json_response(promoted_json(engine.rollback(tenant, number, hash)));
}

struct Described {
  http::Method method;
  std::string pattern, operation, summary;
  std::string right;
  int status;
  http::Handler handler;
};

http::Route route(Described described, const char* tag) {
  return {
      .method = described.method,
      .pattern = std::move(described.pattern),
      .operation = std::move(described.operation),
      .summary = std::move(described.summary),
      .right = std::move(described.right),
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
  const std::string look = "enter:named", change = "edit_config:named",
                    manage = "manage_environments:named";
  return {
      {Method::kGet, all, "list_environments", "Sandboxes: yours, and those shared with you", "",
       200, plain(list)},
      {Method::kPost, all, "create_environment", "Make a sandbox", "manage_environments:sandbox",
       201, create},
      {Method::kGet, one, "read_environment", "How a sandbox stands", look, 200, plain(status)},
      {Method::kDelete, one, "discard_environment", "Throw a sandbox away", manage, 204,
       [&site](const Context& context, const Request&) { return discard(site, context); }},
      {Method::kPost, one + "/enter", "enter_environment", "Be in it with this session", look, 200,
       [&site](const Context& context, const Request&) { return enter(site, context); }},
      {Method::kPost, "/api/v1/session/leave", "leave_environment", "Be in live again", "", 200,
       [&site](const Context&, const Request&) { return leave(site); }},
      {Method::kPost, one + "/refresh", "refresh_environment", "Rebase it on live of today", change,
       200, refresh},
      {Method::kPost, one + "/reset", "reset_environment", "Back to a mark or the start", change,
       200, reset},
      {Method::kPost, one + "/checkpoints", "mark_environment", "Mark how it stands", change, 201,
       mark},
  };
}

Response diff(const Context& context) {
  const EnvironmentName name = named(context);
  Doppel& engine = call_of(context).workplace->engine();
  return http::json_response(to_json(engine.model(name.tenant), engine.diff(name)));
}

std::vector<Described> ways_to_live(Site& site) {
  using http::Method;
  const std::string one = "/api/v1/environments/{name}", done = "/api/v1/promotions";
  const std::string look = "enter:named", change = "edit_config:named",
                    admin = "manage_environments:live";
  return {
      {Method::kGet, one + "/diff", "diff_environment", "What is different in it", look, 200,
       plain(diff)},
      {Method::kPost, one + "/plan", "plan_environment", "What promoting it would do", look, 200,
       make_plan},
      {Method::kPost, one + "/conflicts/{conflict}", "resolve_conflict",
       "Answer a conflict of its plan", change, 200, resolve},
      {Method::kPost, one + "/promote", "promote_environment", "Put a reviewed plan live",
       change + " promote:live", 200,
       [&site](const Context& context, const Request& request) {
         return promote(site, context, request);
       }},
      {Method::kGet, done, "list_promotions", "What was promoted", admin, 200, plain(history)},
      {Method::kPost, done + "/{number}/plan", "plan_rollback",
       "What taking a promotion back would do", admin, 200, plain(plan_rollback)},
      {Method::kPost, done + "/{number}/rollback", "roll_back", "Take a promotion back",
       admin + " roll_back:live", 200, roll_back},
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
