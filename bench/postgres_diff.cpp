#include <set>

#include <fmt/core.h>

#include "adapters/postgres/compare.hpp"
#include "adapters/postgres/connection.hpp"
#include "bench/postgres_stand.hpp"

/// B6p: 1,400 changes in a table of a million rows, read from the capture and found by comparing.
namespace doppel::bench {
namespace {

constexpr int kRuns = 7;
constexpr int kSlowRuns = 3;
constexpr const char* kTable = "contacts";
constexpr std::size_t kChanges = 1400;

/// 1,000 rows changed, 200 added, 200 removed.
constexpr const char* kEdits =
    "BEGIN;"
    "UPDATE contacts SET note = 'edited', amount = 1.5 WHERE id % 1000 = 7;"
    "DELETE FROM contacts WHERE id % 5000 = 11;"
    "INSERT INTO contacts (id, code, name, city) SELECT 2000000 + i, md5(i::text)::uuid, 'new',"
    " 'here' FROM generate_series(1, 200) AS i;"
    "COMMIT";

/// By key and kind, as text.
std::string found_by_join(const PostgresStand& stand, const std::string& schema) {
  return stand.ask(fmt::format(
      "SELECT count(*), sum(hashtextextended(coalesce(a.id, b.id)::text || CASE WHEN a.id IS NULL "
      "THEN 'I' WHEN b.id IS NULL THEN 'D' ELSE 'U' END, 0)) FROM public.{0} AS a FULL JOIN {1}.{0}"
      " AS b USING (id) WHERE a IS DISTINCT FROM b",
      kTable, schema));
}

std::string found_by_doppel(const PostgresStand& stand, const plan::Diff& diff) {
  std::string values;
  for (const plan::DiffRow& row : diff.rows) {
    const char kind = row.kind == plan::DiffKind::kAdded     ? 'I'
                      : row.kind == plan::DiffKind::kRemoved ? 'D'
                                                             : 'U';
    values +=
        fmt::format("{}('{}{}')", values.empty() ? "" : ", ", row.key.front().integer(), kind);
  }
  return stand.ask("SELECT count(*), sum(hashtextextended(v, 0)) FROM (VALUES " + values +
                   ") AS f (v)");
}

Peer comparator_laps(const PostgresStand& stand, const std::string& schema) {
  Peer peer{.name = "pg_comparator",
            .laps = {},
            .why_absent = "pg_comparator: package postgresql-comparator"};
  if (!run_command("command -v pg_comparator >/dev/null 2>&1")) return peer;
  const std::string table =
      fmt::format("pgsql://postgres@{}/{}", testing::cluster_socket(), stand.live().name());
  peer.laps.add(lap([&] {
    require(run_command(fmt::format("pg_comparator --checksum-function=md5 --expect {} "
                                    "'{}/public.{}?id' '{}/{}.{}?id' >/dev/null",
                                    kChanges, table, kTable, table, schema, kTable)),
            "pg_comparator finds other rows");
  }));
  return peer;
}

/// The same two tables without a look at the capture.
void compare_line(const PostgresStand& stand, const std::string& schema, const plan::Diff& diff,
                  Report& report) {
  const auto live = postgres::open({.dsn = stand.live().dsn()});
  const database::Schema tables = live->read_schema();
  const database::Table& table = *tables.table(kTable);
  const TableShapePtr one = database::shape_of(table, table.primary_key);
  TableShape other = *one;
  other.name = schema + "." + kTable;
  std::vector<postgres::DifferentRow> found;
  Line line{
      .name = "postgres: cold compare of 2 x 1,000,000 rows (B6p)",
      .laps =
          laps(kSlowRuns,
               [&] { found = postgres::compare_tables({.dsn = stand.live().dsn()}, *one, other); }),
      .most = 1500};
  require(found.size() == diff.rows.size(), "the compare finds another number of rows");
  std::set<Key> keys;
  for (const plan::DiffRow& row : diff.rows) keys.insert(row.key);
  for (const postgres::DifferentRow& row : found) {
    require(keys.contains(row.key), "the compare finds another row");
  }
  report.add(std::move(line));
}

}  // namespace

void bench_postgres_diff(Report& report) {
  PostgresStage stage(crm_script(), crm_manifest());
  Line made{.name = "copy: create, one table of 1,000,000 rows", .laps = {}};
  std::string sandbox;
  made.laps.add(lap([&] { sandbox = stage.create("qa", "copy"); }));
  report.add(std::move(made));
  run_sql(sandbox, kEdits);
  const std::string schema = stage.stand().ask("SELECT current_schema()", sandbox);
  const EnvironmentName qa{"app", "qa"};
  plan::Diff diff = stage.doppel().diff(qa);
  require(diff.rows.size() == kChanges, "not 1,400 changes");
  const ServerCost cost;
  Line line{.name = "postgres: diff CRM, 1,400 changes by capture (B6p)",
            .laps = laps(kRuns, [&] { diff = stage.doppel().diff(qa); }),
            .most = 50,
            .note = cost.note(kRuns)};
  Peer join{.name = "full outer join", .laps = {}, .why_absent = {}};
  for (int run = 0; run < kSlowRuns; ++run) {
    std::string found;
    join.laps.add(lap([&] { found = found_by_join(stage.stand(), schema); }));
    require(found == found_by_doppel(stage.stand(), diff), "a full join finds other rows");
  }
  line.peer = std::move(join);
  report.add(std::move(line));
  compare_line(stage.stand(), schema, diff, report);
  report.add({.name = "pg_comparator on the same tables",
              .laps = {},
              .peer = comparator_laps(stage.stand(), schema)});
}

}  // namespace doppel::bench
