#include "api/membership.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace doppel::api {

using access::EnvironmentKind;
using access::MemberRole;
using access::Right;
using environment::Environment;

std::optional<MemberRole> role_in(Workplace& place, const access::Account& account,
                                  const Environment& sandbox) {
  const access::Store store = place.store();
  auto role = find_member(store, sandbox.id, account.id);
  if (role || sandbox.created_by != account.login) return role;
  if (find_owner(store, sandbox.id)) return std::nullopt;
  return MemberRole::kOwner;
}

std::optional<access::Account> owner_of(Workplace& place, const Environment& sandbox) {
  const auto id = find_owner(place.store(), sandbox.id);
  return id ? place.directory().find_by_id(*id)
            : place.directory().find_by_login(sandbox.created_by);
}

bool sees_others(const Call& call) {
  return std::ranges::any_of(access::all_environment_kinds(), [&](EnvironmentKind kind) {
    return call.may(Right::kManageEnvironments, kind);
  });
}

EnvironmentKind kind_of(const Environment& sandbox) {
  return access::parse_environment_kind(sandbox.kind).value_or(EnvironmentKind::kOverlay);
}

Environment require_sandbox(Call& call, const std::string& name) {
  for (Environment& sandbox : call.workplace->engine().sandboxes(call.environment.tenant)) {
    if (sandbox.name == name) return std::move(sandbox);
  }
  throw Error(ErrorCode::kNotFound, "there is no sandbox '" + name + "'",
              {.place = "name", .remedy = "GET /api/v1/environments lists them"});
}

void require_member(Call& call, const Environment& sandbox, MemberRole least) {
  const auto role = role_in(*call.workplace, call.account, sandbox);
  if (role && *role >= least) return;
  if (role) {
    throw Error(ErrorCode::kForbidden,
                "in this sandbox you are let in for " + std::string(to_text(*role)) + ", not as " +
                    std::string(to_text(least)),
                {.place = sandbox.name, .remedy = "ask its owner"});
  }
  if (!sees_others(call)) {
    throw Error(ErrorCode::kNotFound, "there is no sandbox '" + sandbox.name + "'",
                {.place = "name", .remedy = "GET /api/v1/environments lists them"});
  }
  throw Error(ErrorCode::kForbidden, "the sandbox is private to its owner",
              {.place = sandbox.name, .remedy = "ask " + sandbox.created_by + " to share it"});
}

void own(Call& call, const Environment& sandbox) {
  set_owner(call.workplace->store(), call.actor, shared_place(sandbox), call.account.id);
}

bool revoke_if_ended(Call& call, const Environment& sandbox) {
  const auto left = call.workplace->engine().sandboxes(call.environment.tenant);
  if (std::ranges::find(left, sandbox.id, &Environment::id) != left.end()) return false;
  revoke_tokens_of_environment(call.workplace->store(), call.actor, sandbox.id);
  return true;
}

http::Response out_of_it(const Site& site, const Call& call, const Environment& gone,
                         http::Response response) {
  if (call.session && call.sandbox && call.sandbox->id == gone.id) {
    response.headers.add("Set-Cookie", cookie_removal_of(site, kSandboxCookie));
  }
  return response;
}

access::SharedPlace shared_place(const Environment& sandbox) {
  return {.id = sandbox.id, .name = sandbox.name};
}

}  // namespace doppel::api
