// What configuration does with records, over HTTP: in live, and otherwise in a sandbox that changed
// it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/api_ground.hpp"

namespace doppel::api {
namespace {

using testing::Answer;
using testing::ApiGround;
using testing::Browser;
using testing::DeskStand;
using ::testing::HasSubstr;

class Actions : public ApiGround {};

TEST_P(Actions, MacroDoesItsThingsToACase) {
  const std::string id = made(live_, "cases", {{"subject", "x"}});
  enter_sandbox();
  change(sandbox_, "macro_actions/" + seed("macro_actions.ask1"), {{"value", "Which version?"}});
  change(sandbox_, "macro_actions/" + seed("macro_actions.ask2"),
         {{"target_id", seed("case_statuses.open")}});
  const std::string path = "/api/v1/cases/" + id + "/macros/" + seed("macros.ask");
  const Answer tried =
      live_.send(http::Method::kPost, path, json::object{}, {{"Prefer", "dry-run"}});
  ASSERT_EQ(tried.status, 200) << tried.body;
  EXPECT_EQ(text(tried.body.at("case").at("status_id")), seed("case_statuses.pending"));
  EXPECT_EQ(tried.headers.get("Preference-Applied"), "dry-run");
  const Answer done = sandbox_.post(path);
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(text(done.body.at("case").at("status_id")), seed("case_statuses.open"));
  EXPECT_EQ(done.body.at("messages").at(0).at("body"), "Which version?");
  EXPECT_EQ(live_.get("/api/v1/case_messages?case_id=" + id).body.at("items").as_array().size(),
            1U);
  const Answer stale =
      live_.send(http::Method::kPost, path, json::object{}, {{"If-Match", "\"long ago\""}});
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(text(stale.body.at("current").at("id")), id);
  EXPECT_EQ(live_.post("/api/v1/cases/" + id + "/macros/none").status, 404);
  EXPECT_EQ(live_.post("/api/v1/cases/none/macros/" + seed("macros.ask")).status, 404);
}

TEST_P(Actions, RoutingSaysWhy) {
  testing::add_member(stand_.desk(), "tom", "technical", "technical");
  const std::string id =
      made(live_, "cases", {{"subject", "x"}, {"category_id", seed("case_categories.fault")}});
  enter_sandbox();
  made(sandbox_, "routing_rules",
       {{"name", "Everything"}, {"position", 1}, {"queue_id", seed("queues.support")}});
  const std::string path = "/api/v1/cases/" + id + "/routing";
  const Answer here = live_.get(path);
  ASSERT_EQ(here.status, 200) << here.body;
  EXPECT_EQ(here.body.at("routed").at("why"), "category Fault");
  EXPECT_EQ(text(here.body.at("today").at("queue_id")), seed("queues.technical"));
  EXPECT_THAT(text(here.body.at("assigned").at("why")), HasSubstr("least active"));
  const Answer there = sandbox_.get(path);
  ASSERT_EQ(there.status, 200) << there.body;
  EXPECT_EQ(there.body.at("routed"), here.body.at("routed"));
  EXPECT_EQ(text(there.body.at("today").at("queue_id")), seed("queues.support"));
  EXPECT_THAT(text(there.body.at("today").at("queue_why")), HasSubstr("rule Everything"));
}

TEST_P(Actions, ServiceLevelHasItsTargets) {
  const std::string id = made(live_, "cases", {{"subject", "x"}, {"priority", "low"}});
  enter_sandbox();
  change(sandbox_, "sla_policies/" + seed("sla_policies.standard"), {{"is_enabled", false}});
  const std::string path = "/api/v1/cases/" + id + "/service_level";
  const Answer here = live_.get(path);
  ASSERT_EQ(here.status, 200) << here.body;
  EXPECT_EQ(here.body.at("policy"), "Standard");
  EXPECT_EQ(here.body.at("targets").at(0).at("metric"), "first_reply");
  EXPECT_EQ(here.body.at("targets").at(0).at("due_at"), "2026-10-21T08:53:20.000000Z");
  EXPECT_TRUE(sandbox_.get(path).body.at("policy_id").is_null());
}

TEST_P(Actions, TemplateIsPreviewedOnAnyRecord) {
  const std::string account = made(live_, "accounts", {{"name", "<North> & Co"}});
  const std::string deal =
      made(live_, "opportunities", {{"name", "Seats"}, {"account_id", account}});
  const std::string id = made(live_, "cases", {{"subject", "x"}});
  enter_sandbox();
  change(sandbox_, "templates/" + seed("templates.received"),
         {{"subject", "Case {{case.number}}"}});
  const std::string mail = "/api/v1/templates/" + seed("templates.received") + "/preview/" + id;
  EXPECT_EQ(live_.get(mail + "?locale=fr").body.at("subject"), "We have your case 1");
  EXPECT_EQ(sandbox_.get(mail + "?locale=fr").body.at("subject"), "Case 1");
  const std::string offer = "/api/v1/templates/" + seed("templates.offer") + "/preview/" + deal;
  const Answer page = live_.send(http::Method::kGet, offer, {}, {{"Accept", "text/html"}});
  EXPECT_EQ(page.headers.get("Content-Type"), "text/html; charset=utf-8");
  EXPECT_THAT(std::string(page.headers.get("Content-Security-Policy")), HasSubstr("sandbox"));
  EXPECT_THAT(text(page.body), HasSubstr("&lt;North&gt; &amp; Co"));
  EXPECT_EQ(live_.send(http::Method::kGet, offer, {}, {{"Accept", "image/png"}}).status, 406);
  EXPECT_EQ(live_.get(offer + "?local=fr").body.at("field"), "local");
  EXPECT_EQ(live_.get("/api/v1/templates/none/preview/" + id).status, 404);
}

TEST_P(Actions, ViewsAndLayoutsShowTheirRecords) {
  const std::string gold = made(live_, "accounts", {{"name", "A"}, {"tier", "gold"}});
  made(live_, "accounts", {{"name", "B"}, {"tier", "silver"}});
  enter_sandbox();
  change(sandbox_, "saved_views/" + seed("saved_views.gold"),
         {{"filters", json::array{json::object{
                          {"field", "tier"}, {"operator", "equal"}, {"value", "silver"}}}}});
  const std::string path = "/api/v1/saved_views/" + seed("saved_views.gold") + "/records";
  const Answer here = live_.get(path);
  ASSERT_EQ(here.status, 200) << here.body;
  ASSERT_EQ(here.body.at("items").as_array().size(), 1U);
  EXPECT_EQ(here.body.at("items").at(0).at("name"), "A");
  EXPECT_EQ(sandbox_.get(path).body.at("items").at(0).at("name"), "B");
  EXPECT_EQ(live_.get(path + "?name=Z").body.at("items").as_array().size(), 0U);
  EXPECT_EQ(live_.get("/api/v1/saved_views/none/records").status, 404);

  const Answer layouts = live_.get("/api/v1/layouts?object=accounts");
  const std::string layout = text(layouts.body.at("items").at(0).at("id"));
  change(sandbox_, "layouts/" + layout,
         {{"sections",
           json::array{json::object{{"title", "Only"}, {"fields", json::array{"tier"}}}}}});
  const Answer shown = sandbox_.get("/api/v1/accounts/" + gold + "/layout");
  ASSERT_EQ(shown.status, 200) << shown.body;
  EXPECT_EQ(shown.body.at("sections").at(0).at("title"), "Only");
  EXPECT_EQ(shown.body.at("sections").at(0).at("fields").at(0).at("value"), "gold");
  EXPECT_NE(live_.get("/api/v1/accounts/" + gold + "/layout").body, shown.body);
}

TEST_P(Actions, LineIsPricedWithoutBeingWritten) {
  const std::string account = made(live_, "accounts", {{"name", "A"}});
  const std::string deal =
      made(live_, "opportunities", {{"name", "Seats"}, {"account_id", account}});
  enter_sandbox();
  change(sandbox_, "taxes/" + seed("taxes.standard"), {{"rate_per_million", 500'000}});
  const std::string path = "/api/v1/opportunities/" + deal + "/price";
  const json::object asked{{"product_id", seed("products.base")}, {"quantity", 12}};
  const Answer here = live_.post(path, asked);
  ASSERT_EQ(here.status, 200) << here.body;
  EXPECT_EQ(here.body.at("net_amount"), 118'800);
  EXPECT_EQ(here.body.at("tax_amount"), 22'572);
  EXPECT_EQ(here.body.at("currency"), "EUR");
  EXPECT_EQ(sandbox_.post(path, asked).body.at("tax_amount"), 59'400);
  EXPECT_TRUE(live_.get("/api/v1/opportunity_lines").body.at("items").as_array().empty());
  EXPECT_EQ(live_.post(path, {{"product_id", "none"}}).body.at("field"), "product_id");
}

TEST_P(Actions, OfAModuleThatIsOffThereAreNone) {
  const std::string id = made(live_, "cases", {{"subject", "x"}});
  enter_sandbox();
  change(sandbox_, "modules/" + seed("modules.support"), {{"is_enabled", false}});
  for (const char* what : {"/routing", "/service_level", "/layout"}) {
    EXPECT_EQ(sandbox_.get("/api/v1/cases/" + id + what).status, 404) << what;
    EXPECT_EQ(live_.get("/api/v1/cases/" + id + what).status, 200) << what;
  }
  EXPECT_EQ(sandbox_.post("/api/v1/cases/" + id + "/macros/" + seed("macros.ask")).status, 404);
}

INSTANTIATE_TEST_SUITE_P(Both, Actions, testing::kBothDialects, testing::name_of_dialect);

}  // namespace
}  // namespace doppel::api
