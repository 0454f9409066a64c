#include "tests/support/rows_carrier.hpp"

/// Config tables that inherit from each other: what is written through a parent is kept of the
/// table that has the row, with all of its columns.
namespace doppel::postgres::testing {
namespace {

using ::testing::HasSubstr;

constexpr const char* kFamily = R"sql(
CREATE TABLE asset (id serial PRIMARY KEY, name text NOT NULL, cost integer DEFAULT 1
  CHECK (cost >= 0));
CREATE TABLE car (wheels integer NOT NULL DEFAULT 4, PRIMARY KEY (id)) INHERITS (asset);
CREATE TABLE van (load integer, PRIMARY KEY (id)) INHERITS (car);
ALTER TABLE van ALTER COLUMN cost SET DEFAULT nextval('asset_id_seq') + 100;
INSERT INTO asset VALUES (1, 'desk'), (2, 'chair');
INSERT INTO car VALUES (20, 'mini'), (21, 'beetle');
INSERT INTO van VALUES (30, 'bus', 5, 4, 9);
SELECT setval('asset_id_seq', 40);
)sql";

class Inherited : public CopyCarrier {
 protected:
  Inherited() : CopyCarrier("copy", kFamily) { overlays().create(spec_); }
};

class InheritedRows : public RowsCarrier {
 protected:
  InheritedRows() : RowsCarrier(kFamily) {}
};

TEST_F(InheritedRows, CannotBeShared) {
  try {
    overlays().create(spec_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.place(), "car");
    EXPECT_THAT(error.what(), HasSubstr("inherits from asset"));
    EXPECT_THAT(std::string(error.remedy()), HasSubstr("carrier copy"));
  }
}

TEST_F(Inherited, AreCopiedAsAFamily) {
  for (const char* sql :
       {"SELECT tableoid::regclass::text, * FROM asset ORDER BY id", "SELECT * FROM car ORDER BY 1",
        "SELECT * FROM ONLY asset ORDER BY id", "SELECT * FROM van"}) {
    EXPECT_EQ(ask(sql), ask_live(sql)) << sql;
  }
  EXPECT_EQ(changes(), Lines{});
  EXPECT_EQ(ask("INSERT INTO van (name) VALUES ('new') RETURNING id, cost"), Lines{"(41, 142)"});
  EXPECT_EQ(ask("INSERT INTO car (name) VALUES ('new') RETURNING id, cost"), Lines{"(43, 1)"});
  EXPECT_THAT(failure("UPDATE asset SET cost = -1 WHERE id = 30"), HasSubstr("CHECK"));
  EXPECT_EQ(changes(), (Lines{"car - > (43, 'new', 1, 4)", "van - > (41, 'new', 142, 4, NULL)"}));
}

TEST_F(Inherited, WhatIsWrittenThroughAParentIsTheChildsChange) {
  run("UPDATE asset SET name = upper(name) WHERE id IN (1, 30)");
  EXPECT_EQ(changes(), (Lines{"asset (1, 'desk', 1) > (1, 'DESK', 1)",
                              "van (30, 'bus', 5, 4, 9) > (30, 'BUS', 5, 4, 9)"}));
  run("UPDATE asset SET name = lower(name)");
  EXPECT_EQ(changes(), Lines{}) << "it is as it was";
  run("UPDATE asset SET id = id - 1 WHERE id IN (20, 21)");
  EXPECT_EQ(changes(),
            (Lines{"car - > (19, 'mini', 1, 4)", "car (20, 'mini', 1, 4) > (20, 'beetle', 1, 4)",
                   "car (21, 'beetle', 1, 4) > -"}));
  run("UPDATE car SET id = id + 1 WHERE id = 20; UPDATE car SET id = id + 1 WHERE id = 19");
  EXPECT_EQ(changes(), Lines{});
  run("DELETE FROM asset WHERE id > 20");
  EXPECT_EQ(changes(), (Lines{"car (21, 'beetle', 1, 4) > -", "van (30, 'bus', 5, 4, 9) > -"}));
  run("TRUNCATE asset");
  EXPECT_EQ(changes().size(), 5U);
  EXPECT_EQ(ask_live("SELECT count(*) FROM asset"), Lines{"5"});
}

TEST_F(Inherited, ChangesAreAppliedToTheTableThatHasTheRow) {
  run("UPDATE asset SET cost = 8; INSERT INTO van (id, name, load) VALUES (50, 'truck', 3)");
  std::vector<RowChange> own;
  for (auto& captured : overlays().open(spec_, Access::kReadWrite)->read_changes()) {
    own.push_back(std::move(captured.change));
  }
  const auto live = database_->open(Access::kReadWrite);
  const auto transaction = live->begin(database::TransactionKind::kWrite);
  EXPECT_TRUE(live->apply_changes(own).empty());
  transaction->commit();
  for (const char* sql : {"SELECT tableoid::regclass::text, * FROM asset ORDER BY id",
                          "SELECT * FROM van ORDER BY id"}) {
    EXPECT_EQ(ask(sql), ask_live(sql)) << sql;
  }
}

}  // namespace
}  // namespace doppel::postgres::testing
