#include <fmt/core.h>

#include "bench/raw.hpp"
#include "bench/runner.hpp"
#include "bench/stage.hpp"

/// 1,000 rows of CFG from a sandbox into live and back, and what is beside it.
namespace doppel::bench {
namespace {

constexpr int kRuns = 7;
constexpr int kRows = 1000;
constexpr int kResetRows = 100;

std::string all_config(const fs::path& file) {
  Raw database(file, Raw::Access::kReadOnly);
  std::string all;
  for (int number = 0; number < kCfgTables; ++number) all += content(database, cfg_table(number));
  return all;
}

}  // namespace

void bench_promote(Report& report) {
  Laps planned, lived, promoted, planned_back, rolled_back;
  for (int run = 0; run < kRuns; ++run) {
    Stage stage("promote", cfg_database(), cfg_manifest());
    const EnvironmentName name{"app", "qa"};
    const std::string before = all_config(stage.live());
    const fs::path sandbox = stage.create("qa");
    Raw(sandbox).run(edit_cfg(kRows));
    const std::string wanted = all_config(sandbox);
    plan::Plan plan;
    planned.add(lap([&] { plan = stage.doppel().plan(name, {}); }));
    require(plan.changes.size() == kRows && plan.promotable(), "not a plan of 1,000 rows");
    watch_flushes(stage.live());
    const Moment start = moment();
    stage.doppel().promote(name, plan.hash.text);
    promoted.add(between(start, moment()));
    const auto safe = last_watched_flush();
    require(safe.has_value(), "the promotion was never flushed");
    lived.add(between(start, *safe));
    require(all_config(stage.live()) == wanted, "live isn't what the sandbox showed");
    plan::Plan back;
    planned_back.add(lap([&] { back = stage.doppel().plan_rollback("app", 1, {}); }));
    rolled_back.add(lap([&] { stage.doppel().rollback("app", 1, back.hash.text); }));
    require(all_config(stage.live()) == before, "the rollback leaves something behind");
  }
  report.add({.name = "plan CFG, 1,000 rows, with rehearsal", .laps = planned});
  report.add({.name = "promote CFG, 1,000 rows, until live has it",
              .laps = lived,
              .note = "the last flush of live's file: what follows ends the sandbox"});
  report.add({.name = "promote CFG, 1,000 rows",
              .laps = promoted,
              .most = 30,
              .note = "the whole command: plan, snapshot, audit, end of the sandbox"});
  report.add({.name = "plan of its rollback, with rehearsal", .laps = planned_back});
  report.add({.name = "rollback CFG, 1,000 rows", .laps = rolled_back, .most = 30});
}

void bench_reset(Report& report) {
  Stage stage("reset", cfg_database(), cfg_manifest());
  const EnvironmentName name{"app", "qa"};
  const fs::path sandbox = stage.create("qa");
  const std::string before = all_config(sandbox);
  Laps all;
  for (int run = 0; run < kRuns; ++run) {
    Raw(sandbox).run(edit_cfg(kResetRows));
    all.add(lap([&] {
      require(stage.doppel().reset(name, std::nullopt) == kResetRows, "not 100 rows reset");
    }));
    require(all_config(sandbox) == before, "the reset leaves something behind");
  }
  report.add({.name = "reset CFG, 100 changes",
              .laps = all,
              .most = 50,
              .note = "after writes of another program: with the settling compare"});
}

}  // namespace doppel::bench
