#include "adapters/sqlite/failure.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>

#include <sys/statvfs.h>

namespace doppel::sqlite {
namespace {

struct Meaning {
  int result;
  ErrorCode code;
  std::string_view remedy;  ///< empty: the error table's
};

/// By primary result code, but for the extended ones at the top.
constexpr std::array kMeanings{
    Meaning{SQLITE_READONLY_CANTINIT, ErrorCode::kReadOnly,
            "a database in WAL mode needs its -shm file: give doppel the right to write in the "
            "directory, or let the application open the database meanwhile"},
    Meaning{SQLITE_READONLY_DIRECTORY, ErrorCode::kReadOnly,
            "the journal stands beside the file: give doppel the right to write in the directory"},
    Meaning{SQLITE_READONLY_ROLLBACK, ErrorCode::kReadOnly,
            "a transaction was cut off and its journal stands beside the file: start the "
            "application once, or open the file for writing, so that it is rolled back"},
    Meaning{SQLITE_READONLY_RECOVERY, ErrorCode::kReadOnly,
            "the -wal file must be recovered first: start the application once, or open the file "
            "for writing"},
    Meaning{SQLITE_BUSY, ErrorCode::kBusy, ""},
    Meaning{SQLITE_LOCKED, ErrorCode::kBusy, ""},
    Meaning{SQLITE_PROTOCOL, ErrorCode::kBusy, ""},
    Meaning{SQLITE_INTERRUPT, ErrorCode::kBusy, "the statement was interrupted; run it again"},
    Meaning{SQLITE_READONLY, ErrorCode::kReadOnly, ""},
    Meaning{SQLITE_PERM, ErrorCode::kReadOnly, ""},
    Meaning{SQLITE_AUTH, ErrorCode::kLiveIsReadOnly, ""},
    Meaning{SQLITE_NOTADB, ErrorCode::kNotADatabase, ""},
    Meaning{SQLITE_CORRUPT, ErrorCode::kNotADatabase,
            "the file is damaged: restore it from a backup, or recover it with `sqlite3 FILE "
            ".recover`"},
    Meaning{SQLITE_FORMAT, ErrorCode::kNotADatabase, ""},
    Meaning{SQLITE_FULL, ErrorCode::kNoSpace, ""},
    Meaning{SQLITE_CONSTRAINT, ErrorCode::kConstraint, ""},
    Meaning{SQLITE_MISMATCH, ErrorCode::kConstraint, ""},
    Meaning{SQLITE_CANTOPEN, ErrorCode::kIo, ""},
    Meaning{SQLITE_IOERR, ErrorCode::kIo, ""},
    Meaning{SQLITE_NOMEM, ErrorCode::kIo, "there is not enough memory"},
    Meaning{SQLITE_NOLFS, ErrorCode::kIo, ""},
    Meaning{SQLITE_TOOBIG, ErrorCode::kInvalidInput, "a value or statement is too long for SQLite"},
    Meaning{SQLITE_ERROR, ErrorCode::kSql, ""},
    Meaning{SQLITE_SCHEMA, ErrorCode::kSql, ""},
    Meaning{SQLITE_ABORT, ErrorCode::kSql, ""},
    Meaning{SQLITE_RANGE, ErrorCode::kInternal, ""},
    Meaning{SQLITE_MISUSE, ErrorCode::kInternal, ""},
};

constexpr int kPrimaryMask = 0xff;

const Meaning* meaning_of(int result) {
  const auto exact = std::ranges::find(kMeanings, result, &Meaning::result);
  if (exact != kMeanings.end()) return &*exact;
  const auto primary = std::ranges::find(kMeanings, result & kPrimaryMask, &Meaning::result);
  return primary == kMeanings.end() ? nullptr : &*primary;
}

/// SQLite tells a full disk where it writes pages; where it can't make a journal, say, the reason
/// is lost on the way, so the file system is asked.
bool disk_is_full(sqlite3* database, int result, const std::string& place) {
  const int primary = result & kPrimaryMask;
  if (primary != SQLITE_CANTOPEN && primary != SQLITE_IOERR) return false;
  const int reason = sqlite3_system_errno(database);
  if (reason == ENOSPC || reason == EDQUOT || reason == EFBIG) return true;
  const char* file = sqlite3_db_filename(database, "main");
  // What couldn't be opened has no name but the place.
  const bool named = file != nullptr && *file != '\0';
  const auto folder = std::filesystem::path(named ? std::string(file) : place).parent_path();
  struct statvfs about{};
  if (::statvfs(folder.c_str(), &about) != 0) return false;
  return about.f_bavail == 0 || (about.f_files != 0 && about.f_favail == 0);
}

}  // namespace

ErrorCode error_code_of(int result) {
  const Meaning* meaning = meaning_of(result);
  return meaning == nullptr ? ErrorCode::kInternal : meaning->code;
}

void fail(sqlite3* database, int result, const std::string& place) {
  // A statement's failure may be told by its primary code only; the connection knows the rest.
  const bool current =
      database != nullptr && (sqlite3_errcode(database) & kPrimaryMask) == (result & kPrimaryMask);
  const int extended = current ? sqlite3_extended_errcode(database) : result;
  const std::string message = current ? sqlite3_errmsg(database) : sqlite3_errstr(result);
  // Raised by the checks that a sandbox of carrier split puts before live's tables.
  if (extended == SQLITE_CONSTRAINT_TRIGGER &&
      message.find(kSandboxOnlyWords) != std::string::npos) {
    throw Error(ErrorCode::kSandboxOnly, message, {.place = place, .remedy = {}});
  }
  if (current && disk_is_full(database, extended, place)) {
    throw Error(ErrorCode::kNoSpace, message + ": the disk is full",
                {.place = place, .remedy = {}});
  }
  const Meaning* meaning = meaning_of(extended);
  throw Error(error_code_of(extended), message,
              {.place = place, .remedy = std::string(meaning ? meaning->remedy : "")});
}

void check(sqlite3* database, int result, const std::string& place) {
  if (result == SQLITE_OK || result == SQLITE_ROW || result == SQLITE_DONE) return;
  fail(database, result, place);
}

}  // namespace doppel::sqlite
