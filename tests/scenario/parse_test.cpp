#include "parse.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace doppel::scenario {
namespace {

std::string place_of_refusal(std::string_view text) {
  try {
    parse(text, "x.scenario");
  } catch (const Error& error) {
    return error.place();
  }
  return "taken";
}

TEST(ScenarioParse, ReadsWordsBlocksAndExitCodes) {
  const Scenario scenario = parse(
      "# a title\n"
      "given  helpdesk tickets=20\n"
      "\n"
      "in qa  update queues set name='a  exit' where id=2   exit 3\n"
      "in live\n"
      "    update queues\n"
      "      set name='b'\n"
      "\n"
      "plan   qa -> live\n",
      "x.scenario");
  ASSERT_EQ(scenario.steps.size(), 4U);
  EXPECT_EQ(scenario.steps[0].line, 2U);
  EXPECT_EQ(scenario.steps[0].rest, "helpdesk tickets=20");
  EXPECT_EQ(scenario.steps[1].rest, "qa  update queues set name='a  exit' where id=2");
  EXPECT_EQ(scenario.steps[1].exit, 3);
  EXPECT_EQ(scenario.steps[2].block, "update queues\n  set name='b'");
  EXPECT_EQ(scenario.steps[3].word, "plan");
  EXPECT_FALSE(scenario.steps[3].exit);
}

TEST(ScenarioParse, ReadsExpectationsOfRows) {
  const Scenario scenario = parse(
      "expect rows qa \"select 'a', 1\" = \"a\" | 1\n"
      "expect rows live \"select 1 where 0\" = none\n"
      "expect rows live \"select 1 union select 2\"\n"
      "    1\n"
      "    2\n",
      "x.scenario");
  using Rows = std::vector<std::vector<std::string>>;
  EXPECT_EQ(scenario.steps[0].expectation->rows, (Rows{{"a", "1"}}));
  EXPECT_EQ(scenario.steps[0].expectation->sql, "select 'a', 1");
  EXPECT_EQ(scenario.steps[1].expectation->rows, Rows{});
  EXPECT_EQ(scenario.steps[2].expectation->rows, (Rows{{"1"}, {"2"}}));
}

TEST(ScenarioParse, ReadsTheSidesOfAConflict) {
  const Scenario scenario = parse(
      "expect conflict both_changed queues.name base=\"In box\" live=NULL sandbox=\"live=1\"\n",
      "x.scenario");
  const Expectation& conflict = *scenario.steps[0].expectation;
  EXPECT_EQ(conflict.target, "queues.name");
  ASSERT_EQ(conflict.sides.size(), 3U);
  EXPECT_EQ(conflict.sides[0].second, "In box");
  EXPECT_EQ(conflict.sides[1].second, "NULL");
  EXPECT_EQ(conflict.sides[2].second, "live=1");
}

TEST(ScenarioParse, RefusesWhatItCannotRead) {
  EXPECT_EQ(place_of_refusal("do doppel help   exit 0\nfrobnicate\n"), "x.scenario:2");
  EXPECT_EQ(place_of_refusal("do rm -r /   exit 0\n"), "x.scenario:1");
  EXPECT_EQ(place_of_refusal("   indented\n"), "x.scenario:1");
  EXPECT_EQ(place_of_refusal("expect json a.b is 3\n"), "x.scenario:1");
  EXPECT_EQ(place_of_refusal("expect json a.b = {\n").substr(0, 12), "x.scenario:1");
  EXPECT_EQ(place_of_refusal("expect rows qa select 1 = 1\n"), "x.scenario:1");
  EXPECT_EQ(place_of_refusal("expect rows qa \"select 1\"\n"), "x.scenario:1");
  EXPECT_EQ(place_of_refusal("expect nothing\n"), "x.scenario:1");
  EXPECT_EQ(place_of_refusal("expect conflict order queues side=1\n"), "x.scenario:1");
  EXPECT_EQ(place_of_refusal("plan qa\n  more\nexpect no conflicts\n"), "x.scenario:1");
}

TEST(ScenarioParse, RefusesAScenarioThatCannotFail) {
  EXPECT_EQ(place_of_refusal("given helpdesk\nfork qa\n"), "x.scenario:3");
  EXPECT_EQ(place_of_refusal(""), "x.scenario:1");
}

TEST(ScenarioParse, ReadsWhatIsOfOneDatabaseOnly) {
  const Scenario both = parse(
      "# a title\n"
      "[sqlite] given sql\n"
      "    create table t (a) without rowid\n"
      "[postgresql] in live  create table t (a int)   exit 1\n"
      "expect no conflicts\n",
      "x.scenario");
  EXPECT_TRUE(both.is_for(Database::kSqlite) && both.is_for(Database::kPostgresql));
  EXPECT_EQ(both.steps[0].only, Database::kSqlite);
  EXPECT_EQ(both.steps[0].word, "given");
  EXPECT_EQ(both.steps[0].block, "create table t (a) without rowid");
  EXPECT_EQ(both.steps[1].only, Database::kPostgresql);
  EXPECT_EQ(both.steps[1].exit, 1);
  EXPECT_FALSE(both.steps[2].only);

  const Scenario one = parse("only sqlite: it is about files\nexpect no conflicts\n", "x");
  EXPECT_TRUE(one.is_for(Database::kSqlite) && !one.is_for(Database::kPostgresql));
  EXPECT_EQ(one.reason, "it is about files");
  EXPECT_EQ(place_of_refusal("only sqlite:\nexpect no conflicts\n"), "x.scenario:1");
  EXPECT_EQ(place_of_refusal("only oracle: it is about files\nplan qa   exit 0\n"), "x.scenario:1");
  EXPECT_EQ(place_of_refusal("plan qa   exit 0\nonly sqlite: too late\n"), "x.scenario:2");
  EXPECT_EQ(place_of_refusal("[oracle] plan qa   exit 0\n"), "x.scenario:1");
  EXPECT_EQ(place_of_refusal("only sqlite: no reason\n[postgresql] plan qa   exit 0\n"),
            "x.scenario:2");
}

TEST(ScenarioParse, RefusesAScenarioThatCannotFailOnOneDatabase) {
  EXPECT_EQ(place_of_refusal("given helpdesk\n[sqlite] expect no conflicts\n"), "x.scenario:3");
}

TEST(ScenarioParse, SplitsCommandsAsAShellDoes) {
  EXPECT_EQ(command_words("sql qa 'select \"a b\"' \"it's\" ''", "x"),
            (std::vector<std::string>{"sql", "qa", "select \"a b\"", "it's", ""}));
  EXPECT_THROW(command_words("sql 'open", "x"), Error);
}

}  // namespace
}  // namespace doppel::scenario
