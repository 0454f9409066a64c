#include "base/error.hpp"
#include "desk/directory.hpp"
#include "desk/hooks.hpp"

/// Of people and roles nobody gives or takes what he hasn't himself. Refusals are thrown, so that
/// they end the whole call.
namespace doppel::desk {
namespace {

access::Grants grants_with_id(Workplace& place, const std::string& role_id) {
  const auto rows =
      place.connection.sql()->query("SELECT rights FROM roles WHERE id = $1", {Value(role_id)});
  return rows.empty() ? access::Grants() : grants_of(rows[0][0].text());
}

/// What somebody's roles give him.
access::Grants grants_of_user(Workplace& place, const std::string& user_id) {
  access::Grants grants;
  for (const Row& row : place.connection.sql()->query(
           "SELECT r.rights FROM user_roles ur JOIN roles r ON r.id = ur.role_id WHERE ur.user_id "
           "= $1",
           {Value(user_id)})) {
    grants |= grants_of(row[0].text());
  }
  return grants;
}

/// Who sees to it that there is always somebody with all rights: himself.
[[noreturn]] void fail_own() {
  throw Error(ErrorCode::kWrongState, "nobody takes a role from himself, or leaves by himself",
              {.place = "user_id", .remedy = "ask another administrator"});
}

}  // namespace

void shape_user(Workplace& place, Draft& draft) {
  // He has no password yet; a link that opens once gives him one.
  if (draft.is_new()) draft.after["state"] = "invited";
  if (place.grants == nullptr || draft.is_new()) return;
  // Whose login and address somebody may set, as him he can come in.
  access::require_assign(*place.grants, grants_of_user(place, draft.id));
}

void leave_user(Workplace& place, const Draft& draft) {
  if (place.grants == nullptr) return;
  access::require_assign(*place.grants, grants_of_user(place, draft.id));
  if (draft.id == place.user_id) fail_own();
}

void follow_user_role(Workplace& place, const Draft& draft) {
  if (place.grants == nullptr) return;
  for (const Values* side : {&draft.before, &draft.after}) {
    const std::string role = text_of(*side, "role_id");
    if (!role.empty()) access::require_assign(*place.grants, grants_with_id(place, role));
  }
  if (!draft.is_new() && text_of(draft.before, "user_id") == place.user_id) fail_own();
}

void follow_role(Workplace& place, const Draft& draft) {
  if (place.grants == nullptr) return;
  access::require(*place.grants, access::Right::kManageRoles, access::EnvironmentKind::kLive);
  for (const Values* side : {&draft.before, &draft.after}) {
    const std::string rights = text_of(*side, "rights");
    if (!rights.empty()) access::require_includes(*place.grants, grants_of(rights));
  }
}

}  // namespace doppel::desk
