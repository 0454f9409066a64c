// Sharing a sandbox, and what nobody gets by being let into one.
#include "access/roles.hpp"
#include "tests/support/api_test.hpp"

namespace doppel::api {
namespace {

using access::EnvironmentKind;
using access::Right;
using http::Method;
using testing::Answer;
using testing::Browser;
using ::testing::HasSubstr;
using ::testing::Not;

class Members : public testing::ApiTest {
 protected:
  Members() : ada_(signed_in("ada", "admin")) {
    enter_own(ada_);
    sandbox_ = own_name(ada_);
    path_ = "/api/v1/environments/" + sandbox_;
  }

  Answer share(const std::string& user, const char* role) {
    return ada_.post(path_ + "/members", {{"user", user}, {"role", role}});
  }
  static std::string stage() { return seeded("pipeline_stages", "qualify"); }
  static std::string place_of(Browser& browser) {
    return text(browser.get("/api/v1/session").body.at("environment"));
  }

  Browser ada_;
  std::string sandbox_, path_;
};

TEST_P(Members, AreNoneUntilTheOwnerSaysSo) {
  Browser bob = signed_in("bob", "admin");
  Browser dev = signed_in("dev", "developer");
  Browser vic = signed_in("vic", "viewer");
  // Who looks after sandboxes is told that it is there; who doesn't, isn't.
  EXPECT_EQ(bob.get(path_).status, 403);
  EXPECT_EQ(vic.get(path_).status, 404);
  EXPECT_THAT(bob.get("/api/v1/environments").text, HasSubstr(sandbox_));
  EXPECT_THAT(vic.get("/api/v1/environments").text, Not(HasSubstr(sandbox_)));
  for (const char* what : {"/diff", "/members"}) {
    EXPECT_EQ(bob.get(path_ + what).status, 403) << what;
  }
  for (const char* what : {"/enter", "/plan", "/refresh", "/reset", "/promote", "/checkpoints",
                           "/conflicts/all", "/members"}) {
    EXPECT_EQ(bob.post(path_ + what, json::object{}).status, 403) << what;
  }
  EXPECT_EQ(bob.send(Method::kDelete, path_).status, 403);
  EXPECT_EQ(bob.send(Method::kPut, path_ + "/owner", {{"user", "bob"}}).status, 403);
  EXPECT_EQ(bob.post("/api/v1/tokens", {{"name", "t"}, {"environment", sandbox_}}).status, 403);
}

TEST_P(Members, ReadOrEditAndAreSentAway) {
  Browser bob = signed_in("bob", "admin");
  Browser dev = signed_in("dev", "developer");
  ASSERT_EQ(ada_.send(Method::kPatch, stage(), {{"name", "Vetted"}}).status, 200);
  EXPECT_EQ(share("bob", "ruling").status, 422);
  EXPECT_EQ(share("nobody", "reading").status, 422);
  EXPECT_EQ(share("ada", "reading").status, 422);
  EXPECT_EQ(share("bob", "owner").status, 422);
  ASSERT_EQ(share("bob", "reading").status, 201);
  EXPECT_EQ(dev.get(path_).status, 403);

  ASSERT_EQ(bob.post(path_ + "/enter").status, 200);
  EXPECT_EQ(place_of(bob), sandbox_);
  EXPECT_EQ(bob.get(stage()).body.at("name"), "Vetted");
  EXPECT_EQ(bob.get(path_ + "/diff").body.at("total").at("changed"), 1);
  const Answer refused = bob.send(Method::kPatch, stage(), {{"name", "Mine"}});
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(detail(refused), HasSubstr("for reading"));
  for (const char* what : {"/refresh", "/promote", "/members"}) {
    EXPECT_EQ(bob.post(path_ + what, json::object{}).status, 403) << what;
  }

  ASSERT_EQ(share(id_of("bob"), "editing").status, 201);
  EXPECT_EQ(bob.send(Method::kPatch, stage(), {{"name", "Ours"}}).status, 200);
  EXPECT_EQ(ada_.get(stage()).body.at("name"), "Ours");
  EXPECT_EQ(bob.send(Method::kDelete, path_).status, 403);
  const Answer members = ada_.get(path_ + "/members");
  ASSERT_EQ(members.body.at("items").as_array().size(), 2U);
  EXPECT_EQ(members.body.at("items").at(0).at("role"), "owner");
  EXPECT_EQ(members.body.at("items").at(1).at("user").at("login"), "bob");
  EXPECT_EQ(dev.send(Method::kDelete, path_ + "/members/" + id_of("bob")).status, 403);

  // Sent away he is in live with his next request, and his next write there is refused once.
  ASSERT_EQ(ada_.send(Method::kDelete, path_ + "/members/" + id_of("bob")).status, 204);
  EXPECT_EQ(place_of(bob), "live");
  EXPECT_NE(bob.get(stage()).body.at("name"), "Ours");
  EXPECT_EQ(bob.send(Method::kPatch, stage(), {{"name", "Late"}}).status, 409);
  EXPECT_FALSE(bob.has_cookie(kSandboxCookie));
  EXPECT_NE(bob.get(stage()).body.at("name"), "Late");
  EXPECT_EQ(bob.get(path_).status, 403);
}

TEST_P(Members, LeaveButTheOwner) {
  Browser bob = signed_in("bob", "admin");
  ASSERT_EQ(share("bob", "editing").status, 201);
  EXPECT_EQ(bob.send(Method::kDelete, path_ + "/members/" + id_of("ada")).status, 403);
  EXPECT_EQ(bob.send(Method::kDelete, path_ + "/members/" + id_of("bob")).status, 204);
  EXPECT_EQ(bob.get(path_).status, 403);
  EXPECT_EQ(ada_.send(Method::kDelete, path_ + "/members/" + id_of("ada")).status, 409);
}

TEST_P(Members, TakeOverWhenTheOwnerIsGone) {
  Browser bob = signed_in("bob", "admin");
  Browser dev = signed_in("dev", "developer");
  const json::object to_bob{{"user", "bob"}};
  EXPECT_EQ(bob.send(Method::kPut, path_ + "/owner", to_bob).status, 403);
  ASSERT_EQ(share("dev", "editing").status, 201);
  ASSERT_EQ(dev.post(path_ + "/enter").status, 200);
  ASSERT_EQ(bob.post("/api/v1/users/" + id_of("ada") + "/disable").status, 200);
  EXPECT_EQ(ada_.get(stage()).status, 401);
  // Being an administrator opens it no more than before; whom she let in stays in.
  EXPECT_EQ(bob.get(path_).status, 403);
  EXPECT_EQ(place_of(dev), sandbox_);
  EXPECT_EQ(dev.send(Method::kPut, path_ + "/owner", {{"user", "dev"}}).status, 403);
  ASSERT_EQ(bob.send(Method::kPut, path_ + "/owner", to_bob).status, 200);
  EXPECT_EQ(bob.get(path_).status, 200);
  EXPECT_EQ(bob.post("/api/v1/users/" + id_of("ada") + "/enable").status, 200);
  Browser back = again("ada");
  EXPECT_EQ(back.get(path_).status, 403);
  EXPECT_TRUE(back.get(testing::kOwnSandbox).body.at("sandbox").is_null());
  EXPECT_EQ(bob.send(Method::kDelete, path_).status, 204);
}

TEST_P(Members, OfOneNameAreNotOnePerson) {
  Browser bob = signed_in("bob", "admin");
  // Her login changes hands; what is hers doesn't.
  run_on_live("UPDATE users SET login = 'ada-before' WHERE login = 'ada'");
  run_on_live("UPDATE users SET login = 'ada' WHERE login = 'bob'");
  EXPECT_EQ(bob.get(path_).status, 403);
  EXPECT_EQ(ada_.get(path_).status, 200);
}

TEST_P(Members, AreLetInByTheirRolesInLive) {
  signed_in("agent", "agent");
  signed_in("away", "security_tester");
  EXPECT_EQ(share("agent", "editing").status, 201);
  const Answer refused = share("away", "reading");
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.text, HasSubstr("'enter'"));
  Browser agent = again("agent");
  ASSERT_EQ(agent.post(path_ + "/enter").status, 200);
  const Answer config = agent.send(Method::kPatch, stage(), {{"name", "x"}});
  EXPECT_EQ(config.status, 403);
  EXPECT_THAT(detail(config), HasSubstr("'edit_config'"));
  EXPECT_EQ(agent.get("/api/v1/cases").status, 200);
}

// The copy of every role in the sandbox says that it may do everything there is.
TEST_P(Members, GetNothingFromASandboxsCopyOfRoles) {
  Browser root = signed_in("root", "super_admin");
  ASSERT_EQ(share("root", "editing").status, 201);
  ASSERT_EQ(root.post(path_ + "/enter").status, 200);
  const auto sandbox = stand_.desk().open("acme/" + sandbox_);
  json::array all;
  for (const Right right : access::all_rights()) all.emplace_back(to_text(right));
  {
    const auto transaction = sandbox->connection().begin(database::TransactionKind::kWrite);
    sandbox->connection().sql()->execute("UPDATE roles SET rights = $1",
                                         {Value(write_json(all, JsonStyle::kCompact))});
    transaction->commit();
  }
  for (const access::PresetRole& role : access::preset_roles()) {
    const std::string login = "of_" + std::string(role.name);
    Browser browser = signed_in(login, std::string(role.name));
    const bool comes_in = access::may(role.grants, Right::kEnter, EnvironmentKind::kOverlay);
    EXPECT_EQ(share(login, "editing").status, comes_in ? 201 : 422) << role.name;
    if (!comes_in) continue;
    ASSERT_EQ(browser.post(path_ + "/enter").status, 200) << role.name;
    ASSERT_EQ(place_of(browser), sandbox_);
    json::array expected;
    for (const Right right : access::all_rights()) {
      if (access::may(role.grants, right, EnvironmentKind::kOverlay)) {
        expected.emplace_back(to_text(right));
      }
    }
    EXPECT_EQ(browser.get("/api/v1/session").body.at("rights"), json::value(expected)) << role.name;
  }
}

TEST_P(Members, SeeNoColumnThatTheyDoNotSeeInLive) {
  Browser clerk = signed_in("clerk", "agent");
  const Answer made =
      clerk.post("/api/v1/accounts",
                 {{"name", "Quiet Lake"}, {"email", "horse@lake.example"}, {"tier", "gold"}});
  ASSERT_EQ(made.status, 201) << made.text;
  const std::string account = "/api/v1/accounts/" + text(made.body.at("id"));
  Browser vic = signed_in("vic", "viewer");
  ASSERT_EQ(share("vic", "reading").status, 201);
  for (const bool inside : {false, true}) {
    if (inside) {
      ASSERT_EQ(vic.post(path_ + "/enter").status, 200);
    }
    const Answer seen = vic.get(account);
    ASSERT_EQ(seen.status, 200);
    EXPECT_EQ(seen.body.at("tier"), "gold");
    EXPECT_EQ(seen.body.at("email"), "***");
    for (const char* query : {"", "?fields=name,email", "?sort=tier"}) {
      const Answer listed = vic.get(std::string("/api/v1/accounts") + query);
      EXPECT_EQ(listed.status, 200) << query;
      EXPECT_THAT(listed.text, Not(HasSubstr("horse@lake"))) << query;
      EXPECT_THAT(listed.text, Not(HasSubstr("Quiet"))) << query;
    }
    const Answer exported = vic.get("/api/v1/exports/accounts");
    EXPECT_EQ(exported.status, 200);
    EXPECT_THAT(exported.text, Not(HasSubstr("horse@lake")));
    // A file can't be shown in part.
    const Answer refused = vic.get("/api/v1/attachments/0/content");
    EXPECT_EQ(refused.status, 403);
    EXPECT_THAT(detail(refused), HasSubstr("'read_unmasked'"));
    // Nor by asking whether it is this or that.
    for (const char* query : {"?email=horse@lake.example", "?name[begins]=Qui", "?sort=email"}) {
      EXPECT_EQ(vic.get(std::string("/api/v1/accounts") + query).status, 422) << query;
    }
    EXPECT_EQ(
        clerk.get("/api/v1/accounts?email=horse@lake.example").body.at("items").at(0).at("name"),
        "Quiet Lake");
  }
}

TEST_P(Members, PreviewARoleAndOnlyLook) {
  const std::string agent_role =
      text(ada_.get("/api/v1/roles?code=agent").body.at("items").at(0).at("id"));
  Browser root = signed_in("root", "super_admin");
  ASSERT_EQ(share("root", "editing").status, 201);
  ASSERT_EQ(root.post(path_ + "/enter").status, 200);
  ASSERT_EQ(root.send(Method::kPatch, "/api/v1/roles/" + agent_role,
                      {{"rights", json::array{"enter", "manage_environments", "manage_roles"}}})
                .status,
            200);
  const std::map<std::string, std::string> as_agent{{kViewAsHeader, "agent"}};
  const auto rights = [&](Browser& who) {
    return who.send(Method::kGet, "/api/v1/session", {}, as_agent).body.at("rights");
  };
  // As the sandbox has the role, and no more than the caller's own: an admin doesn't say what roles
  // may do.
  EXPECT_EQ(rights(ada_), json::value(json::array{"enter", "manage_environments"}));
  const Answer masked = ada_.send(Method::kGet, "/api/v1/users/" + id_of("ada"), {}, as_agent);
  EXPECT_EQ(masked.body.at("login"), "***");
  const Answer write = ada_.send(Method::kPatch, stage(), {{"name", "x"}}, as_agent);
  EXPECT_EQ(write.status, 403);
  Browser vic = signed_in("vic", "viewer");
  EXPECT_EQ(rights(vic), json::value(json::array{"enter"})) << "live's role, no more than his own";
  EXPECT_EQ(vic.send(Method::kGet, "/api/v1/session", {}, {{kViewAsHeader, "super_admin"}})
                .body.at("rights"),
            json::value(json::array{"enter"}));
  EXPECT_EQ(vic.send(Method::kGet, "/api/v1/session", {}, {{kViewAsHeader, "nobody"}}).status, 404);
}

INSTANTIATE_TEST_SUITE_P(Both, Members, testing::both_dialects(), testing::dialect_name);

}  // namespace
}  // namespace doppel::api
