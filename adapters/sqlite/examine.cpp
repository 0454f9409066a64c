#include "adapters/sqlite/examine.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/core.h>

#include "adapters/sqlite/overlay.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::sqlite {
namespace {

using database::Finding;
using database::quote_name;
using Kind = Finding::Kind;
using Weight = Finding::Weight;

/// By trigger, in lower case, the tables that it writes.
using Written = std::map<std::string, std::set<std::string>>;

int note_write(void* written, int code, const char* table, const char* /*column*/,
               const char* /*file*/, const char* trigger) noexcept {
  const bool writes = code == SQLITE_INSERT || code == SQLITE_UPDATE || code == SQLITE_DELETE;
  if (!writes || trigger == nullptr || table == nullptr) return SQLITE_OK;
  try {
    (*static_cast<Written*>(written))[to_lower_ascii(trigger)].insert(table);
  } catch (const std::exception&) {
    return SQLITE_DENY;  // Not enough memory to note it.
  }
  return SQLITE_OK;
}

/// Listens to what statements would do from its construction to its end.
class WriteWatch {
 public:
  WriteWatch(sqlite3* handle, Written& written) : handle_(handle) {
    sqlite3_set_authorizer(handle_, &note_write, &written);
  }
  ~WriteWatch() { sqlite3_set_authorizer(handle_, nullptr, nullptr); }
  WriteWatch(const WriteWatch&) = delete;
  WriteWatch& operator=(const WriteWatch&) = delete;

 private:
  sqlite3* handle_;
};

/// Nothing, or why SQLite can't even prepare it.
std::string prepare(sqlite3* handle, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v2(handle, sql.c_str(), -1, &statement, nullptr);
  const StatementHandle owner(statement);
  return result == SQLITE_OK ? "" : sqlite3_errmsg(handle);
}

/// What a statement of each kind would write by the table's triggers, and why one can't be
/// prepared.
std::string watch_table(Connection& live, const TableShape& shape, Written& written) {
  const std::string name = quote_name(shape.name);
  std::string all;
  for (const std::string& column : shape.columns) {
    all +=
        fmt::format("{}{} = {}", all.empty() ? "" : ", ", quote_name(column), quote_name(column));
  }
  const WriteWatch watch(live.handle(), written);
  for (const std::string& statement :
       {fmt::format("INSERT INTO {} DEFAULT VALUES", name),
        fmt::format("UPDATE {} SET {}", name, all), fmt::format("DELETE FROM {}", name)}) {
    if (std::string why = prepare(live.handle(), statement); !why.empty()) return why;
  }
  return "";
}

Finding trigger_finding(const std::string& title, const std::string& tables,
                        const std::string& carrier) {
  if (carrier == "split") {
    return {.kind = Kind::kTrigger,
            .weight = Weight::kRefused,
            .place = title,
            .message = title + " writes " + tables +
                       ", which is live's in a sandbox of carrier "
                       "split",
            .remedy = "use a sandbox of carrier file for this application"};
  }
  return {.kind = Kind::kTrigger,
          .place = title,
          .message = title + " writes " + tables +
                     ": in a sandbox what it writes stays there, and "
                     "a promotion that writes its table runs it in live"};
}

void examine_triggers(Connection& live, const database::OverlaySpec& spec,
                      std::vector<Finding>& findings) {
  std::set<std::string> config;
  Written written;
  for (const database::TrackedTable& table : spec.tables) {
    if (table.kind != database::TrackedTable::Kind::kConfig) continue;
    config.insert(to_lower_ascii(table.shape->name));
    const std::string why = watch_table(live, *table.shape, written);
    if (why.empty()) continue;
    findings.push_back(
        {.kind = Kind::kTable,
         .weight = Weight::kWarning,
         .place = table.shape->name,
         .message = "doppel can't write " + table.shape->name +
                    ", neither in a sandbox nor in live: " + why,
         .remedy = "what its triggers, checks and indexes call must be part of SQLite itself"});
  }
  for (const Row& row : live.sql()->query("SELECT name, tbl_name FROM sqlite_schema WHERE type = "
                                          "'trigger' ORDER BY tbl_name, name",
                                          {})) {
    const std::string table = to_lower_ascii(row[1].text());
    const auto found = written.find(to_lower_ascii(row[0].text()));
    if (found == written.end() || !config.contains(table)) continue;
    std::vector<std::string> elsewhere;
    for (const std::string& target : found->second) {
      const std::string lower = to_lower_ascii(target);
      const bool own = spec.carrier == "split" ? config.contains(lower) : lower == table;
      if (!own) elsewhere.push_back(target);
    }
    if (elsewhere.empty()) continue;
    findings.push_back(
        trigger_finding(fmt::format("trigger {} on {}", row[0].text(), row[1].text()),
                        join(elsewhere, ", "), spec.carrier));
  }
}

/// An index serves where it begins with one of the columns and leaves out none but NULLs of it; so
/// does the key of a rowid table.
bool has_index(database::SqlRunner& sql, const database::Lookup& lookup) {
  for (const std::string& column : lookup.columns) {
    const auto found = sql.query(R"(
SELECT 1 FROM pragma_index_list($1) AS i JOIN pragma_index_info(i.name) AS c
LEFT JOIN sqlite_schema AS s ON s.type = 'index' AND s.name = i.name
WHERE c.seqno = 0 AND lower(c.name) = lower($2)
  AND (NOT i.partial OR lower(s.sql) LIKE '% where ' || lower($2) || ' is not null')
UNION ALL
SELECT 1 FROM pragma_table_info($1) AS t WHERE t.pk = 1 AND lower(t.name) = lower($2) LIMIT 1)",
                                 {Value(lookup.table), Value(column)});
    if (!found.empty()) return true;
  }
  return false;
}

void examine_lookups(database::SqlRunner& sql, std::span<const database::Lookup> lookups,
                     std::vector<Finding>& findings) {
  for (const database::Lookup& lookup : lookups) {
    if (has_index(sql, lookup)) continue;
    const auto rows = sql.query(fmt::format("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT {})",
                                            quote_name(lookup.table), database::kSlowLookupRows),
                                {});
    if (rows.at(0).at(0).integer() < database::kSlowLookupRows) continue;
    findings.push_back(database::slow_lookup(lookup));
  }
}

}  // namespace

std::vector<Finding> examine(Connection& live, const database::OverlaySpec& spec,
                             std::span<const database::Lookup> lookups) {
  std::vector<Finding> findings;
  const auto snapshot = live.begin(database::TransactionKind::kRead);
  examine_triggers(live, spec, findings);
  examine_lookups(*live.sql(), lookups, findings);
  return findings;
}

}  // namespace doppel::sqlite
