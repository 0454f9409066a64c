#include "adapters/postgres/constraints.hpp"

#include <algorithm>

#include "adapters/postgres/overlay_names.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

std::vector<std::string> texts_of(const Value& array) {
  std::vector<std::string> texts;
  if (array.is_null()) return texts;
  for (auto& text : parse_array(array.text())) texts.push_back(text.value_or(""));
  return texts;
}

std::vector<std::string> qualified(std::string_view alias, const std::vector<std::string>& names) {
  std::vector<std::string> texts;
  for (const std::string& name : names) {
    texts.push_back(std::string(alias) + "." + database::quote_name(name));
  }
  return texts;
}

struct Reference {
  std::string table, table_text, target, target_text;
  std::vector<std::string> key, columns, target_columns;
};

/// Of tables that sandboxes share, the views through which this one sees its own rows.
constexpr std::string_view kReference = R"(
SELECT t.relname, replace(quote_ident(n.nspname), 'zz_doppel_rows_', 'zz_doppel_view_') || '.'
    || quote_ident(t.relname),
  CASE WHEN pg_table_is_visible(p.oid) OR starts_with(m.nspname, 'zz_doppel_rows_') THEN ''
       ELSE m.nspname || '.' END || p.relname,
  replace(quote_ident(m.nspname), 'zz_doppel_rows_', 'zz_doppel_view_') || '.'
    || quote_ident(p.relname),
  (SELECT array_agg(a.attname::text ORDER BY k.n)
   FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k (c, n)
   JOIN pg_attribute a ON a.attnum = k.c AND a.attname <> 'doppel_sandbox'
   WHERE a.attrelid = t.oid AND i.indrelid = t.oid AND i.indisprimary),
  (SELECT array_agg(a.attname::text ORDER BY k.n)
   FROM unnest(f.conkey) WITH ORDINALITY AS k (c, n)
   JOIN pg_attribute a ON a.attnum = k.c AND a.attname <> 'doppel_sandbox'
   WHERE a.attrelid = f.conrelid),
  (SELECT array_agg(a.attname::text ORDER BY k.n)
   FROM unnest(f.confkey) WITH ORDINALITY AS k (c, n)
   JOIN pg_attribute a ON a.attnum = k.c AND a.attname <> 'doppel_sandbox'
   WHERE a.attrelid = f.confrelid)
FROM pg_constraint f JOIN pg_class t ON t.oid = f.conrelid
JOIN pg_namespace n ON n.oid = t.relnamespace JOIN pg_class p ON p.oid = f.confrelid
JOIN pg_namespace m ON m.oid = p.relnamespace
WHERE f.contype = 'f' AND n.nspname = $1 AND t.relname = $2 AND f.conname = $3)";

std::optional<Reference> find_reference(Connection& connection, const Problem& problem) {
  const Value parameters[]{Value(problem.schema), Value(problem.table), Value(problem.constraint)};
  const ResultHandle result = connection.run(std::string(kReference), parameters);
  if (PQntuples(result.get()) == 0) return std::nullopt;
  const Row row = row_of(result.get(), 0);
  return Reference{.table = table_of(connection, problem),
                   .table_text = row[1].text(),
                   .target = row[2].text(),
                   .target_text = row[3].text(),
                   .key = texts_of(row[4]),
                   .columns = texts_of(row[5]),
                   .target_columns = texts_of(row[6])};
}

struct Broken {
  std::string place, message;
};

/// The first row whose reference finds nothing.
std::optional<Broken> find_orphan(Connection& connection, const Reference& reference) {
  std::string set;
  std::string equal;
  for (std::size_t i = 0; i < reference.columns.size(); ++i) {
    const std::string child = "c." + database::quote_name(reference.columns[i]);
    set += (i == 0 ? "" : " AND ") + child + " IS NOT NULL";
    equal += (i == 0 ? "p." : " AND p.") + database::quote_name(reference.target_columns[i]) +
             " = " + child;
  }
  std::vector<std::string> selected = qualified("c", reference.key);
  for (const std::string& column : qualified("c", reference.columns)) selected.push_back(column);
  const ResultHandle result =
      connection.run("SELECT " + join(selected, ", ") + " FROM " + reference.table_text +
                     " AS c WHERE " + set + " AND NOT EXISTS (SELECT 1 FROM " +
                     reference.target_text + " AS p WHERE " + equal + ") LIMIT 1");
  if (PQntuples(result.get()) == 0) return std::nullopt;
  const Row found = row_of(result.get(), 0);
  const auto split = found.begin() + static_cast<std::ptrdiff_t>(reference.key.size());
  const std::string key = reference.key.empty() ? "" : " " + display(Key(found.begin(), split));
  const std::string columns = join(reference.columns, ", ");
  return Broken{.place = reference.table + "." + columns,
                .message = "FOREIGN KEY constraint failed: " + reference.table + key +
                           " refers with " + columns + " to " + reference.target + " " +
                           display(Row(split, found.end())) + ", which isn't there"};
}

[[noreturn]] void fail_reference(Connection& connection, const ServerError& error) {
  std::optional<Broken> broken;
  try {
    const Savepoint savepoint(connection.link());
    const auto reference = find_reference(connection, error.problem());
    if (reference) broken = find_orphan(connection, *reference);
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch)
    // The search is a courtesy: its own failure must not hide the constraint's.
  }
  if (!broken) throw error;
  throw Error(ErrorCode::kConstraint, broken->message, {.place = broken->place, .remedy = {}});
}

}  // namespace

std::string table_of(const Connection& connection, const Problem& problem) {
  const bool seen =
      std::ranges::find(connection.path(), problem.schema) != connection.path().end() ||
      problem.schema.starts_with(kSharedRows);
  return seen || problem.schema.empty() ? problem.table : problem.schema + "." + problem.table;
}

void judge_constraints(Connection& connection) {
  std::optional<ServerError> failed;
  {
    Savepoint savepoint(connection.link());
    try {
      connection.run_script("SET CONSTRAINTS ALL IMMEDIATE");
      savepoint.keep();
      return;
    } catch (const ServerError& error) {
      failed = error;
    }
  }
  if (failed->problem().sqlstate == "23503") fail_reference(connection, *failed);
  throw Error(failed->code(), reason_of(connection, failed->problem()),
              {.place = table_of(connection, failed->problem()), .remedy = {}});
}

std::string reason_of(Connection& connection, const Problem& problem) {
  const std::string table = table_of(connection, problem);
  if (problem.sqlstate == "23502") {
    return "NOT NULL constraint failed: " + table + "." + problem.column;
  }
  if (problem.sqlstate != "23505") return words_of(problem);
  const Value parameters[]{Value(problem.schema), Value(problem.constraint)};
  const ResultHandle result = connection.run(
      "SELECT a.attname FROM pg_class i JOIN pg_namespace n ON n.oid = i.relnamespace JOIN "
      "pg_index x ON x.indexrelid = i.oid CROSS JOIN unnest(x.indkey) WITH ORDINALITY AS k(c, o) "
      "JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.c WHERE n.nspname = $1 AND "
      "i.relname = $2 AND x.indexprs IS NULL AND a.attname <> 'doppel_sandbox' ORDER BY k.o",
      parameters);
  std::vector<std::string> columns;
  for (const Row& row : rows_of(result.get())) columns.push_back(table + "." + row[0].text());
  // An index on expressions has no columns to name.
  if (columns.empty()) return words_of(problem);
  return "UNIQUE constraint failed: " + join(columns, ", ");
}

}  // namespace doppel::postgres
