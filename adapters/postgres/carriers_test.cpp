#include "tests/support/either_carrier.hpp"

/// The life of a sandbox of either carrier: what it shows, captures and leaves behind.
namespace doppel::postgres::testing {
namespace {

using ::testing::HasSubstr;

TEST_P(EitherCarrier, CountsRowsAndStartsWithoutChanges) {
  const auto counts = overlays().create(spec_);
  Lines lines;
  for (const auto& count : counts) lines.push_back(count.table + " " + std::to_string(count.rows));
  EXPECT_EQ(lines, (Lines{"Step 2", "queue 3", "routing 3", "scope 2", "sla 2", "template 2"}));
  EXPECT_EQ(changes(), Lines{});
}

TEST_P(EitherCarrier, ShowsEveryRowOfConfigAsLiveDoes) {
  overlays().create(spec_);
  for (const char* table :
       {"queue", "sla", "\"Step\"", "scope", "routing", "template WHERE queue_id = 1", "agent",
        "ticket", "queue_load", "queue_hours"}) {
    const std::string sql = std::string("SELECT * FROM ") + table + " ORDER BY 1, 2";
    EXPECT_EQ(ask(sql), ask_live(sql)) << table;
  }
}

TEST_P(EitherCarrier, CapturesWhatTheApplicationDoes) {
  overlays().create(spec_);
  run("UPDATE scope SET value = 'blue' WHERE kind = 'queue'");
  run("INSERT INTO routing VALUES ('at', 2, 0.5); DELETE FROM routing WHERE region = 'us'");
  run("UPDATE routing SET region = 'fr' WHERE region = 'de'");
  EXPECT_EQ(changes(),
            (Lines{"routing - > ('at', 2, 0.5)", "routing ('de', 1, 1.1) > -",
                   "routing - > ('fr', 1, 1.1)", "routing ('us', 2, 0.1) > -",
                   "scope ('queue', 1, 'color', NULL) > ('queue', 1, 'color', 'blue')"}));
}

TEST_P(EitherCarrier, KeepsNetEffects) {
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

TEST_P(EitherCarrier, CapturesWhatCascadesDo) {
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

TEST_P(EitherCarrier, TellsKeysApartThatMoveInOneStatement) {
  overlays().create(spec_);
  run("INSERT INTO scope VALUES ('queue', 2, 'color', 'two')");
  {
    const auto sandbox = overlays().open(spec_, Access::kReadWrite);
    auto captured = sandbox->read_changes();
    const auto transaction = sandbox->connection().begin(database::TransactionKind::kWrite);
    sandbox->move_base(std::vector{captured.at(0).change});
    transaction->commit();
  }
  ASSERT_EQ(changes(), Lines{}) << "what was promoted is no change any more";
  // Down from the highest: the new key of one row is the old key of another.
  run("UPDATE scope SET object_id = object_id - 1 WHERE kind = 'queue'");
  EXPECT_EQ(changes(), (Lines{"scope - > ('queue', 0, 'color', NULL)",
                              "scope ('queue', 1, 'color', NULL) > ('queue', 1, 'color', 'two')",
                              "scope ('queue', 2, 'color', 'two') > -"}));
}

TEST_P(EitherCarrier, KeepsEveryBitOfAValue) {
  overlays().create(spec_);
  run("UPDATE template SET at = at + interval '1 microsecond', secret = '\\x0001' "
      "WHERE body = 'Hello'");
  run("UPDATE \"Step\" SET tags = '{NULL,\"NULL\",\"\"}' WHERE queue_id = 2");
  run("UPDATE routing SET weight = '-0' WHERE region = 'jp'");
  const Lines lines = changes();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0], "Step (2, 2, 'Second', '{}') > (2, 2, 'Second', '{NULL,\"NULL\",\"\"}')");
  EXPECT_EQ(lines[1], "routing ('jp', 1, 3.0) > ('jp', 1, -0.0)");
  EXPECT_THAT(lines[2], ::testing::HasSubstr("'2026-01-01 08:00:00.123457+00', x'0001')"));
  run("UPDATE routing SET weight = 3; UPDATE \"Step\" SET tags = '{}' WHERE queue_id = 2");
  EXPECT_THAT(changes(), ::testing::Not(::testing::Contains(::testing::HasSubstr("Step"))));
}

TEST_P(EitherCarrier, SaysWhoDidItAndWhen) {
  overlays().create(spec_);
  const auto sandbox = overlays().open(spec_, Access::kReadWrite);
  const std::string state = sandbox->state();
  run("UPDATE scope SET value = 'a' WHERE kind = 'global'");
  EXPECT_NE(sandbox->state(), state);
  sandbox->open_session("anna b\\c")
      ->run(
          "RESET ALL; UPDATE scope SET value = 'b' "
          "WHERE kind = 'queue'",
          {});
  auto captured = sandbox->read_changes();
  ASSERT_EQ(captured.size(), 2U);
  EXPECT_EQ(captured[0].by, "");
  EXPECT_EQ(captured[1].by, "anna b\\c");
  EXPECT_THAT(captured[1].at, ::testing::MatchesRegex("20..-..-..T..:..:..\\....Z"));
  captured[0].by = "somebody";
  captured[0].at = "2026-01-02T03:04:05.678Z";
  const auto transaction = sandbox->connection().begin(database::TransactionKind::kWrite);
  sandbox->restore_touches(std::vector{captured[0]});
  transaction->commit();
  EXPECT_EQ(sandbox->read_changes()[0].by, "somebody");
  EXPECT_EQ(sandbox->read_changes()[0].at, "2026-01-02T03:04:05.678Z");
}

TEST_P(EitherCarrier, ShowsTheBaseOfAListMovesItAndKeepsNotes) {
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

TEST_P(EitherCarrier, WritesNothingMoreOnceItIsSealed) {
  overlays().create(spec_);
  database::OverlaySpec other = spec_;
  other.folder += "b";
  overlays().create(other);
  const auto sandbox = overlays().open(spec_, Access::kReadWrite);
  const std::string state = sandbox->state();
  run("UPDATE scope SET value = 'late' WHERE kind = 'queue'");
  EXPECT_FALSE(sandbox->seal(state));
  run("UPDATE scope SET value = 'later' WHERE kind = 'queue'");
  Link older({.dsn = overlays().access_for_application(spec_).dsn, .access = Access::kReadWrite});
  older.run_script("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM queue");
  EXPECT_TRUE(sandbox->seal(sandbox->state()));
  EXPECT_TRUE(sandbox->seal(sandbox->state()));
  EXPECT_THROW(older.run_script("UPDATE scope SET value = 'older'"), Error)
      << "its snapshot is from before the end";
  Lines refused{"UPDATE scope SET value = 'x'", "DELETE FROM routing",
                "INSERT INTO queue (name) VALUES ('x')"};
  if (!is_shared()) refused.insert(refused.end(), {"DELETE FROM routing_eu", "TRUNCATE scope"});
  for (const std::string& sql : refused) {
    EXPECT_THAT(failure(sql), HasSubstr("the sandbox has ended")) << sql;
  }
  EXPECT_EQ(changes().size(), 1U);
  spec_.folder = other.folder;
  run("UPDATE scope SET value = 'mine' WHERE kind = 'queue'");
  EXPECT_EQ(changes().size(), 1U);
  overlays().remove(other);
}

TEST_P(EitherCarrier, RefusesAnotherSandboxInItsPlace) {
  overlays().create(spec_);
  database::OverlaySpec other = spec_;
  other.mark = "{}";
  EXPECT_THROW(overlays().open(other, Access::kReadOnly), Error);
  EXPECT_THROW(overlays().create(other), Error);
  EXPECT_EQ(attach(overlays().access_for_application(spec_).dsn)->sandbox_mark(), spec_.mark);
  EXPECT_EQ(database_->sandbox_mark(), std::nullopt);
}

TEST_P(EitherCarrier, ReplacesItsContentForThoseWhoHaveItOpen) {
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

TEST_P(EitherCarrier, LeavesNothingBehind) {
  const std::string left =
      std::string("SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'zz%' UNION ALL ") +
      (is_shared() ? "SELECT id FROM doppel.shared_sandbox" : "SELECT role FROM doppel.sandbox") +
      " UNION ALL SELECT rolname FROM pg_roles WHERE rolname ~ "
      "'^doppel_(read|rows|s|owner|view|qa)' AND EXISTS (SELECT FROM pg_shdepend WHERE refobjid "
      "= pg_roles.oid AND dbid = (SELECT oid FROM pg_database WHERE datname = "
      "current_database())) AND rolname <> 'doppel_owner'";
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

INSTANTIATE_TEST_SUITE_P(Carriers, EitherCarrier, ::testing::Values("copy", "rows"), carrier_of);

}  // namespace
}  // namespace doppel::postgres::testing
