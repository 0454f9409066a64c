#include <algorithm>

#include "api/body.hpp"
#include "api/caller.hpp"
#include "api/environment_json.hpp"
#include "api/membership.hpp"
#include "api/people_json.hpp"
#include "api/site.hpp"
#include "base/error.hpp"

/// Sandboxes that ended: what they had changed is kept for a while, for whose they were [O7].
namespace doppel::api {
namespace {

using access::MemberRole;
using http::Context;
using http::Request;
using http::Response;

constexpr const char* kPath = "/api/v1/bundles";
constexpr const char* kTag = "Environments";
constexpr const char* kRight = "manage_environments:sandbox";

/// Memberships outlive their sandbox.
bool was_own(Call& call, const BundleInfo& bundle) {
  const access::Store store = call.workplace->store();
  const auto owner = find_owner(store, bundle.id);
  return owner ? *owner == call.account.id : bundle.ended_by == call.account.login;
}

std::string name_of(const BundleInfo& bundle) {
  return bundle.environment.substr(bundle.environment.find('/') + 1);
}

std::vector<BundleInfo> own_bundles(Call& call) {
  std::vector<BundleInfo> own = call.workplace->engine().bundles(call.environment.tenant);
  std::erase_if(own, [&](const BundleInfo& bundle) { return !was_own(call, bundle); });
  return own;
}

Response list(const Context& context) {
  json::array items;
  for (const BundleInfo& bundle : own_bundles(call_of(context))) {
    items.push_back(
        {{"id", bundle.id},
         {"name", name_of(bundle)},
         {"base_at", bundle.base_at},
         {"ended_at", bundle.ended_at},
         {"ended_by", bundle.ended_by},
         {"purpose", bundle.purpose.empty() ? json::value() : json::value(bundle.purpose)},
         {"changes", bundle.changes},
         {"data_changes", bundle.data_changes}});
  }
  return http::json_response(json::object{{"items", std::move(items)}});
}

bool flag(const json::object& body, std::string_view name) {
  return body.contains(name) && required_flag(body, name);
}

Response restore(const Context& context, const Request& request) {
  Call& call = call_of(context);
  const json::object body = read_object(request, {"name", "drop_data", "leave_out"});
  const std::vector<BundleInfo> own = own_bundles(call);
  const auto bundle = std::ranges::find(own, context.parameter("id"), &BundleInfo::id);
  if (bundle == own.end()) {
    throw Error(ErrorCode::kNotFound, "you have no such sandbox that ended",
                {.place = "id", .remedy = std::string("GET ") + kPath + " lists them"});
  }
  const Restored restored = call.workplace->engine().restore_sandbox(
      {.tenant = call.environment.tenant, .sandbox = name_of(*bundle)},
      {.name = optional_text(body, "name").value_or(""),
       .bundle = bundle->id,
       .how = {.drop_data = flag(body, "drop_data"), .leave_out = flag(body, "leave_out")}});
  api::own(call, restored.environment);
  json::object answer = to_json(restored.environment);
  answer["kept"] = restored.refreshed.kept;
  answer["already_live"] = restored.refreshed.already_live;
  answer["conflicts"] = restored.refreshed.conflicts.size();
  answer["left_out"] = restored.refreshed.left_out.size();
  Response response = http::json_response(answer, 201);
  response.headers.add("Location", "/api/v1/environments/" + restored.environment.name);
  return response;
}

}  // namespace

std::vector<http::Route> bundle_routes(Site& /*site*/) {
  std::vector<http::Route> routes;
  routes.push_back(
      {.method = http::Method::kGet,
       .pattern = kPath,
       .operation = "list_bundles",
       .summary = "Your sandboxes that ended and can be restored",
       .right = kRight,
       .tag = kTag,
       .answers = {{.status = 200, .description = "`items`"}},
       .handler = [](const Context& context, const Request&) { return list(context); }});
  routes.push_back({.method = http::Method::kPost,
                    .pattern = std::string(kPath) + "/{id}/restore",
                    .operation = "restore_environment",
                    .summary = "Make a sandbox that ended again, on live of today",
                    .right = kRight,
                    .tag = kTag,
                    .body = body_of(R"({"type": "object", "additionalProperties": false,
                      "properties": {"name": {"type": "string"},
                                     "drop_data": {"type": "boolean"},
                                     "leave_out": {"type": "boolean"}}})"),
                    .answers = {{.status = 201, .description = "the sandbox, and what came along"}},
                    .handler = restore});
  return routes;
}

}  // namespace doppel::api
