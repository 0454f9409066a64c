#include <algorithm>

#include <fmt/core.h>

#include "adapters/sqlite/base_copy.hpp"
#include "adapters/sqlite/connection.hpp"
#include "bench/peers.hpp"
#include "bench/raw.hpp"
#include "bench/runner.hpp"
#include "bench/stage.hpp"

/// 1,400 changes in a table of a million rows: read from the capture, and settled by a compare.
namespace doppel::bench {
namespace {

constexpr int kRuns = 7;
constexpr int kSlowRuns = 3;
constexpr const char* kTable = "contacts";

/// 1,000 rows changed, 200 added, 200 removed.
constexpr const char* kEdits =
    "BEGIN;"
    "UPDATE contacts SET note = 'edited', amount = 1.5 WHERE id % 1000 = 7;"
    "DELETE FROM contacts WHERE id % 5000 = 11;"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
    " INSERT INTO contacts (id, code, name, city) SELECT 2000000 + i, 'N' || i, 'new', 'here'"
    " FROM n;"
    "COMMIT";

RowKinds kinds_of(const plan::Diff& diff) {
  RowKinds rows;
  for (const plan::DiffRow& row : diff.rows) {
    const char kind = row.kind == plan::DiffKind::kAdded     ? 'I'
                      : row.kind == plan::DiffKind::kRemoved ? 'D'
                                                             : 'U';
    rows[{row.table, row.key.front().integer()}] = kind;
  }
  return rows;
}

fs::path base_of(const fs::path& sandbox) {
  for (const fs::directory_entry& entry : fs::directory_iterator(sandbox.parent_path())) {
    if (entry.path().filename().string().starts_with("base-")) return entry.path();
  }
  throw std::runtime_error("the sandbox has no base");
}

/// The compare with the base alone, beside session_diff of the same two states.
void settle_line(const Stage& stage, const fs::path& sandbox, const RowKinds& expected,
                 Report& report) {
  const manifest::Model model = model_of(crm_manifest(), stage.live());
  Line line{.name = "diff CRM: settling compare", .laps = {}, .most_ratio = 1.3};
  line.basis = Basis::kProcessor;
  line.peer = Peer{.name = "sqlite3session_diff", .laps = {}, .why_absent = {}};
  for (int run = 0; run < kSlowRuns; ++run) {
    const SessionDiff peer = session_diff(stage.live(), sandbox, kTable);
    line.peer->laps.add(peer.lap);
    require(peer.rows == expected, "session_diff finds other rows than doppel");
    const auto now = sqlite::open({.path = sandbox.string()});
    const auto base = sqlite::open({.path = base_of(sandbox).string()});
    std::size_t different = 0;
    const auto count = [&](const Key&, const std::optional<Row>&) { ++different; };
    line.laps.add(
        lap([&] { sqlite::compare_with_base(*now, *base, *model.require(kTable).shape, count); }));
    require(different == expected.size(), "the compare finds another number of rows");
  }
  report.add(std::move(line));
}

Peer sqldiff_laps(const Stage& stage, const fs::path& sandbox, std::size_t expected) {
  Peer peer{.name = "sqldiff", .laps = {}, .why_absent = "sqldiff: package sqlite3-tools"};
  for (int run = 0; run < kSlowRuns; ++run) {
    const auto found = sqldiff(stage.live(), sandbox, kTable);
    if (!found) break;
    require(found->statements == expected, "sqldiff writes another number of statements");
    peer.laps.add(found->lap);
  }
  return peer;
}

}  // namespace

void bench_diff(Report& report) {
  Stage stage("diff", crm_database(), crm_manifest());
  const fs::path sandbox = stage.create("qa");
  const EnvironmentName name{"app", "qa"};
  Raw(sandbox).run(kEdits);
  Laps first;
  plan::Diff diff;
  first.add(lap([&] { diff = stage.doppel().diff(name); }));
  const RowKinds expected = kinds_of(diff);
  require(expected.size() == 1400, "not 1,400 changes");
  Laps again = laps(kRuns, [&] { diff = stage.doppel().diff(name); });
  require(kinds_of(diff) == expected, "the second diff is another");
  report.add({.name = "diff CRM, 1,400 changes by capture",
              .laps = again,
              .most = 20,
              .peer = sqldiff_laps(stage, sandbox, expected.size()),
              .note = "the file is as it was at the last look: nothing is compared"});
  report.add({.name = "diff CRM, first look after foreign writes",
              .laps = first,
              .note = "the same and the settling compare"});
  settle_line(stage, sandbox, expected, report);
}

}  // namespace doppel::bench
