#include "adapters/postgres/data_triggers.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "adapters/postgres/values.hpp"
#include "base/error.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

using database::TriggerUse;

constexpr int kRow = 1;
constexpr int kBefore = 2;
constexpr int kTruncate = 32;

constexpr std::string_view kTriggers = R"(
SELECT t.tgname, c.oid, pg_get_triggerdef(t.oid, true), t.tgtype, p.prosrc,
  l.lanname IN ('plpgsql', 'internal'), t.tgoldtable IS NOT NULL OR t.tgnewtable IS NOT NULL,
  t.tgfoid, t.tgdeferrable AND t.tginitdeferred, c.relname,
  ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid
        AND a.attnum = ANY (t.tgattr::int2[]))
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
JOIN pg_language l ON l.oid = p.prolang
WHERE t.tgrelid = ANY ($1::oid[]) AND NOT t.tgisinternal AND t.tgenabled NOT IN ('D', 'R')
  AND t.tgtype & 28 <> 0
ORDER BY c.relname, t.tgname)";

/// Replaces the first `from`, which is there.
std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  if (at == std::string::npos) {
    throw Error(ErrorCode::kInternal, "PostgreSQL prints a trigger in another way",
                {.place = text});
  }
  return text.replace(at, from.size(), to);
}

/// The trigger as it stands on the own rows: quiet while a row of live is brought there, and after
/// rows only when the statement has written them all.
std::string on_own_rows(std::string text, bool before, bool deferred) {
  constexpr std::string_view kEach = " FOR EACH ROW ";
  constexpr std::string_view kSpeaks =
      "current_setting('doppel.quiet', true) IS DISTINCT FROM 'on'";
  constexpr std::string_view kExecute = " EXECUTE FUNCTION ";
  const auto each = text.find(kEach);
  if (text.find("WHEN (", each) == each + kEach.size()) {
    text = replaced(std::move(text), " FOR EACH ROW WHEN (",
                    fmt::format(" FOR EACH ROW WHEN ({} AND (", kSpeaks));
    text = replaced(std::move(text), ")" + std::string(kExecute), "))" + std::string(kExecute));
  } else {
    text = replaced(std::move(text), kEach, fmt::format(" FOR EACH ROW WHEN ({}) ", kSpeaks));
  }
  if (before || deferred) return text;
  for (const std::string_view words :
       {" NOT DEFERRABLE INITIALLY IMMEDIATE", " DEFERRABLE INITIALLY IMMEDIATE"}) {
    const auto at = text.find(words);
    if (at != std::string::npos) text.erase(at, words.size());
  }
  if (text.starts_with("CREATE TRIGGER ")) {
    text = replaced(std::move(text), "CREATE TRIGGER ", "CREATE CONSTRAINT TRIGGER ");
  }
  return replaced(std::move(text), " FOR EACH ROW", " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW");
}

database::Finding refused(const std::string& place, const std::string& why,
                          const std::string& remedy) {
  return {.kind = database::Finding::Kind::kTrigger,
          .weight = database::Finding::Weight::kRefused,
          .place = place,
          .message = "trigger " + place + why,
          .remedy = remedy};
}

}  // namespace

TriggerUses trigger_uses(const database::OverlaySpec& spec) {
  TriggerUses uses;
  for (const database::TrackedTable& table : spec.tables) {
    for (const auto& [name, use] : table.triggers) uses[table.shape->name].emplace(name, use);
  }
  return uses;
}

Oids read_data_triggers(database::SqlRunner& live, const TriggerUses& uses, DataTables& data,
                        std::vector<database::Finding>& findings) {
  Oids tables;
  for (const DataTable& table : data.tables) tables.push_back(table.live.oid);
  Oids functions;
  for (const Row& row : live.query(kTriggers, {Value(oid_array(tables))})) {
    const std::int64_t type = row[3].integer();
    const bool row_trigger = (type & kRow) != 0;
    const std::string place = row[9].text() + "." + row[0].text();
    const auto of_table = uses.find(row[9].text());
    std::optional<TriggerUse> use;
    if (of_table != uses.end()) {
      const auto found = of_table->second.find(row[0].text());
      if (found != of_table->second.end()) use = found->second;
    }
    if (use == TriggerUse::kSkip) continue;
    if (!use && (row[5] != Value(1) || acts_outside(row[4].text()))) {
      findings.push_back(refused(
          place,
          " may act beyond its row, and the manifest doesn't say whether it runs in a sandbox",
          "class it `replay` or `skip` under `triggers:` of its table in the manifest"));
      continue;
    }
    if (row[6] == Value(1)) {
      findings.push_back(
          refused(place, " has transition tables and can't run in a sandbox that writes its table",
                  "class it `skip` under `triggers:` of its table in the manifest"));
      continue;
    }
    DataTable& table = *std::ranges::find_if(
        data.tables, [&](const DataTable& known) { return known.live.oid == row[1].integer(); });
    functions.push_back(row[7].integer());
    if (!row_trigger) {
      if ((type & kTruncate) == 0) table.statement_triggers.push_back(row[2].text());
      continue;
    }
    const bool before = (type & kBefore) != 0;
    const bool deferred = row[8] == Value(1);
    table.triggers.push_back(on_own_rows(row[2].text(), before, deferred));
    for (auto& column : parse_array(row[10].text())) {
      if (column) table.watched_columns.push_back(std::move(*column));
    }
    if (!before && !deferred) table.late_triggers.push_back(row[0].text());
  }
  return functions;
}

}  // namespace doppel::postgres
