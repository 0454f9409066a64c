#include "access/session.hpp"

#include <algorithm>

#include "access/secret.hpp"
#include "base/id.hpp"
#include "base/text.hpp"

namespace doppel::access {
namespace {

using database::TransactionKind;

constexpr const char* kColumns = "handle, user_id, created_at, seen_at, ends_at, address, agent";
constexpr std::size_t kLongestAgent = 200;

Session session_from(const Row& row) {
  return {.handle = row[0].text(),
          .user = row[1].text(),
          .created_at = row[2].integer(),
          .seen_at = row[3].integer(),
          .ends_at = row[4].integer(),
          .address = row[5].text(),
          .agent = row[6].text()};
}

bool is_good(const Session& session, std::int64_t now, const SessionTimes& times) {
  return now < session.ends_at && now < session.seen_at + times.idle;
}

/// Those that have ended by themselves, and of this user those beyond the most.
void prune(const Store& store, const std::string& user, std::int64_t now,
           const SessionTimes& times) {
  store.sql().execute(
      "DELETE FROM access_session WHERE tenant = $1 AND (ends_at <= $2 OR seen_at <= $3)",
      {Value(store.tenant), Value(now), Value(now - times.idle)});
  store.sql().execute(
      "DELETE FROM access_session WHERE tenant = $1 AND user_id = $2 AND handle NOT IN (SELECT "
      "handle FROM access_session WHERE tenant = $1 AND user_id = $2 ORDER BY seen_at DESC, handle "
      "DESC LIMIT $3)",
      {Value(store.tenant), Value(user),
       Value(static_cast<std::int64_t>(kMostSessionsOfUser) - 1)});
}

}  // namespace

NewSession start_session_within(const Store& store, const std::string& user,
                                const std::string& address, const std::string& agent,
                                const SessionTimes& times) {
  const std::int64_t now = store.now().microseconds;
  prune(store, user, now, times);
  NewSession made;
  made.id = make_secret(store.random);
  made.session = {.handle = make_uuid7(store.clock, store.random),
                  .user = user,
                  .created_at = now,
                  .seen_at = now,
                  .ends_at = now + times.longest,
                  .address = printable(address, kLongestAgent),
                  .agent = printable(agent, kLongestAgent)};
  const Session& session = made.session;
  store.sql().execute(std::string("INSERT INTO access_session (hash, tenant, ") + kColumns +
                          ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                      {Value(hash_secret(made.id)), Value(store.tenant), Value(session.handle),
                       Value(user), Value(now), Value(now), Value(session.ends_at),
                       Value(session.address), Value(session.agent)});
  return made;
}

std::optional<Session> find_session(const Store& store, std::string_view id,
                                    const SessionTimes& times) {
  const std::string hash = hash_secret(id);
  const auto rows = store.sql().query(
      std::string("SELECT ") + kColumns + " FROM access_session WHERE hash = $1 AND tenant = $2",
      {Value(hash), Value(store.tenant)});
  if (rows.empty()) return std::nullopt;
  Session session = session_from(rows[0]);
  const std::int64_t now = store.now().microseconds;
  if (!is_good(session, now, times)) return std::nullopt;
  if (now - session.seen_at >= std::min(kMinute, times.idle / 4)) {
    const auto transaction = store.connection.begin(TransactionKind::kWrite);
    // One that was ended meanwhile stays so.
    store.sql().execute("UPDATE access_session SET seen_at = $2 WHERE hash = $1 AND seen_at < $2",
                        {Value(hash), Value(now)});
    transaction->commit();
    session.seen_at = now;
  }
  return session;
}

std::vector<Session> list_sessions(const Store& store, const std::string& user,
                                   const SessionTimes& times) {
  const std::int64_t now = store.now().microseconds;
  std::vector<Session> sessions;
  for (const Row& row : store.sql().query(
           std::string("SELECT ") + kColumns +
               " FROM access_session WHERE tenant = $1 AND user_id = $2 ORDER BY seen_at DESC, "
               "handle DESC",
           {Value(store.tenant), Value(user)})) {
    Session session = session_from(row);
    if (is_good(session, now, times)) sessions.push_back(std::move(session));
  }
  return sessions;
}

bool end_session(const Store& store, const Actor& actor, const std::string& user,
                 const std::string& handle) {
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  const auto ended = store.sql().execute(
      "DELETE FROM access_session WHERE tenant = $1 AND user_id = $2 AND handle = $3",
      {Value(store.tenant), Value(user), Value(handle)});
  if (ended == 0) return false;
  append_audit_within(store, entry_of(actor, "end_session", "session", handle));
  transaction->commit();
  return true;
}

std::size_t end_sessions(const Store& store, const Actor& actor, const std::string& user,
                         const std::string& but_handle) {
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  const auto ended = store.sql().execute(
      "DELETE FROM access_session WHERE tenant = $1 AND user_id = $2 AND handle <> $3",
      {Value(store.tenant), Value(user), Value(but_handle)});
  if (ended == 0) return 0;
  AuditEntry entry = entry_of(actor, "end_sessions", "user", user);
  entry.reason = counted(ended, "session");
  append_audit_within(store, entry);
  transaction->commit();
  return static_cast<std::size_t>(ended);
}

std::string csrf_token(std::string_view session_id) { return mac(session_id, {"doppel csrf 1"}); }

bool is_csrf_token(std::string_view token, std::string_view session_id) {
  return same_secret(token, csrf_token(session_id));
}

}  // namespace doppel::access
