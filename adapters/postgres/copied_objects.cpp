#include "adapters/postgres/copied_objects.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/core.h>

#include "adapters/postgres/overlay_names.hpp"
#include "adapters/postgres/sql_words.hpp"
#include "base/error.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

using database::quote_name;
using database::SqlRunner;
using Kind = CopiedObject::Kind;
using Weight = database::Finding::Weight;

/// A function or view of live that may have to be copied.
struct Candidate {
  CopiedObject object;
  std::vector<std::string> words;  ///< functions: of the body
  bool definer = false;
  bool trusted = true;
  std::string path;  ///< functions: the pinned search_path
  bool pinned = false;
  std::string arguments, routine_kind;
  std::string options;           ///< views: what stands in WITH
  std::set<std::int64_t> needs;  ///< relations and functions, by number
};

using Candidates = std::map<std::int64_t, Candidate>;

constexpr std::string_view kFunctions = R"(
SELECT p.oid, n.nspname, p.proname, p.prosrc, p.prosecdef, l.lanpltrusted OR l.lanname = 'sql',
  (SELECT substr(s, 13) FROM unnest(p.proconfig) AS s WHERE s LIKE 'search\_path=%'),
  pg_get_function_identity_arguments(p.oid),
  CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
WHERE n.nspname = ANY ($1::text[]) AND p.prokind IN ('f', 'p')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass
                  AND d.objid = p.oid AND d.deptype = 'e'))";

constexpr std::string_view kViews = R"(
SELECT c.oid, n.nspname, c.relname, c.relkind = 'm', c.relispopulated,
  (SELECT string_agg(o, ', ') FROM unnest(c.reloptions) AS o WHERE o NOT LIKE 'security\_invoker=%')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1::text[]) AND c.relkind IN ('v', 'm')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                  AND d.objid = c.oid AND d.deptype = 'e'))";

/// What views and functions need, row types as their relations.
constexpr std::string_view kNeeds = R"(
SELECT n.object, coalesce(t.typrelid, n.needed) FROM (
  SELECT r.ev_class AS object, d.refobjid AS needed, d.refclassid AS class
  FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
  WHERE d.classid = 'pg_rewrite'::regclass
  UNION ALL
  SELECT d.objid, d.refobjid, d.refclassid FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass) n
LEFT JOIN pg_type e ON n.class = 'pg_type'::regclass AND e.oid = n.needed
LEFT JOIN pg_type t ON t.oid = CASE WHEN e.typelem <> 0 THEN e.typelem ELSE e.oid END
  AND t.typrelid <> 0
WHERE n.object = ANY ($1::oid[])
  AND n.class IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass))";

Candidates read_candidates(SqlRunner& live, const std::vector<std::string>& path) {
  Candidates candidates;
  const std::string schemas = text_array(path);
  for (Row& row : live.query(kFunctions, {Value(schemas)})) {
    Candidate made;
    made.object.oid = row[0].integer();
    made.object.schema = row[1].text();
    made.object.name = row[2].text();
    made.words = words_of(row[3].text(), Texts::kRead);
    made.definer = row[4] == Value(1);
    made.trusted = row[5] == Value(1);
    made.pinned = !row[6].is_null();
    if (made.pinned) made.path = row[6].text();
    made.arguments = row[7].text();
    made.routine_kind = row[8].text();
    candidates.emplace(made.object.oid, std::move(made));
  }
  for (Row& row : live.query(kViews, {Value(schemas)})) {
    Candidate made;
    made.object.kind = row[3] == Value(1) ? Kind::kMaterialisedView : Kind::kView;
    made.object.oid = row[0].integer();
    made.object.schema = row[1].text();
    made.object.name = row[2].text();
    made.object.filled = row[4] == Value(1);
    if (!row[5].is_null()) made.options = row[5].text();
    candidates.emplace(made.object.oid, std::move(made));
  }
  Oids oids;
  for (const auto& [oid, candidate] : candidates) oids.push_back(oid);
  for (const Row& row : live.query(kNeeds, {Value(oid_array(oids))})) {
    if (row[0] == row[1]) continue;
    candidates.at(row[0].integer()).needs.insert(row[1].integer());
  }
  return candidates;
}

/// What of the candidates reads a copy, directly or through another.
std::set<std::int64_t> choose(const Candidates& candidates, const std::vector<CopiedTable>& tables,
                              const Oids& also, const WrittenData& data) {
  std::set<std::int64_t> numbers(data.relations.begin(), data.relations.end());
  std::set<std::string> names(data.names.begin(), data.names.end());
  const auto called = [&](std::int64_t oid) {
    return std::ranges::find(data.trigger_functions, oid) != data.trigger_functions.end() ||
           std::ranges::find(also, oid) != also.end();
  };
  for (const CopiedTable& table : tables) {
    numbers.insert(table.oid);
    names.insert(table.name);
  }
  std::set<std::int64_t> chosen;
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& [oid, candidate] : candidates) {
      if (chosen.contains(oid)) continue;
      const bool reads =
          candidate.definer || called(oid) ||
          std::ranges::any_of(candidate.needs, [&](auto need) { return numbers.contains(need); }) ||
          std::ranges::any_of(candidate.words, [&](auto& word) { return names.contains(word); });
      if (!reads) continue;
      grown = true;
      chosen.insert(oid);
      numbers.insert(oid);
      names.insert(candidate.object.name);
    }
  }
  return chosen;
}

/// Each after what it needs; else in the order in which live made them.
void put_in_order(std::int64_t oid, const Candidates& candidates, std::set<std::int64_t>& left,
                  std::vector<std::int64_t>& ordered) {
  if (left.erase(oid) == 0) return;
  for (const std::int64_t need : candidates.at(oid).needs) {
    put_in_order(need, candidates, left, ordered);
  }
  ordered.push_back(oid);
}

std::string function_sql(SqlRunner& live, const Candidate& function, const std::string& schema) {
  const auto rows =
      live.query("SELECT pg_get_functiondef($1::oid), quote_ident($2) || '.' || quote_ident($3)",
                 {function.object.oid, function.object.schema, function.object.name});
  const std::string& definition = rows.at(0).at(0).text();
  const std::string header =
      fmt::format("CREATE OR REPLACE {} {}(", function.routine_kind, rows[0][1].text());
  if (!definition.starts_with(header)) {
    throw Error(ErrorCode::kInternal, "PostgreSQL prints a function's head in another way",
                {.place = function.object.name});
  }
  const std::string name =
      fmt::format("{}.{}", quote_name(schema), quote_name(function.object.name));
  std::string sql = fmt::format("CREATE {} {}({};\n", function.routine_kind, name,
                                definition.substr(header.size()));
  // It runs with the rights of whoever calls it: the sandbox's role has what the copies need.
  const std::string target =
      fmt::format("ALTER {} {}({})", function.routine_kind, name, function.arguments);
  if (function.definer) sql += fmt::format("{} SECURITY INVOKER;\n", target);
  if (function.pinned) {
    sql += fmt::format("{} SET search_path = {}, {};\n", target, quote_name(schema), function.path);
  }
  return sql;
}

std::string view_sql(SqlRunner& live, const Candidate& view) {
  const auto rows = live.query("SELECT pg_get_viewdef($1::oid)", {view.object.oid});
  std::string definition = rows.at(0).at(0).text();
  while (definition.ends_with(';')) definition.pop_back();
  const std::string name = quote_name(view.object.name);
  if (view.object.kind == Kind::kMaterialisedView) {
    const std::string with = view.options.empty() ? "" : fmt::format(" WITH ({})", view.options);
    return fmt::format("CREATE MATERIALIZED VIEW {}{} AS {} WITH NO DATA;\n", name, with,
                       definition);
  }
  // With its caller's rights: by doppel's own it would write live's data.
  return fmt::format("CREATE VIEW {} WITH (security_invoker = true{}{}) AS {};\n", name,
                     view.options.empty() ? "" : ", ", view.options, definition);
}

/// Whether the body names a copied relation with live's schema before it.
bool names_live(const Candidate& function, const std::vector<std::string>& path,
                const std::set<std::string>& names) {
  for (std::size_t i = 0; i + 2 < function.words.size(); ++i) {
    if (function.words[i + 1] == "." && names.contains(function.words[i + 2]) &&
        std::ranges::find(path, function.words[i]) != path.end()) {
      return true;
    }
  }
  return false;
}

}  // namespace

Oids CopiedObjects::oids(Kind kind) const {
  Oids found;
  for (const CopiedObject& object : objects) {
    if (object.kind == kind) found.push_back(object.oid);
  }
  return found;
}

CopiedObjects read_copied_objects(SqlRunner& live, const std::vector<CopiedTable>& tables,
                                  const std::vector<std::string>& path, const std::string& schema,
                                  const Oids& also, const WrittenData& data) {
  const Candidates candidates = read_candidates(live, path);
  std::set<std::int64_t> left = choose(candidates, tables, also, data);
  std::set<std::string> names(data.names.begin(), data.names.end());
  for (const CopiedTable& table : tables) names.insert(table.name);
  for (const std::int64_t oid : left) {
    const CopiedObject& object = candidates.at(oid).object;
    if (object.kind != Kind::kFunction) names.insert(object.name);
  }
  std::vector<std::int64_t> ordered;
  for (const std::int64_t oid : std::vector(left.begin(), left.end())) {
    put_in_order(oid, candidates, left, ordered);
  }
  CopiedObjects copied;
  for (const std::int64_t oid : ordered) {
    const Candidate& candidate = candidates.at(oid);
    CopiedObject object = candidate.object;
    if (object.kind != Kind::kFunction) {
      object.sql = view_sql(live, candidate);
      copied.objects.push_back(std::move(object));
      continue;
    }
    const std::string title = fmt::format("function {}({})", object.name, candidate.arguments);
    const auto find = [&](Weight weight, const std::string& what, const std::string& remedy) {
      copied.findings.push_back({.kind = database::Finding::Kind::kFunction,
                                 .weight = weight,
                                 .place = title,
                                 .message = title + what,
                                 .remedy = remedy});
    };
    if (!candidate.trusted) {
      find(Weight::kWarning,
           " is in a language that only a superuser may use: the sandbox calls live's", "");
      continue;
    }
    if (names_live(candidate, path, names)) {
      find(Weight::kWarning,
           " names config with live's schema before it, which the sandbox has no right to",
           "leave the schema out in its body: the search_path says which is meant");
    }
    if (candidate.definer) {
      find(Weight::kNote,
           " runs with the rights of its caller in the sandbox; live's own, called with its "
           "schema, does what its owner may",
           "");
    }
    object.sql = function_sql(live, candidate, schema);
    if (std::ranges::find(data.trigger_functions, oid) != data.trigger_functions.end() &&
        !candidate.pinned) {
      object.sql +=
          fmt::format("ALTER FUNCTION {}.{}() SET search_path = {}, {};\n", quote_name(schema),
                      quote_name(object.name), quote_name(schema), path_list(path));
    }
    copied.objects.push_back(std::move(object));
  }
  return copied;
}

}  // namespace doppel::postgres
