#include <fmt/core.h>

#include "adapters/postgres/data_sql.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

/// What is read: own rows, hidden keys, and the views over live and them.
namespace doppel::postgres {
namespace {

using database::quote_name;

std::string columns_of(const DataTable& table, std::string_view alias) {
  std::string list;
  for (const DataColumn& column : table.columns) {
    if (!list.empty()) list += ", ";
    if (!alias.empty()) list += fmt::format("{}.", alias);
    list += quote_name(column.name);
  }
  return list;
}

/// The arms are bare tables, and all conditions stand above them: so the server sees through to
/// their indexes, in joins, too. The join with a table that nothing is read from costs nothing, as
/// the server leaves it out; but it makes FOR UPDATE, which could lock nothing here, an error.
std::string view_of(const DataTable& table, const DataPlace& place) {
  const std::string own = quote_name(place.names.delta);
  const std::string name = quote_name(table.live.name);
  return fmt::format(
      "CREATE VIEW {0} WITH (security_invoker = true) AS SELECT {1} FROM (SELECT 0 AS doppel_own, "
      "{2} FROM {3}.{0} UNION ALL SELECT 1, {2} FROM {4}.{0}) AS u LEFT JOIN "
      "{4}.doppel_no_row_locks AS n ON n.one = 1 WHERE NOT EXISTS (SELECT FROM "
      "{4}.doppel_hidden_{5} AS h WHERE {6} AND u.doppel_own = 0)",
      name, columns_of(table, "u"), columns_of(table, ""), quote_name(table.live.schema), own,
      table.number, equal_columns(table.key(), "h", "u"));
}

std::string log_of(std::size_t number, const std::string& relation) {
  return fmt::format(
      "CREATE TABLE doppel_log_{0} (stmt bigint NOT NULL, op text NOT NULL, was {1}, now {1});\n"
      "CREATE INDEX ON doppel_log_{0} (stmt)",
      number, relation);
}

}  // namespace

std::vector<std::string> delta_statements(database::SqlRunner& live, const DataTables& data,
                                          const DataPlace& place) {
  std::vector<std::string> statements{
      "CREATE TABLE doppel_writer (one integer PRIMARY KEY CHECK (one = 1), writes bigint NOT "
      "NULL)",
      "INSERT INTO doppel_writer VALUES (1, 0)",
      "CREATE TABLE doppel_no_row_locks (one integer PRIMARY KEY)"};
  Oids oids;
  for (const DataTable& table : data.tables) {
    const std::string name = quote_name(table.live.name);
    oids.push_back(table.live.oid);
    statements.push_back(fmt::format(
        "CREATE TABLE {} (LIKE {}.{} INCLUDING ALL EXCLUDING IDENTITY EXCLUDING INDEXES)", name,
        quote_name(table.live.schema), name));
    const std::string key = join(table.key(), ", ");
    statements.push_back(fmt::format(
        "CREATE TABLE doppel_hidden_{0} AS SELECT {1}, 0::bigint AS stmt, false AS settled FROM "
        "{2} WITH NO DATA;\nALTER TABLE doppel_hidden_{0} ADD PRIMARY KEY ({1}), ALTER stmt SET "
        "NOT NULL, ALTER settled SET NOT NULL, ALTER settled SET DEFAULT false;\n"
        "CREATE INDEX ON doppel_hidden_{0} (settled) WHERE settled",
        table.number, key, name));
    if (has_keys(data, table.live.oid)) {
      statements.push_back(log_of(table.number, quote_name(place.names.delta) + "." + name));
    }
  }
  for (const CopiedTable& copy : data.neighbours) {
    statements.push_back(log_of(log_number(data, copy.name),
                                quote_name(place.names.schema) + "." + quote_name(copy.name)));
  }
  for (std::string& statement : own_constraint_statements(live, oids)) {
    statements.push_back(std::move(statement));
  }
  return statements;
}

std::vector<std::string> view_statements(const DataTables& data, const DataPlace& place) {
  std::vector<std::string> statements;
  for (const DataTable& table : data.tables) {
    statements.push_back(view_of(table, place));
  }
  return statements;
}

std::vector<std::string> view_default_statements(const DataTables& data) {
  std::vector<std::string> statements;
  for (const DataTable& table : data.tables) {
    for (const DataColumn& column : table.columns) {
      if (column.generated || column.default_sql.empty()) continue;
      statements.push_back(fmt::format("ALTER VIEW {} ALTER COLUMN {} SET DEFAULT {}",
                                       quote_name(table.live.name), quote_name(column.name),
                                       column.default_sql));
    }
  }
  return statements;
}

std::vector<std::string> refusal_statements(const DataTables& data, const DataPlace& place) {
  std::vector<std::string> statements;
  if (data.refused.empty()) return statements;
  statements.push_back(fmt::format(
      "CREATE FUNCTION {0}.doppel_refuse() RETURNS trigger LANGUAGE plpgsql AS $doppel$ BEGIN\n"
      "RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('a sandbox can''t write \"%s\": "
      "%s', TG_TABLE_NAME, TG_ARGV[0]), HINT = TG_ARGV[1];\nEND $doppel$",
      quote_name(place.names.delta)));
  for (const RefusedTable& table : data.refused) {
    if (!table.shown) continue;
    const std::string name = quote_name(table.name);
    statements.push_back(
        fmt::format("CREATE VIEW {0} WITH (security_invoker = true) AS SELECT * FROM {1}.{0}", name,
                    quote_name(table.schema)));
    statements.push_back(fmt::format(
        "CREATE TRIGGER doppel_refuse BEFORE INSERT OR UPDATE OR DELETE ON {0} FOR "
        "EACH STATEMENT EXECUTE FUNCTION {1}.doppel_refuse({2}, {3})",
        name, quote_name(place.names.delta), quote_text(table.reason), quote_text(table.remedy)));
    statements.push_back(fmt::format(
        "CREATE TRIGGER doppel_never INSTEAD OF INSERT OR UPDATE OR DELETE ON {0} FOR "
        "EACH ROW EXECUTE FUNCTION {1}.doppel_refuse({2}, {3})",
        name, quote_name(place.names.delta), quote_text(table.reason), quote_text(table.remedy)));
  }
  return statements;
}

}  // namespace doppel::postgres
