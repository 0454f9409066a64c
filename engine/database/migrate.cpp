#include "database/migrate.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "database/quote.hpp"

namespace doppel::database {
namespace {

/// What a migration says for a server alone stands in comments.
std::string for_server(std::string_view text) {
  constexpr std::string_view kOpen = "/* postgresql: ";
  constexpr std::string_view kClose = " */";
  std::string sql;
  for (auto at = text.find(kOpen); at != std::string_view::npos; at = text.find(kOpen)) {
    const auto end = text.find(kClose, at);
    sql += text.substr(0, at);
    sql += text.substr(at + kOpen.size(), end - at - kOpen.size());
    text.remove_prefix(end + kClose.size());
  }
  return sql.append(text);
}

void apply_missing(SqlRunner& sql, const Clock& clock, const std::string& place,
                   const MigrationSequence& sequence) {
  const std::string table = quote_name(sequence.table);
  sql.execute_script("CREATE TABLE IF NOT EXISTS " + table +
                     " (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL)");
  std::vector<std::string> applied;
  for (const Row& row : sql.query("SELECT name FROM " + table, {})) {
    applied.push_back(row[0].text());
  }
  std::ranges::sort(applied);
  const std::vector<Migration>& all = *sequence.all;
  if (applied.size() > all.size() || (!applied.empty() && applied.back() > all.back().name)) {
    throw Error(ErrorCode::kNewerStore,
                "the control store was written by a newer doppel (it has " + applied.back() +
                    ", this one knows " + all.back().name + ")",
                {.place = place, .remedy = {}});
  }
  const bool has_server = sql.server_microseconds().has_value();
  for (std::size_t i = applied.size(); i < all.size(); ++i) {
    sql.execute_script(has_server ? for_server(all[i].sql) : all[i].sql);
    sql.execute("INSERT INTO " + table + " VALUES ($1, $2)",
                {Value(all[i].name), Value(to_text(store_time(sql, clock)))});
  }
}

}  // namespace

Instant store_time(SqlRunner& sql, const Clock& clock) {
  const auto server = sql.server_microseconds();
  return server ? Instant{*server} : clock.now();
}

void migrate(Connection& store, const Clock& clock, const std::string& place,
             std::span<const MigrationSequence> sequences) {
  const auto transaction = store.begin(TransactionKind::kWrite);
  for (const MigrationSequence& sequence : sequences) {
    apply_missing(*store.sql(), clock, place, sequence);
  }
  transaction->commit();
}

}  // namespace doppel::database
