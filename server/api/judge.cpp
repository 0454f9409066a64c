#include "api/judge.hpp"

#include <algorithm>
#include <array>

#include "access/audit.hpp"
#include "api/membership.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::api {
namespace {

using access::EnvironmentKind;
using access::MemberRole;
using access::Right;

constexpr std::string_view kRoles = "roles";
constexpr std::array<std::string_view, 4> kWheres{"", kLive, "sandbox", "named"};

/// A token reaches nothing beyond the sandbox that it is for; one of live may look after sandboxes.
void confine(const Call& call, std::string_view wanted) {
  if (!call.token || call.environment.live() || wanted == call.environment.sandbox) return;
  throw Error(ErrorCode::kNotSignedIn,
              "the token is for '" + call.environment.sandbox + "' and this is about '" +
                  std::string(wanted) + "'",
              {.place = {}, .remedy = "use a token of that environment"});
}

void judge_here(const Call& call, Right right, const http::Request& request) {
  call.require(right, call.kind());
  if (is_safe(request.method) || !call.membership) return;
  if (*call.membership >= MemberRole::kEditing) return;
  throw Error(ErrorCode::kForbidden, "this sandbox is shared with you for reading",
              {.place = call.environment.sandbox, .remedy = "leave it, or ask its owner"});
}

void judge_sandbox(const Call& call, Right right) {
  confine(call, kLive);
  for (const EnvironmentKind kind : {EnvironmentKind::kShadow, EnvironmentKind::kClone}) {
    if (call.may(right, kind)) return;
  }
  call.require(right, EnvironmentKind::kOverlay);
}

void judge_named(Call& call, Right right, const http::Context& context) {
  const std::string& name = context.parameter("name");
  confine(call, name);
  if (!call.named) call.named = require_sandbox(call, name);
  require_member(call, *call.named, least_role(right));
  call.require(right, kind_of(*call.named));
}

}  // namespace

std::vector<RouteRight> parse_route_rights(std::string_view text) {
  std::vector<RouteRight> rights;
  if (text.empty() || text == http::kPublic) return rights;
  for (const std::string& word : split(text, ' ')) {
    const std::size_t colon = word.find(':');
    const auto right = access::parse_right(std::string_view(word).substr(0, colon));
    const std::string where = colon == std::string::npos ? "" : word.substr(colon + 1);
    const auto* const found = std::ranges::find(kWheres, where);
    if (!right || found == kWheres.end()) {
      throw Error(ErrorCode::kInternal, "a route asks for a right that there isn't");
    }
    rights.push_back({*right, static_cast<Where>(found - kWheres.begin())});
  }
  return rights;
}

MemberRole least_role(Right right) {
  switch (right) {
    case Right::kEnter:
    case Right::kReadUnmasked:
      return MemberRole::kReading;
    case Right::kManageEnvironments:
      return MemberRole::kOwner;
    default:
      return MemberRole::kEditing;
  }
}

void judge(Call& call, const http::Context& context, const http::Request& request) {
  for (const RouteRight& wanted : parse_route_rights(context.route->right)) {
    switch (wanted.where) {
      case Where::kHere:
        judge_here(call, wanted.right, request);
        break;
      case Where::kInLive:
        confine(call, kLive);
        call.require(wanted.right, EnvironmentKind::kLive);
        break;
      case Where::kInSandbox:
        judge_sandbox(call, wanted.right);
        break;
      case Where::kInNamed:
        judge_named(call, wanted.right, context);
        break;
    }
  }
}

void require_for_config(const Call& call, const plan::Plan& plan) {
  const bool touches = std::ranges::any_of(plan.changes, [](const plan::PlannedChange& planned) {
    return planned.change.table->name == kRoles;
  });
  if (touches) call.require(Right::kManageRoles, EnvironmentKind::kLive);
}

void require_for_config(const Call& call, const plan::Diff& diff) {
  const bool touches =
      std::ranges::any_of(diff.rows, [](const plan::DiffRow& row) { return row.table == kRoles; });
  if (touches) call.require(Right::kManageRoles, EnvironmentKind::kLive);
}

void note_refusal(Call& call, const http::Context& context, const Error& refusal) {
  access::AuditEntry entry =
      entry_of(call.actor, std::string(context.route->operation), "route", {});
  entry.environment = call.environment.live() ? kLive : call.environment.sandbox;
  entry.outcome = access::Outcome::kRefused;
  entry.reason = refusal.what();
  append_audit(call.workplace->store(), entry);
}

http::Handler audited(http::Handler handler) {
  return
      [handler = std::move(handler)](const http::Context& context, const http::Request& request) {
        try {
          return handler(context, request);
        } catch (const Error& refusal) {
          if (refusal.code() == ErrorCode::kForbidden && context.caller.has_value()) {
            note_refusal(call_of(context), context, refusal);
          }
          throw;
        }
      };
}

}  // namespace doppel::api
