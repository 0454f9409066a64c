#include "access/members.hpp"

#include <algorithm>
#include <array>

#include "access/audit.hpp"
#include "base/error.hpp"

namespace doppel::access {
namespace {

using database::TransactionKind;

constexpr std::array<std::string_view, 3> kRoles{"reading", "editing", "owner"};

/// What a newer server wrote and isn't known here lets nobody do more than look.
MemberRole role_from(const std::string& text) {
  return parse_member_role(text).value_or(MemberRole::kReading);
}

void insert(const Store& store, const Actor& actor, const SharedPlace& place,
            const std::string& user, MemberRole role) {
  store.sql().execute(
      "INSERT INTO access_member (tenant, environment, user_id, role, added_at, added_by) VALUES "
      "($1, $2, $3, $4, $5, $6)",
      {Value(store.tenant), Value(place.id), Value(user), Value(to_text(role)),
       Value(store.now().microseconds), Value(actor.who)});
}

std::int64_t erase(const Store& store, const SharedPlace& place, const std::string& user) {
  return store.sql().execute(
      "DELETE FROM access_member WHERE tenant = $1 AND environment = $2 AND user_id = $3",
      {Value(store.tenant), Value(place.id), Value(user)});
}

void tell(const Store& store, const Actor& actor, const char* verb, const SharedPlace& place,
          const std::string& user, std::string_view reason) {
  AuditEntry entry = entry_of(actor, verb, "member", user);
  entry.environment = place.name;
  entry.reason = reason;
  append_audit_within(store, entry);
}

void require_room(const Store& store, const SharedPlace& place) {
  const auto rows =
      store.sql().query("SELECT count(*) FROM access_member WHERE tenant = $1 AND environment = $2",
                        {Value(store.tenant), Value(place.id)});
  if (rows[0][0].integer() < static_cast<std::int64_t>(kMostMembers)) return;
  throw Error(ErrorCode::kConstraint, "a sandbox has 200 members at most",
              {.place = "user", .remedy = "remove those who don't come any more"});
}

}  // namespace

std::string_view to_text(MemberRole role) { return kRoles.at(static_cast<std::size_t>(role)); }

std::optional<MemberRole> parse_member_role(std::string_view text) {
  const auto* const found = std::ranges::find(kRoles, text);
  if (found == kRoles.end()) return std::nullopt;
  return static_cast<MemberRole>(found - kRoles.begin());
}

std::vector<Member> list_members(const Store& store, const std::string& environment) {
  std::vector<Member> members;
  for (const Row& row : store.sql().query(
           "SELECT user_id, role, added_at, added_by FROM access_member WHERE tenant = $1 AND "
           "environment = $2 ORDER BY added_at, user_id",
           {Value(store.tenant), Value(environment)})) {
    members.push_back({row[0].text(), role_from(row[1].text()), row[2].integer(), row[3].text()});
  }
  std::ranges::stable_partition(
      members, [](const Member& member) { return member.role == MemberRole::kOwner; });
  return members;
}

std::optional<MemberRole> find_member(const Store& store, const std::string& environment,
                                      const std::string& user) {
  const auto rows = store.sql().query(
      "SELECT role FROM access_member WHERE tenant = $1 AND environment = $2 AND user_id = $3",
      {Value(store.tenant), Value(environment), Value(user)});
  if (rows.empty()) return std::nullopt;
  return role_from(rows[0][0].text());
}

std::optional<std::string> find_owner(const Store& store, const std::string& environment) {
  const auto rows = store.sql().query(
      "SELECT user_id FROM access_member WHERE tenant = $1 AND environment = $2 AND role = $3",
      {Value(store.tenant), Value(environment), Value(to_text(MemberRole::kOwner))});
  if (rows.empty()) return std::nullopt;
  return rows[0][0].text();
}

void put_member(const Store& store, const Actor& actor, const SharedPlace& place,
                const std::string& user, MemberRole role) {
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  if (erase(store, place, user) == 0) require_room(store, place);
  insert(store, actor, place, user, role);
  tell(store, actor, "add_member", place, user, to_text(role));
  transaction->commit();
}

bool remove_member(const Store& store, const Actor& actor, const SharedPlace& place,
                   const std::string& user) {
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  if (erase(store, place, user) == 0) return false;
  tell(store, actor, "remove_member", place, user, "");
  transaction->commit();
  return true;
}

void set_owner(const Store& store, const Actor& actor, const SharedPlace& place,
               const std::string& user) {
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  store.sql().execute(
      "DELETE FROM access_member WHERE tenant = $1 AND environment = $2 AND (role = $3 OR user_id "
      "= $4)",
      {Value(store.tenant), Value(place.id), Value(to_text(MemberRole::kOwner)), Value(user)});
  insert(store, actor, place, user, MemberRole::kOwner);
  tell(store, actor, "set_owner", place, user, "");
  transaction->commit();
}

}  // namespace doppel::access
