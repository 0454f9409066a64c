#include "tests/support/rows_carrier.hpp"

/// The life of a sandbox of carrier rows: what it shows, captures and leaves behind.
namespace doppel::postgres::testing {
namespace {

using ::testing::HasSubstr;

TEST_F(RowsCarrier, CountsRowsAndStartsWithoutChanges) {
  const auto counts = overlays().create(spec_);
  Lines lines;
  for (const auto& count : counts) lines.push_back(count.table + " " + std::to_string(count.rows));
  EXPECT_EQ(lines, (Lines{"Step 2", "queue 3", "routing 3", "scope 2", "sla 2", "template 2"}));
  EXPECT_EQ(changes(), Lines{});
}

TEST_F(RowsCarrier, ShowsEveryRowOfConfigAsLiveDoes) {
  overlays().create(spec_);
  for (const char* table : {"queue", "sla", "\"Step\"", "scope", "routing", "template", "agent",
                            "ticket", "queue_load", "queue_hours"}) {
    const std::string sql = std::string("SELECT * FROM ") + table + " ORDER BY 1, 2";
    EXPECT_EQ(ask(sql), ask_live(sql)) << table;
  }
}

TEST_F(RowsCarrier, CapturesWhatTheApplicationDoes) {
  overlays().create(spec_);
  run("UPDATE scope SET value = 'blue' WHERE kind = 'queue'");
  run("INSERT INTO routing VALUES ('at', 2, 0.5); DELETE FROM routing WHERE region = 'us'");
  run("UPDATE routing SET region = 'fr' WHERE region = 'de'");
  EXPECT_EQ(changes(),
            (Lines{"routing - > ('at', 2, 0.5)", "routing ('de', 1, 1.1) > -",
                   "routing - > ('fr', 1, 1.1)", "routing ('us', 2, 0.1) > -",
                   "scope ('queue', 1, 'color', NULL) > ('queue', 1, 'color', 'blue')"}));
}

TEST_F(RowsCarrier, KeepsNetEffects) {
  overlays().create(spec_);
  run("UPDATE scope SET value = 'blue'; UPDATE scope SET value = 'red' WHERE kind = 'global'; "
      "UPDATE scope SET value = NULL WHERE kind = 'queue'");
  EXPECT_EQ(changes(), Lines{}) << "a row changed back is no change";
  run("UPDATE scope SET object_id = object_id + 1");
  EXPECT_EQ(
      changes(),
      (Lines{"scope ('global', 0, 'color', 'red') > -", "scope - > ('global', 1, 'color', 'red')",
             "scope ('queue', 1, 'color', NULL) > -", "scope - > ('queue', 2, 'color', NULL)"}));
}

TEST_F(RowsCarrier, CapturesWhatCascadesDo) {
  overlays().create(spec_);
  run("DELETE FROM routing; DELETE FROM \"Step\"; DELETE FROM template; DELETE FROM queue WHERE "
      "id = 2");
  EXPECT_THAT(
      changes(),
      ::testing::IsSupersetOf(
          {"routing ('us', 2, 0.1) > -",
           "sla (2, 2, '48.00', '[\"2026-01-01 00:00:00+00\",\"2027-01-01 00:00:00+00\")') > "
           "-"}));
  EXPECT_EQ(ask_live("SELECT count(*) FROM sla"), Lines{"2"});
}

TEST_F(RowsCarrier, KeepsEveryBitOfAValue) {
  overlays().create(spec_);
  run("UPDATE template SET at = at + interval '1 microsecond', secret = '\\x0001' "
      "WHERE body = 'Hello'");
  run("UPDATE \"Step\" SET tags = '{NULL,\"NULL\",\"\"}' WHERE queue_id = 2");
  run("UPDATE routing SET weight = '-0' WHERE region = 'jp'");
  const Lines lines = changes();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0], "Step (2, 2, 'Second', '{}') > (2, 2, 'Second', '{NULL,\"NULL\",\"\"}')");
  EXPECT_EQ(lines[1], "routing ('jp', 1, 3.0) > ('jp', 1, -0.0)");
  EXPECT_THAT(lines[2], HasSubstr("'2026-01-01 08:00:00.123457+00', x'0001')"));
}

TEST_F(RowsCarrier, SaysWhoDidItAndWhen) {
  overlays().create(spec_);
  const auto sandbox = overlays().open(spec_, Access::kReadWrite);
  const std::string state = sandbox->state();
  run("UPDATE scope SET value = 'a' WHERE kind = 'global'");
  EXPECT_NE(sandbox->state(), state);
  sandbox->open_session("anna b\\c")
      ->run("RESET ALL; UPDATE scope SET value = 'b' WHERE kind = 'queue'", {});
  auto captured = sandbox->read_changes();
  ASSERT_EQ(captured.size(), 2U);
  EXPECT_EQ(captured[0].by, "");
  EXPECT_EQ(captured[1].by, "anna b\\c");
  captured[0].by = "somebody";
  captured[0].at = "2026-01-02T03:04:05.678Z";
  const auto transaction = sandbox->connection().begin(database::TransactionKind::kWrite);
  sandbox->restore_touches(std::vector{captured[0]});
  transaction->commit();
  EXPECT_EQ(sandbox->read_changes()[0].by, "somebody");
}

TEST_F(RowsCarrier, ShowsTheBaseOfAListMovesItAndKeepsNotes) {
  overlays().create(spec_);
  run("UPDATE scope SET value = 'new', object_id = 5 WHERE kind = 'queue'; "
      "INSERT INTO scope VALUES ('queue', 7, 'color', 'more')");
  const auto sandbox = overlays().open(spec_, Access::kReadWrite);
  const auto table = std::ranges::find_if(
      spec_.tables, [](const auto& tracked) { return tracked.shape->name == "scope"; });
  Lines lines;
  sandbox->scan_base(*table->shape, {{"kind"}, {Value("queue")}},
                     [&](Row&& row) { lines.push_back(display(row)); });
  EXPECT_EQ(lines, Lines{"('queue', 1, 'color', NULL)"});
  sandbox->set_note("first", "text");
  sandbox->set_note("first", "more");
  EXPECT_EQ(sandbox->note("first"), "more");
  EXPECT_EQ(sandbox->note_names(), Lines{"first"});
  sandbox->remove_note("first");
  EXPECT_EQ(sandbox->note("first"), std::nullopt);
  auto captured = sandbox->read_changes();
  ASSERT_EQ(captured.size(), 3U);
  {
    const auto transaction = sandbox->connection().begin(database::TransactionKind::kWrite);
    sandbox->move_base(std::vector{captured.at(1).change, captured.at(0).change});
    transaction->commit();
  }
  EXPECT_EQ(changes(), Lines{"scope - > ('queue', 7, 'color', 'more')"});
}

TEST_F(RowsCarrier, WritesNothingMoreOnceItIsSealed) {
  overlays().create(spec_);
  database::OverlaySpec other = spec_;
  other.folder += "b";
  overlays().create(other);
  const auto sandbox = overlays().open(spec_, Access::kReadWrite);
  const std::string state = sandbox->state();
  run("UPDATE scope SET value = 'late'");
  EXPECT_FALSE(sandbox->seal(state));
  run("UPDATE scope SET value = 'later'");
  Link older({.dsn = overlays().access_for_application(spec_).dsn, .access = Access::kReadWrite});
  older.run_script("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM scope");
  EXPECT_TRUE(sandbox->seal(sandbox->state()));
  EXPECT_TRUE(sandbox->seal(sandbox->state()));
  EXPECT_THROW(older.run_script("UPDATE scope SET value = 'older'"), Error)
      << "its snapshot is from before the end";
  for (const char* sql : {"UPDATE scope SET value = 'x'", "DELETE FROM routing",
                          "INSERT INTO queue (name) VALUES ('x')"}) {
    EXPECT_THAT(failure(sql), HasSubstr("the sandbox has ended")) << sql;
  }
  EXPECT_EQ(changes().size(), 2U);
  spec_.folder = other.folder;
  run("UPDATE scope SET value = 'mine'");
  EXPECT_EQ(changes().size(), 2U);
  overlays().remove(other);
}

TEST_F(RowsCarrier, RefusesAnotherSandboxInItsPlace) {
  overlays().create(spec_);
  database::OverlaySpec other = spec_;
  other.mark = "{}";
  EXPECT_THROW(overlays().open(other, Access::kReadOnly), Error);
  EXPECT_THROW(overlays().create(other), Error);
  EXPECT_EQ(attach(overlays().access_for_application(spec_).dsn)->sandbox_mark(), spec_.mark);
  EXPECT_EQ(database_->sandbox_mark(), std::nullopt);
}

TEST_F(RowsCarrier, ReplacesItsContentForThoseWhoHaveItOpen) {
  overlays().create(spec_);
  Link application(
      {.dsn = overlays().access_for_application(spec_).dsn, .access = Access::kReadWrite});
  application.run_script("PREPARE names AS SELECT f_pinned(1); EXECUTE names");
  run("UPDATE scope SET value = 'gone with the old rows'");
  live_.run("UPDATE sla SET hours = 12 WHERE queue_id = 1", "doppel_owner");
  database::OverlaySpec next = spec_;
  next.folder += ".next";
  next.mark = R"({"sandbox":"qa","base":2})";
  overlays().create(next);
  {
    const auto sandbox = overlays().open(spec_, Access::kReadWrite);
    const std::string state = sandbox->state();
    EXPECT_THROW(overlays().replace(spec_, next, state + "x"), Error) << "was written";
    overlays().create(next);
    overlays().replace(spec_, next, state);
  }
  EXPECT_FALSE(fs::exists(next.folder));
  spec_.mark = next.mark;
  EXPECT_EQ(changes(), Lines{});
  EXPECT_EQ(rows_of(application.run_script("EXECUTE names").get()).at(0).at(0), Value("12.00"));
  application.run_script("UPDATE sla SET hours = 3 WHERE queue_id = 1");
  EXPECT_EQ(changes().size(), 1U);
}

TEST_F(RowsCarrier, FollowsLivesSchemaAtARefreshAndNotBefore) {
  overlays().create(spec_);
  database::OverlaySpec other = spec_;
  other.folder += "b";
  overlays().create(other);
  Link application(
      {.dsn = overlays().access_for_application(spec_).dsn, .access = Access::kReadWrite});
  live_.run("ALTER TABLE scope ADD COLUMN note text DEFAULT 'n', DROP COLUMN value",
            "doppel_owner");
  run("UPDATE scope SET value = 'as it was' WHERE kind = 'queue'");
  EXPECT_EQ(changes(),
            Lines{"scope ('queue', 1, 'color', NULL) > ('queue', 1, 'color', 'as it was')"});

  const database::Schema schema = database_->open(Access::kReadOnly)->read_schema();
  database::OverlaySpec next = spec_;
  next.folder += ".next";
  for (auto& tracked : next.tables) {
    const database::Table* table = schema.table(tracked.shape->name);
    tracked.shape = database::shape_of(*table, table->primary_key);
  }
  overlays().create(next);
  overlays().replace(spec_, next, overlays().open(spec_, Access::kReadWrite)->state());
  EXPECT_EQ(ask("SELECT * FROM scope ORDER BY kind"),
            (Lines{"('global', 0, 'color', 'n')", "('queue', 1, 'color', 'n')"}));
  EXPECT_THROW(application.run_script("SELECT * FROM scope"), Error) << "its tables are the old";
  spec_.folder = other.folder;
  EXPECT_EQ(ask("SELECT value FROM scope ORDER BY kind"), (Lines{"'red'", "NULL"}));
  overlays().remove(other);
  spec_.folder = next.folder.string().substr(0, next.folder.string().size() - 5);
  EXPECT_EQ(ask_live("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'zz_doppel_%'"),
            Lines{"2"})
      << "the old tables went with their last sandbox";
}

TEST_F(RowsCarrier, MakesNoRelationForASandbox) {
  overlays().create(spec_);
  const std::string relations =
      "SELECT count(*) FROM pg_class WHERE relnamespace <> 'pg_toast'::regnamespace AND "
      "relpersistence <> 't'";
  const Lines before = ask_live(relations);
  std::vector<database::OverlaySpec> others;
  for (int i = 0; i < 12; ++i) {
    others.push_back(spec_);
    others.back().folder += "n" + std::to_string(i);
    overlays().create(others.back());
  }
  EXPECT_EQ(ask_live(relations), before);
  for (const auto& other : others) overlays().remove(other);
  EXPECT_EQ(ask_live(relations), before);
  EXPECT_EQ(ask("SELECT count(*) FROM queue"), Lines{"3"});
}

TEST_F(RowsCarrier, LeavesNothingBehind) {
  const std::string left =
      "SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'zz%' UNION ALL SELECT id FROM "
      "doppel.shared_sandbox UNION ALL SELECT rolname FROM pg_roles WHERE rolname ~ "
      "'^doppel_(read|rows|s|owner|view)_' AND EXISTS (SELECT FROM pg_shdepend WHERE refobjid = "
      "pg_roles.oid AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database()))";
  overlays().create(spec_);
  EXPECT_NE(ask_live(left), Lines{});
  overlays().remove(spec_);
  overlays().remove(spec_);
  EXPECT_EQ(ask_live(left), Lines{});
  spec_.tables.push_back({.shape = std::make_shared<TableShape>(TableShape{"gone", {"id"}, {0}})});
  EXPECT_THROW(overlays().create(spec_), Error);
  EXPECT_EQ(ask_live(left), Lines{});
  EXPECT_FALSE(fs::exists(spec_.folder));
}

}  // namespace
}  // namespace doppel::postgres::testing
