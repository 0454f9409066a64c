#include <fmt/core.h>

#include "bench/raw.hpp"
#include "bench/runner.hpp"
#include "bench/stage.hpp"

/// The same queries on live and in a sandbox, as an application runs them, in alternating runs.
namespace doppel::bench {
namespace {

constexpr int kRuns = 31;
constexpr double kFivePercent = 1.05;

struct Query {
  std::string name;
  std::string sql;
  int times = 1;  ///< in one lap; ?1 goes through the keys
};

std::vector<Query> queries() {
  const std::string joined =
      "SELECT t19.name, t18.name, t17.name, t16.name, t15.name FROM t19"
      " JOIN t18 ON t18.id = t19.parent_id JOIN t17 ON t17.id = t18.parent_id"
      " JOIN t16 ON t16.id = t17.parent_id JOIN t15 ON t15.id = t16.parent_id WHERE t19.id >= ?1";
  return {
      {"point", "SELECT * FROM t10 WHERE id = ?1", 5000},
      {"five-table join", joined, 10},
      {"outer join",
       "SELECT t12.name, count(t13.id) FROM t12 LEFT JOIN t13 ON t13.parent_id = t12.id"
       " WHERE t12.id >= ?1 GROUP BY t12.id",
       20},
      {"full", "SELECT * FROM t15 WHERE ?1 > 0", 20},
      {"data joined with config",
       "SELECT t19.name, count(*), sum(entries.amount) FROM entries"
       " JOIN t19 ON t19.id = entries.kind_id WHERE t19.id >= ?1 GROUP BY t19.id",
       2},
  };
}

Lap run(Raw& database, const Query& query, long& rows) {
  RawStatement statement(database, query.sql);
  rows = 0;
  return lap([&] {
    for (int i = 0; i < query.times; ++i) {
      rows += statement.bind(1, std::int64_t{1} + i % kCfgRows).run();
    }
  });
}

/// Live, copied to where its path is as long as the sandbox's. SQLite looks for a journal by the
/// file's path at every read outside of a transaction, which takes longer by a twentieth four
/// folders further down: that is a matter of where files lie and not of sandboxes.
fs::path beside(const fs::path& sandbox, const fs::path& live) {
  fs::path folder = sandbox.parent_path();
  folder += "-live";
  fs::create_directories(folder);
  return copy_database(live, folder / sandbox.filename());
}

void read_lines(const std::string& carrier, Report& report) {
  Stage stage("reads", cfg_database(), cfg_manifest());
  const fs::path file = stage.create("qa", carrier);
  Raw live(beside(file, stage.live()), Raw::Access::kReadOnly);
  Raw sandbox(file, Raw::Access::kReadOnly);
  // What its sessions do: the sandbox's tables come first, live's are behind.
  if (carrier == "split") sandbox.run("ATTACH '" + stage.live().string() + "' AS live");
  for (const Query& query : queries()) {
    Line line{.name = fmt::format("read, carrier {}: {}", carrier, query.name),
              .laps = {},
              .most_ratio = kFivePercent,
              .peer = Peer{.name = "live", .laps = {}, .why_absent = {}},
              .basis = Basis::kProcessor};
    for (int i = 0; i < kRuns; ++i) {
      long in_live = 0;
      long in_sandbox = 0;
      line.peer->laps.add(run(live, query, in_live));
      line.laps.add(run(sandbox, query, in_sandbox));
      require(in_live == in_sandbox && in_live > 0, "the sandbox answers other rows");
    }
    report.add(std::move(line));
  }
}

}  // namespace

void bench_reads(Report& report) {
  read_lines("file", report);
  read_lines("split", report);
}

}  // namespace doppel::bench
