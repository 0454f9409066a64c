// Sessions, tokens and people over HTTP.
#include "access/token.hpp"
#include "tests/support/api_test.hpp"

namespace doppel::api {
namespace {

using http::Method;
using testing::Answer;
using testing::Browser;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::SiteStand;

class People : public testing::ApiTest {
 protected:
  static constexpr const char* kOther = "another horse, another lake";

  static Browser with_token(Site& site, const Answer& made) {
    Browser browser(site);
    browser.bearer = text(made.body.at("token"));
    return browser;
  }
};

TEST_P(People, ListAndEndTheirSessions) {
  Browser desk = signed_in("ada", "agent");
  Browser phone = again("ada");
  Browser other = signed_in("bob", "agent");
  const Answer listed = desk.get("/api/v1/sessions");
  ASSERT_EQ(listed.status, 200) << listed.text;
  const json::array& items = listed.body.at("items").as_array();
  ASSERT_EQ(items.size(), 2U);
  std::string handle;
  for (const json::value& item : items) {
    if (!item.at("current").as_bool()) handle = text(item.at("id"));
  }
  // Nothing that opens a session is shown, and nobody ends another's.
  EXPECT_THAT(listed.text, Not(HasSubstr(desk.cookie(kSessionCookie))));
  EXPECT_EQ(other.send(Method::kDelete, "/api/v1/sessions/" + handle).status, 404);
  EXPECT_EQ(desk.send(Method::kDelete, "/api/v1/sessions/" + handle).status, 204);
  EXPECT_EQ(phone.get("/api/v1/session").status, 401);
  EXPECT_EQ(desk.get("/api/v1/session").status, 200);

  Browser third = again("ada");
  EXPECT_EQ(desk.send(Method::kDelete, "/api/v1/sessions").body.at("ended"), 1);
  EXPECT_EQ(third.get("/api/v1/session").status, 401);
  EXPECT_EQ(other.get("/api/v1/session").status, 200);
}

TEST_P(People, ChangeTheirPassword) {
  Browser ada = signed_in("ada", "agent");
  Browser elsewhere = again("ada");
  const std::string path = "/api/v1/session/password";
  const Answer wrong = ada.post(path, {{"current", "a guess at it"}, {"password", kOther}});
  EXPECT_EQ(wrong.status, 422);
  EXPECT_EQ(wrong.body.at("errors").at(0).at("field"), "current");
  const Answer weak = ada.post(path, {{"current", SiteStand::kPassword}, {"password", "short"}});
  EXPECT_EQ(weak.body.at("errors").at(0).at("field"), "password");
  EXPECT_EQ(ada.post(path, {{"current", SiteStand::kPassword}, {"password", kOther}}).status, 204);
  EXPECT_EQ(ada.get("/api/v1/session").status, 200);
  EXPECT_EQ(elsewhere.get("/api/v1/session").status, 401);
  Browser again(site());
  EXPECT_EQ(again.sign_in("ada").status, 401);
  EXPECT_EQ(again.sign_in("ada", kOther).status, 201);
}

TEST_P(People, WhoGuessesHasToWait) {
  Browser ada = signed_in("ada", "agent");
  Browser guesser(site());
  Answer answer;
  for (int i = 0; i < 20; ++i) {
    answer = guesser.sign_in("ada", "a guess at it, number " + std::to_string(i));
    if (answer.status == 429) break;
    EXPECT_EQ(answer.status, 401);
  }
  ASSERT_EQ(answer.status, 429);
  EXPECT_GE(std::stoi(std::string(answer.headers.get("Retry-After"))), 1);
  EXPECT_EQ(guesser.sign_in("ada").status, 429) << "also with the right one";
  const Answer change = ada.post("/api/v1/session/password",
                                 {{"current", SiteStand::kPassword}, {"password", kOther}});
  EXPECT_EQ(change.status, 429);
  EXPECT_FALSE(change.headers.get("Retry-After").empty());
  stand_.desk().clock.advance_microseconds(10 * access::kMinute);
  EXPECT_EQ(guesser.sign_in("ada").status, 201);
}

TEST_P(People, MakeTokensForOneEnvironment) {
  Browser ada = signed_in("ada", "admin");
  const Answer made = ada.post("/api/v1/tokens", {{"name", "nightly"}, {"days", 7}});
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.body.at("environment"), "live");
  Browser program = with_token(site(), made);
  EXPECT_EQ(program.get("/api/v1/pipelines").status, 200);
  EXPECT_EQ(program.get("/api/v1/session").body.at("environment"), "live");
  // Shown once: neither in lists nor in the store.
  const Answer listed = ada.get("/api/v1/tokens");
  EXPECT_EQ(listed.body.at("items").at(0).at("name"), "nightly");
  EXPECT_THAT(listed.text, Not(HasSubstr(program.bearer)));

  enter_own(ada);
  const std::string sandbox = own_name(ada);
  const Answer elsewhere =
      program.send(Method::kGet, "/api/v1/pipelines", {}, {{kEnvironmentHeader, sandbox}});
  EXPECT_EQ(elsewhere.status, 401);
  EXPECT_THAT(detail(elsewhere), HasSubstr("'live'"));
  EXPECT_THAT(detail(elsewhere), HasSubstr("'" + sandbox + "'"));

  const Answer inner = ada.post("/api/v1/tokens", {{"name", "inner"}, {"environment", sandbox}});
  ASSERT_EQ(inner.status, 201) << inner.text;
  Browser inside = with_token(site(), inner);
  EXPECT_EQ(text(inside.get("/api/v1/session").body.at("environment")), sandbox);
  const std::string stage = seeded("pipeline_stages", "qualify");
  EXPECT_EQ(inside.send(Method::kPatch, stage, {{"name", "Inner"}}).status, 200);
  EXPECT_EQ(program.get(stage).body.at("name") == "Inner", false);
  EXPECT_EQ(inside.get("/api/v1/environments/" + sandbox).status, 200);
  // It reaches nothing beyond its sandbox, live's promotion among it.
  EXPECT_EQ(inside.post(std::string(testing::kOwnSandbox) + "/promote").status, 401);
  EXPECT_EQ(inside.get("/api/v1/promotions").status, 401);
  EXPECT_EQ(inside.post("/api/v1/environments", {{"name", "more"}}).status, 401);
  EXPECT_EQ(inside.post("/api/v1/tokens", {{"name", "child"}}).status, 403);

  EXPECT_EQ(ada.send(Method::kDelete, testing::kOwnSandbox).status, 204);
  EXPECT_EQ(inside.get("/api/v1/session").status, 401);
  EXPECT_EQ(ada.send(Method::kDelete, "/api/v1/tokens/" + text(made.body.at("id"))).status, 204);
  EXPECT_EQ(program.get("/api/v1/pipelines").status, 401);
  EXPECT_EQ(ada.send(Method::kDelete, "/api/v1/tokens/" + text(made.body.at("id"))).status, 404);
}

TEST_P(People, GiveTokensNoMoreThanTheyHave) {
  Browser ada = signed_in("ada", "admin");
  Browser eve = signed_in("eve", "agent");
  const auto ask = [](Browser& who, const char* right) {
    return who.post("/api/v1/tokens", {{"name", "t"}, {"rights", json::array{"enter", right}}});
  };
  const Answer refused = ask(eve, "edit_config");
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(detail(refused), HasSubstr("'edit_config'"));
  EXPECT_EQ(ask(eve, "fly").status, 422);
  EXPECT_EQ(eve.post("/api/v1/tokens", {{"name", "t"}, {"days", 400}}).status, 422);
  EXPECT_EQ(eve.post("/api/v1/tokens", {{"name", ""}}).status, 422);
  EXPECT_EQ(eve.post("/api/v1/tokens", {{"name", "t"}, {"environment", "qa"}}).status, 404);

  Browser reader = with_token(
      site(), ada.post("/api/v1/tokens", {{"name", "reader"}, {"rights", json::array{"enter"}}}));
  const std::string stage = seeded("pipeline_stages", "qualify");
  EXPECT_EQ(reader.get(stage).status, 200);
  const Answer write = reader.send(Method::kPatch, stage, {{"name", "x"}});
  EXPECT_EQ(write.status, 403);
  EXPECT_THAT(detail(write), HasSubstr("'edit_config'"));
  // What its user loses, it loses, too.
  Browser writer = with_token(site(), ask(ada, "edit_config"));
  EXPECT_EQ(writer.send(Method::kPatch, stage, {{"name", "x"}}).status, 200);
  run_on_live("DELETE FROM user_roles WHERE user_id = $1", {Value(id_of("ada"))});
  EXPECT_EQ(writer.send(Method::kPatch, stage, {{"name", "y"}}).status, 403);
  // One ends in its time.
  Browser brief = with_token(site(), eve.post("/api/v1/tokens", {{"name", "t"}, {"days", 1}}));
  EXPECT_EQ(brief.get("/api/v1/cases").status, 200);
  stand_.desk().clock.advance_microseconds(2 * access::kDay);
  EXPECT_EQ(brief.get("/api/v1/cases").status, 401);
}

TEST_P(People, AreInvitedAndShutOut) {
  Browser ada = signed_in("ada", "admin");
  const json::object who{{"login", "new"},
                         {"name", "New Person"},
                         {"email", "new@example.org"},
                         {"roles", json::array{"agent"}}};
  const Answer invited = ada.post("/api/v1/invitations", who);
  ASSERT_EQ(invited.status, 201) << invited.text;
  const std::string id = text(invited.body.at("account").at("id"));
  EXPECT_EQ(ada.get("/api/v1/users/" + id).body.at("state"), "invited");
  const std::string link = text(invited.body.at("link").at("path"));
  Browser fresh(site());
  EXPECT_EQ(fresh.post(link, {{"password", "new"}}).status, 422);
  EXPECT_EQ(fresh.post(link, {{"password", kOther}}).status, 200);
  EXPECT_EQ(fresh.post(link, {{"password", kOther}}).status, 404) << "it opens once";
  ASSERT_EQ(fresh.sign_in("new", kOther).status, 201);
  EXPECT_EQ(fresh.get("/api/v1/cases").status, 200);
  const Answer twice = ada.post("/api/v1/invitations", who);
  EXPECT_EQ(twice.status, 422);
  EXPECT_EQ(twice.body.at("errors").at(0).at("field"), "login");

  Browser program = with_token(site(), fresh.post("/api/v1/tokens", {{"name", "t"}}));
  EXPECT_EQ(program.get("/api/v1/cases").status, 200);
  EXPECT_EQ(ada.get("/api/v1/users/" + id + "/sessions").body.at("items").as_array().size(), 1U);
  EXPECT_EQ(ada.get("/api/v1/users/" + id + "/tokens").body.at("items").as_array().size(), 1U);
  const Answer disabled = ada.post("/api/v1/users/" + id + "/disable");
  ASSERT_EQ(disabled.status, 200) << disabled.text;
  EXPECT_EQ(disabled.body.at("sessions"), 1);
  EXPECT_EQ(disabled.body.at("tokens"), 1);
  EXPECT_EQ(fresh.get("/api/v1/cases").status, 401);
  EXPECT_EQ(program.get("/api/v1/cases").status, 401);
  EXPECT_EQ(fresh.sign_in("new", kOther).status, 401);
  EXPECT_EQ(ada.post("/api/v1/users/" + id + "/link").status, 409);

  // What ended doesn't come back with him.
  EXPECT_EQ(ada.post("/api/v1/users/" + id + "/enable").body.at("state"), "active");
  EXPECT_EQ(program.get("/api/v1/cases").status, 401);
  EXPECT_EQ(fresh.sign_in("new", kOther).status, 201);
  const Answer reset = ada.post("/api/v1/users/" + id + "/link");
  EXPECT_EQ(reset.body.at("link").at("purpose"), "reset");
  EXPECT_EQ(fresh.get("/api/v1/session").status, 200) << "until it is used";
  EXPECT_EQ(Browser(site())
                .post(text(reset.body.at("link").at("path")), {{"password", SiteStand::kPassword}})
                .status,
            200);
  EXPECT_EQ(fresh.get("/api/v1/session").status, 401);
}

TEST_P(People, GiveAndTakeOnlyWhatTheyHave) {
  Browser ada = signed_in("ada", "admin");
  Browser root = signed_in("root", "super_admin");
  const auto role_id = [&](const std::string& code) {
    return text(ada.get("/api/v1/roles?code=" + code).body.at("items").at(0).at("id"));
  };
  const auto give = [&](Browser& who, const std::string& user, const std::string& code) {
    return who.post("/api/v1/user_roles", {{"user_id", user}, {"role_id", role_id(code)}});
  };
  // An admin makes nobody super_admin, himself neither, and takes nothing from one.
  const Answer refused = give(ada, id_of("ada"), "super_admin");
  EXPECT_EQ(refused.status, 403) << refused.text;
  EXPECT_THAT(detail(refused), HasSubstr("'manage_roles'"));
  const Answer invited = ada.post("/api/v1/invitations", {{"login", "x"},
                                                          {"name", "X"},
                                                          {"email", "x@example.org"},
                                                          {"roles", json::array{"super_admin"}}});
  EXPECT_EQ(invited.status, 403);
  EXPECT_TRUE(ada.get("/api/v1/users?login=x").body.at("items").as_array().empty());
  const std::string of_root = "/api/v1/users/" + id_of("root");
  EXPECT_EQ(ada.post(of_root + "/disable").status, 403);
  EXPECT_EQ(ada.post(of_root + "/link").status, 403);
  EXPECT_EQ(ada.send(Method::kDelete, of_root + "/sessions").status, 403);
  EXPECT_EQ(ada.send(Method::kPatch, of_root, {{"login", "ada2"}}).status, 403);
  EXPECT_EQ(ada.send(Method::kDelete, of_root).status, 403);
  const std::string of_role = "/api/v1/roles/" + role_id("admin");
  EXPECT_EQ(ada.send(Method::kPatch, of_role, {{"rights", json::array{"enter"}}}).status, 403);
  EXPECT_EQ(
      ada.send(Method::kPatch, "/api/v1/users/" + id_of("ada"), {{"state", "invited"}}).status,
      422);
  // Nor in a sandbox, from where it would be promoted.
  enter_own(ada);
  EXPECT_EQ(ada.send(Method::kPatch, of_role, {{"rights", json::array{"manage_roles"}}}).status,
            403);

  EXPECT_EQ(give(root, id_of("ada"), "super_admin").status, 201);
  EXPECT_EQ(ada.post(of_root + "/disable").status, 200);
  EXPECT_EQ(ada.post("/api/v1/users/" + id_of("ada") + "/disable").status, 409);
  const std::string own_role =
      text(ada.get("/api/v1/user_roles?user_id=" + id_of("ada")).body.at("items").at(0).at("id"));
  ada.post(std::string(testing::kOwnSandbox) + "/toggle", {{"enable", false}});
  EXPECT_EQ(ada.send(Method::kDelete, "/api/v1/user_roles/" + own_role).status, 409);
}

TEST_P(People, PromoteRolesOnlyWithTheRightToSayThem) {
  Browser root = signed_in("root", "super_admin");
  Browser ada = signed_in("ada", "admin");
  enter_own(root);
  const std::string sandbox = own_name(root);
  const std::string role =
      "/api/v1/roles/" + text(root.get("/api/v1/roles?code=agent").body.at("items").at(0).at("id"));
  ASSERT_EQ(
      root.send(Method::kPatch, role, {{"rights", json::array{"enter", "edit_data", "promote"}}})
          .status,
      200);
  const std::string path = "/api/v1/environments/" + sandbox;
  ASSERT_EQ(root.post(path + "/members", {{"user", "ada"}, {"role", "editing"}}).status, 201);
  const Answer plan = ada.post(path + "/plan", json::object{});
  ASSERT_EQ(plan.status, 200) << plan.text;
  const json::object promote{{"plan", plan.body.at("hash")}};
  const Answer refused = ada.post(path + "/promote", promote);
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(detail(refused), HasSubstr("'manage_roles'"));
  EXPECT_EQ(root.post(path + "/promote", promote).status, 200);
  // Taking it back is saying what they may, too.
  EXPECT_EQ(ada.post(std::string(testing::kOwnSandbox) + "/rollback").status, 403);
  EXPECT_EQ(root.post(std::string(testing::kOwnSandbox) + "/rollback").status, 200);
}

INSTANTIATE_TEST_SUITE_P(Both, People, testing::both_dialects(), testing::dialect_name);

}  // namespace
}  // namespace doppel::api
