#include <csignal>
#include <fstream>

#include <fmt/core.h>
#include <unistd.h>

#include "bench/postgres_stand.hpp"

/// Reads of config in a sandbox of either carrier beside live, and a thousand sandboxes (B12).
namespace doppel::bench {
namespace {

using postgres::Link;

constexpr int kReadRuns = 21;
constexpr int kSandboxes = 1000;

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
        PQntuples(link.run_script(fmt::format("EXECUTE q({})", 1 + i % kCfgRows)).get()));
  }
  return rows;
}

void read_lines(PostgresStand& stand, const std::string& title, const database::OverlaySpec& spec,
                Report& report) {
  Link live({.dsn = stand.live().dsn()});
  Link sandbox({.dsn = stand.overlays().access_for_application(spec).dsn});
  for (const Query& query : queries()) {
    const std::string prepare = "DEALLOCATE ALL; PREPARE q (integer) AS " + query.sql;
    for (Link* link : {&live, &sandbox}) link->run_script(prepare);
    require(run(live, query) == run(sandbox, query), query.name);
    Line line{.name = title + ": read, " + query.name, .laps = {}, .most_ratio = 1.3};
    line.peer = Peer{.name = "live", .laps = {}, .why_absent = {}};
    for (int i = 0; i < kReadRuns; ++i) {
      line.peer->laps.add(lap([&] { run(live, query); }));
      line.laps.add(lap([&] { run(sandbox, query); }));
    }
    report.add(std::move(line));
  }
}

database::OverlaySpec numbered(const PostgresStand& stand, int number) {
  return stand.spec("rows", fmt::format("n{}", number));
}

void thousand_line(PostgresStand& stand, Report& report) {
  const std::string relations = "SELECT count(*) FROM pg_class WHERE relpersistence <> 't'";
  const std::string before = stand.ask(relations);
  Line line{.name = "rows: 1,000 sandboxes of CFG (B12)", .laps = {}, .most = 120'000};
  const ServerCost cost;
  line.laps.add(lap([&] {
    for (int i = 1; i < kSandboxes; ++i) stand.overlays().create(numbered(stand, i));
  }));
  line.note = cost.note(kSandboxes - 1);
  require(stand.ask(relations) == before, "a sandbox made a relation");
  stand.require_same_rows(
      stand.overlays().access_for_application(numbered(stand, kSandboxes / 2)).dsn,
      {"t00", "t09", "t19"});
  report.add(std::move(line));
}

void dump_line(const PostgresStand& stand, Report& report) {
  Line dump{.name = "rows: pg_dump with all of them", .laps = {}};
  dump.laps.add(lap([&] {
    require(run_command("pg_dump --dbname='" + stand.live().dsn() + "' --file=/dev/null"),
            "pg_dump failed");
  }));
  report.add(std::move(dump));
}

/// The cluster is the tests' own, made anew for whoever needs it next: so this is the last of all,
/// and left out where somebody else is using it.
/// What was written is written out first: that takes its time whoever wrote it.
void shutdown_line(Report& report) {
  const fs::path running = testing::cluster_socket() + "/data/postmaster.pid";
  std::ifstream file(running);
  pid_t server = 0;
  file >> server;
  Line line{.name = "rows: shutdown of the server with all of them", .laps = {}, .most = 1000};
  Link link({.dsn = testing::cluster_dsn("postgres", "postgres"),
             .access = database::Access::kReadWrite});
  const auto others = link.run_script(
      "CHECKPOINT; SELECT FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> "
      "pg_backend_pid()");
  if (PQntuples(others.get()) > 0) {
    line.note = "somebody else uses the cluster";
    report.add(std::move(line));
    return;
  }
  line.laps.add(lap([&] {
    ::kill(server, SIGINT);
    while (fs::exists(running)) ::usleep(1000);
  }));
  report.add(std::move(line));
}

}  // namespace

void bench_postgres_rows(Report& report) {
  PostgresStand stand(cfg_script());
  const auto copied = stand.spec("copy", "copied");
  stand.overlays().create(copied);
  read_lines(stand, "copy", copied, report);
  stand.overlays().remove(copied);
  stand.overlays().create(numbered(stand, 0));
  read_lines(stand, "rows", numbered(stand, 0), report);
  thousand_line(stand, report);
  dump_line(stand, report);
  // As the server does by itself in time.
  stand.live().run("VACUUM ANALYZE");
  read_lines(stand, "rows among 1,000", numbered(stand, 0), report);
  stand.let_go();
  shutdown_line(report);
}

}  // namespace doppel::bench
