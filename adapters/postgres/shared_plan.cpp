#include "adapters/postgres/shared_plan.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "adapters/postgres/capture.hpp"
#include "adapters/postgres/copied_rules.hpp"
#include "adapters/postgres/overlay_names.hpp"
#include "adapters/postgres/values.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

using database::quote_name;
using Kind = CopiedObject::Kind;

std::vector<Row> ask(Connection& connection, std::string_view sql, const Oids& oids) {
  return rows_of(
      connection.run(std::string(sql), std::vector<Value>{Value(oid_array(oids))}).get());
}

template <typename T>
void append(std::vector<T>& list, std::vector<T> more) {
  list.insert(list.end(), std::make_move_iterator(more.begin()),
              std::make_move_iterator(more.end()));
}

Oids oids_of(const std::vector<CopiedTable>& tables) {
  Oids oids;
  for (const CopiedTable& table : tables) oids.push_back(table.oid);
  return oids;
}

/// What a table of many sandboxes can't be: the table, why, what to do.
constexpr std::string_view kUnfit = R"(
SELECT c.relname, u.why, u.remedy FROM pg_class c CROSS JOIN LATERAL (
  SELECT 'the table is partitioned' AS why, 'choose the carrier copy' AS remedy
  WHERE c.relkind = 'p'
  UNION ALL SELECT 'the table inherits from ' || i.inhparent::regclass, 'choose the carrier copy'
  FROM pg_inherits i WHERE i.inhrelid = c.oid AND NOT c.relispartition
  UNION ALL SELECT 'the table has row-level security of its own', 'choose the carrier copy'
  WHERE c.relrowsecurity
  UNION ALL SELECT 'the table has the rule ' || r.rulename, 'choose the carrier copy'
  FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN' AND r.ev_enabled <> 'D'
  UNION ALL
  -- A reference's action runs as the tables' owner, but with the search_path of the sandbox.
  SELECT 'its references act on it, and ' || p.oid::regprocedure
         || ', which it calls, has no search_path of its own',
         format('ALTER FUNCTION %s SET search_path = %s, pg_temp; or choose the carrier copy',
                p.oid::regprocedure, (SELECT string_agg(quote_ident(s), ', ')
                                      FROM unnest(current_schemas(false)) AS s WHERE s <> 'doppel'))
  FROM pg_depend d JOIN pg_proc p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
  JOIN pg_language l ON l.oid = p.prolang AND l.lanname NOT IN ('c', 'internal')
  WHERE p.prosqlbody IS NULL AND NOT EXISTS (
      SELECT FROM unnest(p.proconfig) AS s WHERE s ~ '^search_path=.*\mpg_temp"?$')
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass
                    AND e.objid = p.oid AND e.deptype = 'e')
    AND EXISTS (SELECT FROM pg_constraint f WHERE f.conrelid = c.oid AND f.contype = 'f'
                AND f.confrelid = ANY ($1::oid[])
                AND (f.confupdtype IN ('c', 'n', 'd') OR f.confdeltype IN ('n', 'd')))
    AND ((d.classid = 'pg_constraint'::regclass AND d.objid IN (
            SELECT k.oid FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c'))
      OR (d.classid = 'pg_attrdef'::regclass AND d.objid IN (
            SELECT a.oid FROM pg_attrdef a WHERE a.adrelid = c.oid))
      OR (d.classid = 'pg_class'::regclass AND d.objid IN (
            SELECT i.indexrelid FROM pg_index i WHERE i.indrelid = c.oid)))
) AS u WHERE c.oid = ANY ($1::oid[]) ORDER BY 1, 2 LIMIT 1)";

void refuse_unfit(Connection& connection, const Oids& tables) {
  for (const Row& row : ask(connection, kUnfit, tables)) {
    throw Error(ErrorCode::kUnsupported, "sandboxes can't share the table: " + row[1].text(),
                {.place = row[0].text(), .remedy = row[2].text()});
  }
}

std::string shared_table(const CopiedTable& table) {
  return fmt::format(
      "CREATE TABLE {0} ({1} integer NOT NULL DEFAULT doppel.sandbox(), LIKE {2}.{0} INCLUDING ALL "
      "EXCLUDING IDENTITY EXCLUDING INDEXES EXCLUDING STATISTICS)",
      quote_name(table.name), kSandboxColumn, quote_name(table.schema));
}

/// Triggers that shape rows, but not those that are copied from live, which are shaped already.
std::string unless_copying(const std::string& trigger) {
  constexpr std::string_view kFunction = " EXECUTE FUNCTION ";
  constexpr std::string_view kWhen = " WHEN (";
  const std::size_t function = trigger.rfind(kFunction);
  if (!trigger.starts_with("CREATE TRIGGER ") || function == std::string::npos) return trigger;
  std::size_t each = trigger.find(" FOR EACH ROW");
  if (each == std::string::npos) each = trigger.find(" FOR EACH STATEMENT");
  const std::size_t when = each == std::string::npos ? each : trigger.find(kWhen, each);
  if (when == std::string::npos || when > function) {
    return trigger.substr(0, function) + " WHEN (NOT doppel.copying())" + trigger.substr(function);
  }
  return trigger.substr(0, when) + " WHEN (NOT doppel.copying() AND (" +
         trigger.substr(when + kWhen.size(), function - when - kWhen.size()) + ")" +
         trigger.substr(function);
}

/// What a materialised view holds can't be by sandbox: it is worked out at each look.
void unfold_materialised(Connection& connection, SharedPlan& plan) {
  for (CopiedObject& object : plan.objects.objects) {
    if (object.kind != Kind::kMaterialisedView) continue;
    std::string definition =
        ask(connection, "SELECT pg_get_viewdef(($1::oid[])[1])", {object.oid})[0][0].text();
    while (definition.ends_with(';')) definition.pop_back();
    object.kind = Kind::kView;
    object.sql = fmt::format("CREATE VIEW {} WITH (security_invoker = true) AS {};\n",
                             quote_name(object.name), definition);
    plan.findings.push_back({.kind = database::Finding::Kind::kView,
                             .place = object.name,
                             .message = "materialised view " + object.name +
                                        " is a view in the sandbox, always as its config is: it "
                                        "can't be refreshed"});
  }
}

/// Each new sandbox is filled again with rows that may break them.
std::vector<database::Finding> unvalidated_checks(Connection& connection, const Oids& tables) {
  std::vector<database::Finding> findings;
  for (const Row& row : ask(connection, R"(
SELECT c.relname, k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.conrelid = ANY ($1::oid[]) AND k.contype = 'c' AND NOT k.convalidated ORDER BY 1, 2)",
                            tables)) {
    findings.push_back(
        {.kind = database::Finding::Kind::kKey,
         .place = row[0].text(),
         .message = fmt::format("check {} of {} isn't kept: live hasn't validated it",
                                row[1].text(), row[0].text())});
  }
  return findings;
}

}  // namespace

SharedNames shared_names(Connection& connection, int generation) {
  const auto where = rows_of(connection.run("SELECT current_database()").get());
  const std::string database = sha256(where.at(0).at(0).text()).substr(0, 12);
  const std::string number = std::to_string(generation);
  return {.generation = generation,
          .rows = std::string(kSharedRows) + number,
          .views = std::string(kSharedViews) + number,
          .owner = "doppel_owner_" + database,
          .viewer = "doppel_view_" + database,
          .group = "doppel_rows_" + number + "_" + database};
}

SharedPlan plan_shared(Connection& connection, const std::vector<TableShapePtr>& shapes,
                       const SharedNames& names) {
  database::SqlRunner& live = *connection.sql();
  std::vector<std::string> wanted;
  for (const TableShapePtr& shape : shapes) wanted.push_back(shape->name);
  SharedPlan plan;
  plan.tables = read_copied_tables(live, wanted);
  const Oids tables = oids_of(plan.tables);
  refuse_unfit(connection, tables);
  plan.objects = read_copied_objects(live, plan.tables, connection.path(), names.views,
                                     shaping_functions(live, tables));
  plan.findings = plan.objects.findings;
  unfold_materialised(connection, plan);
  for (const CopiedTable& table : plan.tables) {
    plan.table_statements.push_back(shared_table(table));
  }
  append(plan.table_statements, identity_statements(live, tables));
  append(plan.table_statements, drop_unvalidated_checks(live, tables));
  append(plan.findings, unvalidated_checks(connection, tables));
  append(plan.table_statements, shared_key_statements(connection, tables, plan.findings));
  CopiedRules shaping = read_copied_rules(live, tables, names.group);
  for (std::string& statement : shaping.statements) statement = unless_copying(statement);
  const Oids views = plan.objects.oids(Kind::kView);
  CopiedRules of_views = read_copied_rules(live, views, names.group, {}, tables);
  Oids relations = tables;
  relations.insert(relations.end(), views.begin(), views.end());
  plan.rule_statements = default_statements(live, relations, plan.objects.oids(Kind::kFunction));
  append(plan.rule_statements, std::move(shaping.statements));
  plan.view_statements = std::move(of_views.statements);
  for (CopiedRules* rules : {&shaping, &of_views}) {
    plan.findings.insert(plan.findings.end(), rules->findings.begin(), rules->findings.end());
  }
  return plan;
}

std::string shared_fingerprint(Connection& connection, const std::vector<TableShapePtr>& shapes) {
  constexpr std::string_view kState = R"(
WITH config AS (SELECT to_regclass(quote_ident(n))::oid AS oid FROM unnest($1::text[]) AS n),
schemas AS (SELECT oid FROM pg_namespace WHERE nspname = ANY ($2::text[]))
SELECT md5(string_agg(md5(x), '' ORDER BY md5(x) COLLATE "C")) FROM (
  SELECT concat_ws(' ', 'column', c.relname, c.relkind, c.relrowsecurity, a.attnum, a.attname,
                   a.atttypid, a.atttypmod, a.attnotnull, a.attcollation, a.attidentity,
                   a.attgenerated, d.adbin) AS x
  FROM config JOIN pg_class c USING (oid) JOIN pg_attribute a ON a.attrelid = c.oid
    AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  UNION ALL
  SELECT concat_ws(' ', 'constraint', conrelid, conname, contype, conkey, confrelid, confkey,
                   confupdtype, confdeltype, confmatchtype, confdelsetcols, condeferrable,
                   condeferred, convalidated, conexclop, conbin)
  FROM config JOIN pg_constraint ON conrelid = config.oid
  UNION ALL
  SELECT concat_ws(' ', 'index', pg_get_indexdef(indexrelid), indisvalid)
  FROM config JOIN pg_index ON indrelid = config.oid
  UNION ALL
  SELECT concat_ws(' ', 'trigger', tgrelid, tgname, tgfoid, tgtype, tgenabled, tgargs, tgqual)
  FROM config JOIN pg_trigger ON tgrelid = config.oid AND NOT tgisinternal
    AND NOT starts_with(tgname, 'doppel_')
  UNION ALL
  SELECT concat_ws(' ', 'rule', c.relname, c.relkind, r.rulename, c.reloptions, r.ev_action)
  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
  WHERE c.relnamespace IN (SELECT oid FROM schemas)
  UNION ALL
  SELECT concat_ws(' ', 'function', p.oid, p.prosecdef, p.prosrc, p.proconfig, p.prosqlbody)
  FROM pg_proc p WHERE p.pronamespace IN (SELECT oid FROM schemas) AND p.prokind IN ('f', 'p')
  UNION ALL SELECT 'path ' || $2::text
) AS all_of_it)";
  std::vector<std::string> names;
  for (const TableShapePtr& shape : shapes) names.push_back(shape->name);
  const auto rows = rows_of(
      connection
          .run(std::string(kState),
               std::vector<Value>{Value(text_array(names)), Value(text_array(connection.path()))})
          .get());
  // The digit says how this doppel makes the tables.
  return sha256("2 " + describe_captured(shapes) + rows.at(0).at(0).text());
}

}  // namespace doppel::postgres
