#include "adapters/postgres/guard.hpp"

#include <map>

#include <fmt/core.h>

#include "adapters/postgres/overlay_names.hpp"
#include "adapters/postgres/values.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

/// A lock that is had for moments is nobody's harm.
constexpr int kWaitedMs = 1000;
/// The server ends a statement or an idle transaction by itself, where the session lets it.
constexpr int kGraceSeconds = 1;

std::vector<Row> ask(Connection& live, const std::string& sql,
                     const std::vector<Value>& parameters = {}) {
  return rows_of(live.run(sql, parameters).get());
}

/// Roles of sandboxes with their marks; the parts of doppel's schema may not be there.
std::vector<Row> read_roles(Connection& live) {
  std::string sql;
  for (const Row& row :
       ask(live,
           "SELECT t FROM unnest(ARRAY['doppel.sandbox', 'doppel.shared_sandbox']) AS t WHERE "
           "to_regclass(t) IS NOT NULL")) {
    sql +=
        fmt::format("{}SELECT role, mark FROM {}", sql.empty() ? "" : " UNION ALL ", row[0].text());
  }
  if (sql.empty()) return {};
  return ask(live,
             fmt::format("SELECT s.role, min(s.mark), pg_has_role(r.oid, 'USAGE') FROM ({}) AS s "
                         "JOIN pg_roles AS r ON r.rolname = s.role GROUP BY s.role, r.oid",
                         sql));
}

/// Who waits for a sandbox's session and is none himself. What stands in doppel's schemas is the
/// sandbox's own: whoever of doppel waits there waits in turn.
constexpr std::string_view kHarmful = R"(
WITH own AS (
  SELECT pid, usename::text AS role, state, xact_start, query_start, state_change
  FROM pg_stat_activity WHERE usename::text = ANY ($1::text[]) AND pid <> pg_backend_pid()
), waiting AS MATERIALIZED (
  SELECT w.pid, w.usename, w.application_name, pg_blocking_pids(w.pid) AS blockers,
    extract(epoch FROM clock_timestamp() - l.waitstart) AS seconds
  FROM pg_stat_activity AS w JOIN pg_locks AS l ON l.pid = w.pid AND NOT l.granted
  LEFT JOIN pg_class AS c ON c.oid = l.relation AND l.database =
    (SELECT oid FROM pg_database WHERE datname = current_database())
  LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE w.usename::text <> ALL ($1::text[])
    AND l.waitstart < clock_timestamp() - make_interval(secs => $2::float8 / 1000)
    AND NOT (coalesce(starts_with(n.nspname, 'zz_doppel_'), l.locktype = 'transactionid')
             AND w.application_name = 'doppel')
)
SELECT own.pid, own.role, r.reason FROM own CROSS JOIN LATERAL (
  SELECT coalesce(
    (SELECT format('live''s session %s, role %s, has waited %s s for a lock that it holds',
                   w.pid, w.usename, floor(w.seconds))
     FROM waiting AS w WHERE own.pid = ANY (w.blockers) ORDER BY w.seconds DESC LIMIT 1),
    CASE WHEN own.state = 'active'
        AND clock_timestamp() - own.query_start > make_interval(secs => $4::float8 + $6::float8)
      THEN format('its statement has been running for %s s, and %s are allowed',
                  floor(extract(epoch FROM clock_timestamp() - own.query_start)), $4::text) END,
    CASE WHEN starts_with(own.state, 'idle in transaction')
        AND clock_timestamp() - own.state_change > make_interval(secs => $5::float8 + $6::float8)
      THEN format('its transaction has been idle for %s s, and %s are allowed',
                  floor(extract(epoch FROM clock_timestamp() - own.state_change)), $5::text) END,
    CASE WHEN clock_timestamp() - own.xact_start > make_interval(secs => $3::float8)
      THEN format('its transaction has been open for %s s, and %s are allowed',
                  floor(extract(epoch FROM clock_timestamp() - own.xact_start)), $3::text) END
  ) AS reason) AS r WHERE r.reason IS NOT NULL ORDER BY own.pid)";

}  // namespace

std::vector<database::EndedSession> end_harmful_sessions(Connection& live,
                                                         const database::SessionLimits& limits) {
  std::vector<std::string> roles;
  std::map<std::string, std::string> marks;
  for (const Row& row : read_roles(live)) {
    roles.push_back(row[0].text());
    marks.emplace(row[0].text(), row[1].text());
    // Only members see what a role's sessions do, and may end them.
    if (row[2] != Value(1)) {
      live.run_script(fmt::format("GRANT {} TO CURRENT_USER", database::quote_name(roles.back())));
    }
  }
  std::vector<database::EndedSession> ended;
  if (roles.empty()) return ended;
  for (const Row& row :
       ask(live, std::string(kHarmful),
           {Value(text_array(roles)), Value(kWaitedMs), Value(limits.transaction_s),
            Value(limits.statement_s), Value(limits.idle_transaction_s), Value(kGraceSeconds)})) {
    // It may have ended by itself meanwhile.
    if (ask(live, "SELECT pg_terminate_backend($1)", {row[0]}).at(0).at(0) != Value(1)) continue;
    ended.push_back({.sandbox = marks.at(row[1].text()),
                     .role = row[1].text(),
                     .process = row[0].integer(),
                     .reason = row[2].text()});
  }
  return ended;
}

}  // namespace doppel::postgres
