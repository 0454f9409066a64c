#include "adapters/postgres/overlay_rights.hpp"

#include <memory>

#include <fmt/core.h>

#include "adapters/postgres/failure.hpp"
#include "adapters/postgres/values.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

using database::quote_name;

std::vector<Row> ask(Connection& connection, std::string_view sql,
                     const std::vector<Value>& parameters = {}) {
  return rows_of(connection.run(std::string(sql), parameters).get());
}

bool exists(Connection& connection, const std::string& role) {
  return ask(connection, "SELECT to_regrole($1) IS NOT NULL", {quote_name(role)}).at(0).at(0) ==
         Value(1);
}

void run_all(Connection& connection, const std::vector<Row>& statements) {
  std::string script;
  for (const Row& row : statements) script += row[0].text() + ";\n";
  if (!script.empty()) connection.run_script(script);
}

std::string verifier(Connection& connection, const std::string& role, const std::string& password) {
  const std::unique_ptr<char, decltype(&PQfreemem)> made(
      PQencryptPasswordConn(connection.link().handle(), password.c_str(), role.c_str(),
                            "scram-sha-256"),
      &PQfreemem);
  if (!made) {
    throw Error(ErrorCode::kInternal, "the password can't be hashed",
                {.place = connection.place()});
  }
  return made.get();
}

/// Percent-encoded for a place in a DSN.
std::string encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    if (plain) {
      result += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    result += '%';
    result += kDigits[byte >> 4U];
    result += kDigits[byte & 15U];
  }
  return result;
}

bool member_of(Connection& connection, const std::string& role) {
  return ask(connection, "SELECT pg_has_role($1::text, 'USAGE')", {role}).at(0).at(0) == Value(1);
}

void join_role(Connection& connection, const std::string& role) {
  connection.run_script(fmt::format("GRANT {} TO CURRENT_USER", quote_name(role)));
}

}  // namespace

std::string make_reader(Connection& connection, const Granted& granted) {
  // One after the other: two grants on one table at once fail. 0x646F7070 is "dopp".
  connection.run("SELECT pg_advisory_xact_lock(1684762736, -1)");
  const std::string config = oid_array(granted.config);
  const auto where = ask(connection, "SELECT current_database()");
  const std::string reader =
      "doppel_read_" + sha256(where.at(0).at(0).text() + " " + config).substr(0, 24);
  if (!exists(connection, reader)) {
    connection.run_script(fmt::format("CREATE ROLE {} NOLOGIN", quote_name(reader)));
  }
  run_all(connection, ask(connection, R"(
SELECT format('GRANT USAGE ON SCHEMA %I TO %I', nspname, $2::text) FROM pg_namespace
WHERE nspname = ANY ($1::text[]) AND NOT has_schema_privilege($2::text, oid, 'USAGE'))",
                          {text_array(connection.path()), reader}));
  run_all(connection, ask(connection, R"(
SELECT format('GRANT %s ON %s %I.%I TO %I', CASE c.relkind WHEN 'S' THEN 'USAGE' ELSE 'SELECT' END,
              CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname,
              c.relname, $2::text)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1::text[]) AND c.oid <> ALL ($3::oid[])
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND CASE c.relkind WHEN 'S' THEN NOT has_sequence_privilege($2::text, c.oid, 'USAGE')
      AND (pg_has_role(c.relowner, 'USAGE')
           OR has_sequence_privilege(c.oid, 'USAGE WITH GRANT OPTION'))
      ELSE NOT has_table_privilege($2::text, c.oid, 'SELECT')
      AND (pg_has_role(c.relowner, 'USAGE')
           OR has_table_privilege(c.oid, 'SELECT WITH GRANT OPTION')) END)",
                          {text_array(connection.path()), reader, config}));
  return reader;
}

namespace {

/// ALTER ROLE ... SET search_path = ...;
std::string path_of_role(Connection& connection, const SandboxNames& names) {
  std::vector<std::string> path{names.schema};
  path.insert(path.end(), connection.path().begin(), connection.path().end());
  const auto where = ask(connection, "SELECT quote_ident(current_database())");
  return fmt::format("ALTER ROLE {} IN DATABASE {} SET search_path = {};\n", quote_name(names.role),
                     where.at(0).at(0).text(), path_list(path));
}

}  // namespace

std::vector<std::string> make_role(Connection& connection, const SandboxNames& names,
                                   const std::string& reader, const std::string& password,
                                   const database::SessionLimits& limits) {
  const std::string role = quote_name(names.role);
  const auto where = ask(connection, "SELECT quote_ident(current_database())");
  const std::string in_database =
      fmt::format("ALTER ROLE {} IN DATABASE {} SET ", role, where.at(0).at(0).text());
  connection.run_script(
      fmt::format("CREATE ROLE {} LOGIN CONNECTION LIMIT {} PASSWORD {} IN ROLE {};\n", role,
                  limits.connections, quote_text(verifier(connection, names.role, password)),
                  quote_name(reader)) +
      path_of_role(connection, names) + in_database +
      fmt::format("statement_timeout = '{}s';\n", limits.statement_s) + in_database +
      fmt::format("lock_timeout = '{}s';\n", limits.lock_s) + in_database +
      fmt::format("idle_in_transaction_session_timeout = '{}s';\n", limits.idle_transaction_s));
  // Since PostgreSQL 17; `doppel guard` knows it everywhere.
  if (!ask(connection, "SELECT FROM pg_settings WHERE name = 'transaction_timeout'").empty()) {
    connection.run_script(in_database +
                          fmt::format("transaction_timeout = '{}s'", limits.transaction_s));
  }
  std::vector<std::string> remarks;
  if (ask(connection, "SELECT has_parameter_privilege('temp_file_limit', 'SET')").at(0).at(0) ==
      Value(1)) {
    connection.run_script(in_database + fmt::format("temp_file_limit = '{}MB'", limits.temp_mb));
  } else {
    remarks.emplace_back(
        "temporary files of its sessions have no limit: a superuser can let doppel set one (GRANT "
        "SET ON PARAMETER temp_file_limit)");
  }
  return remarks;
}

void move_role(Connection& connection, const std::string& role, const std::string& from_reader,
               const SandboxNames& names, const std::string& to_reader) {
  connection.run_script(fmt::format("REVOKE {1} FROM {0};\nGRANT {2} TO {0};\n", quote_name(role),
                                    quote_name(from_reader), quote_name(to_reader)) +
                        path_of_role(connection, names));
}

void make_writer(Connection& connection, const SandboxNames& names, const std::string& reader) {
  const std::string writer = quote_name(names.writer);
  if (!exists(connection, names.writer)) {
    connection.run_script(fmt::format("CREATE ROLE {} NOLOGIN", writer));
  }
  connection.run_script(fmt::format("GRANT {} TO {}", quote_name(reader), writer));
  join_role(connection, names.writer);
  const std::string dml = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA";
  connection.run_script(fmt::format(
      "GRANT USAGE ON SCHEMA {0}, {1} TO {2};\nGRANT CREATE ON SCHEMA {1} TO {2};\n"
      "{3} {0}, {1} TO {2};\nREVOKE INSERT, UPDATE, DELETE ON {0}.doppel_mark FROM {2};\n",
      quote_name(names.schema), quote_name(names.delta), writer, dml));
  run_all(connection,
          ask(connection,
              "SELECT format('ALTER FUNCTION %s OWNER TO %I', p.oid::regprocedure, $2::text) FROM "
              "pg_proc AS p WHERE p.pronamespace = $1::regnamespace",
              {quote_name(names.delta), names.writer}));
  connection.run_script(
      fmt::format("REVOKE CREATE ON SCHEMA {} FROM {}", quote_name(names.delta), writer));
}

std::vector<std::string> grant_rights(Connection& connection, const Granted& granted) {
  const std::string schema = quote_name(granted.names.schema);
  const std::string role = quote_name(granted.names.role);
  std::string script = fmt::format("GRANT USAGE ON SCHEMA {} TO {};\n", schema, role);
  for (const std::string& table : granted.tables) {
    script += fmt::format("GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON {}.{} TO {};\n",
                          schema, quote_name(table), role);
  }
  for (const std::string& view : granted.views) {
    script += fmt::format("GRANT SELECT, INSERT, UPDATE, DELETE ON {}.{} TO {};\n", schema,
                          quote_name(view), role);
  }
  script += fmt::format("GRANT SELECT ON {}.doppel_mark TO {};\n", schema, role);
  const std::string delta = quote_name(granted.names.delta);
  if (granted.delta) {
    script += fmt::format(
        "GRANT USAGE ON SCHEMA {0} TO {1};\nGRANT SELECT ON ALL TABLES IN SCHEMA {0} TO {1};\n",
        delta, role);
  }
  for (const std::string& owner : granted.owners) {
    script += fmt::format(
        "GRANT USAGE ON SCHEMA {0}, doppel TO {1};\nGRANT SELECT ON ALL TABLES IN SCHEMA {0}, "
        "doppel TO {1};\nGRANT SELECT ON ALL SEQUENCES IN SCHEMA doppel TO {1};\nALTER DEFAULT "
        "PRIVILEGES IN SCHEMA doppel GRANT SELECT ON TABLES TO {1};\nALTER DEFAULT PRIVILEGES IN "
        "SCHEMA doppel GRANT SELECT ON SEQUENCES TO {1};\n",
        schema, quote_name(owner));
    if (!granted.delta) continue;
    script += fmt::format(
        "GRANT USAGE ON SCHEMA {0} TO {1};\nGRANT SELECT ON ALL TABLES IN SCHEMA {0} TO {1};\n",
        delta, quote_name(owner));
  }
  for (const auto& [table, owner] : granted.secured) {
    if (!member_of(connection, owner)) continue;
    script += fmt::format("GRANT CREATE ON SCHEMA {0} TO {2};\nALTER TABLE {0}.{1} OWNER TO {2};\n",
                          schema, quote_name(table), quote_name(owner));
  }
  connection.run_script(script);
  return check_reach(connection, granted.names.role, granted.config);
}

std::vector<std::string> check_reach(Connection& connection, const std::string& role,
                                     const Oids& config) {
  for (const Row& row : ask(connection, R"(
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1::text[]) AND c.relkind IN ('r', 'p')
  AND has_table_privilege($2::text, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') ORDER BY 1 LIMIT 1)",
                            {text_array(connection.path()), role})) {
    throw Error(ErrorCode::kUnsupported,
                "everybody may write live's table, so that a sandbox could, too",
                {.place = row[0].text(),
                 .remedy = "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON it FROM PUBLIC"});
  }
  std::vector<std::string> remarks;
  for (const Row& row : ask(connection, R"(
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY ($1::oid[]) AND has_table_privilege($2::text, c.oid, 'SELECT') ORDER BY 1)",
                            {oid_array(config), role})) {
    remarks.push_back("everybody may read live's " + row[0].text() +
                      ": SQL that names its schema reads live's rows in the sandbox");
  }
  return remarks;
}

void set_password(Connection& connection, const std::string& role, const std::string& password) {
  connection.run_script(fmt::format("ALTER ROLE {} PASSWORD {}", quote_name(role),
                                    quote_text(verifier(connection, role, password))));
}

void end_sessions(Connection& connection, const std::string& role) {
  if (!exists(connection, role)) return;
  connection.run_script(fmt::format("ALTER ROLE {} NOLOGIN", quote_name(role)));
  end_open_sessions(connection, role);
}

void end_open_sessions(Connection& connection, const std::string& role) {
  join_role(connection, role);
  connection.run("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = $1",
                 std::vector<Value>{Value(role)});
}

namespace {

/// Where a dump was restored into another database of the same server, what stands there may hold
/// the role; it is left without login and rights then.
void drop_or_disable(Connection& connection, const std::string& role, std::string_view how) {
  constexpr std::string_view kInUse = "2BP01";
  join_role(connection, role);
  connection.run_script(fmt::format("DROP OWNED BY {}{}", quote_name(role), how));
  Savepoint savepoint(connection.link());
  try {
    connection.run_script("DROP ROLE " + quote_name(role));
    savepoint.keep();
  } catch (const ServerError& error) {
    if (error.problem().sqlstate != kInUse) throw;
    savepoint.undo();
    connection.run_script(fmt::format("ALTER ROLE {} NOLOGIN", quote_name(role)));
    savepoint.keep();
  }
}

}  // namespace

void drop_role(Connection& connection, const std::string& role, const std::string& reader) {
  connection.run_script("BEGIN");
  connection.run("SELECT pg_advisory_xact_lock(1684762736, -1)");
  for (const std::string& one : {role, role + std::string(kWriterSuffix)}) {
    if (exists(connection, one)) drop_or_disable(connection, one, " CASCADE");
  }
  const bool unused = !reader.empty() && exists(connection, reader) &&
                      ask(connection,
                          "SELECT FROM pg_auth_members WHERE roleid = to_regrole($1) "
                          "AND member <> (SELECT oid FROM pg_roles WHERE rolname = current_user)",
                          {quote_name(reader)})
                          .empty();
  if (unused) drop_or_disable(connection, reader, "");
  connection.run_script("COMMIT");
}

std::string dsn_of_role(Connection& connection, const std::string& role,
                        const std::string& password) {
  PGconn* handle = connection.link().handle();
  std::string dsn =
      fmt::format("postgresql://{}:{}@/{}?host={}&port={}", encoded(role), encoded(password),
                  encoded(PQdb(handle)), encoded(PQhost(handle)), encoded(PQport(handle)));
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfo(handle),
                                                                             &PQconninfoFree);
  for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword;
       ++option) {
    const std::string_view keyword = option->keyword;
    if ((keyword == "sslmode" || keyword == "sslrootcert") && option->val != nullptr &&
        std::string_view(option->val) != "prefer") {
      dsn += fmt::format("&{}={}", keyword, encoded(option->val));
    }
  }
  return dsn;
}

}  // namespace doppel::postgres
