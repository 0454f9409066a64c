// Files become records, by the mappings of the environment.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/api_ground.hpp"

namespace doppel::api {
namespace {

using testing::Answer;
using testing::ApiGround;
using testing::Browser;
using ::testing::HasSubstr;

constexpr const char* kFile =
    "Company,Contract,Level,Renewal,Agent,Country\r\n"
    "\"North, Ltd\",C-1,Gold,22.11.2026,ada,DE\r\n"
    "South,C-2,Basic,01/02/2027,nobody,DE\r\n"
    "East,C-3,Gold,2027,,FR\r\n"
    "West,C-4,,,,\r\n";

class Feeds : public ApiGround {
 protected:
  Feeds() {
    feed_ = made(live_, "data_feeds", {{"name", "Companies"}, {"object", "accounts"}});
    map("Contract", "contract_number", {{"is_key", true}});
    map("Company", "name");
    map("Level", "tier", {{"value_map", json::object{{"Gold", "gold"}, {"Basic", "standard"}}}});
    map("Renewal", "renewal_on", {{"kind", "date_dmy"}});
    map("Agent", "owner_id", {{"kind", "look_up"}, {"look_up", "login"}});
    country_ = map("Country", "country_code", {{"default_value", "AT"}});
  }

  std::string map(const std::string& source, const std::string& target, json::object more = {}) {
    more["feed_id"] = feed_;
    more["source"] = source;
    more["target"] = target;
    more["position"] = ++position_;
    return made(live_, "feed_mappings", more);
  }
  Answer run(Browser& browser, const std::string& text, const std::string& query = "",
             const std::map<std::string, std::string>& headers = {}) {
    return browser.upload("/api/v1/data_feeds/" + feed_ + "/runs" + query, text,
                          "text/csv; charset=utf-8", headers);
  }
  json::array accounts(Browser& browser) {
    return browser.get("/api/v1/accounts?sort=contract_number").body.at("items").as_array();
  }

  std::string feed_, country_;
  int position_ = 0;
};

TEST_P(Feeds, RowsBecomeRecordsAndTheSameFileChangesNothing) {
  const Answer first = run(live_, kFile, "?file_name=companies.csv");
  ASSERT_EQ(first.status, 201) << first.body;
  EXPECT_EQ(first.body.at("rows"), 4);
  EXPECT_EQ(first.body.at("created"), 2);
  EXPECT_EQ(first.body.at("errors"), 2);
  const json::array made = accounts(live_);
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(made[0].at("name"), "North, Ltd");
  EXPECT_EQ(made[0].at("tier"), "gold");
  EXPECT_EQ(made[0].at("renewal_on"), "2026-11-22");
  EXPECT_FALSE(made[0].at("owner_id").is_null());
  EXPECT_EQ(made[1].at("country_code"), "AT");

  const Answer again = run(live_, kFile);
  EXPECT_EQ(again.body.at("unchanged"), 2);
  EXPECT_EQ(again.body.at("created"), 0);
  EXPECT_EQ(accounts(live_), made);  // Their versions, too.

  std::string changed = kFile;
  changed.replace(changed.find("West"), 4, "Best");
  const Answer other = run(live_, changed);
  EXPECT_EQ(other.body.at("updated"), 1);
  EXPECT_EQ(accounts(live_)[1].at("name"), "Best");
}

TEST_P(Feeds, RowsWithMistakesAreMendedAndTakenAgain) {
  const Answer ran = run(live_, kFile);
  const std::string id = text(ran.body.at("run_id"));
  const std::string path = "/api/v1/data_feeds/" + feed_ + "/runs/" + id;
  const Answer read = live_.get(path);
  ASSERT_EQ(read.status, 200) << read.body;
  EXPECT_EQ(read.body.at("state"), "with_errors");
  const json::array errors = read.body.at("errors").as_array();
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_EQ(errors[0].at("line"), 3);
  EXPECT_EQ(errors[0].at("problems").at(0).at("field"), "Agent");
  EXPECT_EQ(errors[1].at("problems").at(0).at("field"), "Renewal");
  EXPECT_THAT(text(errors[1].at("problems").at(0).at("message")), HasSubstr("'2027'"));

  json::object source = errors[0].at("source").as_object();
  source["Agent"] = "bob";
  change(live_, "feed_errors/" + text(errors[0].at("id")), {{"source", source}});
  const Answer retried = live_.post("/api/v1/feed_runs/" + id + "/retry");
  ASSERT_EQ(retried.status, 200) << retried.body;
  EXPECT_EQ(retried.body.at("created"), 1);
  EXPECT_EQ(retried.body.at("errors"), 1);
  EXPECT_EQ(live_.get(path).body.at("created_count"), 3);
  change(live_, "feed_errors/" + text(errors[1].at("id")), {{"state", "left_out"}});
  EXPECT_EQ(live_.post("/api/v1/feed_runs/" + id + "/retry").body.at("rows"), 0);
  EXPECT_EQ(live_.get(path).body.at("state"), "done");
  EXPECT_EQ(accounts(live_).size(), 3U);
  EXPECT_EQ(live_.get("/api/v1/data_feeds/none/runs/" + id).status, 404);
}

TEST_P(Feeds, SampleIsTriedAndASandboxTriesEverything) {
  enter_sandbox();
  change(sandbox_, "feed_mappings/" + country_, {{"default_value", "CH"}});
  const Answer sample = run(live_, kFile, "?sample=2");
  ASSERT_EQ(sample.status, 200) << sample.body;
  EXPECT_EQ(sample.headers.get("Preference-Applied"), "dry-run");
  EXPECT_EQ(sample.body.at("rows"), 2);
  EXPECT_EQ(sample.body.at("results").at(0).at("action"), "create");
  EXPECT_EQ(sample.body.at("results").at(0).at("values").at("name"), "North, Ltd");
  const Answer here = run(live_, kFile, "", {{"Prefer", "dry-run"}});
  const Answer there = run(sandbox_, kFile);
  ASSERT_EQ(there.status, 200) << there.body;
  EXPECT_EQ(here.body.at("results").at(3).at("values").at("country_code"), "AT");
  EXPECT_EQ(there.body.at("results").at(3).at("values").at("country_code"), "CH");
  EXPECT_TRUE(accounts(live_).empty());
  EXPECT_TRUE(live_.get("/api/v1/feed_runs").body.at("items").as_array().empty());
  EXPECT_EQ(run(live_, kFile, "?sample=900").body.at("field"), "sample");
}

TEST_P(Feeds, FileThatCannotBeReadIsRefusedAsAWhole) {
  EXPECT_EQ(run(live_, "Company\nA\n").status, 422);
  EXPECT_THAT(text(run(live_, "Company,Contrakt,Level,Renewal,Agent,Country\n").body.at("detail")),
              HasSubstr("'Contract', but 'Contrakt'"));
  EXPECT_EQ(run(live_, std::string(kFile) + "\"x").body.at("field"), "line 6");
  EXPECT_EQ(run(live_, std::string(kFile) + "a,b\n").body.at("field"), "line 6");
  EXPECT_EQ(run(live_, "\xff\n").status, 422);
  EXPECT_EQ(live_.post("/api/v1/data_feeds/" + feed_ + "/runs", {{"a", 1}}).status, 415);
  EXPECT_EQ(live_.upload("/api/v1/data_feeds/none/runs", kFile, "text/csv").status, 404);
  change(live_, "data_feeds/" + feed_, {{"is_enabled", false}});
  EXPECT_EQ(run(live_, kFile).status, 409);
  EXPECT_TRUE(accounts(live_).empty());
}

TEST_P(Feeds, KeyIsOneRecords) {
  const std::string twice =
      "Company,Contract,Level,Renewal,Agent,Country\n"
      "A,C-1,,,,\nB,C-1,,,,\nC,,,,,\n";
  const Answer ran = run(live_, twice);
  EXPECT_EQ(ran.body.at("created"), 1);
  EXPECT_THAT(text(ran.body.at("results").at(0).at("problems").at(0).at("message")),
              HasSubstr("line 2"));
  EXPECT_THAT(text(ran.body.at("results").at(1).at("problems").at(0).at("message")),
              HasSubstr("is empty"));
  made(live_, "accounts", {{"name", "B"}, {"contract_number", "C-1"}});
  EXPECT_THAT(text(run(live_, twice).body.at("results").at(0).at("problems").at(0).at("message")),
              HasSubstr("2 records"));
  change(live_, "data_feeds/" + feed_, {{"rule", "update"}});
  const Answer none = run(live_, "Company,Contract,Level,Renewal,Agent,Country\nD,C-9,,,,\n");
  EXPECT_EQ(none.body.at("errors"), 1);
}

TEST_P(Feeds, JsonLinesFillCustomFields) {
  const std::string field = made(live_, "custom_fields",
                                 {{"object", "accounts"},
                                  {"code", "seats"},
                                  {"name", "Seats"},
                                  {"kind", "integer"},
                                  {"position", 90}});
  map("seats", "field:" + field);
  change(live_, "data_feeds/" + feed_, {{"format", "json_lines"}});
  const std::string lines =
      "{\"Contract\":\"C-1\",\"Company\":\"A\",\"seats\":12}\n\n"
      "{\"Contract\":\"C-2\",\"Company\":\"B\",\"seats\":\"many\"}\n";
  const std::string path = "/api/v1/data_feeds/" + feed_ + "/runs";
  const Answer ran = live_.upload(path, lines, "application/x-ndjson");
  ASSERT_EQ(ran.status, 201) << ran.body;
  EXPECT_EQ(ran.body.at("created"), 1);
  EXPECT_EQ(ran.body.at("results").at(0).at("line"), 3);
  const Answer listed = live_.get("/api/v1/accounts?fields=custom.seats");
  EXPECT_EQ(listed.body.at("items").at(0).at("custom").at("seats"), 12);
  EXPECT_EQ(live_.upload(path, lines, "application/x-ndjson").body.at("unchanged"), 1);
  EXPECT_EQ(live_.upload(path, "[1]\n", "application/x-ndjson").body.at("field"), "line 1");
}

TEST_P(Feeds, ManyRowsComeInBatches) {
  std::string file = "Company,Contract,Level,Renewal,Agent,Country\n";
  for (int i = 0; i < 350; ++i) {
    const std::string number = std::to_string(i);
    // Every fiftieth has a tier that there isn't.
    file += "Company " + number + ",C-" + number + (i % 50 == 0 ? ",wood" : ",") + ",,,\n";
  }
  const Answer ran = run(live_, file);
  EXPECT_EQ(ran.body.at("created"), 343) << ran.body;
  EXPECT_EQ(ran.body.at("errors"), 7);
  EXPECT_EQ(run(live_, file).body.at("unchanged"), 343);
}

TEST_P(Feeds, MappingsAreJudgedWhenTheyAreWritten) {
  const auto field_of = [&](json::object body) {
    body["feed_id"] = feed_;
    body["position"] = 50;
    return live_.post("/api/v1/feed_mappings", body).body.at("field");
  };
  EXPECT_EQ(field_of({{"source", "x"}, {"target", "nmae"}}), "target");
  EXPECT_EQ(field_of({{"source", "x"}, {"target", "version"}}), "target");
  EXPECT_EQ(field_of({{"source", "x"}, {"target", "field:none"}}), "target");
  EXPECT_EQ(field_of({{"source", "x"}, {"target", "email"}, {"kind", "look_up"}}), "kind");
  EXPECT_EQ(
      field_of(
          {{"source", "x"}, {"target", "parent_id"}, {"kind", "look_up"}, {"look_up", "none"}}),
      "look_up");
  EXPECT_EQ(field_of({{"target", "email"}}), "source");
  EXPECT_EQ(field_of({{"source", "x"}, {"target", "email"}, {"value_map", json::array{1}}}),
            "value_map");
}

INSTANTIATE_TEST_SUITE_P(Both, Feeds, testing::kBothDialects, testing::name_of_dialect);

}  // namespace
}  // namespace doppel::api
