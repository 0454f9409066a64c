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

}  // namespace
}  // namespace doppel::postgres::testing
