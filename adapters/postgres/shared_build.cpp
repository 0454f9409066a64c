#include "adapters/postgres/shared_build.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/core.h>

#include "adapters/postgres/capture.hpp"
#include "adapters/postgres/copied_rules.hpp"
#include "adapters/postgres/overlay_names.hpp"
#include "adapters/postgres/overlay_rights.hpp"
#include "adapters/postgres/values.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

using database::quote_name;
using Path = std::vector<std::string>;

std::vector<Row> ask(Connection& connection, const std::string& sql,
                     const std::vector<Value>& parameters = {}) {
  return rows_of(connection.run(sql, parameters).get());
}

void set_path(Connection& connection, const Path& path) {
  connection.run_script("SET LOCAL search_path = " + path_list(path));
}

Path before(const std::vector<std::string>& first, const Path& live) {
  Path path = first;
  path.insert(path.end(), live.begin(), live.end());
  return path;
}

void run_all(Connection& connection, const std::vector<std::string>& statements) {
  std::string script;
  for (const std::string& statement : statements) script += statement + ";\n";
  if (!script.empty()) connection.run_script(script);
}

/// Statements that the catalogue writes.
void run_answers(Connection& connection, const std::string& sql,
                 const std::vector<Value>& parameters) {
  std::vector<std::string> statements;
  for (const Row& row : ask(connection, sql, parameters)) statements.push_back(row[0].text());
  run_all(connection, statements);
}

bool role_exists(Connection& connection, const std::string& role) {
  return ask(connection, "SELECT to_regrole($1) IS NOT NULL", {quote_name(role)})[0][0] == Value(1);
}

/// The owners of live's tables are members: their pg_dump stops at the first table that it may not
/// read whole, and what they restore is to belong to the same roles.
void make_shared_roles(Connection& connection, const SharedNames& names,
                       const std::vector<CopiedTable>& tables) {
  std::string script;
  for (const std::string& role : {names.owner, names.viewer}) {
    if (!role_exists(connection, role)) {
      script += fmt::format("CREATE ROLE {} NOLOGIN;\n", quote_name(role));
    }
    script += fmt::format("GRANT {} TO CURRENT_USER;\n", quote_name(role));
  }
  if (!role_exists(connection, names.group)) {
    script += fmt::format("CREATE ROLE {} NOLOGIN;\n", quote_name(names.group));
  }
  std::set<std::string> owners;
  for (const CopiedTable& table : tables) owners.insert(table.owner);
  for (const std::string& owner : owners) {
    script += fmt::format(
        "GRANT {}, {} TO {};\nGRANT USAGE ON SCHEMA doppel TO {};\n"
        "GRANT SELECT ON ALL TABLES IN SCHEMA doppel TO {};\n"
        "GRANT SELECT ON ALL SEQUENCES IN SCHEMA doppel TO {};\n",
        quote_name(names.owner), quote_name(names.viewer), quote_name(owner), quote_name(owner),
        quote_name(owner), quote_name(owner));
  }
  connection.run_script(script);
}

/// A view shows the sandbox's rows under the table's own name, columns and defaults.
void make_views(Connection& connection, const SharedNames& names) {
  run_answers(connection, R"(
SELECT format('CREATE VIEW %I.%I AS SELECT %s FROM %I.%I WHERE doppel_sandbox = doppel.sandbox() '
              'WITH CHECK OPTION', $2::text, c.relname,
              (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
               FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
                 AND NOT a.attisdropped AND (a.attname <> 'doppel_sandbox' OR own))
                || CASE WHEN own THEN ', xmin' ELSE '' END,
              $1::text, c.relname)
FROM pg_class c CROSS JOIN LATERAL (SELECT starts_with(c.relname, 'doppel_') AS own) AS o
WHERE c.relnamespace = quote_ident($1)::regnamespace AND c.relkind = 'r' ORDER BY c.relname)",
              {names.rows, names.views});
  run_answers(connection, R"(
SELECT format('ALTER VIEW %I.%I ALTER COLUMN %I SET DEFAULT %s', $2::text, c.relname, a.attname,
              pg_get_expr(d.adbin, d.adrelid))
FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid
JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE c.relnamespace = quote_ident($1)::regnamespace AND a.attgenerated = ''
  AND a.attname <> 'doppel_sandbox' ORDER BY c.relname, a.attnum)",
              {names.rows, names.views});
}

/// Tables belong to the owner, views and doppel's functions to a role that a policy holds to the
/// sandbox: so no condition of a query sees a row before its sandbox was looked at.
void give_away(Connection& connection, const SharedNames& names) {
  run_answers(connection, R"(
SELECT format('ALTER TABLE %1$I.%2$I OWNER TO %3$I; ALTER TABLE %1$I.%2$I ENABLE ROW LEVEL '
              'SECURITY; CREATE POLICY doppel_sandbox ON %1$I.%2$I TO %4$I USING (doppel_sandbox '
              '= doppel.sandbox()); GRANT SELECT, INSERT, UPDATE, DELETE ON %1$I.%2$I TO %4$I',
              $1::text, c.relname, $3::text, $4::text)
FROM pg_class c WHERE c.relnamespace = quote_ident($1)::regnamespace AND c.relkind = 'r'
UNION ALL
SELECT format('ALTER VIEW %I.%I OWNER TO %I', $2::text, c.relname, $4::text)
FROM pg_class c WHERE c.relnamespace = quote_ident($2)::regnamespace AND c.relkind = 'v'
UNION ALL
SELECT format('ALTER ROUTINE %s OWNER TO %I', p.oid::regprocedure, $4::text)
FROM pg_proc p WHERE p.pronamespace = quote_ident($2)::regnamespace)",
              {names.rows, names.views, names.owner, names.viewer});
  connection.run_script(
      fmt::format("GRANT USAGE ON SCHEMA {0}, doppel TO {1};\n"
                  "GRANT SELECT, UPDATE (sealed) ON doppel.shared_sandbox TO {1};\n",
                  quote_name(names.rows), quote_name(names.viewer)));
}

/// What every sandbox may do: all with its views, read live's data, draw from live's sequences.
std::vector<std::string> grant_shared(Connection& connection, const SharedPlan& plan,
                                      const SharedNames& names) {
  Granted granted;
  for (const CopiedTable& table : plan.tables) granted.config.push_back(table.oid);
  for (const CopiedObject& object : plan.objects.objects) {
    if (object.kind != CopiedObject::Kind::kFunction) granted.config.push_back(object.oid);
  }
  const std::string reader = make_reader(connection, granted);
  connection.run_script(
      fmt::format("GRANT {0} TO {1};\nGRANT USAGE ON SCHEMA {2}, doppel TO {1};\n"
                  "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {2} TO {1};\n"
                  "REVOKE ALL ON {2}.doppel_capture, {2}.doppel_mark FROM {1};\n"
                  "GRANT SELECT ON {2}.doppel_mark TO {1};\nGRANT {1} TO {3};\n",
                  quote_name(reader), quote_name(names.group), quote_name(names.views),
                  quote_name(names.owner)));
  return check_reach(connection, names.group, granted.config);
}

/// doppel's own tables of a generation come last: nothing refers to them.
std::vector<std::string> tables_in(Connection& connection, const SharedNames& names) {
  std::vector<std::string> tables;
  for (const Row& row : ask(connection,
                            "SELECT relname FROM pg_class WHERE relnamespace = "
                            "to_regnamespace(quote_ident($1)) AND relkind = 'r' ORDER BY 1",
                            {names.rows})) {
    tables.push_back(quote_name(names.rows) + "." + quote_name(row[0].text()));
  }
  return tables;
}

/// One statement for all tables: references are judged at its end, whatever they do.
std::string all_of(const std::vector<std::string>& writes) {
  std::string sql;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    sql += fmt::format("{}w{} AS ({})", i == 0 ? "WITH " : ",\n", i, writes[i]);
  }
  return sql + " SELECT";
}

std::string deletion_of(Connection& connection, const SharedNames& names, std::int32_t number) {
  std::vector<std::string> writes;
  for (const std::string& table : tables_in(connection, names)) {
    writes.push_back(fmt::format("DELETE FROM {} WHERE {} = {}", table, kSandboxColumn, number));
  }
  return all_of(writes);
}

/// What is copied from live, moved or removed as a whole has nothing for references to judge: half
/// of the time that it takes. Only who was given the right may say so.
constexpr std::string_view kCopying =
    "SELECT set_config('doppel.copying', 'on', true), CASE WHEN has_parameter_privilege("
    "'session_replication_role', 'SET') THEN set_config('session_replication_role', 'replica', "
    "true) END";

}  // namespace

SharedNames make_generation(Connection& connection, const std::vector<TableShapePtr>& shapes,
                            const std::string& fingerprint) {
  make_shared_registry(connection);
  const SharedNames names = shared_names(connection, add_generation(connection, fingerprint));
  const Path live = connection.path();
  const SharedPlan plan = plan_shared(connection, shapes, names);
  make_shared_roles(connection, names, plan.tables);
  connection.run_script(
      fmt::format("CREATE SCHEMA {} AUTHORIZATION {}; CREATE SCHEMA {} AUTHORIZATION {}",
                  quote_name(names.rows), quote_name(names.owner), quote_name(names.views),
                  quote_name(names.viewer)));
  set_path(connection, before({names.rows}, live));
  run_all(connection, plan.table_statements);
  install_shared_capture(connection, shapes, before({names.rows}, live), names.views);
  set_path(connection, before({names.views}, live));
  make_views(connection, names);
  for (const CopiedObject& object : plan.objects.objects) connection.run_script(object.sql);
  run_all(connection, plan.view_statements);
  set_path(connection, before({names.rows, names.views}, live));
  run_all(connection, plan.rule_statements);
  set_path(connection, live);
  fix_trigger_paths(*connection.sql(), names.views, before({names.views}, live));
  give_away(connection, names);
  std::vector<std::string> remarks = grant_shared(connection, plan, names);
  for (const database::Finding& finding : plan.findings) remarks.push_back(finding.message);
  json::array kept;
  for (const std::string& remark : remarks) kept.emplace_back(remark);
  write_shared_mark(connection, names, 0, "remarks", write_json(kept, JsonStyle::kCompact));
  return names;
}

void drop_generation(Connection& connection, int generation) {
  const SharedNames names = shared_names(connection, generation);
  connection.run_script(fmt::format("DROP SCHEMA IF EXISTS {} CASCADE", quote_name(names.views)));
  connection.run_script(fmt::format("DROP SCHEMA IF EXISTS {} CASCADE", quote_name(names.rows)));
  const auto reader = ask(connection,
                          "SELECT g.rolname FROM pg_auth_members m JOIN pg_roles g ON g.oid = "
                          "m.roleid JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = $1 AND "
                          "starts_with(g.rolname, 'doppel_read_')",
                          {names.group});
  drop_role(connection, names.group, reader.empty() ? "" : reader[0][0].text());
  const bool is_last =
      !shared_use(connection, generation).any &&
      ask(connection,
          "SELECT NOT EXISTS (SELECT FROM doppel.shared_generation WHERE generation <> $1)",
          {Value(generation)})[0][0] == Value(1);
  if (is_last) {
    drop_role(connection, names.viewer, "");
    drop_role(connection, names.owner, "");
  }
  // Last of all: as long as it is listed, whoever comes after a crash goes on here.
  connection.run("DELETE FROM doppel.shared_generation WHERE generation = $1",
                 std::vector<Value>{Value(generation)});
}

std::vector<database::RowCount> fill_shared(Connection& connection,
                                            const std::vector<TableShapePtr>& shapes,
                                            const SharedNames& names, std::int32_t number) {
  std::vector<std::string> wanted;
  for (const TableShapePtr& shape : shapes) wanted.push_back(shape->name);
  const std::vector<CopiedTable> tables = read_copied_tables(*connection.sql(), wanted);
  std::map<std::string, const TableShape*> known;
  for (const TableShapePtr& shape : shapes) known.emplace(shape->name, shape.get());
  std::string sql;
  std::string counts;
  std::vector<std::string> order;
  for (const CopiedTable& table : tables) {
    const std::string columns = database::quote_names(table.columns);
    std::vector<std::string> key;
    for (const std::size_t i : known.at(table.name)->key) {
      key.push_back(known.at(table.name)->columns[i]);
    }
    sql += fmt::format(
        "{}w{} AS (INSERT INTO {}.{} ({}, {}) SELECT {}, {} FROM ONLY {}.{} ORDER BY {} "
        "RETURNING 1)",
        order.empty() ? "WITH " : ",\n", order.size(), quote_name(names.rows),
        quote_name(table.name), kSandboxColumn, columns, number, columns, quote_name(table.schema),
        quote_name(table.name), database::quote_names(key));
    counts += fmt::format("{}(SELECT count(*) FROM w{})", order.empty() ? "" : ", ", order.size());
    order.push_back(table.name);
  }
  std::vector<database::RowCount> filled;
  if (order.empty()) return filled;
  const Row row = ask(connection, sql + " SELECT " + counts).at(0);
  for (const std::string& name : wanted) {
    const auto place = std::ranges::find(order, name) - order.begin();
    filled.push_back({name, row.at(static_cast<std::size_t>(place)).integer(), false});
  }
  return filled;
}

void clear_shared(Connection& connection, const SharedNames& names, std::int32_t number) {
  connection.run(deletion_of(connection, names, number));
}

std::string clearing_script(Connection& connection, const SharedNames& names, std::int32_t number) {
  // Whose entry somebody else has taken away has taken its tables, too: they aren't touched then.
  return fmt::format(
      "BEGIN; {0};\nDO $doppel$ BEGIN\n"
      "PERFORM FROM doppel.shared_sandbox WHERE number = {1} FOR UPDATE;\n"
      "IF FOUND THEN EXECUTE {2};\nDELETE FROM doppel.shared_sandbox WHERE number = {1}; END IF;\n"
      "END $doppel$; COMMIT",
      kCopying, number, quote_text(deletion_of(connection, names, number)));
}

void hand_over_shared(Connection& connection, const SharedNames& names, std::int32_t from,
                      std::int32_t to) {
  std::vector<std::string> writes;
  for (const std::string& table : tables_in(connection, names)) {
    writes.push_back(
        fmt::format("UPDATE {0} SET {1} = {2} WHERE {1} = {3}", table, kSandboxColumn, to, from));
  }
  connection.run(all_of(writes));
}

void analyze_shared(Connection& connection, const SharedNames& names) {
  connection.run_script("ANALYZE " + join(tables_in(connection, names), ", "));
}

void set_copying(Connection& connection) { connection.run(std::string(kCopying)); }

void write_shared_mark(Connection& connection, const SharedNames& names, std::int32_t number,
                       const std::string& name, const std::string& text) {
  connection.run(fmt::format("INSERT INTO {}.doppel_mark ({}, name, value) VALUES ($1, $2, $3) ON "
                             "CONFLICT ({}, name) DO UPDATE SET value = excluded.value",
                             quote_name(names.rows), kSandboxColumn, kSandboxColumn),
                 std::vector<Value>{Value(number), Value(name), Value(text)});
}

std::string shared_remarks(Connection& connection, const SharedNames& names) {
  const auto rows =
      ask(connection, fmt::format("SELECT value FROM {}.doppel_mark WHERE {} = 0 AND name = "
                                  "'remarks'",
                                  quote_name(names.rows), kSandboxColumn));
  return rows.empty() ? "[]" : rows[0][0].text();
}

}  // namespace doppel::postgres
