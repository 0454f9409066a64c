#include "api/body.hpp"
#include "api/caller.hpp"
#include "api/membership.hpp"
#include "api/people_json.hpp"
#include "api/site.hpp"
#include "base/error.hpp"

/// Sharing a sandbox: nobody is let in but by its owner.
namespace doppel::api {
namespace {

using access::Account;
using access::EnvironmentKind;
using access::MemberRole;
using access::Right;
using environment::Environment;
using http::Context;
using http::Request;
using http::Response;

constexpr const char* kTag = "Environments";

/// By id or login; only who may come in, by what he has in live. Throws http::ProblemError.
Account require_guest(Call& call, const std::string& named, Right right, EnvironmentKind kind) {
  access::Directory& directory = call.workplace->directory();
  auto account = directory.find_by_id(named);
  if (!account) account = directory.find_by_login(named);
  if (!account || !account->is_active()) {
    refuse_field("user", "is the id or login of nobody who is active");
  }
  if (!access::may(account->grants, right, kind)) {
    refuse_field(
        "user",
        "has no role in live that gives '" + std::string(to_text(right)) + "' in such a sandbox",
        "give him one first");
  }
  return std::move(*account);
}

json::object person_json(const std::string& id, const std::optional<Account>& account) {
  json::object object;
  object["id"] = id;
  object["login"] = account ? json::value(account->login) : json::value();
  object["name"] = account ? json::value(account->name) : json::value();
  object["active"] = account && account->is_active();
  return object;
}

Response list(const Context& context) {
  Call& call = call_of(context);
  const Environment& sandbox = *call.named;
  access::Directory& directory = call.workplace->directory();
  json::array items;
  const auto members = list_members(call.workplace->store(), sandbox.id);
  // One that was made past the server is its maker's, without a row.
  if (members.empty() || members[0].role != MemberRole::kOwner) {
    const auto owner = owner_of(*call.workplace, sandbox);
    items.push_back({{"user", person_json(owner ? owner->id : "", owner)},
                     {"role", to_text(MemberRole::kOwner)},
                     {"added_at", sandbox.created_at},
                     {"added_by", sandbox.created_by}});
  }
  for (const access::Member& member : members) {
    items.push_back({{"user", person_json(member.user, directory.find_by_id(member.user))},
                     {"role", to_text(member.role)},
                     {"added_at", instant_json(member.added_at)},
                     {"added_by", member.added_by}});
  }
  return http::json_response(json::object{{"items", std::move(items)}});
}

Response add(const Context& context, const Request& request) {
  Call& call = call_of(context);
  const Environment& sandbox = *call.named;
  const json::object body = read_object(request, {"user", "role"});
  const auto role = access::parse_member_role(required_text(body, "role"));
  if (!role || *role == MemberRole::kOwner) {
    refuse_field("role", "has to be reading or editing");
  }
  const Account guest =
      require_guest(call, required_text(body, "user"), Right::kEnter, kind_of(sandbox));
  if (role_in(*call.workplace, guest, sandbox) == MemberRole::kOwner) {
    refuse_field("user", "is the owner");
  }
  put_member(call.workplace->store(), call.actor, shared_place(sandbox), guest.id, *role);
  return http::json_response(
      json::object{{"user", person_json(guest.id, guest)}, {"role", to_text(*role)}}, 201);
}

/// The owner sends somebody away, or a member leaves.
Response remove(const Context& context) {
  Call& call = call_of(context);
  const Environment& sandbox = *call.named;
  const std::string& user = context.parameter("user");
  if (user != call.account.id) require_member(call, sandbox, MemberRole::kOwner);
  const auto account = call.workplace->directory().find_by_id(user);
  if (account && role_in(*call.workplace, *account, sandbox) == MemberRole::kOwner) {
    throw Error(ErrorCode::kWrongState, "the owner doesn't leave his sandbox behind",
                {.place = "user", .remedy = "make it somebody else's, or discard it"});
  }
  if (!remove_member(call.workplace->store(), call.actor, shared_place(sandbox), user)) {
    throw Error(ErrorCode::kNotFound, "he is no member", {.place = "user"});
  }
  return http::empty_response();
}

/// Whether nobody looks after it any more: its owner is gone, shut out, or lost the right to.
bool is_orphaned(Call& call, const Environment& sandbox) {
  const auto owner = owner_of(*call.workplace, sandbox);
  return !owner || !owner->is_active() ||
         !access::may(owner->grants, Right::kManageEnvironments, kind_of(sandbox));
}

/// By the owner; where he is gone by who manages users in live.
Response hand_over(const Context& context, const Request& request) {
  Call& call = call_of(context);
  const Environment sandbox = require_sandbox(call, context.parameter("name"));
  const std::string user = required_text(read_object(request, {"user"}), "user");
  const bool is_own = role_in(*call.workplace, call.account, sandbox) == MemberRole::kOwner;
  if (is_own) {
    call.require(Right::kManageEnvironments, kind_of(sandbox));
  } else {
    if (!is_orphaned(call, sandbox)) require_member(call, sandbox, MemberRole::kOwner);
    call.require(Right::kManageUsers, EnvironmentKind::kLive);
  }
  const Account owner = require_guest(call, user, Right::kManageEnvironments, kind_of(sandbox));
  set_owner(call.workplace->store(), call.actor, shared_place(sandbox), owner.id);
  return http::json_response(
      json::object{{"user", person_json(owner.id, owner)}, {"role", to_text(MemberRole::kOwner)}});
}

}  // namespace

std::vector<http::Route> member_routes(Site& /*site*/) {
  using http::Method;
  const std::string one = "/api/v1/environments/{name}", members = one + "/members";
  std::vector<http::Route> routes;
  routes.push_back(
      {.method = Method::kGet,
       .pattern = members,
       .operation = "list_members",
       .summary = "Who is let into a sandbox",
       .right = "enter:named",
       .tag = kTag,
       .answers = {{.status = 200, .description = "`items`, the owner first"}},
       .handler = [](const Context& context, const Request&) { return list(context); }});
  routes.push_back({.method = Method::kPost,
                    .pattern = members,
                    .operation = "add_member",
                    .summary = "Share a sandbox with somebody, or change what for",
                    .right = "manage_environments:named",
                    .tag = kTag,
                    .body = body_of(R"({"type": "object", "required": ["user", "role"],
                      "additionalProperties": false,
                      "properties": {"user": {"type": "string", "description": "id or login"},
                                     "role": {"enum": ["reading", "editing"]}}})"),
                    .answers = {{.status = 201, .description = "the member"}},
                    .handler = add});
  routes.push_back(
      {.method = Method::kDelete,
       .pattern = members + "/{user}",
       .operation = "remove_member",
       .summary = "Let somebody in no more, or leave yourself",
       .right = "enter:named",
       .tag = kTag,
       .answers = {{.status = 204, .description = "he is no member any more"}},
       .handler = [](const Context& context, const Request&) { return remove(context); }});
  routes.push_back({.method = Method::kPut,
                    .pattern = one + "/owner",
                    .operation = "hand_over_environment",
                    .summary = "Make a sandbox somebody else's",
                    .tag = kTag,
                    .description = "By its owner; where he is gone by who manages users in live.",
                    .body = body_of(R"({"type": "object", "required": ["user"],
                      "additionalProperties": false, "properties": {"user": {"type": "string"}}})"),
                    .answers = {{.status = 200, .description = "the owner"}},
                    .handler = hand_over});
  return routes;
}

}  // namespace doppel::api
