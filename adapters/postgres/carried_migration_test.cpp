#include "adapters/postgres/failure.hpp"
#include "tests/support/either_carrier.hpp"

/// Live is migrated while sandboxes of either carrier stand beside it. What live's migration waits
/// for is bounded by the server: by the lock_timeout that these tests set for it.
namespace doppel::postgres::testing {
namespace {

using ::testing::HasSubstr;

/// What depends on tickets is dropped first, as the application's migration would.
constexpr const char* kMigration =
    "DROP MATERIALIZED VIEW queue_report; DROP VIEW queue_load; "
    "ALTER TABLE ticket ALTER COLUMN queue_id TYPE bigint";

class Migrated : public EitherCarrier {
 protected:
  explicit Migrated(const std::string& more = "") : EitherCarrier(more) {}

  std::string migrate(const std::string& sql) {
    try {
      live_.run("SET lock_timeout = '30s'; " + sql, "doppel_owner");
    } catch (const Error& error) {
      return error.what();
    }
    return "it went well";
  }
  std::unique_ptr<Link> session() {
    return std::make_unique<Link>(OpenOptions{.dsn = overlays().access_for_application(spec_).dsn,
                                              .access = Access::kReadWrite});
  }
};

TEST_P(Migrated, WaitsForASleepingTransactionAsLongAsItsLimitSays) {
  spec_.limits.idle_transaction_s = 1;
  overlays().create(spec_);
  const auto sleeper = session();
  sleeper->run_script(
      "BEGIN; SELECT * FROM ticket; SELECT * FROM queue; "
      "UPDATE queue SET name = 'Mine' WHERE id = 2");
  EXPECT_EQ(migrate("ALTER TABLE ticket ADD COLUMN stars integer; "
                    "ALTER TABLE queue ADD COLUMN stars integer"),
            "it went well");
  EXPECT_THROW(sleeper->run_script("COMMIT"), Error) << "the server has ended it";
  EXPECT_EQ(changes(), Lines{});
}

TEST_P(Migrated, WaitsForAStatementAsLongAsItsLimitSays) {
  spec_.limits.statement_s = 1;
  overlays().create(spec_);
  const auto busy = session();
  EXPECT_THROW(busy->run_script("SELECT pg_sleep(60), * FROM ticket"), Error);
  EXPECT_EQ(migrate("ALTER TABLE ticket ADD COLUMN stars integer"), "it went well");
}

TEST_P(Migrated, IsToldAtOnceWhatDependsOnIt) {
  overlays().create(spec_);
  database::OverlaySpec other = spec_;
  other.folder += "b";
  overlays().create(other);
  const auto sleeper = session();
  sleeper->run_script("BEGIN; SELECT * FROM ticket");
  // As `doppel sandbox suspend` does it, with whoever works there.
  overlays().remove(spec_);
  EXPECT_THAT(migrate(kMigration), HasSubstr("view")) << "of the other";
  EXPECT_EQ(ask_live("SELECT count(*) FROM queue_load"), Lines{"2"}) << "undone as a whole";
  overlays().remove(other);
  EXPECT_EQ(migrate(kMigration), "it went well");
  const database::Schema schema = database_->open(Access::kReadOnly)->read_schema();
  for (auto& tracked : spec_.tables) {
    const database::Table* table = schema.table(tracked.shape->name);
    tracked.shape = database::shape_of(*table, table->primary_key);
  }
  overlays().create(spec_);
  EXPECT_EQ(ask("SELECT id FROM ticket WHERE queue_id = 1"), Lines{"1"});
}

TEST_P(Migrated, NoSandboxIsMadeWhileItHoldsATable) {
  Link migration({.dsn = live_.dsn("doppel_owner"), .access = Access::kReadWrite});
  migration.run_script("BEGIN; ALTER TABLE queue ADD COLUMN stars integer");
  try {
    overlays().create(spec_);
    ADD_FAILURE() << "it was made";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBusy) << error.what();
  }
  migration.run_script("ROLLBACK");
  overlays().create(spec_);
  EXPECT_EQ(changes(), Lines{});
}

/// What an application's row would be made of after a migration that a sandbox's shape doesn't
/// know.
TEST_P(Migrated, ASandboxGoesOnWithTheTablesThatItWasMadeOf) {
  overlays().create(spec_);
  EXPECT_EQ(migrate("ALTER TABLE scope DROP COLUMN value; ALTER TABLE sla ADD COLUMN note text "
                    "DEFAULT 'n'; ALTER TABLE routing RENAME COLUMN weight TO share"),
            "it went well");
  run("UPDATE scope SET value = 'blue' WHERE kind = 'queue'; UPDATE routing SET weight = 2 WHERE "
      "region = 'de'; INSERT INTO sla (queue_id, hours, during) VALUES (3, 1, 'empty')");
  EXPECT_EQ(changes().size(), 3U);
  const auto sandbox = overlays().open(spec_, Access::kReadOnly);
  const std::vector<std::string> differences =
      sandbox->schema_differences(database_->open(Access::kReadOnly)->read_schema());
  EXPECT_THAT(differences, ::testing::IsSupersetOf({HasSubstr("value"), HasSubstr("note"),
                                                    HasSubstr("weight"), HasSubstr("share")}));
}

INSTANTIATE_TEST_SUITE_P(Carriers, Migrated, ::testing::Values("copy", "rows"), carrier_of);

}  // namespace
}  // namespace doppel::postgres::testing
