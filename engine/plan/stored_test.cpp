#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "plan/plan_json.hpp"

/// What is kept as text and read back: plans and snapshots, whole and damaged.
namespace doppel::plan {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Plan example() {
  const auto queues = std::make_shared<TableShape>(TableShape{"queues", {"id", "name"}, {0}});
  Plan plan;
  plan.hash = {"5f70"};
  plan.source = "acme/qa";
  plan.changes = {{.change = {queues, {4}, Row{4, "Spam"}, Row{4, std::string("J\xc3(", 3)}},
                   .label = "Junk",
                   .touch = {},
                   .why = {}}};
  merge::Conflict conflict;
  conflict.id = "c_1";
  conflict.inputs = "i";
  conflict.answered = merge::AnswerKind::kEdit;
  plan.conflicts = {conflict};
  plan.impact = {{.table = "queues",
                  .key = {4},
                  .label = "Spam",
                  .kind = ChangeKind::kDelete,
                  .referrer = "tickets",
                  .column = "queue_id",
                  .rows = 3,
                  .mapped_to = "Sales"}};
  plan.rekeyed = {{"queues", {1}, {1000001}}};
  plan.inputs = "8eed";
  return plan;
}

json::value written() {
  Request request;
  request.changes = example().config();
  request.select = {{"queues", std::nullopt}, {"queues", "Spam"}};
  request.mappings = {{"queues", "Spam", "Sales"}, {"queues", "4", std::nullopt}};
  return to_stored(example(), request);
}

TEST(StoredPlanTest, EverythingComesBack) {
  const StoredPlan read = from_stored(parse_json(write_json(written(), JsonStyle::kCompact), "x"));
  EXPECT_EQ(read.plan.hash.text, "5f70");
  EXPECT_EQ(read.plan.config(), example().config());
  EXPECT_EQ(read.own, example().config());
  EXPECT_EQ(read.plan.conflicts.at(0).answered, merge::AnswerKind::kEdit);
  EXPECT_EQ(read.plan.impact.at(0).kind, ChangeKind::kDelete);
  EXPECT_EQ(read.plan.impact.at(0).mapped_to, "Sales");
  EXPECT_EQ(read.plan.rekeyed.at(0).to, Key{1000001});
  EXPECT_EQ(read.select.at(1).row, "Spam");
  EXPECT_EQ(read.mappings.at(1).to, std::nullopt);
  EXPECT_EQ(read.plan.inputs, "8eed");
}

TEST(StoredPlanTest, WhatIsDamagedIsRefusedAndNothingElse) {
  const auto refuses = [](const std::string& name, const json::value& value) {
    json::value damaged = written();
    damaged.as_object()[name] = value;
    try {
      from_stored(damaged);
      ADD_FAILURE() << name << " was read";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidInput) << name;
      EXPECT_THAT(error.place(), StartsWith("stored plan")) << name;
    }
  };
  refuses("hash", 5);
  refuses("config", "x");
  refuses("labels", json::array{});
  refuses("labels", json::array{1});
  refuses("conflicts", json::array{json::array{"c_1", "i", "shrug"}});
  refuses("conflicts", json::array{json::array{"c_1"}});
  refuses("impact", json::array{json::array{"queues", json::array{4}, "Spam", 7, "tickets",
                                            "queue_id", 3, nullptr}});
  refuses("impact", json::array{json::array{"queues", json::array{4}, "Spam", 1, "tickets",
                                            "queue_id", -3, nullptr}});
  refuses("rekeyed", json::array{"x"});
  refuses("select", nullptr);
  refuses("mappings", json::array{json::array{"queues", nullptr, nullptr}});
  refuses("inputs", 1);
  refuses("data", 1);
  EXPECT_THROW(from_stored(json::value(nullptr)), Error);
  for (const char* text : {"", "{", "[]", "null", "{}x"}) {
    EXPECT_THROW(parse_stored(text), Error) << text;
  }
}

TEST(SnapshotLinesTest, TablesAndRowsAreReadInWhateverOrder) {
  const changeset::State config = read_config_lines(
      "{\"table\":\"words\",\"columns\":[\"a\",\"b\"],\"key\":[1,0]}\n[1,\"x\"]\n[0,\"x\"]\n"
      "{\"table\":\"queues\",\"columns\":[\"id\"],\"key\":[0]}\n",
      "s");
  EXPECT_EQ(config.tables.at("words").rows.at(Key{"x", 0}), (Row{0, "x"}));
  EXPECT_TRUE(config.tables.at("queues").rows.empty());
}

TEST(SnapshotLinesTest, WhatIsNoConfigIsRefusedWithItsPlace) {
  const std::string table = "{\"table\":\"words\",\"columns\":[\"a\",\"b\"],\"key\":[0]}\n";
  for (const std::string& lines :
       {std::string("[1]\n"), table + "[1]\n", table + "[1,2,3]\n", table + "[1,2]\n[1,3]\n",
        table + table, table + "1\n", table + "\n",
        std::string("{\"table\":\"words\",\"columns\":[\"a\"],\"key\":[1]}\n"),
        std::string("{\"table\":\"words\",\"columns\":[\"a\"],\"key\":[-1]}\n"),
        std::string("{\"table\":\"words\",\"columns\":[1],\"key\":[0]}\n"),
        std::string("{\"table\":\"words\",\"columns\":[\"a\"],\"key\":[]}\n"),
        std::string("{\"columns\":[\"a\"],\"key\":[0]}\n")}) {
    try {
      read_config_lines(lines, "000003.snapshot.json");
      ADD_FAILURE() << lines;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidInput) << lines;
      EXPECT_THAT(error.place(), HasSubstr("000003.snapshot.json")) << lines;
    }
  }
}

}  // namespace
}  // namespace doppel::plan
