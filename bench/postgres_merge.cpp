#include <map>

#include <fmt/core.h>

#include "adapters/postgres/connection.hpp"
#include "bench/merge_measure.hpp"
#include "bench/postgres_stand.hpp"

/// B7: a three-way merge in this process, its facts from PostgreSQL.
namespace doppel::bench {
namespace {

void edit_live(const Edits& edits, const std::string& dsn) {
  std::map<std::string, std::string> keys;
  each_live_edit(edits, [&](std::int64_t key, const std::string& column) {
    keys[column] += fmt::format("{}{}", keys[column].empty() ? "" : ",", key);
  });
  for (const auto& [column, list] : keys) {
    run_sql(dsn, fmt::format("UPDATE {} SET {} = 'live' WHERE id = ANY ('{{{}}}')", edits.table,
                             column, list));
  }
}

/// Each in a database of its own: what one edits isn't the other's base.
void postgres_line(const std::string& title, std::int64_t count, double most, int runs,
                   Report& report) {
  const PostgresStand stand(crm_script());
  const std::string dsn = stand.live().dsn();
  const auto live = postgres::open({.dsn = dsn});
  const manifest::Model model =
      manifest::bind(manifest::load_or_throw(crm_manifest(), "bench.yaml"), live->read_schema());
  const Edits edits{"contacts", count, kCrmRows / count, "note", "city"};
  Line line = merge_line(
      title, edits, {.model = model, .live = *live, .edit_live = [&] { edit_live(edits, dsn); }},
      most, runs);
  report.add(std::move(line));
}

}  // namespace

void bench_postgres_merge(Report& report) {
  postgres_line("postgres: merge CRM, 1,000 a side (B7a)", 1000, 100, 7, report);
  postgres_line("postgres: merge CRM, 100,000 a side (B7b)", 100'000, 3000, 3, report);
}

}  // namespace doppel::bench
