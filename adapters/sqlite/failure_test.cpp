#include "adapters/sqlite/failure.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/test_file.hpp"

namespace doppel::sqlite {
namespace {

namespace fs = std::filesystem;
using database::Access;
using database::TransactionKind;
using testing::HasSubstr;

constexpr const char* kThousandRows = R"(
    CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT NOT NULL);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
    INSERT INTO t SELECT i, printf('%0200d', i) FROM n;)";

struct Failure {
  ErrorCode code = ErrorCode::kInternal;
  std::string text;
  std::string place;
  std::string remedy;
};

template <typename Call>
Failure failure_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return {error.code(), error.what(), error.place(), std::string(error.remedy())};
  }
  ADD_FAILURE() << "nothing failed";
  return {};
}

Failure refusal(const std::string& path, Access access = Access::kReadOnly) {
  return failure_of([&] { open({.path = path, .access = access, .busy_timeout_ms = 10}); });
}

void cut(const std::string& path, std::uintmax_t bytes) {
  fs::resize_file(path, fs::file_size(path) - bytes);
}

TEST(SqliteFailure, ATruncatedFileIsRefusedAtOpen) {
  for (const std::uintmax_t bytes : {1U, 1000U, 4096U, 100000U}) {
    const TestFile file;
    file.run(kThousandRows);
    cut(file.path(), bytes);
    const Failure failure = refusal(file.path());
    EXPECT_EQ(failure.code, ErrorCode::kNotADatabase) << bytes;
    EXPECT_EQ(failure.place, file.path());
  }
}

TEST(SqliteFailure, ATruncatedFileInWalModeIsRefusedAtOpen) {
  const TestFile file;
  file.run("PRAGMA journal_mode = WAL");
  file.run(kThousandRows);
  cut(file.path(), 100000);
  EXPECT_EQ(refusal(file.path()).code, ErrorCode::kNotADatabase);
}

TEST(SqliteFailure, DamageInTheMiddleIsFoundWhenItIsRead) {
  const TestFile file;
  file.run(kThousandRows);
  {
    std::fstream bytes(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(5 * 4096);
    bytes << std::string(4096, '\x7f');
  }
  const auto connection = open({.path = file.path()});
  const auto failure = failure_of([&] { connection->sql()->query("SELECT sum(x) FROM t", {}); });
  EXPECT_EQ(failure.code, ErrorCode::kNotADatabase);
  EXPECT_THAT(failure.remedy, HasSubstr("backup"));
}

TEST(SqliteFailure, ADirectoryIsNoDatabase) {
  const TestFile file;
  const Failure failure = refusal(file.folder());
  EXPECT_EQ(failure.code, ErrorCode::kNotADatabase);
  EXPECT_THAT(failure.text, HasSubstr("directory"));
  EXPECT_EQ(refusal("/dev/null").code, ErrorCode::kNotADatabase);
}

TEST(SqliteFailure, AReadOnlyConnectionWritesNothingByItsSqlEither) {
  const TestFile file;
  file.run(kThousandRows);
  const auto connection = open({.path = file.path()});
  const auto failure = failure_of([&] { connection->sql()->execute("DELETE FROM t", {}); });
  EXPECT_EQ(failure.code, ErrorCode::kReadOnly);
  EXPECT_EQ(failure.place, file.path());
  EXPECT_EQ(connection->count_rows("t"), 1000);
}

TEST(SqliteFailure, ALockedFileIsBusy) {
  const TestFile file;
  file.run(kThousandRows);
  const auto other = open({.path = file.path(), .access = Access::kReadWrite});
  other->run_script("BEGIN EXCLUSIVE");
  EXPECT_EQ(refusal(file.path()).code, ErrorCode::kBusy);
  other->run_script("ROLLBACK");
  open({.path = file.path()});
}

TEST(SqliteFailure, AFullDiskLosesNothingThatWasCommitted) {
  const TestFile file;
  file.run(kThousandRows);
  const auto connection = open({.path = file.path(), .access = Access::kReadWrite});
  connection->run_script("PRAGMA max_page_count = 70");
  const auto failure = failure_of([&] {
    const auto transaction = connection->begin(TransactionKind::kWrite);
    connection->sql()->execute("UPDATE t SET x = 'changed' WHERE id = 1", {});
    connection->sql()->execute("INSERT INTO t SELECT id + 1000, x FROM t", {});
    transaction->commit();
  });
  EXPECT_EQ(failure.code, ErrorCode::kNoSpace);
  EXPECT_FALSE(connection->in_transaction());
  EXPECT_EQ(connection->count_rows("t"), 1000);
  EXPECT_TRUE(connection->sql()->query("SELECT 1 FROM t WHERE x = 'changed'", {}).empty());
}

TEST(SqliteFailure, AJournalLeftByACrashIsRolledBackByWhoeverMayWrite) {
  const TestFile file;
  const TestFile crashed;
  file.run(kThousandRows);
  {
    const auto connection = open({.path = file.path(), .access = Access::kReadWrite});
    connection->run_script("PRAGMA cache_size = 5; BEGIN; UPDATE t SET x = x || 'half'");
    fs::copy_file(file.path(), crashed.path());
    fs::copy_file(file.path() + "-journal", crashed.path() + "-journal");
  }
  // Also where only reading was asked for: else a killed promotion would keep every reader out.
  const auto connection = open({.path = crashed.path(), .access = Access::kReadOnly});
  EXPECT_TRUE(connection->sql()->query("SELECT 1 FROM t WHERE x LIKE '%half'", {}).empty());
  EXPECT_EQ(connection->count_rows("t"), 1000);
}

TEST(SqliteFailure, AWalFileIsReadWithWhatIsNotCheckpointedYet) {
  const TestFile file;
  file.run("PRAGMA journal_mode = WAL");
  file.run(kThousandRows);
  const auto writer = open({.path = file.path(), .access = Access::kReadWrite});
  writer->sql()->execute("DELETE FROM t WHERE id > 10", {});
  EXPECT_EQ(open({.path = file.path()})->count_rows("t"), 10);
}

TEST(SqliteFailure, ANewerFormatIsNamed) {
  const TestFile file;
  file.run(kThousandRows);
  const auto set_versions = [&](char write, char read) {
    std::fstream bytes(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(18);
    bytes.put(write).put(read);
  };
  set_versions(3, 1);
  EXPECT_EQ(open({.path = file.path()})->count_rows("t"), 1000);
  EXPECT_EQ(refusal(file.path(), Access::kReadWrite).code, ErrorCode::kUnsupported);
  set_versions(3, 3);
  EXPECT_EQ(refusal(file.path()).code, ErrorCode::kUnsupported);
}

TEST(SqliteFailure, EveryResultCodeMeansSomething) {
  EXPECT_EQ(error_code_of(SQLITE_BUSY_SNAPSHOT), ErrorCode::kBusy);
  EXPECT_EQ(error_code_of(SQLITE_LOCKED_SHAREDCACHE), ErrorCode::kBusy);
  EXPECT_EQ(error_code_of(SQLITE_READONLY_DBMOVED), ErrorCode::kReadOnly);
  EXPECT_EQ(error_code_of(SQLITE_CORRUPT_INDEX), ErrorCode::kNotADatabase);
  EXPECT_EQ(error_code_of(SQLITE_CONSTRAINT_CHECK), ErrorCode::kConstraint);
  EXPECT_EQ(error_code_of(SQLITE_IOERR_FSYNC), ErrorCode::kIo);
  EXPECT_EQ(error_code_of(SQLITE_CANTOPEN_ISDIR), ErrorCode::kIo);
  EXPECT_EQ(error_code_of(SQLITE_FULL), ErrorCode::kNoSpace);
  EXPECT_EQ(error_code_of(SQLITE_MISUSE), ErrorCode::kInternal);
}

}  // namespace
}  // namespace doppel::sqlite
