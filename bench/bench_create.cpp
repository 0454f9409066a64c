#include <cstdlib>

#include <fmt/core.h>

#include "adapters/sqlite/base_copy.hpp"
#include "adapters/sqlite/capture.hpp"
#include "adapters/sqlite/clone.hpp"
#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/database.hpp"
#include "adapters/sqlite/overlay.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "bench/data.hpp"
#include "bench/raw.hpp"
#include "bench/runner.hpp"
#include "overlay/overlay.hpp"

/// Making a sandbox: the copy beside cp and SQLite's backup, and what doppel adds to it.
namespace doppel::bench {
namespace {

constexpr int kRuns = 5;

database::OverlaySpec spec_in(const fs::path& folder, const manifest::Model& model,
                              const std::string& carrier) {
  database::OverlaySpec spec;
  spec.carrier = carrier;
  spec.folder = folder / "sandbox";
  spec.mark = R"({"doppel":1,"tenant":"app","sandbox":"bench","environment":"1","base":"1"})";
  spec.tables = overlay::tracked_tables(model);
  return spec;
}

void cp(const fs::path& from, const fs::path& to) {
  const std::string command =
      fmt::format("cp --reflink=auto '{}' '{}'", from.string(), to.string());
  require(std::system(command.c_str()) == 0, "cp failed");
}

void back_up(const fs::path& from, const fs::path& to) {
  Raw source(from, Raw::Access::kReadOnly);
  Raw target(to);
  target.run("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF");
  sqlite3_backup* backup = sqlite3_backup_init(target.handle(), "main", source.handle(), "main");
  require(sqlite3_backup_step(backup, -1) == SQLITE_DONE, "the backup failed");
  sqlite3_backup_finish(backup);
}

/// The copy alone, beside the peer: both make a new file, neither flushes it. Alternating, so that
/// both find the same caches.
void copy_lines(const std::string& title, const fs::path& live, const std::string& peer_name,
                const std::function<void(const fs::path&, const fs::path&)>& peer, Report& report) {
  const fs::path folder = fresh_folder("create");
  const fs::path target = folder / "copy.db";
  Line line{.name = title, .laps = {}, .most_ratio = 1.3};
  line.peer = Peer{.name = peer_name, .laps = {}, .why_absent = {}};
  for (int run = 0; run < kRuns; ++run) {
    fs::remove(target);
    line.peer->laps.add(lap([&] { peer(live, target); }));
    fs::remove(target);
    line.laps.add(lap([&] { sqlite::clone_file(live, target); }));
    Raw copy(target, Raw::Access::kReadOnly);
    Raw original(live, Raw::Access::kReadOnly);
    for (const std::string table : {"contacts", "visits"}) {
      const std::string count = "SELECT count(*) || ' ' || total(id) FROM " + table;
      require(copy.text(count) == original.text(count), "the copy has other rows");
    }
  }
  report.add(std::move(line));
  fs::remove_all(folder);
}

/// The whole of create, and its parts.
void whole_lines(const std::string& title, const fs::path& live, const std::string& manifest,
                 const std::string& carrier, std::optional<double> most, Report& report) {
  const fs::path folder = fresh_folder("create");
  const auto spec = spec_in(folder, model_of(manifest, live), carrier);
  const auto database = sqlite::attach(live.string());
  Laps laps;
  try {
    for (int run = 0; run < kRuns; ++run) {
      laps.add(lap([&] { database->overlays().create(spec); }));
      database->overlays().remove(spec);
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnsupported) throw;
    report.add({.name = title, .laps = {}, .most = most, .note = error.what()});
    return;
  }
  report.add({.name = title, .laps = laps, .most = most});
  fs::remove_all(folder);
}

/// What create does after the copy.
void part_lines(const fs::path& live, const std::string& manifest, Report& report) {
  const fs::path folder = fresh_folder("create");
  const auto spec = spec_in(folder, model_of(manifest, live), "file");
  fs::create_directories(spec.folder);
  Laps base, capture, counts;
  for (int run = 0; run < kRuns; ++run) {
    const fs::path copy = folder / "copy.db";
    fs::remove(copy);
    sqlite::clone_file(live, copy);
    const auto sandbox =
        sqlite::open({.path = copy.string(), .access = database::Access::kReadWrite});
    sandbox->run_script("PRAGMA synchronous = OFF");
    const fs::path base_file = folder / "base.db";
    fs::remove(base_file);
    base.add(lap([&] { sqlite::make_base(*sandbox, base_file, spec.tables); }));
    const auto schema = sandbox->read_schema();
    capture.add(lap([&] {
      const auto transaction = sandbox->begin(database::TransactionKind::kWrite);
      sqlite::install_capture(*sandbox, spec.tables, schema);
      transaction->commit();
    }));
    counts.add(lap([&] {
      for (const auto& table : spec.tables) {
        sqlite::count_or_estimate(*sandbox, table.shape->name);
      }
    }));
  }
  report.add({.name = "  of it: base copy of the config", .laps = base});
  report.add({.name = "  of it: capture", .laps = capture});
  report.add({.name = "  of it: row counts", .laps = counts});
  fs::remove_all(folder);
}

}  // namespace

void bench_create(Report& report) {
  const fs::path crm = crm_database();
  copy_lines("create file, CRM: copy", crm, "cp --reflink=auto", cp, report);
  const fs::path folder = fresh_folder("create-wal");
  const fs::path wal = copy_database(crm, folder / "wal.db");
  Raw(wal).run("PRAGMA journal_mode = WAL");
  copy_lines("create file, CRM in WAL mode: copy", wal, "sqlite3_backup", back_up, report);
  fs::remove_all(folder);
  whole_lines("create file, CRM: whole", crm, crm_manifest(), "file", std::nullopt, report);
  part_lines(crm, crm_manifest(), report);
  whole_lines("create file, CFG: whole", cfg_database(), cfg_manifest(), "file", std::nullopt,
              report);
  whole_lines("create split, CFG: whole", cfg_database(), cfg_manifest(), "split", 60, report);
}

}  // namespace doppel::bench
