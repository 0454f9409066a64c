#include "desk/directory.hpp"

#include "access/roles.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "desk/schema.hpp"

namespace doppel::desk {
namespace {

using access::Account;
using access::AccountState;

constexpr const char* kFirstLogin = "admin";

AccountState state_of(const std::string& text) {
  if (text == "invited") return AccountState::kInvited;
  return text == "active" ? AccountState::kActive : AccountState::kSuspended;
}

class Directory final : public access::Directory {
 public:
  Directory(database::Connection& live, const Clock& clock, Random& random)
      : live_(live), clock_(clock), random_(random) {}

  std::optional<Account> find_by_login(std::string_view login) override {
    return find("lower(login) = lower($1)", std::string(login));
  }
  std::optional<Account> find_by_id(std::string_view id) override {
    return find("id = $1", std::string(id));
  }

  void set_password_hash(std::string_view id, const std::string& hash) override {
    const auto transaction = live_.begin(database::TransactionKind::kWrite);
    sql().execute(
        "UPDATE users SET password_hash = $1, state = CASE state WHEN 'invited' THEN 'active' "
        "ELSE state END, version = version + 1, updated_at = $2 WHERE id = $3",
        {hash, instant_text(clock_.now()), id});
    transaction->commit();
  }

  void set_suspended(std::string_view id, access::Suspended suspended) override {
    const auto transaction = live_.begin(database::TransactionKind::kWrite);
    const bool yes = suspended == access::Suspended::kYes;
    sql().execute(
        std::string("UPDATE users SET state = ") +
            (yes ? "'disabled'" : "CASE password_hash WHEN '' THEN 'invited' ELSE 'active' END") +
            ", version = version + 1, updated_at = $1 WHERE id = $2",
        {instant_text(clock_.now()), id});
    transaction->commit();
  }

  std::optional<Account> first_super_admin() override {
    const auto transaction = live_.begin(database::TransactionKind::kWrite);
    const std::vector<Row> known = sql().query(
        "SELECT u.id, u.password_hash FROM users u JOIN user_roles ur ON ur.user_id = u.id "
        "JOIN roles r ON r.id = ur.role_id WHERE r.code = $1 ORDER BY u.created_at, u.id",
        {access::kSuperAdmin});
    for (const Row& row : known) {
      if (!row[1].text().empty()) return std::nullopt;
    }
    const std::string id = known.empty() ? add_first() : known.front()[0].text();
    transaction->commit();
    return find_by_id(id);
  }

 private:
  database::SqlRunner& sql() { return *live_.sql(); }

  std::string new_id() { return make_uuid7(clock_, random_); }

  std::string add_first() {
    const auto role = sql().query("SELECT id FROM roles WHERE code = $1", {access::kSuperAdmin});
    if (role.empty()) {
      throw Error(ErrorCode::kWrongState, "live has no role super_admin",
                  {.place = "roles", .remedy = "add one, or seed the organisation"});
    }
    std::string id = new_id();
    const std::string now = instant_text(clock_.now());
    sql().execute(
        "INSERT INTO users (id, login, name, email, state, created_at, updated_at) "
        "VALUES ($1, $2, 'First administrator', '', 'invited', $3, $3)",
        {id, kFirstLogin, now});
    sql().execute(
        "INSERT INTO user_roles (id, user_id, role_id, created_at, updated_at) "
        "VALUES ($1, $2, $3, $4, $4)",
        {new_id(), id, role[0][0], now});
    return id;
  }

  std::optional<Account> find(const std::string& condition, const std::string& value) {
    const std::vector<Row> rows = sql().query(
        "SELECT id, login, name, email, state, password_hash FROM users WHERE " + condition,
        {value});
    if (rows.empty()) return std::nullopt;
    Account account;
    account.id = rows[0][0].text();
    account.login = rows[0][1].text();
    account.name = rows[0][2].text();
    account.email = rows[0][3].text();
    account.state = state_of(rows[0][4].text());
    account.password_hash = rows[0][5].text();
    for (const Row& role :
         sql().query("SELECT r.rights FROM user_roles ur JOIN roles r ON r.id = ur.role_id "
                     "WHERE ur.user_id = $1",
                     {account.id})) {
      account.grants |= grants_of(role[0].text());
    }
    return account;
  }

  database::Connection& live_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace

access::Grants grants_of(const std::string& rights) {
  const json::value list = parse_json(rights, "roles.rights");
  std::vector<std::string> texts;
  if (!list.is_array()) return {};
  for (const json::value& item : list.get_array()) {
    if (item.is_string()) texts.emplace_back(item.get_string());
  }
  return access::parse_grants(texts).grants;
}

std::optional<access::Grants> grants_of_role(database::SqlRunner& sql, const std::string& code) {
  const auto rows = sql.query("SELECT rights FROM roles WHERE code = $1", {Value(code)});
  if (rows.empty()) return std::nullopt;
  return grants_of(rows[0][0].text());
}

std::unique_ptr<access::Directory> open_directory(database::Connection& live, const Clock& clock,
                                                  Random& random) {
  return std::make_unique<Directory>(live, clock, random);
}

}  // namespace doppel::desk
