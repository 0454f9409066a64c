#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/postgres/connection.hpp"
#include "database/schema.hpp"
#include "tests/support/cluster.hpp"

namespace doppel::postgres {
namespace {

using ::testing::ElementsAre;

/// What an index makes of a row: "values; keys of the rows in the way".
class PostgresIndexProbe : public ::testing::Test {
 protected:
  PostgresIndexProbe() {
    database_.run("CREATE EXTENSION citext", "postgres");
    database_.run(R"(
      CREATE TABLE "t a" (id integer PRIMARY KEY, name text, state text, n numeric,
                          low text GENERATED ALWAYS AS (lower(name)) STORED, note citext);
      CREATE UNIQUE INDEX one_open ON "t a" (name) WHERE state = 'open, (really)' AND n > 1;
      CREATE UNIQUE INDEX folded ON "t a" (lower(name) DESC, (n + 1));
      CREATE UNIQUE INDEX computed ON "t a" (low) WHERE n = 7;
      CREATE UNIQUE INDEX noted ON "t a" (note) WHERE n = 8;
      CREATE UNIQUE INDEX divided ON "t a" ((1 / n)) WHERE name = 'divided';
      CREATE UNIQUE INDEX lone ON "t a" (state) NULLS NOT DISTINCT WHERE id > 90;
      INSERT INTO "t a" (id, name, state, n, note) VALUES
        (1, 'Sales', 'open, (really)', 2, NULL), (2, 'Returns ', 'closed', 7, 'x'),
        (3, 'help', NULL, 8, 'Y');
    )");
    connection_ = open({.dsn = database_.dsn()});
    schema_ = connection_->read_schema();
    shape_ = database::shape_of(*schema_.table("t a"), {"id"});
  }

  std::vector<std::string> probe(const std::string& index, const std::vector<Row>& rows) {
    std::vector<std::string> said;
    for (const database::IndexProbe& probe : connection_->probe_index(*shape_, index, rows)) {
      std::string text = display(probe.values);
      for (const Row& row : probe.rows) text += "; " + display(row[0]);
      said.push_back(text);
    }
    return said;
  }

  doppel::testing::TestDatabase database_;
  std::unique_ptr<Connection> connection_;
  database::Schema schema_;
  TableShapePtr shape_;
};

Row row(const Value& name, const Value& state, const Value& n, const Value& note = {}) {
  return {99, name, state, n, note};
}

TEST_F(PostgresIndexProbe, AConditionSaysWhichRowsItHolds) {
  EXPECT_THAT(
      probe("one_open", {row("Sales", "open, (really)", "5"), row("Sales", "closed", "5"),
                         row("Sales", "open, (really)", "1"), row("New", "open, (really)", "5"),
                         row({}, "open, (really)", "5")}),
      ElementsAre("'Sales'; 1", "()", "()", "'New'", "()"));
}

TEST_F(PostgresIndexProbe, ExpressionsAndComputedColumnsAreCompared) {
  EXPECT_THAT(probe("folded", {row("SALES", {}, "2.0"), row("Sales", {}, "3")}),
              ElementsAre("('sales', '3'); 1", "('sales', '4')"));
  EXPECT_THAT(probe("computed", {row("RETURNS ", {}, "7"), row("RETURNS ", {}, "8")}),
              ElementsAre("'returns '; 2", "()"));
  EXPECT_THAT(probe("noted", {row("a", {}, "8.0", "y")}), ElementsAre("'y'; 3"));
}

TEST_F(PostgresIndexProbe, WhatItCantTellIsLeftToTheDatabase) {
  EXPECT_THAT(probe("divided", {row("divided", {}, "0")}), ElementsAre("()"));
  EXPECT_THAT(probe("lone", {row("a", {}, {})}), ElementsAre("()"));
  EXPECT_THAT(probe("no such index", {row("a", {}, {})}), ElementsAre("()"));
  EXPECT_THAT(probe("folded", {}), ElementsAre());
}

/// In a transaction, too, a failure inside leaves it usable.
TEST_F(PostgresIndexProbe, LeavesATransactionUsable) {
  const auto transaction = connection_->begin(database::TransactionKind::kRead);
  EXPECT_THAT(probe("divided", {row("divided", {}, "0")}), ElementsAre("()"));
  EXPECT_EQ(connection_->count_rows("t a"), 3);
}

}  // namespace
}  // namespace doppel::postgres
