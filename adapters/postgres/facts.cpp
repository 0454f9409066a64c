#include "adapters/postgres/facts.hpp"

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/overlay_names.hpp"
#include "base/error.hpp"

namespace doppel::postgres {
namespace {

/// The relations of names, and all their columns. A name with a dot may be one of a table on the
/// path that somebody called so. What there is to know of a view on a table that sandboxes share is
/// that table's. A column comes with its base type and the sequence behind its default or identity.
constexpr const char* kFacts = R"(
WITH wanted AS (
  SELECT w AS name FROM unnest($1::text[]) AS w
  UNION (
  SELECT c.relname::text FROM pg_class c WHERE $2::boolean AND c.relkind IN ('r', 'p', 'v')
    AND c.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname = ANY ($3::text[]))
    AND pg_table_is_visible(c.oid) AND NOT starts_with(c.relname, 'doppel_') LIMIT 100)),
meant AS (
  SELECT w.name, c.oid FROM wanted w JOIN pg_class c ON c.relname = w.name
  WHERE pg_table_is_visible(c.oid)
  UNION ALL
  SELECT w.name, c.oid
  FROM wanted w CROSS JOIN LATERAL generate_series(1, length(w.name)) AS s
  JOIN pg_namespace n ON n.nspname = left(w.name, s - 1)
  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = substr(w.name, s + 1)
  WHERE substr(w.name, s, 1) = '.'),
relation AS MATERIALIZED (
  SELECT DISTINCT ON (m.name) m.name, coalesce(b.oid, c.oid) AS oid,
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS text,
    c.relkind = 'r' AND c.relhassubclass AS inherited,
    c.relkind IN ('r', 'p') OR b.oid IS NOT NULL AS lockable
  FROM meant m JOIN pg_class c ON c.oid = m.oid JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_class b ON starts_with(n.nspname, 'zz_doppel_view_') AND b.relkind = 'r'
    AND b.relname = c.relname AND b.relnamespace =
      to_regnamespace(quote_ident(replace(n.nspname, 'zz_doppel_view_', 'zz_doppel_rows_')))
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  ORDER BY m.name, pg_table_is_visible(c.oid) DESC),
attribute AS MATERIALIZED (
  SELECT r.name, a.attrelid, a.attnum, a.attname, a.atttypid
  FROM (SELECT DISTINCT name, oid FROM relation) r JOIN pg_attribute a ON a.attrelid = r.oid
  WHERE a.attnum > 0 AND NOT a.attisdropped),
type AS MATERIALIZED (
  WITH RECURSIVE base AS (
    SELECT t.oid AS of, t.oid, t.typtype, t.typbasetype, t.typcategory FROM pg_type t
    WHERE t.oid IN (SELECT atttypid FROM attribute)
    UNION ALL
    SELECT base.of, t.oid, t.typtype, t.typbasetype, t.typcategory
    FROM base JOIN pg_type t ON t.oid = base.typbasetype WHERE base.typtype = 'd')
  SELECT b.of, b.oid, format_type(b.oid, -1) AS text,
    NOT EXISTS (SELECT FROM pg_opclass o JOIN pg_am m ON m.oid = o.opcmethod
                WHERE m.amname IN ('btree', 'hash') AND o.opcdefault
                  AND (o.opcintype = b.oid OR b.typtype IN ('e', 'r', 'm', 'c')
                       OR b.typcategory = 'A'
                       OR EXISTS (SELECT FROM pg_cast c WHERE c.castsource = b.oid
                                  AND c.casttarget = o.opcintype AND c.castmethod = 'b'
                                  AND c.castcontext = 'i'))) AS by_text
  FROM base b WHERE b.typtype <> 'd')
SELECT r.name, r.oid, r.text, r.inherited, r.lockable, a.attname, t.oid, t.text, t.by_text,
       (SELECT quote_literal(d.refobjid::regclass) || '::regclass'
        FROM pg_attrdef f JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass
          AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
        JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
        WHERE f.adrelid = a.attrelid AND f.adnum = a.attnum
        UNION ALL
        SELECT quote_literal(d.objid::regclass) || '::regclass'
        FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
          AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum AND d.deptype = 'i'
        LIMIT 1),
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid
               AND (i.indisunique OR i.indisexclusion)
               AND (a.attnum = ANY (i.indkey) OR i.indexprs IS NOT NULL OR i.indpred IS NOT NULL))
FROM relation r LEFT JOIN attribute a ON a.name = r.name LEFT JOIN type t ON t.of = a.atttypid)";

}  // namespace

const ColumnFacts& TableFacts::column(const std::string& name) const {
  const auto found = columns.find(name);
  if (found != columns.end()) return found->second;
  throw Error(ErrorCode::kSql, "no such column: " + name, {.place = text, .remedy = {}});
}

KnownFacts read_facts(Connection& connection, const std::vector<std::string>& tables,
                      AlsoAsked also) {
  const Value parameters[]{Value(text_array(tables)),
                           Value(also == AlsoAsked::kAllOfThePath ? 1 : 0),
                           Value(text_array(connection.path()))};
  const ResultHandle result = connection.run(kFacts, parameters);
  KnownFacts known;
  for (const Row& row : rows_of(result.get())) {
    TableFacts& facts = known[row[0].text()];
    facts.oid = row[1].integer();
    facts.text = row[2].text();
    facts.own = row[3].integer() != 0 ? "ONLY " + facts.text : facts.text;
    facts.lockable = row[4].integer() != 0;
    if (row[5].is_null()) continue;
    ColumnFacts column{.type = static_cast<TypeOid>(row[6].integer()),
                       .cast = "::" + row[7].text(),
                       .compared_as_text = row[8].integer() != 0,
                       .sequence = row[9].is_null() ? "" : row[9].text()};
    if (row[10].integer() != 0) facts.unique_columns.insert(row[5].text());
    facts.columns.emplace(row[5].text(), std::move(column));
  }
  return known;
}

}  // namespace doppel::postgres
