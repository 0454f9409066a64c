#include "adapters/postgres/examine.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/core.h>

#include "adapters/postgres/overlay_build.hpp"
#include "adapters/postgres/overlay_names.hpp"
#include "adapters/postgres/shared_plan.hpp"
#include "adapters/postgres/sql_words.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

using database::Finding;
using database::SqlRunner;
using Kind = Finding::Kind;
using Weight = Finding::Weight;

/// As far as a statement that was run is shown.
constexpr std::size_t kShownStatement = 100;

CopyExamination examine_shared(Connection& live, const database::OverlaySpec& spec) {
  SharedPlan plan = plan_shared(live, config_shapes(spec), shared_names(live, 0));
  CopyExamination examined{.findings = std::move(plan.findings), .config = {}, .written = {}};
  for (const CopiedTable& table : plan.tables) examined.config.push_back(table.oid);
  for (const CopiedObject& object : plan.objects.objects) {
    if (object.kind != CopiedObject::Kind::kFunction) examined.config.push_back(object.oid);
  }
  return examined;
}

/// What stops the reading itself is what create() would say first.
CopyExamination examine_carrier(Connection& live, const database::OverlaySpec& spec) {
  try {
    return spec.carrier == "rows" ? examine_shared(live, spec) : examine_copy(live, spec);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnsupported && error.code() != ErrorCode::kSchemaChanged) {
      throw;
    }
    const std::string& place = error.place();
    return {.findings = {{.kind = Kind::kTable,
                          .weight = Weight::kRefused,
                          .place = place,
                          .message = (place.empty() ? "" : place + ": ") + error.what(),
                          .remedy = std::string(error.remedy())}},
            .config = {},
            .written = {}};
  }
}

/// What doppel's own role can't do, with what would let it.
void examine_rights(SqlRunner& live, const database::OverlaySpec& spec,
                    std::vector<Finding>& findings) {
  const Row role =
      live.query(
              "SELECT quote_ident(current_user), quote_ident(current_database()), "
              "has_database_privilege(current_database(), 'CREATE'), rolcreaterole OR rolsuper "
              "FROM pg_roles WHERE rolname = current_user",
              {})
          .at(0);
  const std::string& name = role[0].text();
  const auto add = [&](Weight weight, const std::string& place, const std::string& what,
                       const std::string& remedy) {
    findings.push_back({.kind = Kind::kTable,
                        .weight = weight,
                        .place = place,
                        .message = "doppel's role " + name + " " + what,
                        .remedy = remedy});
  };
  if (role[2] != Value(1)) {
    add(Weight::kRefused, role[1].text(), "may not create schemas in " + role[1].text(),
        "GRANT CREATE ON DATABASE " + role[1].text() + " TO " + name);
  }
  if (role[3] != Value(1)) {
    add(Weight::kRefused, name, "may not make the roles that sandboxes log in as",
        "ALTER ROLE " + name + " CREATEROLE");
  }
  std::vector<std::string> names;
  for (const database::TrackedTable& table : spec.tables) names.push_back(table.shape->name);
  for (const Row& row : live.query(R"(
SELECT quote_ident(pg_get_userbyid(c.relowner)), string_agg(c.oid::regclass::text, ', '
  ORDER BY c.relname) FROM pg_class c JOIN unnest($1::text[]) AS n ON c.oid = to_regclass(
  quote_ident(n)) WHERE NOT pg_has_role(c.relowner, 'USAGE') GROUP BY 1 ORDER BY 1)",
                                   {Value(text_array(names))})) {
    add(Weight::kWarning, row[0].text(),
        "is no member of " + row[0].text() + ", which owns " + row[1].text() +
            ": a promotion may not write them, and sandboxes not read them",
        "GRANT " + row[0].text() + " TO " + name);
  }
}

/// What every role may do, a sandbox's may, too.
void examine_reach(SqlRunner& live, const std::vector<std::string>& path, const Oids& config,
                   std::vector<Finding>& findings) {
  for (const Row& row : live.query(R"(
SELECT format('%I.%I', n.nspname, c.relname), w.writes FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM aclexplode(c.relacl) AS a WHERE a.grantee = 0
  AND a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')) AS writes) AS w
WHERE n.nspname = ANY ($1::text[]) AND c.relkind IN ('r', 'p') AND (w.writes OR (
  c.oid = ANY ($2::oid[]) AND EXISTS (SELECT FROM aclexplode(c.relacl) AS a
    WHERE a.grantee = 0 AND a.privilege_type = 'SELECT')))
ORDER BY 1)",
                                   {Value(text_array(path)), Value(oid_array(config))})) {
    const std::string& table = row[0].text();
    if (row[1] == Value(1)) {
      findings.push_back(
          {.kind = Kind::kReach,
           .weight = Weight::kRefused,
           .place = table,
           .message = "everybody may write live's " + table + ", so that a sandbox could, too",
           .remedy = "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON it FROM PUBLIC"});
      continue;
    }
    findings.push_back({.kind = Kind::kReach,
                        .weight = Weight::kWarning,
                        .place = table,
                        .message = "everybody may read live's " + table +
                                   ": SQL that names its schema reads live's rows in the sandbox",
                        .remedy = "REVOKE SELECT ON it FROM PUBLIC"});
  }
}

/// Without the extension, or a right to see what others run, nothing is known: that is said.
void examine_statements(SqlRunner& live, const std::vector<std::string>& written,
                        std::vector<Finding>& findings) {
  if (written.empty()) return;
  const auto unknown = [&](const std::string& why, const std::string& remedy) {
    findings.push_back(
        {.kind = Kind::kStatement,
         .place = "pg_stat_statements",
         .message = "whether the application runs upserts on data that sandboxes write isn't "
                    "known: " +
                    why,
         .remedy = remedy});
  };
  const auto place = live.query(
      "SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = "
      "e.extnamespace WHERE e.extname = 'pg_stat_statements'",
      {});
  if (place.empty()) {
    unknown("pg_stat_statements isn't installed", "CREATE EXTENSION pg_stat_statements");
    return;
  }
  std::vector<Row> statements;
  try {
    statements = live.query(
        fmt::format("SELECT query, count(*) FROM {}.pg_stat_statements AS s WHERE dbid = (SELECT "
                    "oid FROM pg_database WHERE datname = current_database()) AND query IS NOT "
                    "NULL GROUP BY query ORDER BY query",
                    place[0][0].text()),
        {});
  } catch (const Error& error) {
    unknown(error.what(), "put pg_stat_statements into shared_preload_libraries");
    return;
  }
  std::set<std::pair<std::string, std::string>> said;
  bool hidden = false;
  for (const Row& row : statements) {
    hidden = hidden || row[0].text() == "<insufficient privilege>";
    const auto found = unbearable_in(row[0].text(), written);
    if (!found || !said.emplace(found->table, found->what).second) continue;
    findings.push_back({.kind = Kind::kStatement,
                        .weight = Weight::kWarning,
                        .place = found->table,
                        .message = fmt::format("the application runs {} on {}, which a sandbox "
                                               "that writes it can't take: {}",
                                               found->what, found->table,
                                               printable(row[0].text(), kShownStatement)),
                        .remedy = found->remedy});
  }
  if (hidden) {
    unknown("what other roles run can't be seen", "GRANT pg_read_all_stats to doppel's role");
  }
}

/// An index serves where it begins with one of the columns and leaves out none but NULLs of it.
bool has_index(SqlRunner& live, const std::string& relation, const database::Lookup& lookup) {
  return live.query(R"(
SELECT EXISTS (SELECT FROM pg_index x JOIN pg_attribute a ON a.attrelid = x.indrelid
  AND a.attnum = x.indkey[0] AND a.attname = ANY ($2::text[])
  WHERE x.indrelid = to_regclass($1) AND x.indisvalid AND (x.indpred IS NULL
    OR pg_get_expr(x.indpred, x.indrelid) = format('(%I IS NOT NULL)', a.attname))))",
                    {Value(relation), Value(text_array(lookup.columns))})
             .at(0)
             .at(0) == Value(1);
}

void examine_lookups(Connection& live, std::span<const database::Lookup> lookups,
                     std::vector<Finding>& findings) {
  SqlRunner& sql = *live.sql();
  std::vector<std::string> names;
  for (const database::Lookup& lookup : lookups) names.push_back(lookup.table);
  const KnownFacts known = read_facts(live, names, AlsoAsked::kNone);
  for (const database::Lookup& lookup : lookups) {
    const auto facts = known.find(lookup.table);
    if (facts == known.end() || !facts->second.lockable) continue;
    const std::string& text = facts->second.text;
    if (has_index(sql, text, lookup)) continue;
    const auto rows = sql.query(fmt::format("SELECT count(*) FROM (SELECT FROM {} LIMIT {}) AS few",
                                            text, database::kSlowLookupRows),
                                {});
    if (rows.at(0).at(0).integer() < database::kSlowLookupRows) continue;
    findings.push_back(database::slow_lookup(lookup));
  }
}

/// Where a statement names a table after these words, as `table` or `schema.table`.
std::optional<std::string> named_after(const std::vector<std::string>& words,
                                       std::initializer_list<std::string_view> before,
                                       std::span<const std::string> tables) {
  for (auto at = words.begin(); at != words.end(); ++at) {
    if (static_cast<std::size_t>(words.end() - at) <= before.size() ||
        !std::equal(before.begin(), before.end(), at)) {
      continue;
    }
    auto name = at + static_cast<std::ptrdiff_t>(before.size());
    if (*name == "only" || *name == "table") ++name;
    if (words.end() - name > 2 && *(name + 1) == ".") name += 2;
    if (name == words.end()) continue;
    const auto found = std::ranges::find(tables, *name);
    if (found != tables.end()) return *found;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Unbearable> unbearable_in(std::string_view statement,
                                        std::span<const std::string> tables) {
  const std::vector<std::string> words = words_of(statement, Texts::kLeaveOut);
  constexpr std::array<std::string_view, 2> kConflict{"on", "conflict"};
  if (std::ranges::search(words, kConflict).begin() != words.end()) {
    if (auto table = named_after(words, {"insert", "into"}, tables)) {
      return Unbearable{*table, "an upsert", "UPDATE, and INSERT where it found nothing"};
    }
  }
  if (auto table = named_after(words, {"merge", "into"}, tables)) {
    return Unbearable{*table, "a MERGE", "UPDATE and INSERT"};
  }
  if (words.empty() || words.front() != "truncate") return std::nullopt;
  if (auto table = named_after(words, {"truncate"}, tables)) {
    return Unbearable{*table, "a TRUNCATE", "DELETE"};
  }
  return std::nullopt;
}

std::vector<Finding> examine(Connection& live, const database::OverlaySpec& spec,
                             std::span<const database::Lookup> lookups) {
  const auto snapshot = live.begin(database::TransactionKind::kRead);
  CopyExamination examined = examine_carrier(live, spec);
  examine_rights(*live.sql(), spec, examined.findings);
  examine_reach(*live.sql(), live.path(), examined.config, examined.findings);
  examine_statements(*live.sql(), examined.written, examined.findings);
  examine_lookups(live, lookups, examined.findings);
  return std::move(examined.findings);
}

}  // namespace doppel::postgres
