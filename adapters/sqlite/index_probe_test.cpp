#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/test_file.hpp"
#include "database/schema.hpp"

namespace doppel::sqlite {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// What an index makes of a row: "values; keys of the rows in the way".
class IndexProbe : public testing::Test {
 protected:
  IndexProbe() {
    file_.run(R"(
      CREATE TABLE "t a" (id INTEGER PRIMARY KEY, name TEXT, state TEXT, n INT,
                          low TEXT AS (lower(name)) VIRTUAL, note TEXT COLLATE NOCASE);
      CREATE UNIQUE INDEX one_open ON "t a" (name) WHERE state = 'open, (really)' AND n > 1;
      CREATE UNIQUE INDEX folded ON "t a" (lower(name) DESC, n + 1);
      CREATE UNIQUE INDEX computed ON "t a" (low) WHERE "t a".n = 7;
      CREATE UNIQUE INDEX nocase ON "t a" (name COLLATE NOCASE, note) WHERE n = 8;
      CREATE UNIQUE INDEX trimmed ON "t a" (name COLLATE RTRIM);
      INSERT INTO "t a" (id, name, state, n, note) VALUES
        (1, 'Sales', 'open, (really)', 2, NULL), (2, 'Returns ', 'closed', 7, 'x'),
        (3, 'help', NULL, 8, 'Y');
    )");
    connection_ = open({.path = file_.path()});
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

  TestFile file_;
  std::unique_ptr<Connection> connection_;
  database::Schema schema_;
  TableShapePtr shape_;
};

Row row(const Value& name, const Value& state, const Value& n, const Value& note = {}) {
  return {99, name, state, n, note};
}

TEST_F(IndexProbe, AConditionSaysWhichRowsItHolds) {
  EXPECT_THAT(probe("one_open", {row("Sales", "open, (really)", 5), row("Sales", "closed", 5),
                                 row("Sales", "open, (really)", 1), row("New", "open, (really)", 5),
                                 row({}, "open, (really)", 5)}),
              ElementsAre("'Sales'; 1", "()", "()", "'New'", "()"));
}

TEST_F(IndexProbe, ExpressionsAndComputedColumnsAreEvaluated) {
  EXPECT_THAT(probe("folded", {row("HELP", {}, 8), row("HELP", {}, 9)}),
              ElementsAre("('help', 9); 3", "('help', 10)"));
  EXPECT_THAT(probe("computed", {row("RETURNS ", {}, 7), row("RETURNS ", {}, 6)}),
              ElementsAre("'returns '; 2", "()"));
}

TEST_F(IndexProbe, WhatACollationTakesForEqualHasEqualValues) {
  EXPECT_THAT(probe("nocase", {row("HELP", {}, 8, "y"), row("HELP", {}, 8, {})}),
              ElementsAre("('help', 'y'); 3", "()"));
  EXPECT_THAT(probe("trimmed", {row("help  ", {}, 1)}), ElementsAre("'help'; 3"));
}

TEST_F(IndexProbe, WhatNeedsTheApplicationIsLeftToTheDatabase) {
  EXPECT_THAT(probe("gone", {row("a", {}, 1)}), ElementsAre("()"));
}

TEST_F(IndexProbe, TheCatalogueSaysWhatExpressionsAreMadeOf) {
  for (const database::UniqueKey& key : schema_.table("t a")->unique_keys) {
    if (key.name == "folded") {
      EXPECT_THAT(key.columns, IsEmpty());
      EXPECT_THAT(key.made_of, ElementsAre("name", "n"));
    }
    if (key.name == "one_open") {
      EXPECT_THAT(key.made_of, IsEmpty());
    }
  }
}

}  // namespace
}  // namespace doppel::sqlite
