#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/sqlite/database.hpp"
#include "adapters/sqlite/test_file.hpp"
#include "base/error.hpp"
#include "database/schema.hpp"

namespace doppel::sqlite {
namespace {

using database::Access;
using database::TransactionKind;
using testing::ElementsAre;
using testing::HasSubstr;

/// A desk: queues and rules are config, tickets and notes data, tickets shared for writing.
class Split : public testing::Test {
 protected:
  Split() {
    live_.run(R"(
      CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
      CREATE TABLE queues (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE,
                           owner INT REFERENCES users ON DELETE SET NULL,
                           slug TEXT AS (lower(name)) STORED, touched INT DEFAULT 0);
      CREATE UNIQUE INDEX queue_names ON queues (name) WHERE name <> '';
      CREATE TABLE rules (id INTEGER PRIMARY KEY AUTOINCREMENT,
                          queue_id INT REFERENCES queues ON DELETE CASCADE);
      CREATE TABLE texts (k TEXT PRIMARY KEY, v) ;
      CREATE TABLE tickets (id INTEGER PRIMARY KEY, queue_id INT REFERENCES queues, rule_id INT);
      CREATE TABLE notes (id INTEGER PRIMARY KEY, ticket_id INT);
      CREATE VIEW open_tickets AS SELECT t.id, q.name FROM tickets t JOIN queues q
        ON q.id = t.queue_id;
      CREATE TRIGGER touch AFTER UPDATE OF name ON queues BEGIN
        UPDATE queues SET touched = touched + 1 WHERE id = NEW.id; END;
      CREATE TRIGGER keep BEFORE DELETE ON queues
        WHEN EXISTS (SELECT 1 FROM tickets WHERE queue_id = OLD.id) BEGIN
        SELECT RAISE(ABORT, 'it has tickets'); END;
      CREATE TRIGGER note AFTER INSERT ON tickets BEGIN
        INSERT INTO notes (ticket_id) SELECT NEW.id FROM queues WHERE id = NEW.queue_id; END;
      INSERT INTO users VALUES (1, 'Ada');
      INSERT INTO queues (id, name, owner) VALUES (1, 'Sales', 1), (2, 'Support', NULL),
        (3, 'Old', 1);
      INSERT INTO rules VALUES (5, 1);
      INSERT INTO texts (rowid, k, v) VALUES (70, 'b', 1), (90, 'a', 2);
      INSERT INTO tickets VALUES (1, 1, NULL), (2, 2, 5);
    )");
    database_ = attach(live_.path());
    const database::Schema schema = database_->open(Access::kReadOnly)->read_schema();
    spec_ = {.carrier = "split",
             .folder = live_.folder() + "/qa",
             .mark = R"({"sandbox":"qa"})",
             .ordinal = 1,
             .tables = {}};
    for (const database::Table& table : schema.tables) {
      const bool config = table.name == "queues" || table.name == "rules" || table.name == "texts";
      spec_.tables.push_back({.shape = database::shape_of(table, table.primary_key),
                              .kind = config ? database::TrackedTable::Kind::kConfig
                                             : database::TrackedTable::Kind::kData,
                              .shared_write = table.name == "tickets"});
    }
    spec_.references = {{"tickets", {"queue_id"}, "queues", {"id"}},
                        {"tickets", {"rule_id"}, "rules", {"id"}}};
  }

  void make() {
    database_->overlays().create(spec_);
    overlay_ = database_->overlays().open(spec_, Access::kReadWrite);
    session_ = overlay_->open_session("ada");
  }

  std::vector<std::string> rows(std::string_view sql) {
    std::vector<std::string> lines;
    session_->run(
        sql, {.columns = {}, .row = [&](Row&& row) { lines.push_back(display(row)); }, .done = {}});
    return lines;
  }
  void run(std::string_view sql) { rows(sql); }
  std::vector<std::string> live_rows(std::string_view sql) {
    std::vector<std::string> lines;
    database_->open_session()->run(
        sql, {.columns = {}, .row = [&](Row&& row) { lines.push_back(display(row)); }, .done = {}});
    return lines;
  }

  struct Failure {
    ErrorCode code = ErrorCode::kInternal;
    std::string text;
    std::string remedy;
  };
  template <typename Call>
  static Failure failure_of(const Call& call) {
    try {
      call();
    } catch (const Error& error) {
      return {error.code(), error.what(), std::string(error.remedy())};
    }
    ADD_FAILURE() << "nothing failed";
    return {};
  }
  Failure refusal(std::string_view sql) {
    return failure_of([&] { run(sql); });
  }

  std::vector<std::string> changes() {
    std::vector<std::string> lines;
    for (const auto& captured : overlay_->read_changes()) {
      lines.push_back(captured.change.table->name + " " + display(captured.change.key) + " " +
                      captured.by);
    }
    return lines;
  }

  TestFile live_;
  std::unique_ptr<database::Database> database_;
  database::OverlaySpec spec_;
  std::unique_ptr<database::Overlay> overlay_;
  std::unique_ptr<database::SqlSession> session_;
};

TEST_F(Split, UnqualifiedNamesMeanTheSandboxsConfigAndLivesData) {
  make();
  run("UPDATE queues SET name = 'Vetted' WHERE id = 1");
  EXPECT_THAT(rows("SELECT id, name FROM open_tickets ORDER BY id"),
              ElementsAre("(1, 'Vetted')", "(2, 'Support')"));
  live_.run("INSERT INTO tickets VALUES (9, 2, NULL)");
  EXPECT_THAT(rows("SELECT count(*) FROM tickets"), ElementsAre("3"));
  EXPECT_THAT(live_rows("SELECT name FROM queues"), ElementsAre("'Sales'", "'Support'", "'Old'"));
  EXPECT_THAT(changes(), ElementsAre("queues 1 ada"));
}

TEST_F(Split, CarriesKeysConstraintsIndexesCountersRowidsAndTriggers) {
  make();
  EXPECT_THAT(rows("SELECT slug FROM queues WHERE id = 1"), ElementsAre("'sales'"));
  EXPECT_EQ(refusal("INSERT INTO queues (name) VALUES ('SALES')").code, ErrorCode::kConstraint);
  EXPECT_EQ(refusal("INSERT INTO rules (queue_id) VALUES (77)").code, ErrorCode::kConstraint);
  EXPECT_THAT(rows("INSERT INTO rules (queue_id) VALUES (2) RETURNING id"), ElementsAre("1000006"));
  EXPECT_THAT(rows("SELECT rowid, k FROM texts ORDER BY rowid"),
              ElementsAre("(70, 'b')", "(90, 'a')"));
  EXPECT_THAT(rows("UPDATE queues SET name = 'Vetted' WHERE id = 1; "
                   "SELECT touched FROM queues WHERE id = 1"),
              ElementsAre("1"));
  // The trigger looks at live's tickets.
  EXPECT_EQ(refusal("DELETE FROM queues WHERE id = 1").text, "it has tickets");
  EXPECT_THAT(rows("DELETE FROM queues WHERE id = 3 RETURNING owner"), ElementsAre("1"));
  run("UPDATE queues SET owner = 99 WHERE id = 1");
}

TEST_F(Split, LivesConfigIsNotWritten) {
  make();
  const Failure failure = refusal("UPDATE live.queues SET name = 'x'");
  EXPECT_EQ(failure.code, ErrorCode::kLiveIsReadOnly);
  EXPECT_THAT(failure.remedy, HasSubstr("without `live.`"));
  EXPECT_EQ(refusal("DELETE FROM notes").code, ErrorCode::kLiveIsReadOnly);
  EXPECT_EQ(refusal("INSERT INTO users VALUES (2, 'Bob')").code, ErrorCode::kLiveIsReadOnly);
  EXPECT_EQ(failure_of([&] { overlay_->sql().execute("DELETE FROM live.queues", {}); }).code,
            ErrorCode::kLiveIsReadOnly);
  for (const char* sql : {"CREATE TABLE IF NOT EXISTS tasks (x)",
                          "CREATE TABLE live.tasks (x)",
                          "CREATE TEMP TABLE queues (x)",
                          "DROP VIEW open_tickets",
                          "DROP TRIGGER keep",
                          "DROP TABLE queues",
                          "ALTER TABLE live.queues ADD COLUMN x",
                          "ATTACH 'x' AS x",
                          "DETACH live",
                          "PRAGMA writable_schema = ON",
                          "PRAGMA live.user_version = 3",
                          "PRAGMA journal_mode = WAL",
                          "VACUUM",
                          "VACUUM live",
                          "REINDEX",
                          "ANALYZE",
                          "DELETE FROM doppel_capture",
                          "SELECT * FROM doppel_mark",
                          "PRAGMA live.journal_mode(OFF)",
                          "DROP TRIGGER temp.doppel_check_0_INSERT",
                          "PRAGMA query_only = ON"}) {
    EXPECT_EQ(refusal(sql).code, ErrorCode::kUnsupported) << sql;
  }
}

TEST_F(Split, SharedDataIsWrittenInLive) {
  make();
  run("INSERT INTO tickets VALUES (3, 2, 5); UPDATE tickets SET queue_id = 1 WHERE id = 2");
  EXPECT_THAT(live_rows("SELECT id, queue_id FROM tickets ORDER BY id"),
              ElementsAre("(1, 1)", "(2, 1)", "(3, 2)"));
  // Live's own trigger ran, by live's config.
  EXPECT_THAT(live_rows("SELECT ticket_id FROM notes WHERE ticket_id > 2"), ElementsAre("3"));
  EXPECT_THAT(changes(), ElementsAre());
}

TEST_F(Split, DataDoesNotReferToConfigOfTheSandboxOnly) {
  make();
  run("INSERT INTO queues (id, name) VALUES (7, 'New'); INSERT INTO rules VALUES (8, 7)");
  for (const char* sql :
       {"INSERT INTO tickets VALUES (3, 7, NULL)", "UPDATE tickets SET queue_id = 7",
        "INSERT INTO tickets VALUES (3, 1, 8)", "INSERT OR REPLACE INTO tickets VALUES (1, 7, 0)",
        "INSERT OR IGNORE INTO tickets VALUES (3, 1, 8)"}) {
    const Failure failure = refusal(sql);
    EXPECT_EQ(failure.code, ErrorCode::kSandboxOnly) << sql;
    EXPECT_THAT(failure.text, HasSubstr("exists only in sandbox qa")) << sql;
  }
  EXPECT_EQ(refusal("INSERT INTO tickets VALUES (3, 99, NULL)").code, ErrorCode::kConstraint);
  run("INSERT INTO tickets VALUES (3, NULL, 0)");
}

TEST_F(Split, ReferencesBesideTheSchemaAreJudged) {
  live_.run(
      "CREATE TABLE links (id INTEGER PRIMARY KEY, kind TEXT, target INT, rule INT);"
      "ALTER TABLE rules ADD COLUMN kind TEXT; UPDATE rules SET kind = 'queue'");
  const auto schema = database_->open(Access::kReadOnly)->read_schema();
  std::erase_if(spec_.tables, [](const auto& tracked) { return tracked.shape->name == "rules"; });
  spec_.tables.push_back({.shape = database::shape_of(*schema.table("rules"), {"id"})});
  spec_.tables.push_back({.shape = database::shape_of(*schema.table("links"), {"id"}),
                          .kind = database::TrackedTable::Kind::kData,
                          .shared_write = true});
  spec_.references = {{.table = "links",
                       .columns = {"target"},
                       .target = "queues",
                       .target_columns = {"id"},
                       .none = {Value(7)},
                       .when = {{.column = "kind", .value = Value("qu'eue")}}},
                      {.table = "links",
                       .columns = {"target"},
                       .target = "texts",
                       .target_columns = {"v"},
                       .when = {{.column = "kind",
                                 .value = Value("queue"),
                                 .via = "rule",
                                 .via_table = "rules",
                                 .via_key = "id"}}}};
  spec_.name = "acme/qa";
  make();
  run("INSERT INTO queues (id, name) VALUES (7, 'New'), (8, 'Newer');"
      "INSERT INTO texts (k, v) VALUES ('c', 33); INSERT INTO rules VALUES (6, 1, 'other')");
  run("INSERT INTO links VALUES (1, 'other', 8, NULL), (2, 'qu''eue', 7, NULL), "
      "(3, 'qu''eue', 2, NULL), (4, NULL, 33, 6), (5, NULL, 1, 5)");
  for (const char* sql :
       {"INSERT INTO links VALUES (9, 'qu''eue', 8, NULL)",
        "UPDATE links SET target = 8 WHERE id = 3",
        "UPDATE links SET kind = 'qu''eue' WHERE id = 1", "INSERT INTO links VALUES (9, '', 33, 5)",
        "UPDATE links SET rule = 5 WHERE id = 4", "UPDATE links SET target = 33 WHERE id = 5"}) {
    const Failure failure = refusal(sql);
    EXPECT_EQ(failure.code, ErrorCode::kSandboxOnly) << sql;
    EXPECT_THAT(failure.text, HasSubstr("links.target refers to a row of ")) << sql;
    EXPECT_THAT(failure.text, HasSubstr("exists only in sandbox acme/qa")) << sql;
  }
}

TEST_F(Split, ASessionIsRefusedWhereLivesConfigTablesChanged) {
  make();
  live_.run("ALTER TABLE queues ADD COLUMN weight INT NOT NULL DEFAULT 3; ALTER TABLE notes ADD x");
  const Failure failure = failure_of([&] { overlay_->open_session("ada"); });
  EXPECT_EQ(failure.code, ErrorCode::kSchemaChanged);
  EXPECT_EQ(
      failure.text,
      "live's config tables changed since the sandbox was made: queues.weight is new (INT not "
      "null default 3)");
  EXPECT_THAT(failure.remedy, HasSubstr("doppel sandbox refresh"));
  EXPECT_THAT(database::differences(overlay_->connection().read_schema(),
                                    database_->open(Access::kReadOnly)->read_schema()),
              ElementsAre("table queues: column weight is new (INT not null default 3)"));
}

TEST_F(Split, ProposesKeysByTheCounterOfTheFileThatHasTheTable) {
  live_.run(
      "CREATE TABLE marks (id INTEGER PRIMARY KEY AUTOINCREMENT);"
      "INSERT INTO marks VALUES (40); DELETE FROM marks");
  make();
  database::Table marks;
  marks.name = "marks";
  marks.key_source = database::KeySource::kCounted;
  EXPECT_THAT(overlay_->connection().propose_keys(marks, "id", 2), ElementsAre(41, 42));
  database::Table rules;
  rules.name = "rules";
  rules.key_source = database::KeySource::kCounted;
  EXPECT_THAT(overlay_->connection().propose_keys(rules, "id", 1), ElementsAre(1'000'006));
}

TEST_F(Split, ATransactionWritesOneFile) {
  make();
  Failure failure =
      refusal("BEGIN; UPDATE queues SET name = 'x' WHERE id = 1; DELETE FROM tickets");
  EXPECT_EQ(failure.code, ErrorCode::kUnsupported);
  EXPECT_THAT(failure.remedy, HasSubstr("COMMIT first"));
  run("COMMIT; DELETE FROM tickets WHERE id = 2");
  failure = refusal("BEGIN; DELETE FROM tickets; UPDATE queues SET name = 'y' WHERE id = 1");
  EXPECT_EQ(failure.code, ErrorCode::kUnsupported);
  run("ROLLBACK");
  EXPECT_THAT(live_rows("SELECT count(*) FROM tickets"), ElementsAre("1"));
  EXPECT_THAT(changes(), ElementsAre("queues 1 ada"));
  // The library's connection as well.
  const auto transaction = overlay_->connection().begin(TransactionKind::kWrite);
  overlay_->sql().execute("DELETE FROM tickets", {});
  EXPECT_EQ(failure_of([&] { overlay_->sql().execute("DELETE FROM rules", {}); }).code,
            ErrorCode::kUnsupported);
}

TEST_F(Split, AWriterOfConfigDoesNotKeepLiveWaiting) {
  make();
  run("BEGIN; UPDATE queues SET name = 'x' WHERE id = 1");
  live_.run("INSERT INTO tickets VALUES (50, 1, NULL)");
  run("COMMIT");
}

TEST_F(Split, RowsAreReadAndWrittenByTheirNames) {
  make();
  const auto& table = [&](const char* name) -> const TableShapePtr& {
    return std::ranges::find_if(spec_.tables,
                                [&](const auto& tracked) { return tracked.shape->name == name; })
        ->shape;
  };
  database::Connection& connection = overlay_->connection();
  const auto apply = [&](const char* name, const Row& before, const Row& after) {
    const auto transaction = connection.begin(TransactionKind::kWrite);
    const RowChange change{table(name), {before[0]}, before, after};
    EXPECT_TRUE(connection.apply_changes({&change, 1}).empty());
    transaction->commit();
  };
  apply("rules", {5, 1}, {5, 2});
  apply("tickets", {1, 1, Value()}, {1, 2, Value()});
  EXPECT_THAT(changes(), ElementsAre("rules 5 "));
  EXPECT_THAT(live_rows("SELECT queue_id FROM tickets WHERE id = 1"), ElementsAre("2"));
  EXPECT_THAT(database::differences(connection.read_schema(),
                                    database_->open(Access::kReadOnly)->read_schema()),
              ElementsAre());
}

TEST_F(Split, ReadersWriteNothing) {
  make();
  session_ = database_->overlays().open(spec_, Access::kReadOnly)->open_session("ada");
  EXPECT_EQ(refusal("DELETE FROM queues").code, ErrorCode::kReadOnly);
  EXPECT_EQ(refusal("DELETE FROM tickets").code, ErrorCode::kReadOnly);
  EXPECT_THAT(rows("SELECT count(*) FROM open_tickets"), ElementsAre("2"));
}

TEST_F(Split, RefusesTriggersThatWouldWriteLive) {
  live_.run(
      "CREATE TRIGGER away AFTER DELETE ON queues BEGIN "
      "DELETE FROM notes WHERE ticket_id = OLD.id; END");
  const Failure failure = failure_of([&] { database_->overlays().create(spec_); });
  EXPECT_EQ(failure.code, ErrorCode::kUnsupported);
  EXPECT_THAT(failure.remedy, HasSubstr("carrier file"));
  EXPECT_TRUE(std::filesystem::is_empty(spec_.folder));
}

TEST_F(Split, IsNotOpenedByAnApplication) {
  make();
  EXPECT_EQ(failure_of([&] { database_->overlays().access_for_application(spec_); }).code,
            ErrorCode::kUnsupported);
}

TEST_F(Split, TakesPathsThatLookLikeUris) {
  const std::string path = live_.folder() + "/a?b#c%41.db";
  std::filesystem::copy_file(live_.path(), path);
  database_ = attach(path);
  make();
  EXPECT_THAT(rows("SELECT count(*) FROM tickets"), ElementsAre("2"));
}

}  // namespace
}  // namespace doppel::sqlite
