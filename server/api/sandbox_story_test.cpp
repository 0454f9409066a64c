// What people are told of the configuration sandbox, sentence by sentence. Elsewhere: other
// browsers and leaving (secrecy_test), sharing (member_test), roles (matrix_test), asking for
// conflicts (api_test), sandboxes that ended (bad_input_test).
#include <set>

#include "access/roles.hpp"
#include "tests/support/api_test.hpp"

namespace doppel::api {
namespace {

using http::Method;
using testing::Answer;
using testing::Browser;
using ::testing::HasSubstr;
using ::testing::Not;

class SandboxStory : public testing::ApiTest {
 protected:
  SandboxStory() : ada_(signed_in("ada", "admin")), bob_(signed_in("bob", "admin")) {}

  static std::string stage() { return seeded("pipeline_stages", "qualify"); }
  static std::string name_of(Browser& browser) {
    return text(browser.get(stage()).body.at("name"));
  }
  static Answer rename(Browser& browser, const std::string& name) {
    return browser.send(Method::kPatch, stage(), {{"name", name}});
  }
  static std::string own(const char* what) { return std::string(testing::kOwnSandbox) + what; }
  Answer promote() { return ada_.post(own("/promote")); }

  Browser ada_, bob_;
};

// "Every configuration table is cloned", and nothing else; the counts are those of live.
TEST_P(SandboxStory, EveryConfigurationTableIsClonedAndCounted) {
  const Answer created = ada_.post(testing::kOwnSandbox);
  ASSERT_EQ(created.status, 201);
  std::set<std::string> counted;
  for (const auto& table : created.body.at("tables").as_object()) {
    counted.emplace(table.key());
    const Answer listed = bob_.get("/api/v1/" + std::string(table.key()) + "?limit=500");
    EXPECT_EQ(table.value().as_int64(),
              static_cast<std::int64_t>(listed.body.at("items").as_array().size()))
        << table.key();
  }
  std::set<std::string> config;
  for (const auto& [name, collection] : site().collections()) {
    if (collection.role == manifest::Role::kConfig) config.insert(name);
  }
  EXPECT_EQ(counted, config);
  for (const char* name : {"pipelines", "pipeline_stages", "products", "sla_policies", "queues",
                           "custom_fields", "layouts"}) {
    EXPECT_TRUE(config.contains(name)) << name;
  }
}

// "Data operations always apply to the shared live data regardless of mode."
TEST_P(SandboxStory, DataIsLivesInEitherMode) {
  enter_own(ada_);
  const std::vector<std::pair<std::string, json::object>> bodies{
      {"accounts", {{"name", "Shared"}}},
      {"contacts", {{"family_name", "Shared"}}},
      {"cases", {{"subject", "Shared"}}},
      {"activities",
       {{"kind", "call"}, {"subject", "Shared"}, {"begins_at", "2026-11-22T09:15:00Z"}}},
      {"tasks", {{"subject", "Shared"}}},
      {"notes", {{"body", "Shared"}}},
      {"emails",
       {{"direction", "out"},
        {"sender", "a@example.org"},
        {"recipient", "b@example.org"},
        {"subject", "Shared"},
        {"body", "Shared"},
        {"sent_at", "2026-11-22T09:15:00Z"}}}};
  for (const auto& [collection, body] : bodies) {
    const Answer made = ada_.post("/api/v1/" + collection, body);
    ASSERT_EQ(made.status, 201) << collection << made.text;
    const std::string path = "/api/v1/" + collection + "/" + text(made.body.at("id"));
    EXPECT_EQ(bob_.get(path).body, made.body) << collection;
    EXPECT_EQ(bob_.send(Method::kDelete, path).status, 204) << collection;
    EXPECT_EQ(ada_.get(path).status, 404) << collection;
  }
  const Answer account = ada_.post("/api/v1/accounts", {{"name", "Buyer"}});
  const Answer sale =
      ada_.post("/api/v1/opportunities", {{"name", "Sale"}, {"account_id", account.body.at("id")}});
  ASSERT_EQ(sale.status, 201) << sale.text;
  EXPECT_EQ(bob_.get("/api/v1/opportunities/" + text(sale.body.at("id"))).status, 200);
  // What refers to config that only the sandbox has is refused, and says why.
  const json::object live_stage = bob_.get(stage()).body.as_object();
  const Answer added = ada_.post(
      "/api/v1/pipeline_stages",
      {{"pipeline_id", live_stage.at("pipeline_id")}, {"name", "Only here"}, {"position", 99}});
  ASSERT_EQ(added.status, 201) << added.text;
  const Answer refused =
      ada_.send(Method::kPatch, "/api/v1/opportunities/" + text(sale.body.at("id")),
                {{"stage_id", added.body.at("id")}});
  EXPECT_EQ(refused.status, 409) << refused.text;
  EXPECT_EQ(refused.body.at("code"), "sandbox_only");
  EXPECT_THAT(detail(refused), HasSubstr("exists only in sandbox"));
}

// "Other admins, managers, and reps see live config at all times."
TEST_P(SandboxStory, EverybodyElseSeesLiveUntilItIsPromotedAndThenAtOnce) {
  const std::string before = name_of(bob_);
  std::vector<Browser> others;
  for (const char* role : {"super_admin", "admin", "manager", "rep", "agent", "developer"}) {
    others.push_back(signed_in(std::string("of_") + role, role));
  }
  enter_own(ada_);
  ASSERT_EQ(rename(ada_, "Vetted").status, 200);
  for (Browser& other : others) EXPECT_EQ(name_of(other), before);
  const Answer diff = ada_.get(own("/diff"));
  ASSERT_EQ(diff.status, 200);
  for (const auto& table : diff.body.at("tables").as_object()) {
    for (const char* count : {"added", "removed", "changed"}) {
      EXPECT_EQ(table.value().at(count),
                table.key() == "pipeline_stages" && count == std::string("changed") ? 1 : 0)
          << table.key() << count;
    }
  }
  const Answer promoted = promote();
  ASSERT_EQ(promoted.status, 200) << promoted.text;
  EXPECT_FALSE(text(promoted.body.at("snapshot")).empty()) << "a snapshot was taken before";
  for (Browser& other : others) EXPECT_EQ(name_of(other), "Vetted");
  const Answer status = ada_.get(testing::kOwnSandbox);
  EXPECT_TRUE(status.body.at("sandbox").is_null()) << "the sandbox is cleared";
  EXPECT_FALSE(status.body.at("previous").is_null());
  EXPECT_EQ(status.body.at("active"), false);
}

// "Rollback is only available when a previous configuration exists"; and every promotion can be
// taken back, not the last one alone.
TEST_P(SandboxStory, RollbackRestoresPreviousAndAnyPromotionCanBeTakenBack) {
  const std::string before = name_of(bob_);
  EXPECT_EQ(ada_.post(own("/rollback")).body.at("code"), "no_previous");
  enter_own(ada_);
  ASSERT_EQ(rename(ada_, "First").status, 200);
  ASSERT_EQ(promote().status, 200);
  enter_own(ada_);
  ASSERT_EQ(ada_.send(Method::kPatch,
                      "/api/v1/settings/" + testing::DeskStand::id("settings.organisation"),
                      {{"value", "Second"}})
                .status,
            200);
  ASSERT_EQ(promote().status, 200);
  const Answer plan = ada_.post("/api/v1/promotions/1/plan");
  ASSERT_EQ(plan.status, 200) << plan.text;
  ASSERT_EQ(ada_.post("/api/v1/promotions/1/rollback", {{"plan", plan.body.at("hash")}}).status,
            200);
  EXPECT_EQ(name_of(bob_), before);
  ASSERT_EQ(ada_.post(own("/rollback")).status, 200);
  EXPECT_THAT(bob_.get("/api/v1/settings").text, Not(HasSubstr("Second")));
}

// Later edits of live are asked about, never overwritten.
TEST_P(SandboxStory, RollbackAsksAboutLaterEdits) {
  enter_own(ada_);
  ASSERT_EQ(rename(ada_, "Promoted").status, 200);
  ASSERT_EQ(promote().status, 200);
  ASSERT_EQ(rename(bob_, "Edited since").status, 200);
  EXPECT_EQ(ada_.post(own("/rollback")).status, 409);
  EXPECT_EQ(name_of(bob_), "Edited since");
  EXPECT_EQ(ada_.post(own("/rollback"), {{"later_edits", "maybe"}}).status, 422);
  EXPECT_EQ(ada_.post(own("/rollback"), {{"later_edits", "keep"}}).status, 200);
  EXPECT_EQ(name_of(bob_), "Edited since");
}

// Live's changes after the sandbox was made are not in it until a refresh, which keeps its work.
TEST_P(SandboxStory, LiveMovesOnAndNothingOfEitherIsLost) {
  const std::string setting = "/api/v1/settings/" + testing::DeskStand::id("settings.organisation");
  enter_own(ada_);
  ASSERT_EQ(rename(ada_, "Vetted").status, 200);
  ASSERT_EQ(bob_.send(Method::kPatch, setting, {{"value", "Moved on"}}).status, 200);
  EXPECT_NE(ada_.get(setting).body.at("value"), "Moved on");
  EXPECT_EQ(ada_.get(testing::kOwnSandbox).body.at("sandbox").at("live_moved"), 1);
  EXPECT_EQ(ada_.get(testing::kOwnSandbox).body.at("sandbox").at("collisions"), 0);
  const std::string path = "/api/v1/environments/" + own_name(ada_);
  ASSERT_EQ(ada_.post(path + "/refresh").status, 200);
  EXPECT_EQ(ada_.get(setting).body.at("value"), "Moved on");
  EXPECT_EQ(name_of(ada_), "Vetted");
  // Without a refresh a promotion keeps them, too.
  ASSERT_EQ(bob_.send(Method::kPatch, setting, {{"value", "Moved again"}}).status, 200);
  ASSERT_EQ(promote().status, 200);
  EXPECT_EQ(bob_.get(setting).body.at("value"), "Moved again");
  EXPECT_EQ(name_of(bob_), "Vetted");
}

TEST_P(SandboxStory, ADiscardedOneIsGoneAndCanBeRestored) {
  const std::string before = name_of(bob_);
  enter_own(ada_);
  ASSERT_EQ(rename(ada_, "Vetted").status, 200);
  ASSERT_EQ(ada_.send(Method::kDelete, testing::kOwnSandbox).status, 204);
  EXPECT_EQ(ada_.send(Method::kDelete, testing::kOwnSandbox).status, 404);
  EXPECT_EQ(ada_.get(own("/diff")).status, 404);
  EXPECT_EQ(name_of(ada_), before);
  EXPECT_EQ(name_of(bob_), before);
  const Answer ended = ada_.get("/api/v1/bundles");
  ASSERT_EQ(ended.body.at("items").as_array().size(), 1U) << ended.text;
  const std::string id = text(ended.body.at("items").at(0).at("id"));
  // It was hers, and is shown to nobody else.
  EXPECT_TRUE(bob_.get("/api/v1/bundles").body.at("items").as_array().empty());
  EXPECT_EQ(bob_.post("/api/v1/bundles/" + id + "/restore").status, 404);
  const Answer restored = ada_.post("/api/v1/bundles/" + id + "/restore");
  ASSERT_EQ(restored.status, 201) << restored.text;
  EXPECT_EQ(restored.body.at("kept"), 1);
  ASSERT_EQ(ada_.post(own("/toggle"), {{"enable", true}}).status, 200);
  EXPECT_EQ(name_of(ada_), "Vetted");
  EXPECT_EQ(name_of(bob_), before);
}

// "Each admin has a sandbox of his own", and sees that there are others, not what is in them.
TEST_P(SandboxStory, EachAdminHasHisOwn) {
  enter_own(ada_);
  enter_own(bob_);
  ASSERT_EQ(rename(ada_, "Of ada").status, 200);
  ASSERT_EQ(rename(bob_, "Of bob").status, 200);
  EXPECT_EQ(name_of(ada_), "Of ada");
  EXPECT_EQ(name_of(bob_), "Of bob");
  const Answer status = bob_.get(testing::kOwnSandbox);
  EXPECT_EQ(status.body.at("others").at(0).at("created_by"), "ada");
  EXPECT_THAT(status.text, Not(HasSubstr("Of ada")));
  ASSERT_EQ(promote().status, 200);
  EXPECT_EQ(bob_.get(testing::kOwnSandbox).body.at("sandbox").at("collisions"), 1);
  EXPECT_EQ(bob_.post(own("/promote")).status, 409) << "asked, not overwritten";
}

// "All sandbox endpoints require the admin or super_admin role."
TEST_P(SandboxStory, IsForAdministratorsAndSaysSo) {
  const std::vector<std::pair<Method, const char*>> seven{
      {Method::kGet, ""},      {Method::kPost, ""},         {Method::kPost, "/toggle"},
      {Method::kGet, "/diff"}, {Method::kPost, "/promote"}, {Method::kPost, "/rollback"},
      {Method::kDelete, ""}};
  for (const access::PresetRole& role : access::preset_roles()) {
    const bool allowed = role.name == "admin" || role.name == "super_admin";
    Browser browser = signed_in("of_" + std::string(role.name), std::string(role.name));
    for (const auto& [method, what] : seven) {
      const Answer answer = browser.send(method, own(what));
      EXPECT_EQ(answer.status == 403, !allowed) << role.name << what << answer.text;
      if (allowed) continue;
      EXPECT_THAT(text(answer.body.at("remedy")), HasSubstr("admin")) << answer.text;
      EXPECT_THAT(text(answer.body.at("remedy")), HasSubstr("super_admin"));
    }
  }
  Browser nobody(site());
  for (const auto& [method, what] : seven) EXPECT_EQ(nobody.send(method, own(what)).status, 401);
}

INSTANTIATE_TEST_SUITE_P(Both, SandboxStory, testing::both_dialects(), testing::dialect_name);

}  // namespace
}  // namespace doppel::api
