#pragma once

#include <string_view>

/// What is asked of the server's catalogue. Expressions and definitions are printed as the
/// search_path sees their names, so that a sandbox's read like live's.
namespace doppel::postgres {

/// `schemas`: where an application's things may stand. Sandboxes are left out but for the one that
/// the connection is of. `relations`: its tables and views, by the name that the ports use; parts
/// of a partitioned table and what an extension brought are left out, and doppel's own. A view on a
/// table that sandboxes share counts as that table, without the column that says whose row it is.
inline constexpr std::string_view kRelations = R"(
WITH schemas AS (
  SELECT oid, nspname FROM pg_namespace
  WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'doppel')
    AND nspname !~ '^pg_(temp|toast_temp)_'
    AND (nspname !~ '^zz_doppel_' OR nspname = ANY (current_schemas(false)))
), relations AS (
  SELECT coalesce(b.oid, c.oid) AS oid, coalesce(b.relkind, c.relkind) AS relkind,
         CASE WHEN pg_table_is_visible(c.oid) THEN c.relname::text
              ELSE s.nspname || '.' || c.relname END AS name
  FROM pg_class c JOIN schemas s ON s.oid = c.relnamespace
  LEFT JOIN pg_class b ON starts_with(s.nspname, 'zz_doppel_view_') AND b.relkind = 'r'
    AND b.relname = c.relname
    AND b.relnamespace = to_regnamespace(
      quote_ident(replace(s.nspname, 'zz_doppel_view_', 'zz_doppel_rows_')))
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
    AND c.relname !~ '^doppel_' AND c.relpersistence <> 't'
    AND (pg_table_is_visible(c.oid) OR s.nspname <> ALL (current_schemas(false)))
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                    AND d.objid = c.oid AND d.deptype = 'e')
)
SELECT oid, relkind, name FROM relations)";

/// The answer to that, as arrays: it stands before every other question, and is found once.
inline constexpr std::string_view kKnownRelations = R"(
WITH relations AS MATERIALIZED (
  SELECT * FROM unnest($1::oid[], $2::text[], $3::text[]) AS r (oid, relkind, name)
), tables AS (SELECT * FROM relations WHERE relkind IN ('r', 'p')))";

/// oid, name, definition: checks, exclusions, how it is partitioned, what it inherits.
inline constexpr std::string_view kTables = R"(
SELECT t.oid, t.name, concat(
  (SELECT string_agg(k.conname || ' ' || pg_get_constraintdef(k.oid) || E'\n', '' ORDER BY conname)
   FROM pg_constraint k WHERE k.conrelid = t.oid
     AND (k.contype IN ('c', 'x') OR (k.contype <> 't' AND k.condeferrable))),
  'PARTITION BY ' || pg_get_partkeydef(t.oid) || E'\n',
  (SELECT 'INHERITS ' || string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno) || E'\n'
   FROM pg_inherits i WHERE i.inhrelid = t.oid))
FROM tables t)";

/// table, name, type, not null, generated, default, what the definition says beside.
inline constexpr std::string_view kColumnsOfTables = R"(
SELECT t.oid, a.attname::text, format_type(a.atttypid, a.atttypmod),
       a.attnotnull OR (y.typtype = 'd' AND y.typnotnull),
       a.attgenerated <> '',
       CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
       nullif(concat(
         CASE WHEN a.attgenerated <> '' THEN 'AS ' || pg_get_expr(d.adbin, d.adrelid) END,
         CASE a.attidentity WHEN 'a' THEN 'ALWAYS AS IDENTITY'
                            WHEN 'd' THEN 'BY DEFAULT AS IDENTITY' END,
         CASE WHEN a.attcollation <> y.typcollation
              THEN ' COLLATE ' || a.attcollation::regcollation END), '')
FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  AND a.attname <> 'doppel_sandbox'
JOIN pg_type y ON y.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
ORDER BY t.oid, a.attnum)";

/// table, name, primary, columns, on expressions, partial, columns in which it takes either case
/// for the same, a key from a sequence, compares otherwise than the columns do, stored columns that
/// its expressions and computed columns are made of.
inline constexpr std::string_view kUniqueIndexes = R"(
SELECT t.oid, c.relname::text, i.indisprimary, k.columns, i.indexprs IS NOT NULL,
       i.indpred IS NOT NULL, k.folded, k.counted AND i.indnkeyatts - k.shared = 1,
       k.otherwise OR i.indnullsnotdistinct,
       (SELECT array_agg(DISTINCT m.attname::text)
        FROM (SELECT unnest(i.indkey) AS number
              UNION SELECT p.refobjsubid FROM pg_depend p
              WHERE i.indexprs IS NOT NULL AND p.classid = 'pg_class'::regclass
                AND p.objid = i.indexrelid AND p.refclassid = 'pg_class'::regclass
                AND p.refobjid = t.oid) AS used
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = used.number AND a.attnum > 0
        LEFT JOIN pg_attrdef e ON e.adrelid = t.oid AND e.adnum = a.attnum AND a.attgenerated <> ''
        LEFT JOIN pg_depend p ON p.classid = 'pg_attrdef'::regclass AND p.objid = e.oid
          AND p.refclassid = 'pg_class'::regclass AND p.refobjid = t.oid
          AND p.refobjsubid <> a.attnum
        JOIN pg_attribute m ON m.attrelid = t.oid
          AND m.attnum = coalesce(p.refobjsubid, a.attnum) AND m.attgenerated = ''
          AND m.attname <> 'doppel_sandbox'
        WHERE i.indexprs IS NOT NULL OR EXISTS (
          SELECT FROM pg_attribute g WHERE g.attrelid = t.oid AND g.attgenerated <> ''
            AND g.attnum = ANY (i.indkey)))
FROM tables t JOIN pg_index i ON i.indrelid = t.oid AND i.indisunique
JOIN pg_class c ON c.oid = i.indexrelid
CROSS JOIN LATERAL (
  SELECT array_agg(a.attname::text ORDER BY n.n) FILTER (WHERE a.attname <> 'doppel_sandbox')
           AS columns, count(*) FILTER (WHERE a.attname = 'doppel_sandbox') AS shared,
         array_agg(a.attname::text ORDER BY n.n) FILTER (
           WHERE y.typname = 'citext' OR l.colliculocale ~ 'ks-level[12]') AS folded,
         bool_or(i.indcollation[n.n - 1] <> a.attcollation) AS otherwise,
         bool_or(a.attidentity <> '' OR EXISTS (
           SELECT FROM pg_attrdef f JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass
             AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
           JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
           WHERE f.adrelid = a.attrelid AND f.adnum = a.attnum)) AS counted
  FROM generate_series(1, i.indnkeyatts) AS n (n)
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[n.n - 1]
  JOIN pg_type y ON y.oid = a.atttypid
  LEFT JOIN pg_collation l ON l.oid = a.attcollation) AS k
ORDER BY t.oid, c.relname)";

/// table, columns, target, target columns, what a delete does.
inline constexpr std::string_view kForeignKeys = R"(
SELECT t.oid,
  (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(f.conkey) WITH ORDINALITY AS k (c, n)
   JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.c
     AND a.attname <> 'doppel_sandbox'),
  CASE WHEN pg_table_is_visible(p.oid) OR starts_with(m.nspname, 'zz_doppel_rows_')
       THEN p.relname::text ELSE m.nspname || '.' || p.relname END,
  (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(f.confkey) WITH ORDINALITY AS k (c, n)
   JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.c
     AND a.attname <> 'doppel_sandbox'),
  CASE f.confdeltype WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE'
                     WHEN 'n' THEN 'SET NULL' ELSE 'SET DEFAULT' END
FROM tables t JOIN pg_constraint f ON f.conrelid = t.oid AND f.contype = 'f' AND f.conparentid = 0
JOIN pg_class p ON p.oid = f.confrelid JOIN pg_namespace m ON m.oid = p.relnamespace)";

/// kind, name, table, definition of what stands beside the tables: views, indexes without a
/// constraint, triggers, rules, policies, types, and the functions that any of them needs.
inline constexpr std::string_view kObjects = R"(
, schemas AS (
  SELECT oid FROM pg_namespace
  WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'doppel')
    AND nspname !~ '^pg_(temp|toast_temp)_'
    AND (nspname !~ '^zz_doppel_' OR nspname = ANY (current_schemas(false)))
), used AS (
  SELECT DISTINCT d.refobjid AS oid FROM pg_depend d
  WHERE d.refclassid = 'pg_proc'::regclass AND d.deptype = 'n'
    AND d.classid IN ('pg_trigger'::regclass, 'pg_rewrite'::regclass, 'pg_attrdef'::regclass,
                      'pg_constraint'::regclass, 'pg_class'::regclass, 'pg_policy'::regclass)
), brought AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e')
SELECT CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                    ELSE 'foreign table' END, name, name,
       CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END
FROM relations WHERE relkind IN ('v', 'm', 'f')
UNION ALL
SELECT 'index', c.relname, r.name, pg_get_indexdef(i.indexrelid)
FROM relations r JOIN pg_index i ON i.indrelid = r.oid JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relname !~ '^doppel_' AND NOT EXISTS (
  SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
UNION ALL
SELECT 'trigger', g.tgname, r.name, pg_get_triggerdef(g.oid, true)
FROM relations r JOIN pg_trigger g ON g.tgrelid = r.oid
WHERE NOT g.tgisinternal AND g.tgname !~ '^doppel_'
UNION ALL
SELECT 'rule', w.rulename, r.name, pg_get_ruledef(w.oid)
FROM relations r JOIN pg_rewrite w ON w.ev_class = r.oid WHERE w.rulename <> '_RETURN'
UNION ALL
SELECT 'policy', p.polname, r.name, concat_ws(' ', p.polcmd::text, p.polpermissive::text,
       pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
FROM relations r JOIN pg_policy p ON p.polrelid = r.oid
UNION ALL
SELECT 'function', f.oid::regprocedure::text, NULL, pg_get_functiondef(f.oid)
FROM pg_proc f JOIN used u ON u.oid = f.oid JOIN schemas s ON s.oid = f.pronamespace
WHERE f.prokind IN ('f', 'p') AND f.proname !~ '^doppel_'
  AND ('pg_proc'::regclass, f.oid) NOT IN (SELECT classid, objid FROM brought)
UNION ALL
SELECT 'type', y.oid::regtype::text, NULL, CASE y.typtype
  WHEN 'e' THEN (SELECT string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) FROM pg_enum e
                 WHERE e.enumtypid = y.oid)
  WHEN 'd' THEN concat_ws(' ', format_type(y.typbasetype, y.typtypmod), (
    SELECT string_agg(pg_get_constraintdef(k.oid), ' ' ORDER BY k.conname) FROM pg_constraint k
    WHERE k.contypid = y.oid))
  ELSE (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', '
                          ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = y.typrelid AND NOT a.attisdropped) END
FROM pg_type y JOIN schemas s ON s.oid = y.typnamespace
LEFT JOIN pg_class c ON c.oid = y.typrelid
WHERE (y.typtype IN ('e', 'd') OR (y.typtype = 'c' AND c.relkind = 'c'))
  AND ('pg_type'::regclass, y.oid) NOT IN (SELECT classid, objid FROM brought))";

}  // namespace doppel::postgres
