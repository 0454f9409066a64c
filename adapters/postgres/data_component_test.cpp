#include "tests/support/rows_carrier.hpp"
#include "tests/support/written_data.hpp"

/// Which tables of data a sandbox writes where the manifest names some of them.
namespace doppel::postgres::testing {
namespace {

/// Tables joined by foreign keys, of which only some are asked for.
class Component : public WrittenDataTest {
 protected:
  void declare(const std::string& name) {
    spec_.data_writes = database::DataWrites::kDeclared;
    for (database::TrackedTable& table : spec_.tables) {
      if (table.shape->name == name) table.shared_write = true;
    }
    class_trigger("history", database::TriggerUse::kSkip);
  }
};

TEST_F(Component, WhatRefersIsWrittenAtAnyDistanceAndParentsStayLives) {
  declare("customer");
  live_.run(
      "CREATE TABLE stamp (order_id integer, line integer, what text, PRIMARY KEY "
      "(order_id, line, what), FOREIGN KEY (order_id, line) REFERENCES line ON DELETE "
      "CASCADE); INSERT INTO stamp VALUES (1, 1, 'paid')",
      "doppel_owner");
  const database::Table stamp = *database_->open(Access::kReadOnly)->read_schema().table("stamp");
  spec_.tables.push_back({.shape = database::shape_of(stamp, stamp.primary_key),
                          .kind = database::TrackedTable::Kind::kData});
  overlays().create(spec_);
  EXPECT_THAT(overlays().access_for_application(spec_).remarks,
              ::testing::IsSupersetOf(
                  {"it writes data over live's, which stays in the sandbox: customer, line, "
                   "orders, stamp; a write of other data is refused",
                   "orders is written, too: its rows refer to customer, which is",
                   "stamp is written, too: its rows refer to line, which is"}));
  run("DELETE FROM customer WHERE id = 1");
  EXPECT_EQ(ask("SELECT count(*) FROM stamp"), Lines{"0"}) << "three references away";
  EXPECT_EQ(ask_live("SELECT count(*) FROM stamp"), Lines{"1"});
  EXPECT_EQ(state("UPDATE booking SET room = 2"), "42501") << "of another component";
  EXPECT_EQ(state("UPDATE agent SET name = 'x'"), "42501");
}

TEST_F(Component, WhatCantBeWrittenStandsInTheWayOnlyWhereThereIsARow) {
  declare("customer");
  live_.run(
      "CREATE TABLE note (customer_id bigint REFERENCES customer ON DELETE CASCADE, text "
      "text); INSERT INTO note VALUES (1, 'of Ada')",
      "doppel_owner");
  overlays().create(spec_);
  EXPECT_THAT(overlays().access_for_application(spec_).remarks,
              ::testing::Contains(::testing::HasSubstr("note is for reading only: the table has "
                                                       "no key")));
  EXPECT_EQ(state("DELETE FROM customer WHERE id = 1"), "0A000");
  EXPECT_EQ(state("DELETE FROM customer WHERE id = 3"), "00000");
  EXPECT_EQ(state("INSERT INTO note VALUES (2, 'x')"), "0A000");
  EXPECT_EQ(ask("SELECT c.name FROM customer c JOIN note n ON n.customer_id = c.id"),
            Lines{"'Ada'"});
}

TEST_F(Component, WhatIsDeclaredAndCantBeIsRefused) {
  declare("customer");
  live_.run("ALTER TABLE customer ENABLE ROW LEVEL SECURITY", "doppel_owner");
  try {
    overlays().create(spec_);
    FAIL() << "it went well";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_EQ(error.place(), "customer");
    EXPECT_THAT(error.what(), ::testing::HasSubstr("row-level security"));
    EXPECT_THAT(std::string(error.remedy()), ::testing::HasSubstr("take `shared_write: true`"));
  }
  EXPECT_EQ(ask_live("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'zz%'"), Lines{"0"});
}

TEST_F(Component, OfLightSandboxesNoneIsWrittenAndThatIsSaid) {
  live_.run(kSharableShop, "doppel_owner");
  declare("orders");
  spec_.carrier = "rows";
  const database::Schema schema = database_->open(Access::kReadOnly)->read_schema();
  for (database::TrackedTable& tracked : spec_.tables) {
    const database::Table& table = *schema.table(tracked.shape->name);
    tracked.shape = database::shape_of(table, table.primary_key);
  }
  overlays().create(spec_);
  EXPECT_THAT(overlays().access_for_application(spec_).remarks,
              ::testing::Contains(
                  ::testing::HasSubstr("also of orders, which the manifest lets sandboxes write")));
  try {
    overlays().open(spec_, Access::kReadWrite)->open_session("x")->run("DELETE FROM orders", {});
    FAIL() << "it went well";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kLiveIsReadOnly);
    EXPECT_THAT(std::string(error.remedy()), ::testing::HasSubstr("--carrier copy"));
  }
}

}  // namespace
}  // namespace doppel::postgres::testing
