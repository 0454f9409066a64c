#include "tests/support/copy_carrier.hpp"

/// What is carrier copy's alone in the life of a sandbox; the rest is in carriers_test.cpp.
namespace doppel::postgres::testing {
namespace {

/// A discard that was killed after it had dropped the schema left the role that reads live's data.
TEST_F(CopyCarrier, ARemovalThatWasInterruptedIsEndedWithAllRoles) {
  overlays().create(spec_);
  const std::string schema = ask_live("SELECT schema FROM doppel.sandbox").at(0);
  const std::string reader = ask_live("SELECT reader FROM doppel.sandbox").at(0);
  live_.run("DROP SCHEMA " + schema.substr(1, schema.size() - 2) + " CASCADE");
  overlays().remove(spec_);
  EXPECT_EQ(ask_live("SELECT FROM pg_roles WHERE rolname = " + reader), Lines{});
  EXPECT_EQ(ask_live("SELECT FROM doppel.sandbox"), Lines{});
  overlays().remove(spec_);
}

TEST_F(CopyCarrier, CapturesWhatIsEmptied) {
  overlays().create(spec_);
  run("TRUNCATE routing_us; TRUNCATE scope; INSERT INTO scope VALUES ('global', 0, 'color', "
      "'red')");
  EXPECT_EQ(changes(),
            (Lines{"routing ('us', 2, 0.1) > -", "scope ('queue', 1, 'color', NULL) > -"}));
}

TEST_F(CopyCarrier, CapturesWhatUpsertsAndCascadesDo) {
  overlays().create(spec_);
  run("INSERT INTO scope VALUES ('global', 0, 'color', 'green'), ('new', 1, 'x', 'y') "
      "ON CONFLICT ON CONSTRAINT scope_pkey DO UPDATE SET value = excluded.value");
  run("DELETE FROM routing; DELETE FROM \"Step\"; DELETE FROM queue WHERE id = 2");
  EXPECT_THAT(
      changes(),
      ::testing::IsSupersetOf(
          {"scope ('global', 0, 'color', 'red') > ('global', 0, 'color', 'green')",
           "scope - > ('new', 1, 'x', 'y')",
           "sla (2, 2, '48.00', '[\"2026-01-01 00:00:00+00\",\"2027-01-01 00:00:00+00\")') > "
           "-"}));
}

}  // namespace
}  // namespace doppel::postgres::testing
