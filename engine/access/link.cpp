#include "access/link.hpp"

#include "access/secret.hpp"
#include "base/error.hpp"

namespace doppel::access {
namespace {

using database::TransactionKind;

std::int64_t lasting(LinkPurpose purpose, const LinkTimes& times) {
  switch (purpose) {
    case LinkPurpose::kFirst:
      return times.first;
    case LinkPurpose::kInvitation:
      return times.invitation;
    case LinkPurpose::kReset:
      return times.reset;
  }
  return times.reset;
}

LinkPurpose parse_purpose(std::string_view text) {
  if (text == to_text(LinkPurpose::kFirst)) return LinkPurpose::kFirst;
  if (text == to_text(LinkPurpose::kInvitation)) return LinkPurpose::kInvitation;
  return LinkPurpose::kReset;
}

/// Those that have ended, and of this user those beyond the most.
void prune(const Store& store, const std::string& user, std::int64_t now) {
  store.sql().execute("DELETE FROM access_link WHERE tenant = $1 AND ends_at <= $2",
                      {Value(store.tenant), Value(now)});
  store.sql().execute(
      "DELETE FROM access_link WHERE tenant = $1 AND user_id = $2 AND hash NOT IN (SELECT hash "
      "FROM access_link WHERE tenant = $1 AND user_id = $2 ORDER BY created_at DESC, hash LIMIT "
      "$3)",
      {Value(store.tenant), Value(user), Value(static_cast<std::int64_t>(kMostLinksOfUser) - 1)});
}

/// Of several who use a link at once one gets it; he gives it back by the same with other values.
bool mark_used(const Store& store, const std::string& hash, std::int64_t now) {
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  const auto used = store.sql().execute(
      "UPDATE access_link SET used_at = $2 WHERE hash = $1 AND used_at = 0 AND ends_at > $2",
      {Value(hash), Value(now)});
  transaction->commit();
  return used == 1;
}

void give_back(const Store& store, const std::string& hash) {
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  store.sql().execute("UPDATE access_link SET used_at = 0 WHERE hash = $1", {Value(hash)});
  transaction->commit();
}

void set_password(const Store& store, Directory& directory, const Account& account,
                  const std::string& hashed, const std::string& link) {
  try {
    directory.set_password_hash(account.id, hashed);
  } catch (...) {
    give_back(store, link);
    throw;
  }
}

}  // namespace

std::string_view to_text(LinkPurpose purpose) {
  switch (purpose) {
    case LinkPurpose::kFirst:
      return "first_start";
    case LinkPurpose::kInvitation:
      return "invitation";
    case LinkPurpose::kReset:
      return "reset";
  }
  return "";
}

std::string make_link(const Store& store, const Actor& actor, LinkPurpose purpose,
                      const std::string& user, const LinkTimes& times) {
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  const std::int64_t now = store.now().microseconds;
  prune(store, user, now);
  std::string secret = make_secret(store.random);
  store.sql().execute(
      "INSERT INTO access_link (hash, tenant, user_id, purpose, created_at, created_by, ends_at, "
      "used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
      {Value(hash_secret(secret)), Value(store.tenant), Value(user), Value(to_text(purpose)),
       Value(now), Value(actor.who), Value(now + lasting(purpose, times))});
  AuditEntry entry = entry_of(actor, "make_link", "user", user);
  entry.reason = to_text(purpose);
  append_audit_within(store, entry);
  transaction->commit();
  return secret;
}

std::optional<FirstStart> first_start(const Store& store, Directory& directory,
                                      const LinkTimes& times) {
  std::optional<Account> account = directory.first_super_admin();
  if (!account) return std::nullopt;
  std::string link = make_link(store, Actor{}, LinkPurpose::kFirst, account->id, times);
  return FirstStart{std::move(*account), std::move(link)};
}

std::optional<Reset> request_reset(const Store& store, Directory& directory, const Actor& actor,
                                   const std::string& login, const ThrottleRules& rules,
                                   const LinkTimes& times) {
  Attempt attempt;
  {
    const auto transaction = store.connection.begin(TransactionKind::kWrite);
    attempt = begin_attempt_within(store, "reset " + login, actor.address, rules);
    transaction->commit();
  }
  if (attempt.wait > 0) {
    throw Throttled("too many requests for a new password", attempt.wait);
  }
  std::optional<Account> account = directory.find_by_login(login);
  const bool is_good = account && account->is_active();
  // The same work for somebody who isn't there: a link of nobody's, which opens nothing.
  std::string link =
      make_link(store, actor, LinkPurpose::kReset, is_good ? account->id : "", times);
  if (!is_good) return std::nullopt;
  return Reset{std::move(*account), std::move(link)};
}

void end_links(const Store& store, const std::string& user) {
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  store.sql().execute("DELETE FROM access_link WHERE tenant = $1 AND user_id = $2 AND used_at = 0",
                      {Value(store.tenant), Value(user)});
  transaction->commit();
}

std::optional<LinkInfo> find_link(const Store& store, std::string_view secret) {
  const auto rows = store.sql().query(
      "SELECT purpose, user_id, ends_at FROM access_link WHERE tenant = $1 AND hash = $2 AND "
      "used_at = 0 AND ends_at > $3",
      {Value(store.tenant), Value(hash_secret(secret)), Value(store.now().microseconds)});
  if (rows.empty()) return std::nullopt;
  return LinkInfo{parse_purpose(rows[0][0].text()), rows[0][1].text(), rows[0][2].integer()};
}

Redeemed redeem_link(const Store& store, Directory& directory, Passwords& passwords,
                     const Actor& actor, std::string_view secret, const std::string& password) {
  const std::optional<LinkInfo> link = find_link(store, secret);
  if (!link) return {};
  std::optional<Account> account = directory.find_by_id(link->user);
  if (!account || account->state == AccountState::kSuspended) return {};
  auto problems = password_problems(password, {account->login, account->name, account->email});
  if (!problems.empty()) return {LinkAnswer::kProblems, std::move(problems), {}};
  const std::string hashed = passwords.hash(password);
  const std::string hash = hash_secret(secret);
  if (!mark_used(store, hash, store.now().microseconds)) return {};
  set_password(store, directory, *account, hashed, hash);
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  clear_attempt_within(store, account->login, "");
  for (const char* table : {"access_session", "access_link"}) {
    store.sql().execute(std::string("DELETE FROM ") + table + " WHERE tenant = $1 AND user_id = $2",
                        {Value(store.tenant), Value(account->id)});
  }
  AuditEntry entry = entry_of(actor, "set_password", "user", account->id);
  if (entry.who.empty()) entry.who = account->login;
  entry.reason = "by a link: " + std::string(to_text(link->purpose));
  append_audit_within(store, entry);
  transaction->commit();
  account->password_hash = hashed;
  account->state = AccountState::kActive;
  return {LinkAnswer::kDone, {}, std::move(account)};
}

}  // namespace doppel::access
