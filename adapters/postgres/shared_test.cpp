#include "tests/support/rows_carrier.hpp"

/// What is carrier rows' alone in the life of a sandbox; the rest is in carriers_test.cpp.
namespace doppel::postgres::testing {
namespace {

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

/// As doppel's own role sees it.
std::string ask_own(const std::string& dsn, const std::string& sql) {
  Link link({.dsn = dsn, .access = Access::kReadWrite});
  return display(rows_of(link.run_script(sql).get()).at(0).at(0));
}

TEST_F(RowsCarrier, TheServerDeletesWhatLeaves) {
  overlays().create(spec_);
  database::OverlaySpec other = spec_;
  other.folder += "b";
  overlays().create(other);
  const std::string others = "SELECT count(*) FROM zz_doppel_rows_1.queue WHERE doppel_sandbox = 2";
  ASSERT_EQ(ask_own(live_.dsn(), others), "3");
  overlays().remove(other);
  EXPECT_THROW(overlays().open(other, Access::kReadWrite), Error);
  constexpr int kPatience = 2000;
  std::string left = "unknown";
  for (int look = 0; look < kPatience && left != "0"; ++look) {
    left = ask_own(live_.dsn(), "SELECT count(*) FROM doppel.shared_sandbox WHERE number = 2");
  }
  EXPECT_EQ(left, "0");
  EXPECT_EQ(ask_own(live_.dsn(), others), "0");
  EXPECT_EQ(ask("SELECT count(*) FROM queue"), Lines{"3"});
}

TEST_F(RowsCarrier, WhatTheServerDidNotDeleteTheNextOneDoes) {
  overlays().create(spec_);
  std::vector<database::OverlaySpec> others(3, spec_);
  for (std::size_t i = 0; i < others.size(); ++i) others[i].folder += "n" + std::to_string(i);
  overlays().create(others[0]);
  overlays().create(others[1]);
  // As a server leaves it that went down in the middle.
  Link owner({.dsn = live_.dsn("postgres"), .access = Access::kReadWrite});
  const auto role = owner.run_script("SELECT role FROM doppel.shared_sandbox WHERE number = 2");
  const std::string gone = rows_of(role.get()).at(0).at(0).text();
  owner.run_script("DROP OWNED BY " + gone + "; DROP ROLE " + gone +
                   "; UPDATE doppel.shared_sandbox SET id = 'leaving 2', role = '' WHERE number = "
                   "2");
  overlays().create(others[2]);
  EXPECT_EQ(ask_own(live_.dsn(), "SELECT count(*) FROM doppel.shared_sandbox WHERE number = 2"),
            "0");
  EXPECT_EQ(
      ask_own(live_.dsn(), "SELECT count(*) FROM zz_doppel_rows_1.queue WHERE doppel_sandbox = 2"),
      "0");
  EXPECT_EQ(
      ask_own(live_.dsn(), "SELECT count(*) FROM zz_doppel_rows_1.queue WHERE doppel_sandbox = 3"),
      "3");
}

}  // namespace
}  // namespace doppel::postgres::testing
