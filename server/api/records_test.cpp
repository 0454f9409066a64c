// The desk's data over HTTP: every collection, files, and what teams and users do.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/api_ground.hpp"

namespace doppel::api {
namespace {

using testing::Answer;
using testing::ApiGround;
using testing::Browser;
using ::testing::HasSubstr;

class Records : public ApiGround {
 protected:
  /// Makes, reads, changes, lists and removes a record.
  void go_round(const std::string& collection, const json::object& body,
                const json::object& changed) {
    const std::string path = "/api/v1/" + collection;
    const Answer made = sandbox_.post(path, body);
    ASSERT_EQ(made.status, 201) << collection << ": " << made.body;
    const std::string one = path + "/" + text(made.body.at("id"));
    EXPECT_EQ(made.headers.get("Location"), one);
    EXPECT_EQ(live_.get(one).body, made.body) << collection;  // Data is live's.
    const Answer after = live_.send(http::Method::kPatch, one, changed,
                                    {{"If-Match", std::string(made.headers.get("ETag"))}});
    ASSERT_EQ(after.status, 200) << collection << ": " << after.body;
    for (const auto& member : changed) EXPECT_EQ(after.body.at(member.key()), member.value());
    EXPECT_EQ(live_
                  .send(http::Method::kPatch, one, changed,
                        {{"If-Match", std::string(made.headers.get("ETag"))}})
                  .status,
              412)
        << collection;
    const json::value listed = live_.get(path + "?id=" + text(made.body.at("id"))).body;
    EXPECT_EQ(listed.at("items").at(0).at("version"), after.body.at("version")) << collection;
    EXPECT_EQ(live_.send(http::Method::kDelete, one).status, 204) << collection;
    EXPECT_EQ(sandbox_.get(one).status, 404) << collection;
  }

  std::string message() {
    const std::string id = made(live_, "cases", {{"subject", "x"}});
    return made(live_, "case_messages", {{"case_id", id}, {"kind", "customer"}, {"body", "See"}});
  }
};

TEST_P(Records, EveryCollectionOfDataIsThere) {
  const std::string account = made(live_, "accounts", {{"name", "A"}});
  const std::string contact = made(live_, "contacts", {{"family_name", "B"}});
  const std::string deal = made(live_, "opportunities", {{"name", "C"}, {"account_id", account}});
  const std::string id = made(live_, "cases", {{"subject", "D"}, {"account_id", account}});
  enter_sandbox();
  go_round("accounts",
           {{"name", "A"},
            {"tier", "gold"},
            {"contract_policy_id", seed("sla_policies.gold")},
            {"contract_until_on", "2027-12-31"},
            {"renewal_on", "2027-06-30"}},
           {{"tier", "silver"}});
  go_round("contacts", {{"family_name", "Lind"}, {"account_id", account}}, {{"phone", "1"}});
  go_round("opportunities", {{"name", "Seats"}, {"account_id", account}}, {{"name", "More"}});
  go_round("opportunity_lines", {{"opportunity_id", deal}, {"product_id", seed("products.base")}},
           {{"quantity", 2}});
  go_round("cases", {{"subject", "Broken"}, {"contact_id", contact}}, {{"priority", "high"}});
  go_round("case_messages", {{"case_id", id}, {"kind", "reply"}, {"body", "Hello"}},
           {{"body", "Good day"}});
  go_round("activities",
           {{"kind", "call"},
            {"subject", "About it"},
            {"account_id", account},
            {"begins_at", "2026-11-22T09:15:00.000000Z"}},
           {{"minutes", 45}});
  go_round("tasks", {{"subject", "Call"}, {"case_id", id}, {"due_on", "2026-11-30"}},
           {{"is_done", true}});
  go_round("notes", {{"account_id", account}, {"body", "Likes tea"}}, {{"body", "Likes coffee"}});
  go_round("emails",
           {{"direction", "out"},
            {"contact_id", contact},
            {"sender", "a@desk.example"},
            {"recipient", "b@desk.example"},
            {"subject", "Hello"},
            {"body", "Hello"},
            {"sent_at", "2026-11-22T09:15:00.000000Z"}},
           {{"subject", "Good day"}});
}

TEST_P(Records, FilesComeBackAsTheyWent) {
  const std::string of = "/api/v1/case_messages/" + message() + "/attachments";
  const std::string bytes("\x00\xff<script>\r\n", 12);
  const Answer sent = live_.upload(of + "?file_name=%C3%9Cber%20%22x%22.html", bytes, "text/html");
  ASSERT_EQ(sent.status, 201) << sent.body;
  EXPECT_EQ(sent.body.at("size"), 12);
  EXPECT_FALSE(sent.body.as_object().contains("content"));
  const std::string path = "/api/v1/attachments/" + text(sent.body.at("id")) + "/content";
  const Answer back = live_.get(path);
  ASSERT_EQ(back.status, 200);
  EXPECT_EQ(text(back.body), bytes);
  EXPECT_EQ(back.headers.get("Content-Type"), "text/html");
  EXPECT_EQ(back.headers.get("Content-Disposition"),
            "attachment; filename=\"__ber _x_.html\"; "
            "filename*=UTF-8''%C3%9Cber%20%22x%22.html");
  EXPECT_EQ(back.headers.get("X-Content-Type-Options"), "nosniff");
  EXPECT_THAT(std::string(back.headers.get("Content-Security-Policy")), HasSubstr("sandbox"));
  const Answer known = live_.send(http::Method::kGet, path, {},
                                  {{"If-None-Match", std::string(back.headers.get("ETag"))}});
  EXPECT_EQ(known.status, 304);
  // It is data: somebody in a sandbox has it, too.
  enter_sandbox();
  EXPECT_EQ(text(sandbox_.get(path).body), bytes);
  EXPECT_EQ(live_.get("/api/v1/attachments/none/content").status, 404);
}

TEST_P(Records, FilesThatCannotBeAreRefused) {
  const std::string of = "/api/v1/case_messages/" + message() + "/attachments";
  EXPECT_EQ(live_.upload(of, "x", "text/plain").body.at("field"), "file_name");
  for (const char* name : {"..", "a%2Fb", "a%5Cb", "a%0Ab"}) {
    const Answer refused = live_.upload(of + "?file_name=" + name, "x", "text/plain");
    EXPECT_EQ(refused.status / 100, 4) << name;
  }
  EXPECT_EQ(live_.upload(of + "?file_name=a", "x", "text").body.at("field"), "media_type");
  EXPECT_EQ(live_.upload(of + "?file_name=a", "x", "").status, 415);
  EXPECT_EQ(live_.upload(of + "?file_name=a", std::string(20'000'001, 'x'), "a/b").body.at("field"),
            "content");
  EXPECT_EQ(live_.upload("/api/v1/case_messages/none/attachments?file_name=a", "x", "a/b").status,
            404);
  EXPECT_EQ(live_.upload(of + "?file_name=a", "x", "a/b", {{"Prefer", "dry-run"}}).status, 201);
  EXPECT_TRUE(live_.get("/api/v1/attachments").body.at("items").as_array().empty());
  for (const http::Route& route : stand_.site().router().routes()) {
    if (route.operation != "upload_attachment") continue;
    EXPECT_EQ(route.body_bytes, 20'000'000U);
  }
}

TEST_P(Records, WhoMayNotReadInClearDoesntHere) {
  stand_.add_account("eve", "viewer");
  Browser eve(stand_.site());
  ASSERT_EQ(eve.sign_in("eve").status, 201);
  const std::string account = made(live_, "accounts", {{"name", "Secret & Sons"}});
  const std::string id = made(live_, "cases", {{"subject", "Our Secret"}, {"account_id", account}});
  const std::string deal =
      made(live_, "opportunities", {{"name", "A Secret"}, {"account_id", account}});
  const std::string file = message();
  const Answer sent = live_.upload(
      "/api/v1/case_messages/" + file + "/attachments?file_name=Secret", "Secret", "text/plain");
  const std::string content = "/api/v1/attachments/" + text(sent.body.at("id")) + "/content";
  const auto preview = [](const std::string& name, const std::string& record) {
    return "/api/v1/templates/" + seed("templates." + name) + "/preview/" + record;
  };
  for (const std::string& path :
       {preview("received", id), preview("offer", deal), std::string("/api/v1/exports/accounts"),
        "/api/v1/accounts/" + account + "/layout", "/api/v1/cases/" + id + "/layout",
        "/api/v1/cases/" + id + "/routing", std::string("/api/v1/exports/attachments"), content}) {
    const Answer hidden = eve.get(path);
    EXPECT_EQ(hidden.status, path == content ? 403 : 200) << path;
    EXPECT_THAT(hidden.text, ::testing::Not(HasSubstr("Secret"))) << path;
  }
  EXPECT_THAT(live_.get(preview("offer", deal)).text, HasSubstr("Secret"));
  EXPECT_EQ(live_.get(content).text, "Secret");
}

TEST_P(Records, TeamsTakeCasesOfTheirQueues) {
  const std::string tom = testing::add_member(stand_.desk(), "tom", "support", "technical");
  change(live_, "users/" + tom, {{"team_id", seed("teams.support")}});
  const std::string id =
      made(live_, "cases", {{"subject", "x"}, {"category_id", seed("case_categories.fault")}});
  const std::string path = "/api/v1/cases/" + id + "/routing";
  enter_sandbox();
  const std::string of_team = made(sandbox_, "queue_teams",
                                   {{"queue_id", seed("queues.technical")},
                                    {"team_id", seed("teams.support")},
                                    {"capacity", 2}});
  // In live the technical queue has nobody, and its fallback has Tom.
  const json::value here = live_.get(path).body.at("today");
  EXPECT_EQ(text(here.at("assignee_queue_id")), seed("queues.support"));
  const json::value there = sandbox_.get(path).body.at("today");
  EXPECT_EQ(text(there.at("assignee_id")), tom);
  EXPECT_EQ(text(there.at("assignee_queue_id")), seed("queues.technical"));
  // With as many open cases as the team's people take, he isn't free for that queue.
  change(sandbox_, "queue_teams/" + of_team, {{"capacity", 1}});
  EXPECT_EQ(text(sandbox_.get(path).body.at("today").at("assignee_queue_id")),
            seed("queues.support"));
  // A user who isn't active gets nothing, in either.
  testing::attach_any(stand_.desk().dsn())
      ->open(database::Access::kReadWrite)
      ->sql()
      ->execute("UPDATE users SET state = 'disabled' WHERE id = $1", {Value(tom)});
  EXPECT_TRUE(live_.get(path).body.at("today").at("assignee_id").is_null());
  EXPECT_TRUE(sandbox_.get(path).body.at("today").at("assignee_id").is_null());
}

INSTANTIATE_TEST_SUITE_P(Both, Records, testing::kBothDialects, testing::name_of_dialect);

}  // namespace
}  // namespace doppel::api
