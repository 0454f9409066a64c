#include <fmt/core.h>

#include "adapters/postgres/capture.hpp"
#include "adapters/postgres/overlay_names.hpp"
#include "adapters/postgres/values.hpp"
#include "database/described_tables.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

using database::quote_name;

std::string text_of_columns(const std::vector<std::string>& columns) {
  std::string list;
  for (const std::string& column : columns) {
    list += fmt::format("{}{}::text", list.empty() ? "" : ", ", quote_name(column));
  }
  return fmt::format("ARRAY[{}]", list);
}

std::string key_texts(const TableShape& shape) {
  std::vector<std::string> columns;
  for (const std::size_t index : shape.key) columns.push_back(shape.columns[index]);
  return text_of_columns(columns);
}

/// A table's capture: its number, where its functions are made, and what beside table and key says
/// whose row it is.
struct Place {
  std::size_t number = 0;
  std::string functions;  ///< a schema and a dot; empty: where the tables stand
  std::string lead;
};

/// Keeps what the query answers (key, image), or stamps what is kept already. Of several rows with
/// one key, which only a key that the manifest declares can have, the first counts.
std::string keep(const Place& place, const std::string& query) {
  return fmt::format(
      "INSERT INTO doppel_capture (tbl, key, image, by, at) "
      "SELECT DISTINCT ON (r.key) {}, r.key, r.image, "
      "coalesce(current_setting('doppel.author', true), ''), clock_timestamp() FROM ({}) AS r "
      "ON CONFLICT ({}tbl, key) DO UPDATE SET by = excluded.by, at = excluded.at;\n",
      place.number, query, place.lead);
}

/// Looked at by every statement's end: what a sandbox may hold. Pages tell most of the time that
/// there is room: no page has as many rows as kRowsOfPage.
constexpr std::string_view kLimit = R"(
CREATE FUNCTION {0}doppel_limit() RETURNS void LANGUAGE plpgsql AS $doppel$
DECLARE most bigint;
BEGIN
  SELECT value::bigint INTO most FROM doppel_mark WHERE name = 'changed_rows';
  IF pg_relation_size('doppel_capture'::regclass) / current_setting('block_size')::bigint * {1}
      > most THEN
    IF (SELECT count(*) FROM doppel_capture) > most THEN
      RAISE EXCEPTION 'the sandbox would have changed more than % rows', most
        USING ERRCODE = '53400';
    END IF;
  END IF;
END $doppel$;
)";
constexpr int kRowsOfPage = 128;

/// Texts that don't depend on who writes.
std::string settings(const std::vector<std::string>& path) {
  return fmt::format(
      "SECURITY DEFINER SET search_path = {}, pg_temp SET DateStyle = 'ISO' "
      "SET IntervalStyle = 'postgres' SET TimeZone = 'UTC' SET extra_float_digits = 1 "
      "SET bytea_output = 'hex' SET lc_monetary = 'C'",
      path_list(path));
}

constexpr std::string_view kFunction =
    "CREATE FUNCTION {}doppel_{}_{}() RETURNS trigger LANGUAGE plpgsql {} AS "
    "$doppel$ BEGIN\n{}PERFORM {}doppel_limit();\nRETURN NULL; END $doppel$;\n";

/// Text as format() leaves it.
std::string without_places(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped += c == '%' ? std::string("%%") : std::string(1, c);
  return escaped;
}

std::string capture_of(const TableShape& shape, const Place& place,
                       const std::vector<std::string>& path) {
  const std::string key = key_texts(shape);
  const std::string image = text_of_columns(shape.columns);
  const std::string old_rows =
      fmt::format("SELECT {} AS key, {} AS image FROM old_rows", key, image);
  const std::string new_keys =
      fmt::format("SELECT {} AS key, NULL::text[] AS image FROM new_rows", key);
  const std::string moved_keys = fmt::format(
      "{0} UNION ALL (SELECT {1}, NULL::text[] FROM new_rows EXCEPT SELECT {1}, NULL::text[] FROM "
      "old_rows)",
      old_rows, key);
  return fmt::format(
      kFunction, place.functions, "capture", place.number, settings(path),
      fmt::format("IF TG_OP = 'INSERT' THEN {}ELSIF TG_OP = 'DELETE' THEN {}ELSE {}END IF;\n",
                  keep(place, new_keys), keep(place, old_rows), keep(place, moved_keys)),
      place.functions);
}

/// Two functions: one for each row before it is changed or deleted, one for each that was written.
std::string capture_by_row(const TableShape& shape, const Place& place,
                           const std::vector<std::string>& path) {
  const std::string before =
      keep(place, fmt::format("SELECT {} AS key, {} AS image FROM (SELECT OLD.*) AS old_rows",
                              key_texts(shape), text_of_columns(shape.columns)));
  const std::string after =
      keep(place, fmt::format("SELECT {} AS key, NULL::text[] AS image FROM (SELECT NEW.*) AS "
                              "new_rows",
                              key_texts(shape)));
  return fmt::format(
      "CREATE FUNCTION doppel_before_{0}() RETURNS trigger LANGUAGE plpgsql {1} AS $doppel$ BEGIN\n"
      "{2}PERFORM doppel_limit();\nIF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n"
      "RETURN NEW; END $doppel$;\n"
      "CREATE FUNCTION doppel_after_{0}() RETURNS trigger LANGUAGE plpgsql {1} AS $doppel$ BEGIN\n"
      "{3}PERFORM doppel_limit();\nRETURN NULL; END $doppel$;\n"
      "CREATE TRIGGER doppel_before BEFORE UPDATE OR DELETE ON {4} FOR EACH ROW EXECUTE FUNCTION "
      "doppel_before_{0}();\n"
      "CREATE TRIGGER doppel_after AFTER INSERT OR UPDATE ON {4} FOR EACH ROW EXECUTE FUNCTION "
      "doppel_after_{0}();\n",
      place.number, settings(path), before, after, quote_name(shape.name));
}

/// The rows of the relation that is emptied, which may be a partition. Each that is emptied with it
/// says its own.
std::string truncation_of(const TableShape& shape, const Place& place,
                          const std::vector<std::string>& path) {
  const std::string whole =
      keep(place, fmt::format("SELECT {} AS key, {} AS image FROM ONLY %s",
                              without_places(key_texts(shape)),
                              without_places(text_of_columns(shape.columns))));
  return fmt::format(kFunction, place.functions, "truncate", place.number, settings(path),
                     fmt::format("EXECUTE format({}, TG_RELID::regclass);\n", quote_text(whole)),
                     place.functions);
}

/// `condition` stands between the triggers and their functions.
std::string triggers_of(const std::string& relation, const Place& place,
                        std::string_view condition) {
  return fmt::format(
      "CREATE TRIGGER doppel_insert AFTER INSERT ON {0} REFERENCING NEW TABLE AS new_rows "
      "FOR EACH STATEMENT {3} EXECUTE FUNCTION {2}doppel_capture_{1}();\n"
      "CREATE TRIGGER doppel_update AFTER UPDATE ON {0} REFERENCING OLD TABLE AS old_rows "
      "NEW TABLE AS new_rows FOR EACH STATEMENT {3} EXECUTE FUNCTION {2}doppel_capture_{1}();\n"
      "CREATE TRIGGER doppel_delete AFTER DELETE ON {0} REFERENCING OLD TABLE AS old_rows "
      "FOR EACH STATEMENT {3} EXECUTE FUNCTION {2}doppel_capture_{1}();\n",
      quote_name(relation), place.number, place.functions, condition);
}

std::string truncation_trigger_of(const std::string& relation, const Place& place) {
  return fmt::format(
      "CREATE TRIGGER doppel_truncate BEFORE TRUNCATE ON {0} "
      "FOR EACH STATEMENT EXECUTE FUNCTION doppel_truncate_{1}();\n",
      quote_name(relation), place.number);
}

/// Each statement waits for its sandbox's row, which whoever ends or replaces the sandbox holds,
/// and sees what he left there: also one whose snapshot is older.
constexpr std::string_view kGuard = R"(
CREATE FUNCTION {0}doppel_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $doppel$
DECLARE ended boolean;
BEGIN
  SELECT s.sealed INTO ended FROM doppel.shared_sandbox AS s WHERE s.number = doppel.sandbox()
    FOR SHARE;
  IF NOT FOUND THEN RAISE EXCEPTION 'there is no sandbox %', doppel.sandbox(); END IF;
  IF ended THEN RAISE EXCEPTION 'the sandbox has ended: it was promoted or discarded'; END IF;
  RETURN NULL;
END $doppel$;
)";

constexpr std::string_view kSealFunction =
    "CREATE OR REPLACE FUNCTION doppel_sealed() RETURNS trigger LANGUAGE plpgsql AS $doppel$ BEGIN "
    "RAISE EXCEPTION 'the sandbox has ended: it was promoted or discarded'; END $doppel$";

}  // namespace

void install_seal(Connection& connection) {
  if (sees_shared(connection.path())) {
    connection.run_script(
        "UPDATE doppel.shared_sandbox SET sealed = true "
        "WHERE number = doppel.sandbox() AND NOT sealed");
    return;
  }
  connection.run_script(std::string(kSealFunction));
  std::string sql;
  const auto unsealed = connection.run(
      "SELECT format('CREATE TRIGGER doppel_sealed BEFORE INSERT OR UPDATE OR DELETE%s "
      "ON %I FOR EACH STATEMENT EXECUTE FUNCTION doppel_sealed()', CASE c.relkind WHEN 'v' THEN '' "
      "ELSE ' OR TRUNCATE' END, c.relname) FROM pg_class AS c WHERE c.relnamespace = "
      "$1::regnamespace AND (c.relkind IN ('r', 'p') OR EXISTS (SELECT FROM pg_trigger AS d WHERE "
      "d.tgrelid = c.oid AND d.tgname = 'doppel_row')) "
      "AND c.relname NOT LIKE 'doppel\\_%' AND NOT EXISTS (SELECT FROM pg_trigger AS t "
      "WHERE t.tgrelid = c.oid AND t.tgname = 'doppel_sealed') ORDER BY c.relname",
      std::vector<Value>{Value(quote_name(connection.path().at(0)))});
  for (const Row& row : rows_of(unsealed.get())) sql += row[0].text() + ";\n";
  if (!sql.empty()) connection.run_script(sql);
}

void install_capture(Connection& connection, const std::vector<TableShapePtr>& shapes,
                     const Kinship& kinship, const std::vector<TableShapePtr>& views,
                     const std::vector<std::string>& path) {
  std::string sql =
      "CREATE TABLE doppel_mark (name text PRIMARY KEY, value text);\n"
      "CREATE TABLE doppel_capture (tbl integer, key text[], image text[], by text NOT NULL, "
      "at timestamptz NOT NULL, PRIMARY KEY (tbl, key));\n";
  sql += fmt::format(kLimit, "", kRowsOfPage);
  for (std::size_t number = 0; number < shapes.size(); ++number) {
    const Place place{.number = number, .functions = {}, .lead = {}};
    sql += truncation_of(*shapes[number], place, path);
    if (kinship.families.contains(shapes[number]->name)) {
      sql += capture_by_row(*shapes[number], place, path) +
             truncation_trigger_of(shapes[number]->name, place);
      continue;
    }
    sql += capture_of(*shapes[number], place, path);
    std::vector<std::string> relations{shapes[number]->name};
    relations.insert(relations.end(), kinship.heirs[number].begin(), kinship.heirs[number].end());
    for (const std::string& relation : relations) {
      sql += triggers_of(relation, place, "") + truncation_trigger_of(relation, place);
    }
  }
  connection.run_script(sql);
  write_mark(connection, "tables", describe_captured(shapes, views));
}

void install_shared_capture(Connection& connection, const std::vector<TableShapePtr>& shapes,
                            const std::vector<std::string>& path, const std::string& functions) {
  constexpr std::string_view kUnlessCopying = "WHEN (NOT doppel.copying())";
  const std::string schema = quote_name(functions) + ".";
  const std::string column =
      fmt::format("{} integer NOT NULL DEFAULT doppel.sandbox()", kSandboxColumn);
  std::string sql = fmt::format(
      "CREATE TABLE doppel_mark ({0}, name text, value text, PRIMARY KEY ({1}, name));\n"
      "CREATE TABLE doppel_capture ({0}, tbl integer, key text[], image text[], by text NOT NULL, "
      "at timestamptz NOT NULL, PRIMARY KEY ({1}, tbl, key));\n",
      column, kSandboxColumn);
  sql += fmt::format(kGuard, schema) + fmt::format(kLimit, schema, kRowsOfPage);
  for (std::size_t number = 0; number < shapes.size(); ++number) {
    const Place place{
        .number = number, .functions = schema, .lead = std::string(kSandboxColumn) + ", "};
    sql += capture_of(*shapes[number], place, path);
    sql += triggers_of(shapes[number]->name, place, kUnlessCopying);
    sql += fmt::format(
        "CREATE TRIGGER doppel_guard BEFORE INSERT OR UPDATE OR DELETE ON {} "
        "FOR EACH STATEMENT {} EXECUTE FUNCTION {}doppel_guard();\n",
        quote_name(shapes[number]->name), kUnlessCopying, schema);
  }
  connection.run_script(sql);
}

std::string describe_captured(const std::vector<TableShapePtr>& shapes,
                              const std::vector<TableShapePtr>& views) {
  std::vector<database::TrackedTable> tables;
  for (const TableShapePtr& shape : shapes) {
    tables.push_back({.shape = shape, .kind = database::TrackedTable::Kind::kConfig});
  }
  for (const TableShapePtr& shape : views) {
    tables.push_back({.shape = shape, .kind = database::TrackedTable::Kind::kData});
  }
  return database::describe_tables(tables);
}

}  // namespace doppel::postgres
