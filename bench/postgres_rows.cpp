#include <cstdlib>
#include <fstream>

#include <fmt/core.h>
#include <unistd.h>

#include "adapters/postgres/database.hpp"
#include "adapters/postgres/link.hpp"
#include "adapters/postgres/values.hpp"
#include "bench/data.hpp"
#include "bench/runner.hpp"
#include "database/schema.hpp"
#include "tests/support/cluster.hpp"

/// Carrier rows of PostgreSQL, on a private cluster that flushes nothing: making one sandbox and a
/// thousand of them, and what is read in one beside live.
namespace doppel::bench {
namespace {

using database::Access;
using doppel::testing::TestDatabase;
using postgres::Link;
using postgres::rows_of;

constexpr int kRuns = 9;
constexpr int kReadRuns = 21;
constexpr int kTables = 20;
constexpr int kRows = 500;
constexpr int kSandboxes = 1000;

/// 20 tables of 500 rows, each referring to the one before it, with unique names.
std::string config() {
  std::string sql;
  for (int i = 0; i < kTables; ++i) {
    const std::string reference = i == 0 ? "" : fmt::format(" REFERENCES t{}", i - 1);
    sql += fmt::format(
        "CREATE TABLE t{0} (id serial PRIMARY KEY, name text NOT NULL UNIQUE, parent_id integer{1},"
        " position integer NOT NULL, options jsonb NOT NULL DEFAULT '{{}}');\n"
        "CREATE INDEX t{0}_parent ON t{0} (parent_id);\n"
        "INSERT INTO t{0} (name, parent_id, position) SELECT 'Row ' || g || ' of {0}', {2}, g "
        "FROM generate_series(1, {3}) AS g;\nANALYZE t{0};\n",
        i, reference, i == 0 ? "NULL" : fmt::format("1 + (g * 7) % {}", kRows), kRows);
  }
  return sql;
}

class Stand {
 public:
  Stand() {
    live_.run("GRANT CREATE ON DATABASE " + live_.name() +
                  " TO doppel_admin; GRANT CREATE ON SCHEMA public TO doppel_admin",
              "postgres");
    live_.run(config());
    database_ = postgres::attach(live_.dsn());
    folder_ = fresh_folder("postgres-rows");
    const database::Schema schema = database_->open(Access::kReadOnly)->read_schema();
    for (const database::Table& table : schema.tables) {
      spec_.tables.push_back({.shape = database::shape_of(table, table.primary_key)});
    }
    spec_.carrier = "rows";
    spec_.mark = "{}";
  }

  database::OverlaySpec spec(int number) const {
    database::OverlaySpec made = spec_;
    made.folder = folder_ / fmt::format("{}n{}", live_.name().substr(5), number);
    return made;
  }
  database::OverlayBuilder& overlays() { return database_->overlays(); }
  const TestDatabase& live() const { return live_; }
  std::string ask(const std::string& sql) {
    Link link({.dsn = live_.dsn()});
    return display(rows_of(link.run_script(sql).get()).at(0));
  }

 private:
  TestDatabase live_;
  std::unique_ptr<database::Database> database_;
  fs::path folder_;
  database::OverlaySpec spec_;
};

/// Processor time of the server's processes that have ended: while others use the machine, compare
/// this.
double server_milliseconds() {
  std::ifstream pid_file(doppel::testing::cluster_socket() + "/data/postmaster.pid");
  std::string pid;
  std::getline(pid_file, pid);
  std::ifstream stat("/proc/" + pid + "/stat");
  std::string field;
  double ticks = 0;
  for (int i = 1; i <= 17 && stat >> field; ++i) {
    if (i >= 16) ticks += std::stod(field);
  }
  return ticks * 1e3 / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::string server_note(double since, int times) {
  return fmt::format("the server's processor time: {:.1f} ms each",
                     (server_milliseconds() - since) / times);
}

void require_whole(Stand& stand, const database::OverlaySpec& spec) {
  Link sandbox({.dsn = stand.overlays().access_for_application(spec).dsn});
  for (const char* table : {"t0", "t9", "t19"}) {
    const std::string sql = fmt::format(
        "SELECT count(*), md5(string_agg(t::text, ',' ORDER BY id)) FROM {} AS t", table);
    require(display(rows_of(sandbox.run_script(sql).get()).at(0)) == stand.ask(sql),
            "the sandbox has other rows");
  }
}

void create_lines(Stand& stand, Report& report) {
  Line line{.name = "rows: create, CFG (B2)", .laps = {}, .most = 120};
  Line gone{.name = "rows: remove", .laps = {}};
  const double before = server_milliseconds();
  for (int run = 1; run <= kRuns; ++run) {
    line.laps.add(lap([&] { stand.overlays().create(stand.spec(run)); }));
  }
  line.note = server_note(before, kRuns);
  require_whole(stand, stand.spec(kRuns));
  const double made = server_milliseconds();
  for (int run = 1; run <= kRuns; ++run) {
    gone.laps.add(lap([&] { stand.overlays().remove(stand.spec(run)); }));
  }
  gone.note = server_note(made, kRuns);
  report.add(std::move(line));
  report.add(std::move(gone));
}

struct Query {
  std::string name, sql;
  int times = 1;
};

std::vector<Query> queries() {
  return {
      {"point", "SELECT * FROM t10 WHERE id = $1", 2000},
      {"five-table join",
       "SELECT t19.name, t18.name, t17.name, t16.name, t15.name FROM t19"
       " JOIN t18 ON t18.id = t19.parent_id JOIN t17 ON t17.id = t18.parent_id"
       " JOIN t16 ON t16.id = t17.parent_id JOIN t15 ON t15.id = t16.parent_id WHERE t19.id = $1",
       500},
      {"outer join",
       "SELECT t12.name, count(t13.id) FROM t12 LEFT JOIN t13 ON t13.parent_id = t12.id"
       " WHERE t12.id >= $1 GROUP BY t12.id, t12.name",
       50},
      {"full", "SELECT * FROM t15 WHERE $1 > 0", 200},
  };
}

std::size_t run(Link& link, const Query& query) {
  std::size_t rows = 0;
  for (int i = 0; i < query.times; ++i) {
    rows += static_cast<std::size_t>(
        PQntuples(link.run_script(fmt::format("EXECUTE q({})", 1 + i % kRows)).get()));
  }
  return rows;
}

void read_lines(Stand& stand, Report& report) {
  Link live({.dsn = stand.live().dsn()});
  Link sandbox({.dsn = stand.overlays().access_for_application(stand.spec(0)).dsn});
  for (const Query& query : queries()) {
    const std::string prepare = "DEALLOCATE ALL; PREPARE q (integer) AS " + query.sql;
    for (Link* link : {&live, &sandbox}) link->run_script(prepare);
    require(run(live, query) == run(sandbox, query), query.name);
    Line line{.name = "rows: read, " + query.name, .laps = {}, .most_ratio = 1.3};
    line.peer = Peer{.name = "live", .laps = {}, .why_absent = {}};
    for (int i = 0; i < kReadRuns; ++i) {
      line.peer->laps.add(lap([&] { run(live, query); }));
      line.laps.add(lap([&] { run(sandbox, query); }));
    }
    report.add(std::move(line));
  }
}

void thousand_line(Stand& stand, Report& report) {
  const std::string relations = "SELECT count(*) FROM pg_class WHERE relpersistence <> 't'";
  const std::string before = stand.ask(relations);
  Line line{.name = "rows: 1,000 sandboxes of CFG (B12)", .laps = {}, .most = 120'000};
  const double started = server_milliseconds();
  line.laps.add(lap([&] {
    for (int i = 1; i < kSandboxes; ++i) stand.overlays().create(stand.spec(1000 + i));
  }));
  line.note = server_note(started, kSandboxes - 1);
  require(stand.ask(relations) == before, "a sandbox made a relation");
  require_whole(stand, stand.spec(1000 + kSandboxes / 2));
  report.add(std::move(line));
  Line dump{.name = "rows: pg_dump with all of them", .laps = {}};
  dump.laps.add(lap([&] {
    const std::string command = "pg_dump --dbname='" + stand.live().dsn() + "' --file=/dev/null";
    require(std::system(command.c_str()) == 0, "pg_dump failed");
  }));
  report.add(std::move(dump));
}

}  // namespace

void bench_postgres_rows(Report& report) {
  Stand stand;
  // The tables are made with the first sandbox.
  Line first{.name = "rows: the first sandbox, with the shared tables", .laps = {}};
  first.laps.add(lap([&] { stand.overlays().create(stand.spec(0)); }));
  report.add(std::move(first));
  create_lines(stand, report);
  read_lines(stand, report);
  thousand_line(stand, report);
  // As the server does by itself in time.
  stand.live().run("VACUUM ANALYZE");
  read_lines(stand, report);
}

}  // namespace doppel::bench
