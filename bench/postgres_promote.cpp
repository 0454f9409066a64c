#include <chrono>
#include <functional>

#include <fmt/core.h>
#include <unistd.h>

#include "bench/postgres_load.hpp"
#include "bench/postgres_stand.hpp"

/// B8 and B9: config of CFG from sandboxes into live and back, while others read and write live.
namespace doppel::bench {
namespace {

constexpr int kRuns = 5;
constexpr int kRows = 100;  ///< of all tables, in each promotion
constexpr auto kBreath = std::chrono::milliseconds(700);

void wait_a_moment() { ::usleep(std::chrono::microseconds(kBreath).count()); }

std::string sandbox_name(int run) { return fmt::format("qa{}", run); }

/// Another value in `kRows` rows of all tables, other rows for each run.
std::string edit(int run) {
  std::string sql = "BEGIN;";
  for (int number = 0; number < kCfgTables; ++number) {
    sql += fmt::format(
        "UPDATE {} SET note = 'edited ' || id, amount = id + 0.25 WHERE id % 50 = {} "
        "AND id <= {};",
        cfg_table(number), run, 50 * (kRows / kCfgTables));
  }
  return sql + "COMMIT";
}

std::string config_of(const PostgresStand& stand) {
  std::string all;
  for (int number = 0; number < kCfgTables; ++number) {
    all += stand.ask(fmt::format("SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM {} AS t",
                                 cfg_table(number)));
  }
  return all;
}

struct Load {
  explicit Load(const PostgresStand& stand)
      : reader(
            "reader", stand.live().dsn(),
            "\\set key random(1, 500)\nSELECT t.name, p.name FROM t10 AS t JOIN t09 AS p ON p.id "
            "= t.parent_id WHERE t.id = :key;"),
        writer("writer", stand.live().dsn(),
               "\\set key random(1, 20000)\nUPDATE entries SET amount = amount + 1 WHERE id = "
               ":key;") {}
  PostgresLoad reader, writer;
};

struct LoadWaits {
  Laps reader, writer;
  std::string note;
};

/// What users of live wait while `work` runs once in a window of its own, a moment before and
/// after.
LoadWaits under_load(const PostgresStand& stand, const std::function<void()>& work) {
  const auto written = [&] {
    return std::stoll(stand.ask("SELECT sum(amount)::bigint FROM entries"));
  };
  LoadWaits waits;
  const std::int64_t before = written();
  Load load(stand);
  wait_a_moment();
  work();
  wait_a_moment();
  const Waits reader = load.reader.stop();
  const Waits writer = load.writer.stop();
  require(written() - before == writer.transactions, "an update was lost");
  waits.reader.add({.work = reader.p99});
  waits.writer.add({.work = writer.p99});
  waits.note =
      fmt::format("longest wait: reader {:.1f} ms, writer {:.1f} ms", reader.most, writer.most);
  return waits;
}

/// Tables of another schema take the place of live's. Readers that lock several tables and the swap
/// wait for each other in a circle now and then: how often it took to begin again.
int swap_by_schema(const PostgresStand& stand) {
  std::string sql = "BEGIN; CREATE SCHEMA passing;";
  for (int number = 0; number < kCfgTables; ++number) {
    sql += fmt::format(
        "ALTER TABLE public.{0} SET SCHEMA passing; ALTER TABLE fresh.{0} SET SCHEMA "
        "public; ALTER TABLE passing.{0} SET SCHEMA fresh;",
        cfg_table(number));
  }
  for (int refused = 0;; ++refused) {
    try {
      run_sql(stand.live().dsn(), sql + "DROP SCHEMA passing; COMMIT");
      return refused;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBusy) throw;
    }
  }
}

void make_fresh(const PostgresStand& stand) {
  std::string sql = "BEGIN; CREATE SCHEMA fresh;";
  for (int number = 0; number < kCfgTables; ++number) {
    sql += fmt::format(
        "CREATE TABLE fresh.{0} (LIKE public.{0} INCLUDING ALL); INSERT INTO fresh."
        "{0} SELECT * FROM public.{0};",
        cfg_table(number));
  }
  run_sql(stand.live().dsn(), sql + "COMMIT");
}

struct Promotions {
  Laps promoted, rolled_back;
  Laps promoted_in_live, rolled_back_in_live;  ///< of it, in live's transaction
  std::string promote_cost, rollback_cost;
};

/// A whole command, and of it what it does in live's write transaction.
void measure(const std::function<void()>& command, Laps& whole, Laps& in_live) {
  const double before = trips_so_far().writing_ms;
  whole.add(lap(command));
  in_live.add({.work = trips_so_far().writing_ms - before});
}

/// A sandbox's change of other rows each, promoted; later edits of live; each taken back.
class Story {
 public:
  explicit Story(PostgresStage& stage) : stage_(stage) {
    for (int run = 0; run < kRuns; ++run) {
      run_sql(stage.create(sandbox_name(run), "rows"), edit(run));
    }
    before_ = config_of(stage.stand());
  }

  void plan() {
    for (int run = 0; run < kRuns; ++run) {
      const plan::Plan made = stage_.doppel().plan({"app", sandbox_name(run)}, {});
      require(made.changes.size() == kRows && made.promotable(), "not a plan of 100 rows");
      plans_.push_back(made.hash.text);
    }
  }

  void promote() {
    const ServerCost cost;
    for (int run = 0; run < kRuns; ++run) {
      measure([&] { stage_.doppel().promote({"app", sandbox_name(run)}, plans_.at(run)); },
              done_.promoted, done_.promoted_in_live);
      wait_a_moment();
    }
    done_.promote_cost = cost.note(kRuns);
  }

  /// Somebody edits live; the promotions' rollbacks are planned.
  void plan_back() {
    run_sql(stage_.stand().live().dsn(), "UPDATE t07 SET label = 'later' WHERE id % 2 = 0");
    plans_.clear();
    for (int run = 0; run < kRuns; ++run) {
      plans_.push_back(stage_.doppel().plan_rollback("app", run + 1, {}).hash.text);
    }
  }

  void roll_back() {
    const ServerCost cost;
    for (int run = 0; run < kRuns; ++run) {
      measure([&] { stage_.doppel().rollback("app", run + 1, plans_.at(run)); }, done_.rolled_back,
              done_.rolled_back_in_live);
      wait_a_moment();
    }
    done_.rollback_cost = cost.note(kRuns);
  }

  /// Live is as it was before all of it, with the later edits.
  void check() {
    const auto later = stage_.stand().ask("SELECT count(*) FROM t07 WHERE label = 'later'");
    require(later == "250", "a later edit is gone: " + later);
    run_sql(stage_.stand().live().dsn(),
            "UPDATE t07 SET label = 'label ' || id % 97 WHERE id % 2 = 0");
    require(config_of(stage_.stand()) == before_, "the rollback leaves something behind");
  }

  const Promotions& done() const { return done_; }

 private:
  PostgresStage& stage_;
  std::string before_;
  std::vector<std::string> plans_;
  Promotions done_;
};

void wait_lines(const std::string& what, const LoadWaits& waits, const LoadWaits& quiet,
                Report& report) {
  for (const bool reads : {true, false}) {
    Line line{.name = fmt::format("p99 of a {}, {}", reads ? "reader" : "writer", what),
              .laps = reads ? waits.reader : waits.writer,
              .most_ratio = 1.05};
    line.peer = Peer{
        .name = "nothing else runs", .laps = reads ? quiet.reader : quiet.writer, .why_absent = {}};
    if (reads) line.note = waits.note;
    report.add(std::move(line));
  }
}

}  // namespace

void bench_postgres_promote(Report& report) {
  PostgresStage stage(cfg_script(), config_manifest(kCfgTables));
  const LoadWaits quiet = under_load(stage.stand(), [] {
    for (int run = 0; run < kRuns; ++run) wait_a_moment();
  });
  Story story(stage);
  story.plan();
  const LoadWaits promoting = under_load(stage.stand(), [&] { story.promote(); });
  story.plan_back();
  const LoadWaits rolling_back = under_load(stage.stand(), [&] { story.roll_back(); });
  story.check();
  report.add({.name = "postgres: promote CFG, 100 rows, under load, whole command (B8)",
              .laps = story.done().promoted,
              .most = 30,
              .note = story.done().promote_cost});
  report.add({.name = "of it live's transaction: plan, snapshot, rows, record",
              .laps = story.done().promoted_in_live});
  report.add({.name = "postgres: its rollback after later edits, whole command (B9)",
              .laps = story.done().rolled_back,
              .most = 30,
              .note = story.done().rollback_cost});
  report.add({.name = "of it live's transaction", .laps = story.done().rolled_back_in_live});
  wait_lines("promotions", promoting, quiet, report);
  wait_lines("rollbacks", rolling_back, quiet, report);
  make_fresh(stage.stand());
  Line swap{.name = "swap of 20 tables by SET SCHEMA, under load", .laps = {}};
  int refused = 0;
  const LoadWaits swapping = under_load(stage.stand(), [&] {
    for (int run = 0; run < kRuns; ++run) {
      swap.laps.add(lap([&] { refused += swap_by_schema(stage.stand()); }));
      wait_a_moment();
    }
  });
  swap.note = fmt::format("{}; {} deadlocks; foreign keys of data still name the tables that went",
                          swapping.note, refused);
  report.add(std::move(swap));
}

}  // namespace doppel::bench
