#include "adapters/sqlite/overlay.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include "adapters/sqlite/database.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "database/schema.hpp"

namespace doppel::sqlite {
namespace {

namespace fs = std::filesystem;
using database::Access;

/// A live database with one config table of every kind of key, and a sandbox of it by each carrier.
class Carrier : public testing::TestWithParam<std::string> {
 protected:
  Carrier() {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    run(live_path(), R"(
      CREATE TABLE queues (id INTEGER PRIMARY KEY, name TEXT UNIQUE COLLATE NOCASE, weight REAL);
      CREATE TABLE rules (id INTEGER PRIMARY KEY AUTOINCREMENT, queue_id REFERENCES queues, body);
      CREATE TABLE pairs (a TEXT, b INTEGER, note, PRIMARY KEY (a, b)) WITHOUT ROWID;
      CREATE TABLE tickets (id INTEGER PRIMARY KEY, queue_id INTEGER REFERENCES queues);
      INSERT INTO queues VALUES (1, 'Sales', 1.5), (2, 'Support', -0.5);
      INSERT INTO rules VALUES (1, 1, 12), (2, 2, x'00ff');
      INSERT INTO pairs VALUES ('p', 1, 'first'), ('p', 2, NULL);
      INSERT INTO tickets VALUES (1, 1), (2, 2);
    )");
    database_ = attach(live_path());
    const database::Schema schema = database_->open(Access::kReadOnly)->read_schema();
    spec_ = {.carrier = GetParam(),
             .folder = folder_ / "qa",
             .mark = R"({"sandbox":"qa"})",
             .ordinal = 1,
             .tables = {}};
    for (const char* name : {"pairs", "queues", "rules", "tickets"}) {
      const database::Table* table = schema.table(name);
      spec_.tables.push_back({.shape = database::shape_of(*table, table->primary_key),
                              .kind = std::string(name) == "tickets"
                                          ? database::TrackedTable::Kind::kData
                                          : database::TrackedTable::Kind::kConfig});
    }
  }
  ~Carrier() override { fs::remove_all(folder_); }

  std::string live_path() const { return (folder_ / "live.db").string(); }
  std::string sandbox_path() const { return (folder_ / "qa" / "data.db").string(); }

  /// Somebody else's connection, with SQLite's defaults: recursive triggers are off.
  static void run(const std::string& path, const std::string& sql) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
    char* message = nullptr;
    const int result = sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &message);
    EXPECT_EQ(result, SQLITE_OK) << (message != nullptr ? message : "");
    sqlite3_free(message);
    sqlite3_close(handle);
  }

  /// SQL by a session of doppel's own.
  void in_session(const std::string& sql) {
    const auto sandbox = database_->overlays().open(spec_, Access::kReadWrite);
    sandbox->open_session("ada")->run(sql, {});
  }

  std::vector<std::string> changes() {
    std::vector<std::string> lines;
    for (const auto& captured :
         database_->overlays().open(spec_, Access::kReadWrite)->read_changes()) {
      const RowChange& change = captured.change;
      lines.push_back(change.table->name + " " + (change.before ? display(*change.before) : "-") +
                      " > " + (change.after ? display(*change.after) : "-"));
    }
    return lines;
  }

  fs::path folder_ =
      fs::path(testing::TempDir()) / ("overlay_" + GetParam() + std::to_string(::getpid()));
  std::unique_ptr<database::Database> database_;
  database::OverlaySpec spec_;
};

using Lines = std::vector<std::string>;

TEST_P(Carrier, CountsRowsAndStartsWithoutChanges) {
  const auto counts = database_->overlays().create(spec_);
  ASSERT_EQ(counts.size(), GetParam() == "file" ? 4U : 3U);
  EXPECT_EQ(counts[1].table, "queues");
  EXPECT_EQ(counts[1].rows, 2);
  EXPECT_EQ(changes(), Lines{});
}

TEST_P(Carrier, CapturesWhatTheApplicationDoesByItsOwnConnection) {
  database_->overlays().create(spec_);
  run(sandbox_path(), "UPDATE queues SET name = 'Vetted' WHERE id = 1");
  run(sandbox_path(), "DELETE FROM pairs WHERE b = 2; INSERT INTO pairs VALUES ('q', 9, 1)");
  Lines expected{"pairs ('p', 2, NULL) > -", "pairs - > ('q', 9, 1)",
                 "queues (1, 'Sales', 1.5) > (1, 'Vetted', 1.5)"};
  if (GetParam() == "file") {
    run(sandbox_path(), "INSERT INTO tickets VALUES (3, 1)");
    expected.emplace_back("tickets - > (3, 1)");
  }
  EXPECT_EQ(changes(), expected);
}

TEST_P(Carrier, SeesRowsThatReplacePushedOut) {
  database_->overlays().create(spec_);
  // 'sales' is Sales to the unique key: row 1 goes without any delete trigger.
  run(sandbox_path(), "INSERT OR REPLACE INTO queues VALUES (7, 'sales', 2)");
  run(sandbox_path(), "REPLACE INTO pairs VALUES ('p', 1, 'second')");
  EXPECT_EQ(changes(), (Lines{"pairs ('p', 1, 'first') > ('p', 1, 'second')",
                              "queues (1, 'Sales', 1.5) > -", "queues - > (7, 'sales', 2.0)"}));
}

TEST_P(Carrier, FindsWhatHappenedWhileTriggersWereOff) {
  database_->overlays().create(spec_);
  run(sandbox_path(), "DROP TRIGGER \"doppel_1_AFTER_UPDATE\"; UPDATE queues SET weight = 9");
  EXPECT_EQ(changes(), (Lines{"queues (1, 'Sales', 1.5) > (1, 'Sales', 9.0)",
                              "queues (2, 'Support', -0.5) > (2, 'Support', 9.0)"}));
  run(sandbox_path(), "UPDATE queues SET weight = 1.5 WHERE id = 1");
  EXPECT_EQ(changes(), (Lines{"queues (2, 'Support', -0.5) > (2, 'Support', 9.0)"}))
      << "a row changed back is no change";
}

TEST_P(Carrier, KeepsNetEffectsOfKeyChanges) {
  database_->overlays().create(spec_);
  run(sandbox_path(), "UPDATE pairs SET b = 3 WHERE b = 1; UPDATE pairs SET b = 1 WHERE b = 2");
  EXPECT_EQ(changes(), (Lines{"pairs ('p', 1, 'first') > ('p', 1, NULL)",
                              "pairs ('p', 2, NULL) > -", "pairs - > ('p', 3, 'first')"}));
}

TEST_P(Carrier, TellsTypesApart) {
  database_->overlays().create(spec_);
  run(sandbox_path(), "UPDATE queues SET weight = 0.5 WHERE id = 2");
  run(sandbox_path(), "UPDATE rules SET body = CAST(body AS TEXT) WHERE id = 1");
  EXPECT_EQ(changes(), (Lines{"queues (2, 'Support', -0.5) > (2, 'Support', 0.5)",
                              "rules (1, 1, 12) > (1, 1, '12')"}));
}

TEST_P(Carrier, CountsKeysFarAboveLive) {
  database_->overlays().create(spec_);
  run(sandbox_path(), "INSERT INTO rules (queue_id, body) VALUES (1, 'new')");
  EXPECT_EQ(changes(), (Lines{"rules - > (1000003, 1, 'new')"}));
}

TEST_P(Carrier, ComparesAgainstAMovedBase) {
  database_->overlays().create(spec_);
  run(sandbox_path(), "UPDATE queues SET weight = 3 WHERE id = 1");
  {
    const auto sandbox = database_->overlays().open(spec_, Access::kReadWrite);
    auto captured = sandbox->read_changes();
    ASSERT_EQ(captured.size(), 1U);
    const auto transaction = sandbox->connection().begin(database::TransactionKind::kWrite);
    sandbox->move_base(std::vector{captured[0].change});
    transaction->commit();
  }
  EXPECT_EQ(changes(), Lines{});
  run(sandbox_path(), "UPDATE queues SET weight = 4 WHERE id = 1");
  EXPECT_EQ(changes(), (Lines{"queues (1, 'Sales', 3.0) > (1, 'Sales', 4.0)"}));
}

TEST_P(Carrier, RefusesAForeignFileInItsPlace) {
  database_->overlays().create(spec_);
  fs::copy_file(live_path(), sandbox_path(), fs::copy_options::overwrite_existing);
  try {
    database_->overlays().open(spec_, Access::kReadOnly);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kMarkedSandbox) << error.what();
  }
}

TEST_P(Carrier, ReplacesItsContentForThoseWhoHaveItOpen) {
  database_->overlays().create(spec_);
  sqlite3* application = nullptr;
  ASSERT_EQ(sqlite3_open(sandbox_path().c_str(), &application), SQLITE_OK);
  run(live_path(), "UPDATE queues SET name = 'Renamed in live' WHERE id = 1");
  database::OverlaySpec next = spec_;
  next.folder = folder_ / "qa.next";
  next.mark = R"({"sandbox":"qa","base":2})";
  database_->overlays().create(next);
  {
    const auto sandbox = database_->overlays().open(spec_, Access::kReadWrite);
    const std::string state = sandbox->state();
    EXPECT_THROW(database_->overlays().replace(spec_, next, state + "x"), Error) << "was written";
    database_->overlays().create(next);
    database_->overlays().replace(spec_, next, state);
  }
  EXPECT_FALSE(fs::exists(next.folder));
  spec_.mark = next.mark;
  EXPECT_EQ(changes(), Lines{});
  EXPECT_EQ(sqlite3_exec(application, "UPDATE queues SET weight = 8 WHERE name = 'Renamed in live'",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  EXPECT_EQ(sqlite3_changes(application), 1);
  sqlite3_close(application);
  EXPECT_EQ(changes().size(), 1U);
}

TEST_P(Carrier, ClonesADatabaseInWalMode) {
  run(live_path(), "PRAGMA journal_mode = WAL; UPDATE queues SET weight = 7 WHERE id = 1");
  database_->overlays().create(spec_);
  run(sandbox_path(), "UPDATE queues SET weight = 8 WHERE id = 1");
  EXPECT_EQ(changes(), (Lines{"queues (1, 'Sales', 7.0) > (1, 'Sales', 8.0)"}));
}

/// A compare with the base shows itself by what it finds where the base was tampered with.
TEST_P(Carrier, ComparesNothingAfterItsOwnWrites) {
  database_->overlays().create(spec_);
  run(base_file(spec_).string(), "UPDATE queues SET weight = 99.0 WHERE id = 2");
  EXPECT_EQ(changes(), Lines{}) << "a sandbox that was just made";
  in_session("UPDATE queues SET name = 'Own' WHERE id = 1; INSERT INTO pairs VALUES ('q', 9, 1)");
  in_session("BEGIN; DELETE FROM rules; ROLLBACK; SELECT * FROM rules");
  const Lines own{"pairs - > ('q', 9, 1)", "queues (1, 'Sales', 1.5) > (1, 'Own', 1.5)"};
  EXPECT_EQ(changes(), own);
  run(sandbox_path(), "UPDATE queues SET name = 'Strange' WHERE id = 1");
  EXPECT_EQ(changes(),
            (Lines{"pairs - > ('q', 9, 1)", "queues (1, 'Sales', 1.5) > (1, 'Strange', 1.5)",
                   "queues (2, 'Support', 99.0) > (2, 'Support', -0.5)"}));
}

TEST_P(Carrier, ComparesAfterASessionThatAStrangerWroteBeside) {
  database_->overlays().create(spec_);
  {
    const auto sandbox = database_->overlays().open(spec_, Access::kReadWrite);
    const auto session = sandbox->open_session("ada");
    session->run("UPDATE queues SET name = 'Own' WHERE id = 1", {});
    run(sandbox_path(), "DROP TRIGGER \"doppel_1_AFTER_UPDATE\"; UPDATE queues SET weight = 9");
    session->run("INSERT INTO pairs VALUES ('q', 9, 1)", {});
  }
  EXPECT_EQ(changes(), (Lines{"pairs - > ('q', 9, 1)", "queues (1, 'Sales', 1.5) > (1, 'Own', 9.0)",
                              "queues (2, 'Support', -0.5) > (2, 'Support', 9.0)"}));
}

TEST_P(Carrier, ComparesAfterASessionThatCanGetPastTheTriggers) {
  database_->overlays().create(spec_);
  in_session("UPDATE queues SET weight = 2 WHERE id = 1");
  run(base_file(spec_).string(), "UPDATE queues SET weight = 99.0 WHERE id = 2");
  in_session("REPLACE INTO pairs VALUES ('p', 1, 'second')");
  EXPECT_EQ(changes(), (Lines{"pairs ('p', 1, 'first') > ('p', 1, 'second')",
                              "queues (1, 'Sales', 1.5) > (1, 'Sales', 2.0)",
                              "queues (2, 'Support', 99.0) > (2, 'Support', -0.5)"}));
}

TEST_P(Carrier, LeavesNothingWhenItCantBeMade) {
  spec_.tables.push_back({.shape = std::make_shared<TableShape>(TableShape{"gone", {"id"}, {0}})});
  EXPECT_THROW(database_->overlays().create(spec_), Error);
  EXPECT_TRUE(fs::is_empty(spec_.folder));
}

INSTANTIATE_TEST_SUITE_P(OfSqlite, Carrier, testing::Values("file", "split"),
                         [](const auto& carrier) { return carrier.param; });

}  // namespace
}  // namespace doppel::sqlite
