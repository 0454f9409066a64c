#include "adapters/postgres/facts.hpp"

#include "adapters/postgres/connection.hpp"
#include "base/error.hpp"

namespace doppel::postgres {
namespace {

/// A column, its base type, and the sequence behind its default or identity.
constexpr const char* kColumns = R"(
SELECT a.attname, b.oid, format_type(b.oid, -1),
       NOT EXISTS (SELECT FROM pg_opclass o JOIN pg_am m ON m.oid = o.opcmethod
                   WHERE m.amname IN ('btree', 'hash') AND o.opcdefault
                     AND (o.opcintype = b.oid OR b.typtype IN ('e', 'r', 'm', 'c')
                          OR b.typcategory = 'A'
                          OR EXISTS (SELECT FROM pg_cast c WHERE c.castsource = b.oid
                                     AND c.casttarget = o.opcintype AND c.castmethod = 'b'
                                     AND c.castcontext = 'i'))),
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
FROM pg_attribute a
CROSS JOIN LATERAL (
  WITH RECURSIVE base AS (
    SELECT t.oid, t.typtype, t.typbasetype, t.typcategory FROM pg_type t WHERE t.oid = a.atttypid
    UNION ALL
    SELECT t.oid, t.typtype, t.typbasetype, t.typcategory
    FROM base JOIN pg_type t ON t.oid = base.typbasetype WHERE base.typtype = 'd')
  SELECT * FROM base WHERE typtype <> 'd') AS b
WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped)";

}  // namespace

const ColumnFacts& TableFacts::column(const std::string& name) const {
  const auto found = columns.find(name);
  if (found != columns.end()) return found->second;
  throw Error(ErrorCode::kSql, "no such column: " + name, {.place = text, .remedy = {}});
}

TableFacts read_facts(Connection& connection, const std::string& table) {
  const auto relation = connection.find_relation(table);
  if (!relation) {
    throw Error(ErrorCode::kSql, "no such table: " + table,
                {.place = connection.place(), .remedy = {}});
  }
  TableFacts facts{.text = relation->text,
                   .own = relation->own,
                   .lockable = relation->table,
                   .columns = {},
                   .unique_columns = {}};
  const Value parameters[]{Value(relation->oid)};
  const ResultHandle result = connection.run(kColumns, parameters);
  for (const Row& row : rows_of(result.get())) {
    ColumnFacts column{.type = static_cast<TypeOid>(row[1].integer()),
                       .cast = "::" + row[2].text(),
                       .compared_as_text = row[3].integer() != 0,
                       .sequence = row[4].is_null() ? "" : row[4].text()};
    if (row[5].integer() != 0) facts.unique_columns.insert(row[0].text());
    facts.columns.emplace(row[0].text(), std::move(column));
  }
  return facts;
}

}  // namespace doppel::postgres
