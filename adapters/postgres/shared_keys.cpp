#include <map>

#include <fmt/core.h>

#include "adapters/postgres/overlay_names.hpp"
#include "adapters/postgres/shared_plan.hpp"
#include "adapters/postgres/values.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

using database::quote_name;

std::vector<Row> ask(Connection& connection, std::string_view sql, const Oids& tables) {
  return rows_of(
      connection.run(std::string(sql), std::vector<Value>{Value(oid_array(tables))}).get());
}

std::string with_lead(const std::string& definition, std::size_t open, std::string_view lead) {
  if (open == std::string::npos) {
    throw Error(ErrorCode::kInternal, "PostgreSQL prints a key in another way",
                {.place = definition});
  }
  return definition.substr(0, open + 1) + std::string(lead) + definition.substr(open + 1);
}

/// Primary and unique keys, exclusions.
constexpr std::string_view kKeys = R"(
SELECT format('ALTER TABLE %I ADD CONSTRAINT %I ', c.relname, k.conname),
  pg_get_constraintdef(k.oid, true), k.contype::text, m.amname, c.relname, i.oid
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class i ON i.oid = k.conindid
JOIN pg_am m ON m.oid = i.relam
WHERE k.conrelid = ANY ($1::oid[]) AND k.contype IN ('p', 'u', 'x'))";

/// By live's index, so that they are made in live's order: where a row breaks two of them, the
/// server names the one made first.
using Ordered = std::map<std::int64_t, std::string>;

void read_keys(Connection& connection, const Oids& tables, Ordered& statements) {
  const std::string column(kSandboxColumn);
  for (const Row& row : ask(connection, kKeys, tables)) {
    const std::string& definition = row[1].text();
    const std::string& method = row[3].text();
    std::string lead = column + ", ";
    if (row[2] == Value("x")) {
      // GiST has no operators for an integer of its own, but for a range of one.
      lead = method == "btree" ? column + " WITH =, "
                               : fmt::format("int4range({0}, {0}, '[]') WITH =, ", column);
      if (method != "btree" && method != "gist") {
        throw Error(ErrorCode::kUnsupported,
                    "the table has an exclusion by " + method +
                        ", which tables that sandboxes share can't keep apart by sandbox",
                    {.place = row[4].text(), .remedy = "choose the carrier copy"});
      }
    }
    statements.emplace(row[5].integer(),
                       row[0].text() + with_lead(definition, definition.find('('), lead));
  }
}

constexpr std::string_view kIndexes = R"(
SELECT pg_get_indexdef(i.indexrelid, 0, true), m.amname, x.relname, c.relname, x.oid
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_am m ON m.oid = x.relam
WHERE i.indrelid = ANY ($1::oid[]) AND i.indisvalid AND NOT EXISTS (
  SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')))";

/// The rows of one sandbox are few: an index of another kind than btree, which can't be led by it,
/// isn't missed.
void read_indexes(Connection& connection, const Oids& tables, Ordered& statements,
                  std::vector<database::Finding>& findings) {
  for (const Row& row : ask(connection, kIndexes, tables)) {
    const std::string& definition = row[0].text();
    if (row[1] != Value("btree")) {
      findings.push_back(
          {.kind = database::Finding::Kind::kKey,
           .place = row[3].text() + "." + row[2].text(),
           .message = fmt::format("index {} on {} isn't kept: of its kind ({}) none is by sandbox",
                                  row[2].text(), row[3].text(), row[1].text())});
      continue;
    }
    constexpr std::string_view kMethod = " USING btree (";
    const std::size_t method = definition.find(kMethod);
    const std::size_t open = method == std::string::npos ? method : method + kMethod.size() - 1;
    statements.emplace(row[4].integer(),
                       with_lead(definition, open, std::string(kSandboxColumn) + ", "));
  }
}

/// References among the tables, with the columns that a delete sets to NULL written out: the
/// sandbox is never one of them. Beside each whether live has an index for it.
constexpr std::string_view kReferences = R"(
SELECT c.relname, k.conname, n.columns, p.relname, n.target_columns,
  CASE k.confupdtype WHEN 'r' THEN ' ON UPDATE RESTRICT' WHEN 'c' THEN ' ON UPDATE CASCADE'
                     WHEN 'd' THEN ' ON UPDATE SET DEFAULT' ELSE '' END,
  CASE k.confdeltype WHEN 'r' THEN ' ON DELETE RESTRICT' WHEN 'c' THEN ' ON DELETE CASCADE'
    WHEN 'n' THEN ' ON DELETE SET NULL (' || coalesce(n.set_columns, n.columns) || ')'
    WHEN 'd' THEN ' ON DELETE SET DEFAULT (' || coalesce(n.set_columns, n.columns) || ')'
    ELSE '' END,
  concat(CASE WHEN k.condeferrable THEN ' DEFERRABLE' END,
         CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' END),
  k.convalidated,
  k.confupdtype = 'n' OR (k.confmatchtype = 'f' AND cardinality(k.conkey) > 1),
  EXISTS (SELECT FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
          JOIN pg_am m ON m.oid = i.relam AND m.amname = 'btree'
          WHERE x.indrelid = k.conrelid AND x.indisvalid AND x.indpred IS NULL
            AND (x.indkey::int2[])[0:cardinality(k.conkey) - 1] <@ k.conkey
            AND (x.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid
CROSS JOIN LATERAL (SELECT
  (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY o.n)
   FROM unnest(k.conkey) WITH ORDINALITY AS o (c, n)
   JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.c) AS columns,
  (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY o.n)
   FROM unnest(k.confkey) WITH ORDINALITY AS o (c, n)
   JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = o.c) AS target_columns,
  (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY o.n)
   FROM unnest(k.confdelsetcols) WITH ORDINALITY AS o (c, n)
   JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.c) AS set_columns) AS n
WHERE k.conrelid = ANY ($1::oid[]) AND k.confrelid = ANY ($1::oid[]) AND k.contype = 'f'
ORDER BY k.oid)";

void read_references(Connection& connection, const Oids& tables,
                     std::vector<std::string>& statements,
                     std::vector<database::Finding>& findings) {
  std::size_t number = 0;
  for (const Row& row : ask(connection, kReferences, tables)) {
    const std::string table = quote_name(row[0].text());
    if (row[9] == Value(1)) {
      throw Error(
          ErrorCode::kUnsupported,
          "the reference is ON UPDATE SET NULL or MATCH FULL over several columns, which "
          "tables that sandboxes share can't have",
          {.place = row[0].text() + "." + row[1].text(), .remedy = "choose the carrier copy"});
    }
    if (row[8] != Value(1)) {
      findings.push_back(
          {.kind = database::Finding::Kind::kKey,
           .place = row[0].text() + "." + row[1].text(),
           .message = fmt::format("reference {} of {} isn't kept: live hasn't validated it",
                                  row[1].text(), row[0].text())});
      continue;
    }
    // Without one, a row's delete would look through the rows of all sandboxes.
    if (row[10] != Value(1)) {
      statements.push_back(fmt::format("CREATE INDEX doppel_reference_{} ON {} ({}, {})", ++number,
                                       table, kSandboxColumn, row[2].text()));
    }
    statements.push_back(fmt::format(
        "ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}, {}) REFERENCES {} ({}, {}){}{}{}", table,
        quote_name(row[1].text()), kSandboxColumn, row[2].text(), quote_name(row[3].text()),
        kSandboxColumn, row[4].text(), row[5].text(), row[6].text(), row[7].text()));
  }
}

}  // namespace

std::vector<std::string> shared_key_statements(Connection& connection, const Oids& tables,
                                               std::vector<database::Finding>& findings) {
  Ordered keys;
  read_keys(connection, tables, keys);
  read_indexes(connection, tables, keys, findings);
  std::vector<std::string> statements;
  for (auto& [index, statement] : keys) statements.push_back(std::move(statement));
  read_references(connection, tables, statements, findings);
  return statements;
}

}  // namespace doppel::postgres
