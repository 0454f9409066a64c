#include "adapters/sqlite/overlay_folder.hpp"

#include "adapters/sqlite/base_copy.hpp"
#include "adapters/sqlite/capture.hpp"
#include "adapters/sqlite/failure.hpp"
#include "adapters/sqlite/overlay.hpp"
#include "adapters/sqlite/session_trust.hpp"
#include "base/error.hpp"
#include "base/files.hpp"

namespace doppel::sqlite {
namespace {

namespace fs = std::filesystem;
using database::OverlaySpec;

fs::path part_of(const fs::path& file) { return file.string() + ".part"; }

/// A database file with what SQLite may keep beside it.
void remove_database(const fs::path& file) {
  for (const char* suffix : {"-journal", "-wal", "-shm", ""}) {
    remove_tree(file.string() + suffix);
  }
}

struct FinishBackup {
  void operator()(sqlite3_backup* backup) const noexcept { sqlite3_backup_finish(backup); }
};

/// Steps until the lock is had that other connections may hold for a moment.
int step_when_free(sqlite3_backup* backup, int pages) {
  constexpr int kAttempts = 50;
  constexpr int kPauseMilliseconds = 100;
  int result = SQLITE_BUSY;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    result = sqlite3_backup_step(backup, pages);
    if (result != SQLITE_BUSY && result != SQLITE_LOCKED) break;
    sqlite3_sleep(kPauseMilliseconds);
  }
  return result;
}

/// Page by page in one transaction of the target: whoever has it open sees the old or the new.
void overwrite(Connection& source, Connection& target, const std::string& state) {
  std::unique_ptr<sqlite3_backup, FinishBackup> backup(
      sqlite3_backup_init(target.handle(), "main", source.handle(), "main"));
  if (!backup) fail(target.handle(), sqlite3_errcode(target.handle()), target.path());
  // A step of no pages only takes the target's write lock: from here on nobody else commits.
  int result = step_when_free(backup.get(), 0);
  if (result == SQLITE_OK && file_state(target) != state) {
    throw Error(ErrorCode::kBusy, "the sandbox was written to meanwhile",
                {.place = target.path(), .remedy = "nothing was changed; try again"});
  }
  if (result == SQLITE_OK) result = step_when_free(backup.get(), -1);
  backup.reset();
  if (result != SQLITE_DONE) fail(target.handle(), result, target.path());
}

/// Removes what a crash left: files under passing names and bases of no sandbox.
void remove_leftovers(const OverlaySpec& spec) {
  if (!fs::exists(spec.folder)) return;
  const fs::path data = spec.folder / kDataFile;
  const fs::path base = base_file(spec);
  remove_database(part_of(data));
  for (const fs::directory_entry& entry : fs::directory_iterator(spec.folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("base-") || entry.path() == base) continue;
    if (name.starts_with(base.filename().string() + "-")) continue;  // Its own journal.
    remove_tree(entry.path());
  }
}

}  // namespace

std::vector<database::RowCount> FolderOverlayBuilder::create(const OverlaySpec& spec) {
  make_folders(spec.folder);
  const fs::path data = spec.folder / kDataFile;
  const fs::path part = part_of(data);
  const fs::path base = base_file(spec);
  try {
    make_data(spec, part);
    std::vector<database::RowCount> counts;
    {
      const auto sandbox =
          sqlite::open({.path = part.string(), .access = database::Access::kReadWrite});
      sandbox->run_script("PRAGMA synchronous = OFF");
      counts = install_overlay(*sandbox, spec, base);
      sandbox->run_script("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    {
      // What was just made differs from its base in nothing; moving the file leaves its state.
      const auto settled =
          sqlite::open({.path = base.string(), .access = database::Access::kReadWrite});
      settled->run_script("PRAGMA synchronous = OFF");
      const auto made =
          sqlite::open({.path = part.string(), .access = database::Access::kReadWrite});
      write_settled(*settled, file_state(*made));
    }
    flush_file(base);
    flush_file(part);
    move_file(part, data);
    return counts;
  } catch (...) {
    remove_database(part);
    remove_database(base);
    throw;
  }
}

void FolderOverlayBuilder::replace(const OverlaySpec& spec, const OverlaySpec& next,
                                   const std::string& state) {
  // The base gets its final name first; data.db's mark, exchanged in one transaction, decides
  // which of the two bases counts, so a crash before or after leaves a whole sandbox.
  OverlaySpec moved = next;
  moved.folder = spec.folder;
  move_file(base_file(next), base_file(moved));
  {
    const auto source = sqlite::open(
        {.path = (next.folder / kDataFile).string(), .access = database::Access::kReadWrite});
    const auto target = sqlite::open(
        {.path = (spec.folder / kDataFile).string(), .access = database::Access::kReadWrite});
    overwrite(*source, *target, state);
  }
  remove(next);
  remove_leftovers(moved);
}

void FolderOverlayBuilder::recover(const OverlaySpec& spec) { remove_leftovers(spec); }

void FolderOverlayBuilder::remove(const OverlaySpec& spec) {
  // At once for whoever looks: a crash leaves no data.db without what SQLite keeps beside it.
  const fs::path gone = spec.folder.string() + ".gone";
  remove_tree(gone);
  if (fs::exists(spec.folder)) fs::rename(spec.folder, gone);
  remove_tree(gone);
}

void require_mark(Connection& connection, const OverlaySpec& spec) {
  if (read_sandbox_mark(connection) == spec.mark) return;
  throw Error(ErrorCode::kMarkedSandbox, "the file is not this sandbox's",
              {.place = connection.path(),
               .remedy = "discard the sandbox and make it again; its file was exchanged"});
}

}  // namespace doppel::sqlite
