#include "access/sandbox_cookie.hpp"
#include "api/body.hpp"
#include "api/described.hpp"
#include "api/environment_json.hpp"
#include "api/membership.hpp"
#include "api/site.hpp"
#include "base/error.hpp"
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

}  // namespace

std::vector<http::Route> environment_routes(Site& site) {
  std::vector<http::Route> routes;
  for (Described& one : life_of_sandboxes(site)) {
    routes.push_back(route(std::move(one), kEnvironments));
  }
  return routes;
}

}  // namespace doppel::api
