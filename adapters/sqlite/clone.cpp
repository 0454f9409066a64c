#include "adapters/sqlite/clone.hpp"

#include <sqlite3.h>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/failure.hpp"
#include "adapters/sqlite/handle.hpp"
#include "base/error.hpp"
#include "base/files.hpp"

namespace doppel::sqlite {
namespace {

namespace fs = std::filesystem;

struct FinishBackup {
  void operator()(sqlite3_backup* backup) const noexcept { sqlite3_backup_finish(backup); }
};

void back_up(sqlite3* source, const fs::path& target) {
  sqlite3* opened = nullptr;
  const int result =
      sqlite3_open_v2(target.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  const DatabaseHandle copy(opened);
  check(copy.get(), result, target.string());
  check(copy.get(),
        sqlite3_exec(copy.get(), "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF", nullptr,
                     nullptr, nullptr),
        target.string());
  std::unique_ptr<sqlite3_backup, FinishBackup> backup(
      sqlite3_backup_init(copy.get(), "main", source, "main"));
  if (!backup) fail(copy.get(), sqlite3_errcode(copy.get()), target.string());
  const int copied = sqlite3_backup_step(backup.get(), -1);
  backup.reset();
  if (copied != SQLITE_DONE) fail(copy.get(), copied, target.string());
}

}  // namespace

CloneKind clone_file(const fs::path& source, const fs::path& target,
                     std::int64_t copy_limit_bytes) {
  if (fs::exists(target)) {
    throw Error(ErrorCode::kAlreadyExists, "the file for the clone exists",
                {.place = target.string(), .remedy = {}});
  }
  const auto live = open({.path = source.string(), .access = database::Access::kReadOnly});
  // A read transaction holds SQLite's shared lock: with a rollback journal no writer can touch the
  // file itself until it ends. In WAL mode a checkpoint could, and commits stand in another file,
  // so there SQLite's own backup reads one snapshot of both.
  const auto snapshot = live->begin(database::TransactionKind::kRead);
  const auto mode = live->sql()->query("PRAGMA journal_mode", {});
  const bool wal = mode.at(0).at(0) == Value("wal");
  if (!wal) {
    switch (clone_blocks(source, target, copy_limit_bytes)) {
      case Cloned::kShared:
        return CloneKind::kShared;
      case Cloned::kCopied:
        return CloneKind::kCopied;
      case Cloned::kTooLarge:
        break;
    }
    return CloneKind::kTooLarge;
  }
  if (static_cast<std::int64_t>(fs::file_size(source)) > copy_limit_bytes) {
    return CloneKind::kTooLarge;
  }
  back_up(live->handle(), target);
  return CloneKind::kBackup;
}

}  // namespace doppel::sqlite
