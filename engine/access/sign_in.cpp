#include "access/sign_in.hpp"

#include "access/secret.hpp"
#include "base/error.hpp"

namespace doppel::access {
namespace {

using database::TransactionKind;

Attempt begin_attempt(const Store& store, const std::string& login, const std::string& address,
                      const ThrottleRules& rules) {
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  const Attempt attempt = begin_attempt_within(store, login, address, rules);
  transaction->commit();
  return attempt;
}

std::string seconds_text(std::int64_t microseconds) {
  return std::to_string((microseconds + kSecond - 1) / kSecond) + " s";
}

/// Why not, for those who may read the audit; empty: it is he.
std::string why_not(const std::optional<Account>& account, bool is_his_password) {
  if (!account) return "there is no such login";
  if (account->state == AccountState::kSuspended) return "the account is suspended";
  if (account->password_hash.empty()) return "the account has no password yet";
  if (!is_his_password) return "wrong password";
  return account->is_active() ? "" : "the account isn't active";
}

/// Of somebody who isn't known nothing is kept that he typed: it may be his password.
AuditEntry entry_for(const SignInRequest& request, const std::optional<Account>& account) {
  AuditEntry entry = entry_of({account ? account->login : "", request.request, request.address},
                              "sign_in", "session", "");
  return entry;
}

void end_former(const Store& store, const std::string& id) {
  if (id.empty()) return;
  store.sql().execute("DELETE FROM access_session WHERE tenant = $1 AND hash = $2",
                      {Value(store.tenant), Value(hash_secret(id))});
}

void refuse(const Store& store, AuditEntry entry, std::string why, std::int64_t next_wait) {
  entry.outcome = Outcome::kRefused;
  entry.reason = std::move(why);
  if (next_wait > 0) entry.reason += "; not looked at again for " + seconds_text(next_wait);
  append_audit(store, entry);
}

}  // namespace

SignedIn sign_in(const Store& store, Directory& directory, Passwords& passwords,
                 const SignInRequest& request, const SignInRules& rules) {
  const Attempt attempt = begin_attempt(store, request.login, request.address, rules.throttle);
  if (attempt.wait > 0) return {.answer = SignInAnswer::kThrottled, .wait = attempt.wait};
  std::optional<Account> account = directory.find_by_login(request.login);
  const std::string stored = account ? account->password_hash : "";
  const bool is_his = passwords.is(request.password, stored);
  AuditEntry entry = entry_for(request, account);
  if (std::string why = why_not(account, is_his); !why.empty()) {
    refuse(store, std::move(entry), std::move(why), attempt.next_wait);
    return {.answer = SignInAnswer::kRefused, .wait = attempt.next_wait};
  }
  if (passwords.is_outdated(stored)) {
    account->password_hash = passwords.hash(request.password);
    directory.set_password_hash(account->id, account->password_hash);
  }
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  clear_attempt_within(store, request.login, request.address);
  end_former(store, request.former_session_id);
  SignedIn done{.answer = SignInAnswer::kSignedIn, .account = std::move(account)};
  done.session =
      start_session_within(store, done.account->id, request.address, request.agent, rules.times);
  entry.key = done.session->session.handle;
  append_audit_within(store, entry);
  transaction->commit();
  return done;
}

PasswordChange change_password(const Store& store, Directory& directory, Passwords& passwords,
                               const Actor& actor, const Session& session,
                               const std::string& current, const std::string& wanted,
                               const SignInRules& rules) {
  const std::optional<Account> account = directory.find_by_id(session.user);
  if (!account) throw Error(ErrorCode::kNotFound, "there is no such account any more");
  const Attempt attempt = begin_attempt(store, account->login, actor.address, rules.throttle);
  if (attempt.wait > 0) {
    throw Throttled("too many wrong passwords", attempt.wait);
  }
  AuditEntry entry = entry_of(actor, "change_password", "user", account->id);
  if (!passwords.is(current, account->password_hash)) {
    refuse(store, std::move(entry), "wrong password", attempt.next_wait);
    return {{"current", "this is not your password", "type the one that you sign in with"}};
  }
  PasswordChange problems =
      password_problems(wanted, {account->login, account->name, account->email});
  if (problems.empty() && wanted == current) {
    problems.push_back({"password", "the password is the one you have", "take another"});
  }
  if (problems.empty()) directory.set_password_hash(account->id, passwords.hash(wanted));
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  clear_attempt_within(store, account->login, actor.address);
  if (problems.empty()) {
    store.sql().execute(
        "DELETE FROM access_session WHERE tenant = $1 AND user_id = $2 AND handle <> $3",
        {Value(store.tenant), Value(account->id), Value(session.handle)});
    append_audit_within(store, entry);
  }
  transaction->commit();
  return problems;
}

}  // namespace doppel::access
