#include "api/body.hpp"
#include "api/described.hpp"
#include "api/environment_json.hpp"
#include "api/judge.hpp"
#include "api/membership.hpp"
#include "api/site.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

/// From a sandbox to live, and back: diffs, plans, conflicts, promotions.
namespace doppel::api {
namespace {

using http::Context;
using http::Request;
using http::Response;

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

std::vector<http::Route> promotion_routes(Site& site) {
  std::vector<http::Route> routes;
  for (Described& one : ways_to_live(site)) {
    const bool is_promotion = one.pattern.starts_with("/api/v1/promotions");
    routes.push_back(route(std::move(one), is_promotion ? "Promotions" : "Environments"));
  }
  return routes;
}

}  // namespace doppel::api
