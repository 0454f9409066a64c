#include <fmt/core.h>

#include "adapters/sqlite/connection.hpp"
#include "bench/data.hpp"
#include "bench/merge_measure.hpp"
#include "bench/raw.hpp"
#include "bench/runner.hpp"

/// Three-way merge: facts from SQLite, the merge in this process.
namespace doppel::bench {
namespace {

/// Writes live's edits: half of them in the sandbox's rows, half in their neighbours.
void edit_live(const Edits& edits, const fs::path& live) {
  Raw database(live);
  database.run("PRAGMA synchronous = OFF; BEGIN");
  const auto statement = [&](const std::string& column) {
    return RawStatement(
        database, fmt::format("UPDATE {} SET {} = 'live' WHERE id = ?1", edits.table, column));
  };
  RawStatement clean = statement(edits.live_column);
  RawStatement same = statement(edits.sandbox_column);
  each_live_edit(edits, [&](std::int64_t key, const std::string& column) {
    (column == edits.live_column ? clean : same).bind(1, key).run();
  });
  database.run("COMMIT");
}

Line sqlite_line(const std::string& title, const fs::path& database, const std::string& manifest,
                 const Edits& edits, double most, int runs) {
  const fs::path folder = fresh_folder("merge");
  const fs::path file = copy_database(database, folder / "live.db");
  const manifest::Model model = model_of(manifest, file);
  const auto live = sqlite::open({.path = file.string()});
  Line line = merge_line(
      title, edits, {.model = model, .live = *live, .edit_live = [&] { edit_live(edits, file); }},
      most, runs);
  fs::remove_all(folder);
  return line;
}

}  // namespace

void bench_merge_million(Report& report) {
  constexpr std::int64_t kFew = 1'000;
  constexpr std::int64_t kMany = 100'000;
  report.add(sqlite_line("merge CRM, 1,000 a side", crm_database(), crm_manifest(),
                         {"contacts", kFew, kCrmRows / kFew, "note", "city"}, 100, 7));
  report.add(sqlite_line("merge CRM, 100,000 a side", crm_database(), crm_manifest(),
                         {"contacts", kMany, kCrmRows / kMany, "note", "city"}, 2000, 3));
}

void bench_merge_config(Report& report) {
  report.add(sqlite_line("config merge CFG, 50 + 50 edits", cfg_database(), cfg_manifest(),
                         {"t10", 50, 10, "note", "label"}, 5, 21));
}

}  // namespace doppel::bench
