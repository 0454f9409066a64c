#include "adapters/sqlite/sql_session.hpp"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/sqlite/database.hpp"
#include "adapters/sqlite/test_file.hpp"
#include "base/error.hpp"
#include "database/schema.hpp"

namespace doppel::sqlite {
namespace {

using database::Access;
using database::SqlSession;
using database::StatementKind;
using database::StatementOutcome;
using testing::ElementsAre;
using testing::HasSubstr;

/// A live database and a sandbox of it, carried by a file.
class Session : public testing::Test {
 protected:
  Session() {
    live_.run(R"(
      CREATE TABLE queues (id INTEGER PRIMARY KEY, name TEXT UNIQUE, weight);
      CREATE TABLE rules (id INTEGER PRIMARY KEY AUTOINCREMENT,
                          queue_id REFERENCES queues DEFERRABLE INITIALLY DEFERRED);
      INSERT INTO queues VALUES (1, 'Sales', 1.5), (2, 'Support', NULL);
      INSERT INTO rules VALUES (1, 1);
    )");
    database_ = attach(live_.path());
    const database::Schema schema = database_->open(Access::kReadOnly)->read_schema();
    spec_ = {.carrier = "file",
             .folder = live_.folder() + "/qa",
             .mark = R"({"sandbox":"qa"})",
             .ordinal = 1,
             .tables = {}};
    for (const database::Table& table : schema.tables) {
      spec_.tables.push_back({.shape = database::shape_of(table, table.primary_key)});
    }
    database_->overlays().create(spec_);
    overlay_ = database_->overlays().open(spec_, Access::kReadWrite);
    session_ = overlay_->open_session("ada");
  }

  /// Each statement as "kind changed: rows".
  static std::vector<std::string> run(SqlSession& session, std::string_view sql) {
    std::vector<std::string> lines;
    std::string rows;
    session.run(sql, {.columns = {},
                      .row = [&](Row&& row) { rows += " " + display(row); },
                      .done =
                          [&](const StatementOutcome& outcome) {
                            const char* kind = outcome.kind == StatementKind::kQuery   ? "query"
                                               : outcome.kind == StatementKind::kWrite ? "write"
                                                                                       : "other";
                            lines.push_back(std::string(kind) + " " +
                                            std::to_string(outcome.changed) + ":" +
                                            std::exchange(rows, {}));
                          }});
    return lines;
  }
  std::vector<std::string> run(std::string_view sql) { return run(*session_, sql); }

  struct Failure {
    ErrorCode code = ErrorCode::kInternal;
    std::string place;
  };
  static Failure failure_of(SqlSession& session, std::string_view sql) {
    try {
      run(session, sql);
    } catch (const Error& error) {
      EXPECT_FALSE(error.remedy().empty()) << error.what();
      return {error.code(), error.place()};
    }
    ADD_FAILURE() << "nothing failed: " << sql;
    return {};
  }
  ErrorCode refusal(std::string_view sql) { return failure_of(*session_, sql).code; }

  /// "table key by".
  std::vector<std::string> changes() {
    std::vector<std::string> lines;
    for (const auto& captured : overlay_->read_changes()) {
      lines.push_back(captured.change.table->name + " " + display(captured.change.key) + " " +
                      captured.by);
    }
    return lines;
  }

  std::string slot() {
    const auto rows =
        overlay_->sql().query("SELECT rtrim(value) FROM doppel_mark WHERE name = 'author'", {});
    return rows.at(0).at(0).text();
  }

  TestFile live_;
  std::unique_ptr<database::Database> database_;
  database::OverlaySpec spec_;
  std::unique_ptr<database::Overlay> overlay_;
  std::unique_ptr<SqlSession> session_;
};

TEST_F(Session, RunsStatementAfterStatement) {
  EXPECT_THAT(run("UPDATE queues SET weight = 2; -- two rows\n;;"
                  "SELECT name FROM queues ORDER BY id; CREATE TABLE extra (x)"),
              ElementsAre("write 2:", "query 0: 'Sales' 'Support'", "other 0:"));
  EXPECT_THAT(run("DELETE FROM rules RETURNING id"), ElementsAre("write 1: 1"));
  EXPECT_THAT(run("  /* nothing */ "), ElementsAre());
}

TEST_F(Session, NamesColumnsAlsoWhereNoRowsCome) {
  std::vector<std::string> names;
  session_->run("SELECT id, name AS called FROM queues WHERE 0",
                {.columns = [&](const auto& columns) { names = columns; }, .row = {}, .done = {}});
  EXPECT_THAT(names, ElementsAre("id", "called"));
}

TEST_F(Session, SaysWhoItWasAndForgetsItAtTheEnd) {
  run("UPDATE queues SET weight = 9 WHERE id = 1");
  EXPECT_EQ(slot(), "");
  live_.run("SELECT 1");
  open({.path = (spec_.folder / "data.db").string(), .access = Access::kReadWrite})
      ->run_script("UPDATE queues SET weight = 9 WHERE id = 2");
  EXPECT_THAT(changes(), ElementsAre("queues 1 ada", "queues 2 "));
  run("BEGIN; DELETE FROM rules; SAVEPOINT a; UPDATE queues SET weight = 3; ROLLBACK TO a;"
      "UPDATE queues SET weight = 4; RELEASE a; COMMIT");
  EXPECT_EQ(slot(), "");
  EXPECT_THAT(changes(), ElementsAre("queues 1 ada", "queues 2 ada", "rules 1 ada"));
  run("SAVEPOINT b; UPDATE queues SET weight = 5; RELEASE b");
  EXPECT_FALSE(session_->in_transaction());
  EXPECT_EQ(slot(), "");
}

TEST_F(Session, LeavesNothingOfWhatIsRolledBackOrInterrupted) {
  run("BEGIN; UPDATE queues SET weight = 9; ROLLBACK");
  EXPECT_THAT(changes(), ElementsAre());
  run("BEGIN; UPDATE queues SET weight = 9");
  EXPECT_TRUE(session_->in_transaction());
  session_.reset();
  EXPECT_THAT(changes(), ElementsAre());
  EXPECT_EQ(slot(), "");
}

TEST_F(Session, WhatWasCommittedBeforeAFailureStays) {
  const Failure failure = failure_of(*session_,
                                     "UPDATE queues SET weight = 9 WHERE id = 1;\n\n"
                                     "INSERT INTO queues VALUES (3, 'Sales', 1);\n"
                                     "DELETE FROM rules");
  EXPECT_EQ(failure.code, ErrorCode::kConstraint);
  EXPECT_EQ(failure.place, "line 3");
  EXPECT_THAT(changes(), ElementsAre("queues 1 ada"));
  EXPECT_EQ(failure_of(*session_, "\nSELEC 1").place, "line 2");
}

TEST_F(Session, KeepsWhatInsertOrFailWroteBeforeItFailed) {
  EXPECT_EQ(refusal("INSERT OR FAIL INTO queues VALUES (3, 'New', 1), (4, 'Sales', 1)"),
            ErrorCode::kConstraint);
  EXPECT_THAT(changes(), ElementsAre("queues 3 ada"));
  EXPECT_EQ(slot(), "");
}

TEST_F(Session, JudgesDeferredReferencesAtTheCommit) {
  EXPECT_EQ(refusal("INSERT INTO rules (queue_id) VALUES (77)"), ErrorCode::kConstraint);
  EXPECT_EQ(refusal("BEGIN; INSERT INTO rules (queue_id) VALUES (77); COMMIT"),
            ErrorCode::kConstraint);
  EXPECT_TRUE(session_->in_transaction());
  run("INSERT INTO queues VALUES (77, 'Late', 0); COMMIT");
  EXPECT_EQ(slot(), "");
  EXPECT_THAT(changes(), ElementsAre("queues 77 ada", "rules 1000002 ada"));
}

TEST_F(Session, CountsAsTheDatabaseDoes) {
  EXPECT_THAT(run("INSERT INTO queues (name) VALUES ('A'), ('B');"
                  "SELECT changes(), last_insert_rowid()"),
              ElementsAre("write 2:", "query 0: (2, 4)"));
}

TEST_F(Session, KeepsOutOfDoppelsOwnTables) {
  for (const char* sql :
       {"SELECT * FROM doppel_capture", "DELETE FROM doppel_capture", "DROP TABLE doppel_mark",
        "UPDATE doppel_mark SET value = 'x'", "CREATE TABLE doppel_x (a)",
        "DROP TRIGGER \"doppel_0_AFTER_UPDATE\"", "ALTER TABLE doppel_mark RENAME TO x",
        "CREATE TRIGGER Doppel_t AFTER INSERT ON queues BEGIN DELETE FROM doppel_capture; END",
        "CREATE INDEX i ON doppel_capture (at)"}) {
    EXPECT_EQ(refusal(sql), ErrorCode::kUnsupported) << sql;
  }
  run("CREATE TABLE helper (x); CREATE TRIGGER t AFTER INSERT ON helper BEGIN "
      "UPDATE queues SET weight = NEW.x; END; INSERT INTO helper VALUES (8)");
  EXPECT_THAT(changes(), ElementsAre("queues 1 ada", "queues 2 ada"));
}

TEST_F(Session, RefusesWhatWouldFoolTheCapture) {
  for (const char* sql :
       {"ATTACH 'other.db' AS other", "DETACH main", "PRAGMA writable_schema = ON",
        "PRAGMA recursive_triggers = ON", "PRAGMA foreign_keys = OFF", "PRAGMA trusted_schema",
        "VACUUM INTO 'copy.db'", "PRAGMA foreign_keys(0)", "PRAGMA main.writable_schema(1)"}) {
    EXPECT_EQ(refusal(sql), ErrorCode::kUnsupported) << sql;
  }
  EXPECT_THAT(run("PRAGMA foreign_keys; VACUUM; PRAGMA user_version = 7; PRAGMA user_version"),
              ElementsAre("query 0: 1", "other 0:", "other 0:", "query 0: 7"));
}

TEST_F(Session, LiveIsOnlyRead) {
  const auto live = database_->open_session();
  EXPECT_THAT(run(*live, "SELECT count(*) FROM queues"), ElementsAre("query 0: 2"));
  for (const char* sql : {"DELETE FROM queues", "CREATE TABLE x (a)", "DROP TABLE rules",
                          "PRAGMA user_version = 3", "ALTER TABLE queues ADD COLUMN x"}) {
    EXPECT_EQ(failure_of(*live, sql).code, ErrorCode::kLiveIsReadOnly) << sql;
  }
}

TEST_F(Session, ASandboxOpenedForReadingIsOnlyRead) {
  const auto reader = database_->overlays().open(spec_, Access::kReadOnly)->open_session("ada");
  EXPECT_EQ(failure_of(*reader, "DELETE FROM queues").code, ErrorCode::kReadOnly);
}

TEST_F(Session, KnowsWhenAStatementIsWhole) {
  EXPECT_TRUE(session_->is_complete("SELECT 1;"));
  EXPECT_FALSE(session_->is_complete("SELECT ';"));
}

}  // namespace
}  // namespace doppel::sqlite
