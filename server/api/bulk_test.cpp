// Many writes in one call, and writes that are done once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/once.hpp"
#include "tests/support/api_ground.hpp"

namespace doppel::api {
namespace {

using testing::Answer;
using testing::ApiGround;
using testing::Browser;

constexpr const char* kBulk = "/api/v1/bulk";

json::object create(const std::string& collection, const json::object& values) {
  return {{"verb", "create"}, {"collection", collection}, {"values", values}};
}

class Bulk : public ApiGround {
 protected:
  std::size_t count(Browser& browser, const std::string& collection) {
    return browser.get("/api/v1/" + collection + "?limit=500").body.at("items").as_array().size();
  }
  std::vector<std::string> fields(const Answer& answer) {
    std::vector<std::string> names;
    for (const json::value& error : answer.body.at("errors").as_array()) {
      names.push_back(text(error.at("field")));
    }
    return names;
  }
};

TEST_P(Bulk, WritesManyRecordsOfSeveralCollections) {
  const std::string account = made(live_, "accounts", {{"name", "A"}});
  const Answer read = live_.get("/api/v1/accounts/" + account);
  const json::object change{{"verb", "change"},
                            {"collection", "accounts"},
                            {"id", account},
                            {"values", json::object{{"tier", "gold"}}},
                            {"if_match", std::string(read.headers.get("ETag"))}};
  const Answer done = live_.post(
      kBulk, {{"writes", json::array{create("accounts", {{"name", "B"}}), change,
                                     create("contacts",
                                            {{"family_name", "Lind"}, {"account_id", account}})}}});
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(done.body.at("results").at(1).at("record").at("tier"), "gold");
  EXPECT_EQ(count(live_, "accounts"), 2U);
  EXPECT_EQ(count(live_, "contacts"), 1U);
  const Answer removed = live_.post(
      kBulk,
      {{"writes", json::array{json::object{{"verb", "remove"},
                                           {"collection", "contacts"},
                                           {"id", done.body.at("results").at(2).at("id")}}}}});
  EXPECT_EQ(removed.status, 200) << removed.body;
  EXPECT_EQ(count(live_, "contacts"), 0U);
}

TEST_P(Bulk, WritesNothingWhereOneIsWrongAndNamesAllThatAre) {
  const Answer refused = live_.post(
      kBulk,
      {{"writes",
        json::array{create("accounts", {{"name", "A"}}), create("accounts", {{"name", " "}}),
                    create("cases", {{"subject", "x"}, {"queue_id", "none"}}),
                    json::object{{"verb", "remove"}, {"collection", "cases"}, {"id", "none"}}}}});
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(fields(refused), ::testing::ElementsAre("writes[1].values.name",
                                                      "writes[2].values.queue_id", "writes[3].id"));
  EXPECT_EQ(count(live_, "accounts"), 0U);
  // Also what only the database finds: two names that are taken.
  const Answer taken =
      live_.post(kBulk, {{"writes", json::array{create("teams", {{"name", "Sales"}}),
                                                create("teams", {{"name", "Support"}}),
                                                create("teams", {{"name", "Others"}})}}});
  EXPECT_EQ(taken.status, 422) << taken.body;
  EXPECT_THAT(fields(taken),
              ::testing::ElementsAre("writes[0].values.name", "writes[1].values.name"));
  EXPECT_EQ(count(live_, "teams"), 2U);
}

TEST_P(Bulk, ReadsItsBodyStrictly) {
  const Answer refused = live_.post(
      kBulk,
      {{"writes",
        json::array{
            7, json::object{{"verb", "make"}, {"collection", "teams"}},
            json::object{{"verb", "create"}, {"collection", "teams"}, {"id", "x"}, {"vlaues", 1}},
            json::object{{"verb", "change"}, {"collection", "none"}}}}});
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(fields(refused),
              ::testing::ElementsAre("writes[0]", "writes[1].verb", "writes[2].vlaues",
                                     "writes[2].id", "writes[3].collection"));
  EXPECT_EQ(live_.post(kBulk, {{"writes", json::array{}}}).status, 422);
  json::array many(1001, create("teams", {{"name", "x"}}));
  EXPECT_EQ(live_.post(kBulk, {{"writes", many}}).body.at("field"), "writes");
}

TEST_P(Bulk, KeepsWhatSomebodyElseChanged) {
  const std::string account = made(live_, "accounts", {{"name", "A"}});
  const Answer stale = live_.post(
      kBulk, {{"writes", json::array{create("accounts", {{"name", "B"}}),
                                     json::object{{"verb", "change"},
                                                  {"collection", "accounts"},
                                                  {"id", account},
                                                  {"values", json::object{{"name", "C"}}},
                                                  {"if_match", "\"long ago\""}}}}});
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(stale.body.at("current").at(0).at("index"), 1);
  EXPECT_EQ(stale.body.at("current").at(0).at("record").at("name"), "A");
  EXPECT_EQ(count(live_, "accounts"), 1U);
}

TEST_P(Bulk, TakesTheRightsOfEachWrite) {
  stand_.add_account("eve", "agent");
  Browser eve(stand_.site());
  eve.sign_in("eve");
  EXPECT_EQ(eve.post(kBulk, {{"writes", json::array{create("accounts", {{"name", "A"}})}}}).status,
            200);
  const Answer refused =
      eve.post(kBulk, {{"writes", json::array{create("accounts", {{"name", "B"}}),
                                              create("teams", {{"name", "Mine"}})}}});
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(text(refused.body.at("detail")), ::testing::HasSubstr("edit_config"));
  EXPECT_EQ(count(live_, "accounts"), 1U);
}

TEST_P(Bulk, OfASandboxStaysInIt) {
  enter_sandbox();
  const json::object teams{{"writes", json::array{create("teams", {{"name", "Mine"}})}}};
  EXPECT_EQ(sandbox_.send(http::Method::kPost, kBulk, teams, {{"Prefer", "dry-run"}}).status, 200);
  EXPECT_EQ(count(sandbox_, "teams"), 2U);
  EXPECT_EQ(sandbox_.post(kBulk, teams).status, 200);
  EXPECT_EQ(count(sandbox_, "teams"), 3U);
  EXPECT_EQ(count(live_, "teams"), 2U);
  const Answer both =
      sandbox_.post(kBulk, {{"writes", json::array{create("teams", {{"name", "Yours"}}),
                                                   create("accounts", {{"name", "A"}})}}});
  EXPECT_EQ(both.status, 501) << both.body;
}

TEST_P(Bulk, KeyedRequestIsDoneOnce) {
  const auto send = [&](Browser& browser, const std::string& key, const std::string& name) {
    return browser.send(http::Method::kPost, "/api/v1/accounts", {{"name", name}},
                        {{kKeyHeader, key}});
  };
  const Answer first = send(live_, "k1", "A");
  ASSERT_EQ(first.status, 201) << first.body;
  const Answer again = send(live_, "k1", "A");
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.headers.get("Location"), first.headers.get("Location"));
  EXPECT_EQ(again.headers.get("ETag"), first.headers.get("ETag"));
  EXPECT_EQ(again.headers.get(kReplayHeader), "true");
  EXPECT_EQ(count(live_, "accounts"), 1U);
  EXPECT_EQ(send(live_, "k1", "B").status, 422);
  EXPECT_EQ(send(live_, "k 1", "B").status, 422);
  // Somebody else's key is another one, and a request that was refused may be sent again.
  EXPECT_EQ(send(sandbox_, "k1", "C").status, 201);
  EXPECT_EQ(send(live_, "k2", " ").status, 422);
  EXPECT_EQ(send(live_, "k2", " ").body.at("field"), "name");
  EXPECT_EQ(count(live_, "accounts"), 2U);
}

TEST_P(Bulk, KeyOfASandboxIsNotLives) {
  enter_sandbox();
  const json::object team{{"name", "Mine"}};
  const std::map<std::string, std::string> key{{kKeyHeader, "k1"}};
  EXPECT_EQ(sandbox_.send(http::Method::kPost, "/api/v1/teams", team, key).status, 201);
  sandbox_.post("/api/v1/admin/sandbox/toggle", {{"enable", false}});
  EXPECT_EQ(sandbox_.send(http::Method::kPost, "/api/v1/teams", team, key).status, 422);
  EXPECT_EQ(count(live_, "teams"), 2U);
}

INSTANTIATE_TEST_SUITE_P(Both, Bulk, testing::kBothDialects, testing::name_of_dialect);

}  // namespace
}  // namespace doppel::api
