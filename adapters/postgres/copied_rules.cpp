#include "adapters/postgres/copied_rules.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/core.h>

#include "adapters/postgres/overlay_names.hpp"
#include "adapters/postgres/sql_words.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

using database::Finding;
using database::quote_name;
using database::SqlRunner;

/// Whether the manifest says it, and what.
std::optional<database::TriggerUse> use_of(const TriggerUses& uses, const std::string& table,
                                           const std::string& trigger) {
  const auto of_table = uses.find(table);
  if (of_table == uses.end()) return std::nullopt;
  const auto found = of_table->second.find(trigger);
  if (found == of_table->second.end()) return std::nullopt;
  return found->second;
}

void read_triggers(SqlRunner& live, const Oids& relations, const TriggerUses& uses,
                   CopiedRules& rules) {
  constexpr int kBefore = 2;
  constexpr int kInsteadOf = 64;
  for (const Row& row : live.query(R"(
SELECT t.tgname, c.relname, pg_get_triggerdef(t.oid, true), t.tgtype, p.prosrc, l.lanname,
  t.tgenabled::text
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
JOIN pg_language l ON l.oid = p.prolang
WHERE t.tgrelid = ANY ($1::oid[]) AND NOT t.tgisinternal AND t.tgparentid = 0
  AND NOT starts_with(t.tgname, 'doppel_')
  AND t.tgenabled <> 'D'
ORDER BY c.relname, t.tgname)",
                                   {Value(oid_array(relations))})) {
    const std::int64_t type = row[3].integer();
    const std::string title = fmt::format("trigger {} on {}", row[0].text(), row[1].text());
    const bool shapes_rows = (type & (kBefore | kInsteadOf)) != 0;
    const bool known = row[5] == Value("plpgsql") || row[5] == Value("internal");
    const bool quiet = (type & kInsteadOf) != 0 || (known && !acts_outside(row[4].text()));
    const auto use = use_of(uses, row[1].text(), row[0].text());
    if (use == database::TriggerUse::kSkip) continue;
    if (!use && (!shapes_rows || !quiet)) {
      rules.findings.push_back(
          {.kind = Finding::Kind::kTrigger,
           .weight = Finding::Weight::kWarning,
           .place = title,
           .message = title + " isn't run in the sandbox: it may act outside of it",
           .remedy = "class it `replay` or `skip` under `triggers:` of its table in the manifest"});
      continue;
    }
    rules.statements.push_back(row[2].text());
    if (row[6] == Value("A") || row[6] == Value("R")) {
      rules.statements.push_back(
          fmt::format("ALTER TABLE {} ENABLE {} TRIGGER {}", quote_name(row[1].text()),
                      row[6] == Value("A") ? "ALWAYS" : "REPLICA", quote_name(row[0].text())));
    }
  }
}

void read_rules(SqlRunner& live, const Oids& relations, const Oids& others, CopiedRules& rules) {
  Oids inside = relations;
  inside.insert(inside.end(), others.begin(), others.end());
  for (const Row& row : live.query(R"(
SELECT r.rulename, c.relname, pg_get_ruledef(r.oid, true), EXISTS (
  SELECT FROM pg_depend d JOIN pg_class o ON o.oid = d.refobjid
  WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
    AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> ALL ($2::oid[]))
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
WHERE r.ev_class = ANY ($1::oid[]) AND r.rulename <> '_RETURN' AND r.ev_enabled <> 'D'
ORDER BY c.relname, r.rulename)",
                                   {Value(oid_array(relations)), Value(oid_array(inside))})) {
    if (row[3] == Value(1)) {
      const std::string title = fmt::format("rule {} on {}", row[0].text(), row[1].text());
      rules.findings.push_back(
          {.kind = Finding::Kind::kRule,
           .weight = Finding::Weight::kWarning,
           .place = title,
           .message = title + " isn't kept in the sandbox: it names what isn't copied"});
      continue;
    }
    rules.statements.push_back(row[2].text());
  }
}

void read_policies(SqlRunner& live, const Oids& relations, const std::string& role,
                   CopiedRules& rules) {
  for (const Row& row : live.query(R"(
SELECT format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', relname) FROM pg_class
WHERE oid = ANY ($1::oid[]) AND relrowsecurity ORDER BY relname)",
                                   {Value(oid_array(relations))})) {
    rules.statements.push_back(row[0].text());
  }
  // Not FORCE: doppel, which owns the copies, sees them whole.
  for (const Row& row : live.query(R"(
SELECT format('CREATE POLICY %I ON %I AS %s FOR %s TO ', p.polname, c.relname,
    CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
    CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                  WHEN 'd' THEN 'DELETE' ELSE 'ALL' END),
  coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
    || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''),
  p.polroles = '{0}', p.polname, c.relname
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE p.polrelid = ANY ($1::oid[])
ORDER BY c.relname, p.polname)",
                                   {Value(oid_array(relations))})) {
    const bool for_all = row[2] == Value(1);
    rules.statements.push_back(row[0].text() + (for_all ? "PUBLIC" : quote_name(role)) +
                               row[1].text());
    if (!for_all) {
      const std::string title = fmt::format("policy {} on {}", row[3].text(), row[4].text());
      rules.findings.push_back(
          {.kind = Finding::Kind::kRule,
           .place = title,
           .message = title + " is for certain roles: in the sandbox it is for the sandbox's"});
    }
  }
}

}  // namespace

bool acts_outside(std::string_view body) {
  constexpr std::array<std::string_view, 12> kActs{"insert", "delete",    "merge",  "truncate",
                                                   "notify", "pg_notify", "copy",   "lo_export",
                                                   "call",   "execute",   "create", "drop"};
  const std::vector<std::string> words = words_of(body, Texts::kLeaveOut);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (std::ranges::find(kActs, word) != kActs.end()) return true;
    if (word.starts_with("dblink") || word.starts_with("http")) return true;
    // UPDATE t SET, but not TG_OP's value, which is a text, nor FOR UPDATE.
    if (word == "update" && (i == 0 || words[i - 1] != "for")) return true;
  }
  return false;
}

CopiedRules read_copied_rules(SqlRunner& live, const Oids& relations, const std::string& role,
                              const TriggerUses& uses, const Oids& others) {
  CopiedRules rules;
  read_triggers(live, relations, uses, rules);
  read_rules(live, relations, others, rules);
  read_policies(live, relations, role, rules);
  return rules;
}

Oids shaping_functions(SqlRunner& live, const Oids& relations) {
  Oids functions;
  for (const Row& row : live.query("SELECT DISTINCT tgfoid FROM pg_trigger WHERE tgrelid = ANY "
                                   "($1::oid[]) AND NOT tgisinternal AND tgtype & 2 <> 0",
                                   {Value(oid_array(relations))})) {
    functions.push_back(row[0].integer());
  }
  return functions;
}

std::vector<Finding> unsafe_functions(SqlRunner& live, const Oids& tables) {
  constexpr std::string_view kUnsafe = R"(
WITH RECURSIVE acted AS (
  SELECT DISTINCT f.conrelid AS oid FROM pg_constraint f
  WHERE f.contype = 'f' AND f.conrelid = ANY ($1::oid[]) AND f.confrelid = ANY ($1::oid[])
    AND (f.confupdtype IN ('c', 'n', 'd') OR f.confdeltype IN ('n', 'd'))
), part AS (
  SELECT a.oid AS relation, 'pg_constraint'::regclass AS class, k.oid AS object
  FROM acted a JOIN pg_attribute t ON t.attrelid = a.oid AND t.attnum > 0 AND NOT t.attisdropped
  JOIN pg_constraint k ON k.contype = 'c' AND (k.conrelid = a.oid OR k.contypid = t.atttypid)
  UNION SELECT d.adrelid, 'pg_attrdef', d.oid FROM pg_attrdef d JOIN acted a ON a.oid = d.adrelid
  UNION SELECT i.indrelid, 'pg_class', i.indexrelid FROM pg_index i JOIN acted a
    ON a.oid = i.indrelid
  UNION SELECT g.tgrelid, 'pg_trigger', g.oid FROM pg_trigger g JOIN acted a ON a.oid = g.tgrelid
    WHERE NOT g.tgisinternal
), called (relation, oid) AS (
  SELECT p.relation, d.refobjid FROM part p JOIN pg_depend d ON d.classid = p.class
    AND d.objid = p.object AND d.refclassid = 'pg_proc'::regclass
  WHERE NOT EXISTS (SELECT FROM pg_trigger g WHERE p.class = 'pg_trigger'::regclass
                    AND g.oid = p.object AND g.tgfoid = d.refobjid)
  -- A body that was bound when it was made calls others with the search_path that there is.
  UNION
  SELECT c.relation, d.refobjid FROM called c JOIN pg_proc p ON p.oid = c.oid
    AND p.prosqlbody IS NOT NULL
  JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = c.oid
    AND d.refclassid = 'pg_proc'::regclass
)
SELECT DISTINCT c.relname, p.oid::regprocedure::text,
  (SELECT string_agg(quote_ident(s), ', ') FROM unnest(current_schemas(false)) AS s
   WHERE s <> 'doppel')
FROM called JOIN pg_class c ON c.oid = called.relation JOIN pg_proc p ON p.oid = called.oid
JOIN pg_language l ON l.oid = p.prolang AND l.lanname NOT IN ('c', 'internal')
WHERE p.prosqlbody IS NULL
  AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS s WHERE s ~ '^search_path=.*\mpg_temp"?$')
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass
                  AND e.objid = p.oid AND e.deptype = 'e')
ORDER BY 1, 2)";
  std::vector<Finding> findings;
  for (const Row& row : live.query(kUnsafe, {Value(oid_array(tables))})) {
    const std::string& function = row[1].text();
    findings.push_back(
        {.kind = Finding::Kind::kFunction,
         .weight = Finding::Weight::kRefused,
         .place = row[0].text(),
         .message = fmt::format("references act on {}, which then calls {} as its owner, and that "
                                "doesn't say where it looks for names: a sandbox could",
                                row[0].text(), function),
         .remedy = fmt::format("ALTER FUNCTION {} SET search_path = {}, pg_temp", function,
                               row[2].text())});
  }
  return findings;
}

void fix_trigger_paths(SqlRunner& sandbox, const std::string& schema,
                       const std::vector<std::string>& path) {
  std::string script;
  for (const Row& row : sandbox.query(R"(
SELECT format('ALTER FUNCTION %s SET search_path = %s, pg_temp', p.oid::regprocedure, coalesce(
  (SELECT substr(s, 13) FROM unnest(p.proconfig) AS s WHERE starts_with(s, 'search_path=')), $2))
FROM pg_proc p WHERE p.pronamespace = quote_ident($1)::regnamespace
  AND p.prorettype = 'trigger'::regtype AND p.proname !~ '^doppel_' ORDER BY 1)",
                                      {Value(schema), Value(path_list(path))})) {
    script += row[0].text() + ";\n";
  }
  if (!script.empty()) sandbox.execute_script(script);
}

std::vector<std::string> default_statements(SqlRunner& live, const Oids& relations,
                                            const Oids& functions) {
  std::vector<std::string> statements;
  for (Row& row : live.query(R"(
SELECT format('ALTER %s %I ALTER COLUMN %I SET DEFAULT %s',
              CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE ONLY' END, c.relname, a.attname,
              pg_get_expr(d.adbin, d.adrelid))
FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid
JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE d.adrelid = ANY ($1::oid[]) AND a.attgenerated = '' AND (c.relkind = 'v' OR EXISTS (
  SELECT FROM pg_depend p WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
    AND p.refclassid = 'pg_proc'::regclass AND p.refobjid = ANY ($2::oid[])))
ORDER BY c.relname, a.attname)",
                             {Value(oid_array(relations)), Value(oid_array(functions))})) {
    statements.push_back(row[0].text());
  }
  return statements;
}

}  // namespace doppel::postgres
