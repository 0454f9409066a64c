#include <functional>

#include <fmt/core.h>

#include "bench/postgres_stand.hpp"

/// B2: sandboxes of CFG by both carriers, of 60 tables with ten thousand and with a million rows,
/// beside what somebody does by hand.
namespace doppel::bench {
namespace {

constexpr int kRuns = 9;
constexpr int kSlowRuns = 3;
constexpr int kManyTables = 60;
constexpr int kManyRows = 1'000'000;

std::vector<std::string> all_tables(int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back(cfg_table(i));
  return names;
}

/// The schema, its tables, rows, keys and references, in one transaction.
std::string plain_copy(int tables) {
  std::string sql = "BEGIN; CREATE SCHEMA by_hand;";
  for (const std::string& table : all_tables(tables)) {
    sql += fmt::format(
        "CREATE TABLE by_hand.{0} (LIKE public.{0} INCLUDING ALL EXCLUDING INDEXES);"
        "INSERT INTO by_hand.{0} SELECT * FROM public.{0};"
        "ALTER TABLE by_hand.{0} ADD PRIMARY KEY (id), ADD UNIQUE (name);"
        "CREATE INDEX ON by_hand.{0} (parent_id);",
        table);
  }
  for (int i = 1; i < tables; ++i) {
    sql +=
        fmt::format("ALTER TABLE by_hand.{0} ADD FOREIGN KEY (parent_id) REFERENCES by_hand.{1};",
                    cfg_table(i), cfg_table(i - 1));
  }
  return sql + "COMMIT";
}

struct Way {
  std::string name;
  std::function<void(PostgresStand&)> make, remove;
  /// Where its tables stand.
  std::function<std::string(PostgresStand&)> dsn;
  std::string schema = {};
};

std::string copy_name(const PostgresStand& stand) { return stand.live().name() + "_copy"; }

std::string copy_dsn(const PostgresStand& stand, const std::string& role) {
  return testing::cluster_dsn(copy_name(stand), role);
}

void drop_copy(const PostgresStand& stand) {
  run_sql(testing::cluster_dsn("postgres", "postgres"), "DROP DATABASE " + copy_name(stand));
}

void make_by_dump(const PostgresStand& stand) {
  run_sql(testing::cluster_dsn("postgres", "postgres"),
          "CREATE DATABASE " + copy_name(stand) + " TEMPLATE template0");
  require(
      run_command("pg_dump --format=custom --compress=0 --dbname='" + stand.live().dsn("postgres") +
                  "' | pg_restore --dbname='" + copy_dsn(stand, "postgres") + "'"),
      "pg_dump | pg_restore");
}

std::vector<Way> peers(int tables) {
  const auto other_database = [](PostgresStand& stand) { return copy_dsn(stand, "postgres"); };
  return {
      {.name = "schema by plain DDL",
       .make = [tables](PostgresStand& stand) { run_sql(stand.live().dsn(), plain_copy(tables)); },
       .remove =
           [](PostgresStand& stand) { run_sql(stand.live().dsn(), "DROP SCHEMA by_hand CASCADE"); },
       .dsn = [](PostgresStand& stand) { return stand.live().dsn(); },
       .schema = "by_hand"},
      {.name = "CREATE DATABASE TEMPLATE",
       .make =
           [](PostgresStand& stand) {
             stand.let_go();
             run_sql(testing::cluster_dsn("postgres", "postgres"),
                     "CREATE DATABASE " + copy_name(stand) + " TEMPLATE " + stand.live().name());
           },
       .remove = drop_copy,
       .dsn = other_database},
      {.name = "pg_dump | pg_restore",
       .make = make_by_dump,
       .remove = drop_copy,
       .dsn = other_database},
  };
}

Way ours(const std::string& carrier) {
  const auto spec = [carrier](PostgresStand& stand) { return stand.spec(carrier, "made"); };
  return {.name = carrier,
          .make = [spec](PostgresStand& stand) { stand.overlays().create(spec(stand)); },
          .remove = [spec](PostgresStand& stand) { stand.overlays().remove(spec(stand)); },
          .dsn =
              [spec](PostgresStand& stand) {
                return stand.overlays().access_for_application(spec(stand)).dsn;
              }};
}

/// Makes it once to see that it has live's rows, then for the clock.
Line measured(PostgresStand& stand, const Way& way, int tables, int runs) {
  way.make(stand);
  stand.require_same_rows(way.dsn(stand), all_tables(tables), way.schema);
  way.remove(stand);
  Line line{.name = way.name, .laps = {}};
  Laps gone;
  std::string note;
  for (int run = 0; run < runs; ++run) {
    const ServerCost cost;
    line.laps.add(lap([&] { way.make(stand); }));
    note = cost.note(1);
    gone.add(lap([&] { way.remove(stand); }));
  }
  line.note = fmt::format("{}; its removal {:.0f} ms", note, median(gone.work));
  return line;
}

void compare_ways(PostgresStand& stand, const std::string& what, const std::string& carrier,
                  int tables, int runs, double most, Report& report) {
  Line line = measured(stand, ours(carrier), tables, runs);
  line.name = fmt::format("{}: create, {}", carrier, what);
  line.most = most;
  report.add(std::move(line));
}

void peer_lines(PostgresStand& stand, const std::string& what, int tables, int runs,
                Report& report) {
  for (const Way& way : peers(tables)) {
    Line line = measured(stand, way, tables, runs);
    line.name = fmt::format("{}, {}", way.name, what);
    report.add(std::move(line));
  }
}

/// Doppel's role may leave references unchecked that hold in live.
class UncheckedReferences {
 public:
  UncheckedReferences() { say("GRANT SET ON PARAMETER session_replication_role TO doppel_admin"); }
  UncheckedReferences(const UncheckedReferences&) = delete;
  UncheckedReferences& operator=(const UncheckedReferences&) = delete;
  ~UncheckedReferences() {
    say("REVOKE SET ON PARAMETER session_replication_role FROM doppel_admin");
  }

 private:
  static void say(const std::string& sql) {
    run_sql(testing::cluster_dsn("postgres", "postgres"), sql);
  }
};

}  // namespace

void bench_postgres_create(Report& report) {
  {
    PostgresStand stand(cfg_script());
    // The shared tables are made with the first sandbox.
    Line first{.name = "rows: the first sandbox, with the shared tables", .laps = {}};
    first.laps.add(lap([&] { stand.overlays().create(stand.spec("rows", "first")); }));
    report.add(std::move(first));
    compare_ways(stand, "20 tables, 10,000 rows (B2)", "rows", kCfgTables, kRuns, 120, report);
    {
      const UncheckedReferences allowed;
      Line line = measured(stand, ours("rows"), kCfgTables, kRuns);
      line.name = "rows: the same with session_replication_role granted";
      report.add(std::move(line));
    }
    stand.overlays().remove(stand.spec("rows", "first"));
    peer_lines(stand, "20 tables, 10,000 rows", kCfgTables, kSlowRuns, report);
  }
  {
    PostgresStand stand(config_script(kManyTables, 10'000));
    compare_ways(stand, "60 tables, 10,000 rows (B2)", "copy", kManyTables, kRuns, 500, report);
    peer_lines(stand, "60 tables, 10,000 rows", kManyTables, kSlowRuns, report);
  }
}

void bench_postgres_million(Report& report) {
  PostgresStand stand(config_script(kManyTables, kManyRows));
  compare_ways(stand, "60 tables, 1,000,000 rows (B2)", "copy", kManyTables, kSlowRuns, 3000,
               report);
  peer_lines(stand, "60 tables, 1,000,000 rows", kManyTables, kSlowRuns, report);
}

}  // namespace doppel::bench
