#include "adapters/postgres/data_tables.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "adapters/postgres/values.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

using database::DataWrites;
using database::OverlaySpec;
using database::quote_name;
using database::SqlRunner;
using database::TrackedTable;

std::vector<std::string> texts_of(const Value& array) {
  std::vector<std::string> texts;
  if (array.is_null()) return texts;
  for (auto& text : parse_array(array.text())) texts.push_back(std::move(text).value_or(""));
  return texts;
}

std::string text_or_empty(const Value& value) { return value.is_null() ? "" : value.text(); }

constexpr std::string_view kCandidates = R"(
SELECT c.oid, n.nspname, c.relname, pg_get_userbyid(c.relowner), c.relkind::text, c.relrowsecurity,
  pg_table_is_visible(c.oid),
  EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid)
    OR (c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid)),
  EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN'
          AND r.ev_enabled <> 'D')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition AND n.nspname = ANY ($1::text[])
  AND c.relpersistence <> 't' AND c.relname !~ '^doppel_'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                  AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relname)";

/// child, parent
constexpr std::string_view kEdges = R"(
SELECT conrelid, confrelid FROM pg_constraint
WHERE contype = 'f' AND conparentid = 0 AND conrelid <> confrelid)";

/// An identity's values come from live's own sequence, as a serial's do.
constexpr std::string_view kColumns = R"(
SELECT a.attname, a.attgenerated <> '', coalesce(
  CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
  (SELECT format('nextval(%L::regclass)', s.objid::regclass) FROM pg_depend s
   WHERE a.attidentity <> '' AND s.classid = 'pg_class'::regclass AND s.deptype = 'i'
     AND s.refclassid = 'pg_class'::regclass AND s.refobjid = a.attrelid
     AND s.refobjsubid = a.attnum))
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)";

constexpr std::string_view kRules = R"(
SELECT c.relname,
  ARRAY(SELECT pg_get_indexdef(i.indexrelid, n, true) FROM generate_series(1, i.indnkeyatts) n),
  coalesce((SELECT array_agg(format('OPERATOR(%I.%s)', m.nspname, o.oprname) ORDER BY u.n)
            FROM pg_constraint k, unnest(k.conexclop) WITH ORDINALITY AS u (op, n)
            JOIN pg_operator o ON o.oid = u.op JOIN pg_namespace m ON m.oid = o.oprnamespace
            WHERE k.conindid = i.indexrelid AND k.contype = 'x'),
           array_fill('='::text, ARRAY[i.indnkeyatts::int])),
  CASE WHEN i.indexprs IS NULL AND i.indpred IS NULL THEN
    ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = i.indrelid
          AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])) END,
  pg_get_expr(i.indpred, i.indrelid, true), i.indisexclusion, i.indnullsnotdistinct
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = $1::oid AND (i.indisunique OR i.indisexclusion) AND i.indisvalid
ORDER BY i.indexrelid)";

constexpr std::string_view kForeignKeys = R"(
SELECT f.conname, f.conrelid, f.confrelid,
  CASE WHEN pg_table_is_visible(c.oid) THEN quote_ident(c.relname)
       ELSE format('%I.%I', cn.nspname, c.relname) END,
  CASE WHEN pg_table_is_visible(p.oid) THEN quote_ident(p.relname)
       ELSE format('%I.%I', pn.nspname, p.relname) END,
  c.relname, p.relname,
  ARRAY(SELECT a.attname::text FROM unnest(f.conkey) WITH ORDINALITY k (n, i) JOIN pg_attribute a
        ON a.attrelid = f.conrelid AND a.attnum = k.n ORDER BY k.i),
  ARRAY(SELECT a.attname::text FROM unnest(f.confkey) WITH ORDINALITY k (n, i) JOIN pg_attribute a
        ON a.attrelid = f.confrelid AND a.attnum = k.n ORDER BY k.i),
  ARRAY(SELECT a.attname::text FROM unnest(f.confdelsetcols) WITH ORDINALITY k (n, i)
        JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.n ORDER BY k.i),
  f.confdeltype::text, f.confupdtype::text, f.confmatchtype = 'f',
  f.condeferrable AND f.condeferred
FROM pg_constraint f
JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
JOIN pg_class p ON p.oid = f.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE f.contype = 'f' AND f.conparentid = 0
  AND (f.conrelid = ANY ($1::oid[]) OR f.confrelid = ANY ($1::oid[]))
ORDER BY f.oid)";

ForeignKey::Action action_of(const std::string& letter) {
  switch (letter.at(0)) {
    case 'r':
      return ForeignKey::Action::kRestrict;
    case 'c':
      return ForeignKey::Action::kCascade;
    case 'n':
      return ForeignKey::Action::kSetNull;
    case 'd':
      return ForeignKey::Action::kSetDefault;
    default:
      return ForeignKey::Action::kNone;
  }
}

struct Candidate {
  CopiedTable live;
  bool visible = false, inherits = false, ruled = false;
  const TrackedTable* tracked = nullptr;
};

/// Why a view can't carry the table; a reason and what to do.
std::pair<std::string, std::string> reason_against(const Candidate& table) {
  if (table.live.kind == 'f') {
    return {"a foreign table's rows aren't this database's", "write it where it lives"};
  }
  if (table.tracked == nullptr) {
    return {"the table has no key by which a row of the sandbox stands for live's",
            "name the columns that tell its rows apart as `key:` in the manifest"};
  }
  if (!table.visible) {
    return {"the table stands outside of the application's search_path",
            "set the search_path of doppel's role to the application's"};
  }
  if (table.inherits) {
    return {"the table inherits from another, or another from it",
            "partition it, or use a clone to write it"};
  }
  if (table.live.row_security) {
    return {"the table has row-level security, which a view over it would not keep",
            "use a clone to write it"};
  }
  if (table.ruled) {
    return {"the table has rules, which a view over it would not keep", "use a clone to write it"};
  }
  return {};
}

std::map<std::int64_t, Candidate> read_candidates(SqlRunner& live, const OverlaySpec& spec,
                                                  const std::vector<std::string>& path) {
  std::map<std::string, const TrackedTable*> tracked;
  for (const TrackedTable& table : spec.tables) tracked.emplace(table.shape->name, &table);
  std::vector<std::string> schemas = path;
  for (const auto& [name, table] : tracked) {
    const auto dot = name.find('.');
    if (dot != std::string::npos) schemas.push_back(name.substr(0, dot));
  }
  std::map<std::int64_t, Candidate> candidates;
  for (const Row& row : live.query(kCandidates, {Value(text_array(schemas))})) {
    Candidate made;
    made.live.oid = row[0].integer();
    made.live.schema = row[1].text();
    made.live.name = row[2].text();
    made.live.owner = row[3].text();
    made.live.kind = row[4].text().at(0);
    made.live.row_security = row[5] == Value(1);
    made.visible = row[6] == Value(1);
    made.inherits = row[7] == Value(1);
    made.ruled = row[8] == Value(1);
    const auto found =
        tracked.find(made.visible ? made.live.name : made.live.schema + "." + made.live.name);
    if (found != tracked.end()) made.tracked = found->second;
    candidates.emplace(made.live.oid, std::move(made));
  }
  return candidates;
}

bool is_asked_for(const Candidate& table, DataWrites writes) {
  if (table.tracked == nullptr) return writes == DataWrites::kAll;
  return table.tracked->kind == TrackedTable::Kind::kData &&
         (writes == DataWrites::kAll || table.tracked->shared_write);
}

/// Live's tables to be written, each with the table whose choice brought it: those asked for, and
/// all data whose rows refer to theirs.
using Chosen = std::map<std::int64_t, std::string>;

Chosen choose(SqlRunner& live, const std::map<std::int64_t, Candidate>& candidates,
              DataWrites writes, const Oids& copies) {
  Chosen chosen;
  for (const auto& [oid, table] : candidates) {
    const bool copied = std::ranges::find(copies, oid) != copies.end();
    if (!copied && is_asked_for(table, writes)) chosen.emplace(oid, "");
  }
  if (chosen.empty()) return chosen;
  const auto edges = live.query(kEdges, {});
  for (bool grown = true; grown;) {
    grown = false;
    for (const Row& edge : edges) {
      const std::int64_t child = edge[0].integer();
      const std::int64_t parent = edge[1].integer();
      if (!chosen.contains(parent) || !candidates.contains(child)) continue;
      if (std::ranges::find(copies, child) != copies.end()) continue;
      grown = chosen.emplace(child, candidates.at(parent).live.name).second || grown;
    }
  }
  return chosen;
}

/// What the manifest says of one table by its name is no wish that may stay unfulfilled.
void refuse_declared(const Candidate& table, const std::string& reason, const std::string& remedy) {
  if (table.tracked == nullptr || !table.tracked->shared_write) return;
  throw Error(
      ErrorCode::kUnsupported,
      "the manifest lets sandboxes write the table, and no view over live's can bear it: " + reason,
      {.place = table.live.name,
       .remedy = remedy + ", or take `shared_write: true` from it: it is read then"});
}

void read_details(SqlRunner& live, DataTable& table) {
  for (const Row& row : live.query(kColumns, {Value(table.live.oid)})) {
    table.columns.push_back({.name = row[0].text(),
                             .generated = row[1] == Value(1),
                             .default_sql = text_or_empty(row[2])});
    if (!table.columns.back().generated) table.live.columns.push_back(row[0].text());
  }
  for (const Row& row : live.query(kRules, {Value(table.live.oid)})) {
    table.rules.push_back({.name = row[0].text(),
                           .parts = texts_of(row[1]),
                           .operators = texts_of(row[2]),
                           .columns = texts_of(row[3]),
                           .condition = text_or_empty(row[4]),
                           .exclusion = row[5] == Value(1),
                           .nulls_collide = row[6] == Value(1)});
  }
}

void read_keys(SqlRunner& live, const std::vector<CopiedTable>& copies, DataTables& found) {
  Oids oids;
  for (const DataTable& table : found.tables) oids.push_back(table.live.oid);
  std::set<std::int64_t> beside;
  for (const Row& row : live.query(kForeignKeys, {Value(oid_array(oids))})) {
    ForeignKey key{.name = row[0].text(),
                   .child = row[1].integer(),
                   .parent = row[2].integer(),
                   .child_sql = row[3].text(),
                   .parent_sql = row[4].text(),
                   .child_name = row[5].text(),
                   .parent_name = row[6].text(),
                   .columns = texts_of(row[7]),
                   .target_columns = texts_of(row[8]),
                   .set_columns = texts_of(row[9]),
                   .on_delete = action_of(row[10].text()),
                   .on_update = action_of(row[11].text()),
                   .match_full = row[12] == Value(1),
                   .deferred = row[13] == Value(1)};
    if (key.set_columns.empty()) key.set_columns = key.columns;
    key.child_refused =
        std::ranges::find(found.refused, key.child, &RefusedTable::oid) != found.refused.end();
    beside.insert({key.child, key.parent});
    found.keys.push_back(std::move(key));
  }
  for (const CopiedTable& copy : copies) {
    if (beside.contains(copy.oid)) found.neighbours.push_back(copy);
  }
}

}  // namespace

std::vector<std::string> DataTable::key() const {
  std::vector<std::string> names;
  for (const std::size_t index : shape->key) names.push_back(quote_name(shape->columns[index]));
  return names;
}

DataTables read_data_tables(SqlRunner& live, const OverlaySpec& spec,
                            const std::vector<CopiedTable>& copies,
                            const std::vector<std::string>& path) {
  DataTables found;
  Oids copied;
  for (const CopiedTable& copy : copies) copied.push_back(copy.oid);
  const auto candidates = read_candidates(live, spec, path);
  std::size_t number = 0;
  for (const TrackedTable& table : spec.tables) {
    if (table.kind == TrackedTable::Kind::kConfig) ++number;
  }
  for (const auto& [oid, because] : choose(live, candidates, spec.data_writes, copied)) {
    const Candidate& candidate = candidates.at(oid);
    if (auto [reason, remedy] = reason_against(candidate); !reason.empty()) {
      refuse_declared(candidate, reason, remedy);
      found.refused.push_back({.schema = candidate.live.schema,
                               .name = candidate.live.name,
                               .owner = candidate.live.owner,
                               .oid = oid,
                               .reason = std::move(reason),
                               .remedy = std::move(remedy),
                               .shown = candidate.visible});
      continue;
    }
    DataTable table;
    table.live = candidate.live;
    table.shape = candidate.tracked->shape;
    table.number = number++;
    table.because = because;
    read_details(live, table);
    found.tables.push_back(std::move(table));
  }
  if (!found.tables.empty()) read_keys(live, copies, found);
  return found;
}

}  // namespace doppel::postgres
