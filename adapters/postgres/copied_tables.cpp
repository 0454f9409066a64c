#include "adapters/postgres/copied_tables.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "adapters/postgres/overlay_names.hpp"
#include "adapters/postgres/values.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

using database::quote_name;
using database::SqlRunner;

constexpr std::string_view kTables = R"(
WITH RECURSIVE found AS (
  SELECT to_regclass(n)::oid AS oid, 0 AS depth FROM unnest($1::text[]) AS n
  UNION
  SELECT i.inhrelid, f.depth + 1 FROM found f JOIN pg_inherits i ON i.inhparent = f.oid)
SELECT c.oid, n.nspname, c.relname, pg_get_userbyid(c.relowner), c.relkind::text,
  CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
  CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END,
  ARRAY(SELECT p.relname::text FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
        WHERE i.inhrelid = c.oid ORDER BY i.inhseqno),
  ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
        AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum),
  c.relrowsecurity, pg_table_is_visible(c.oid)
FROM (SELECT oid, max(depth) AS depth FROM found GROUP BY oid) d
JOIN pg_class c ON c.oid = d.oid JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY d.depth, c.relname)";

std::vector<std::string> texts_of(const Value& array) {
  std::vector<std::string> texts;
  for (auto& text : parse_array(array.text())) texts.push_back(std::move(text).value_or(""));
  return texts;
}

std::string text_or_empty(const Value& value) { return value.is_null() ? "" : value.text(); }

[[noreturn]] void refuse_outside(const std::string& table) {
  throw Error(ErrorCode::kUnsupported,
              "the table stands outside of the application's search_path: SQL reaches a sandbox's "
              "only by names without a schema",
              {.place = table,
               .remedy = "set the search_path of doppel's role to the application's; a table that "
                         "the application names with its schema can only be data"});
}

CopiedTable table_of(const Row& row) {
  CopiedTable table;
  table.oid = row[0].integer();
  table.schema = row[1].text();
  table.name = row[2].text();
  table.owner = row[3].text();
  table.kind = row[4].text().at(0);
  table.partition_key = text_or_empty(row[5]);
  table.partition_bound = text_or_empty(row[6]);
  table.parents = texts_of(row[7]);
  table.columns = texts_of(row[8]);
  table.row_security = row[9] == Value(1);
  if (row[10] != Value(1)) {
    refuse_outside(table.schema + "." + table.name);
  }
  if (table.kind != 'r' && table.kind != 'p') {
    throw Error(ErrorCode::kUnsupported, "config is kept in plain tables, which this isn't",
                {.place = table.name, .remedy = "class it as data"});
  }
  return table;
}

/// Rows of a table are seen through all that it inherits from.
void require_families(const std::vector<CopiedTable>& tables,
                      const std::vector<std::string>& wanted) {
  for (const CopiedTable& table : tables) {
    if (!inherits(table)) continue;
    for (const std::string& parent : table.parents) {
      const bool both = std::ranges::find(wanted, table.name) != wanted.end() &&
                        std::ranges::find(wanted, parent) != wanted.end();
      if (both) continue;
      throw Error(ErrorCode::kUnsupported,
                  "the table inherits from " + parent + ", and only one of them is config",
                  {.place = table.name, .remedy = "class both as config, or both as data"});
    }
  }
}

std::string copy_of(const CopiedTable& table) {
  const std::string name = quote_name(table.name);
  std::string sql =
      fmt::format("CREATE TABLE {} (LIKE {}.{} INCLUDING ALL EXCLUDING IDENTITY EXCLUDING INDEXES)",
                  name, quote_name(table.schema), name);
  if (table.kind == 'p') sql += " PARTITION BY " + table.partition_key;
  sql += ";\n";
  for (const std::string& parent : table.parents) {
    sql += inherits(table) ? fmt::format("ALTER TABLE {} INHERIT {};\n", name, quote_name(parent))
                           : fmt::format("ALTER TABLE ONLY {} ATTACH PARTITION {} {};\n",
                                         quote_name(parent), name, table.partition_bound);
  }
  return sql;
}

std::string rows_of_table(const CopiedTable& table) {
  const std::string columns = database::quote_names(table.columns);
  if (table.columns.empty()) {
    return fmt::format("INSERT INTO {0} SELECT FROM ONLY {1}.{0}", quote_name(table.name),
                       quote_name(table.schema));
  }
  return fmt::format("INSERT INTO {0} ({1}) SELECT {1} FROM ONLY {2}.{0}", quote_name(table.name),
                     columns, quote_name(table.schema));
}

void collect(SqlRunner& live, std::string_view sql, const Oids& oids,
             std::vector<std::string>& statements) {
  for (Row& row : live.query(sql, {Value(oid_array(oids))})) statements.push_back(row[0].text());
}

}  // namespace

bool inherits(const CopiedTable& table) {
  return !table.parents.empty() && table.partition_bound.empty();
}

std::string oid_array(const Oids& oids) {
  std::vector<std::string> texts;
  texts.reserve(oids.size());
  for (const std::int64_t oid : oids) texts.push_back(std::to_string(oid));
  return "{" + join(texts, ",") + "}";
}

std::vector<CopiedTable> read_copied_tables(SqlRunner& live,
                                            const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const std::string& name : names) quoted.push_back(quote_name(name));
  const std::string array = text_array(quoted);
  // A name with a schema is that of a table which the search_path doesn't show.
  for (const Row& row : live.query("SELECT n, to_regclass(p.schema || '.' || p.name) IS NOT NULL "
                                   "FROM unnest($1::text[], $2::text[]) AS u (q, n) CROSS JOIN "
                                   "LATERAL (SELECT quote_ident(split_part(n, '.', 1)) AS schema, "
                                   "quote_ident(substr(n, strpos(n, '.') + 1)) AS name) AS p "
                                   "WHERE to_regclass(q) IS NULL",
                                   {Value(array), Value(text_array(names))})) {
    if (row[1] == Value(1)) refuse_outside(row[0].text());
    throw Error(ErrorCode::kSchemaChanged, "the search_path shows no such table",
                {.place = row[0].text()});
  }
  std::vector<CopiedTable> tables;
  for (const Row& row : live.query(kTables, {Value(array)})) tables.push_back(table_of(row));
  require_families(tables, names);
  return tables;
}

std::vector<std::string> table_statements(SqlRunner& live, const std::vector<CopiedTable>& tables) {
  std::vector<std::string> statements;
  Oids oids;
  for (const CopiedTable& table : tables) {
    statements.push_back(copy_of(table));
    oids.push_back(table.oid);
  }
  for (std::string& statement : identity_statements(live, oids)) {
    statements.push_back(std::move(statement));
  }
  for (std::string& statement : drop_unvalidated_checks(live, oids)) {
    statements.push_back(std::move(statement));
  }
  for (const CopiedTable& table : tables) {
    if (table.kind == 'r') statements.push_back(rows_of_table(table));
  }
  return statements;
}

std::vector<std::string> drop_unvalidated_checks(SqlRunner& live, const Oids& tables) {
  std::vector<std::string> statements;
  collect(live, R"(
SELECT format('ALTER TABLE %I DROP CONSTRAINT %I', c.relname, k.conname)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.conrelid = ANY ($1::oid[]) AND k.contype = 'c' AND NOT k.convalidated AND k.conislocal
ORDER BY c.relname, k.conname)",
          tables, statements);
  return statements;
}

std::vector<std::string> identity_statements(SqlRunner& live, const Oids& tables) {
  std::vector<std::string> statements;
  collect(live, R"(
SELECT format('ALTER TABLE ONLY %I ALTER COLUMN %I SET DEFAULT nextval(%L::regclass)',
              c.relname, a.attname, d.objid::regclass::text)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
  AND d.refobjsubid = a.attnum AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
WHERE c.oid = ANY ($1::oid[]) AND a.attidentity <> '' AND NOT a.attisdropped)",
          tables, statements);
  return statements;
}

std::vector<std::string> own_constraint_statements(SqlRunner& live, const Oids& tables) {
  // Made in live's order: where a row breaks two of them, the server names the one made first.
  std::vector<std::string> statements;
  collect(live, R"(
SELECT format('ALTER TABLE ONLY %I ADD CONSTRAINT %I %s', c.relname, k.conname,
              pg_get_constraintdef(k.oid, true))
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.conrelid = ANY ($1::oid[]) AND k.contype IN ('p', 'u', 'x')
ORDER BY k.conindid)",
          tables, statements);
  for (std::string& statement : index_statements(live, tables)) {
    statements.push_back(std::move(statement));
  }
  return statements;
}

std::vector<std::string> constraint_statements(SqlRunner& live, const Oids& tables) {
  std::vector<std::string> statements = own_constraint_statements(live, tables);
  collect(live, R"(
SELECT format('ALTER TABLE %I ADD CONSTRAINT %I %s', c.relname, k.conname,
              pg_get_constraintdef(k.oid, true))
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.conrelid = ANY ($1::oid[]) AND k.conparentid = 0
  AND (k.contype = 'f' AND k.confrelid = ANY ($1::oid[])
       OR k.contype = 'c' AND NOT k.convalidated AND k.conislocal)
ORDER BY k.oid)",
          tables, statements);
  return statements;
}

std::vector<std::string> index_statements(SqlRunner& live, const Oids& relations) {
  std::vector<std::string> statements;
  collect(live, R"(
SELECT pg_get_indexdef(i.indexrelid, 0, true) FROM pg_index i
WHERE i.indrelid = ANY ($1::oid[]) AND i.indisvalid AND NOT EXISTS (
  SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
ORDER BY i.indexrelid)",
          relations, statements);
  // Partitions' indexes become parts of their table's, those of keys too.
  collect(live, R"(
SELECT format('ALTER INDEX %I ATTACH PARTITION %I', p.relname, c.relname)
FROM pg_index i JOIN pg_inherits h ON h.inhrelid = i.indexrelid
JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class p ON p.oid = h.inhparent
WHERE i.indrelid = ANY ($1::oid[]) AND EXISTS (
  SELECT FROM pg_index pi WHERE pi.indexrelid = p.oid AND pi.indrelid = ANY ($1::oid[]))
ORDER BY c.relname)",
          relations, statements);
  return statements;
}

}  // namespace doppel::postgres
