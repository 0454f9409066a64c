#include "adapters/sqlite/connection.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/sqlite/base_copy.hpp"
#include "adapters/sqlite/clone.hpp"
#include "adapters/sqlite/test_file.hpp"
#include "base/error.hpp"

namespace doppel::sqlite {
namespace {

using database::Access;

std::string text_of_bytes(std::size_t size) { return std::string(size, 'x'); }

/// The code that opening throws, and the place it names.
std::pair<ErrorCode, std::string> refusal(const OpenOptions& options) {
  try {
    open(options);
  } catch (const Error& error) {
    return {error.code(), error.place()};
  }
  ADD_FAILURE() << options.path << " was opened";
  return {ErrorCode::kInternal, ""};
}

/// Whether another process could write to the file now.
bool another_process_can_write(const std::string& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    bool written = true;
    try {
      const auto connection =
          open({.path = path, .access = Access::kReadWrite, .busy_timeout_ms = 0});
      connection->sql()->execute("UPDATE t SET name = 'another'", {});
    } catch (const Error&) {
      written = false;
    }
    ::_exit(written ? 1 : 0);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WEXITSTATUS(status) == 1;
}

/// A process that opens a file and closes it lets go of all locks that it has on the file, whoever
/// took them: nothing that is done beside a transaction may do so.
TEST(SqliteOpen, WhatIsDoneBesideATransactionLeavesItsLocks) {
  for (const char* journal : {"DELETE", "WAL"}) {
    const TestFile file;
    file.run(std::string("PRAGMA journal_mode = ") + journal +
             "; CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'a')");
    const auto writer = open({.path = file.path(), .access = Access::kReadWrite});
    EXPECT_TRUE(another_process_can_write(file.path()));
    const auto transaction = writer->begin(database::TransactionKind::kWrite);
    EXPECT_FALSE(another_process_can_write(file.path())) << journal;
    open({.path = file.path()});
    EXPECT_FALSE(another_process_can_write(file.path())) << journal << ", opened again";
    file_state(*writer);
    EXPECT_FALSE(another_process_can_write(file.path())) << journal << ", its state was read";
    const std::string clone = file.path() + ".clone";
    clone_file(file.path(), clone);
    EXPECT_FALSE(another_process_can_write(file.path())) << journal << ", it was cloned";
    EXPECT_EQ(open({.path = clone})->count_rows("t"), 1);
    std::filesystem::remove(clone);
  }
}

/// A plan is taken for today's where the fingerprint is the same, so no write may leave it so.
TEST(SqliteOpen, TheFingerprintChangesWithEveryWriteAndWithNothingElse) {
  for (const char* journal : {"DELETE", "TRUNCATE", "WAL"}) {
    const TestFile file;
    const std::string mode = std::string("PRAGMA journal_mode = ") + journal + ";";
    file.run(mode +
             "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);"
             "INSERT INTO t VALUES (1, 'a')");
    const auto reader = open({.path = file.path()});
    std::string last = reader->fingerprint().value();
    const auto expect_same = [&](const char* what) {
      EXPECT_EQ(reader->fingerprint().value(), last) << journal << ", " << what;
      EXPECT_EQ(open({.path = file.path()})->fingerprint().value(), last)
          << journal << ", " << what;
    };
    const auto expect_other = [&](const char* what) {
      const std::string now = open({.path = file.path()})->fingerprint().value();
      EXPECT_NE(now, last) << journal << ", " << what;
      EXPECT_EQ(reader->fingerprint().value(), now) << journal << ", " << what;
      last = now;
    };
    expect_same("nothing");
    EXPECT_EQ(open({.path = file.path()})->count_rows("t"), 1);
    expect_same("was read");
    const auto writer = open({.path = file.path(), .access = Access::kReadWrite});
    expect_same("was opened for writing");
    writer->begin(database::TransactionKind::kWrite);
    expect_same("a transaction without a write");
    writer->sql()->execute("UPDATE t SET name = 'b'", {});
    expect_other("a write");
    writer->sql()->execute("UPDATE t SET name = 'a'", {});
    expect_other("written back");
    EXPECT_TRUE(another_process_can_write(file.path()));
    expect_other("a write of another process");
    writer->sql()->execute_script("ALTER TABLE t ADD COLUMN note TEXT");
    expect_other("another column");
  }
}

TEST(SqliteOpen, AnotherFileInItsPlaceHasAnotherFingerprint) {
  const TestFile file;
  file.run("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)");
  const std::string first = open({.path = file.path()})->fingerprint().value();
  const std::string beside = file.path() + ".beside";
  std::filesystem::copy_file(file.path(), beside);
  std::filesystem::rename(beside, file.path());
  EXPECT_NE(open({.path = file.path()})->fingerprint().value(), first);
}

TEST(SqliteOpen, ReadsAndWritesAFile) {
  const TestFile file;
  file.run("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)");
  const auto connection = open({.path = file.path(), .access = Access::kReadWrite});
  EXPECT_EQ(connection->sql()->execute("INSERT INTO t VALUES ($2, $1)", {"a", 7}), 1);
  EXPECT_EQ(connection->sql()->query("SELECT * FROM t", {}), (std::vector<Row>{{7, "a"}}));
}

TEST(SqliteOpen, RefusesWhatIsNoDatabase) {
  const TestFile file;
  const auto expect = [&](const std::string& content, ErrorCode code) {
    std::ofstream(file.path(), std::ios::binary | std::ios::trunc) << content;
    for (const Access access : {Access::kReadOnly, Access::kReadWrite}) {
      EXPECT_EQ(refusal({.path = file.path(), .access = access}), std::pair(code, file.path()));
    }
  };
  expect("", ErrorCode::kNotADatabase);
  expect("id,name\n1,a\n", ErrorCode::kNotADatabase);
  expect(text_of_bytes(10000), ErrorCode::kNotADatabase);
  expect(std::string("SQLite format 3\0", 16), ErrorCode::kNotADatabase);
  expect(std::string("SQLite format 3\0", 16) + text_of_bytes(5000), ErrorCode::kUnsupported);
}

TEST(SqliteOpen, NeverMakesAFileUnlessAsked) {
  const TestFile file;
  EXPECT_EQ(refusal({.path = file.path(), .access = Access::kReadWrite}).first,
            ErrorCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(file.path()));
  EXPECT_EQ(refusal({.path = ":memory:"}).first, ErrorCode::kNotFound);
  EXPECT_EQ(refusal({.path = ""}).first, ErrorCode::kUsage);
  open({.path = file.path(), .access = Access::kReadWrite, .creation = Creation::kCreateIfMissing})
      ->sql()
      ->execute_script("CREATE TABLE t (id INTEGER PRIMARY KEY)");
  EXPECT_EQ(open({.path = file.path()})->count_rows("t"), 0);
}

}  // namespace
}  // namespace doppel::sqlite
