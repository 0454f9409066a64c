// What requests get wrong: each is refused with a problem that says what and where, and nothing of
// it is done.
#include "access/sandbox_cookie.hpp"
#include "access/session.hpp"
#include "tests/support/api_test.hpp"

namespace doppel::api {
namespace {

using http::Method;
using testing::Answer;
using testing::Browser;
using ::testing::HasSubstr;

class BadInput : public testing::ApiTest {
 protected:
  BadInput() : ada_(signed_in("ada", "super_admin")) {}

  static std::string stage() { return seeded("pipeline_stages", "qualify"); }
  static std::string name_of(Browser& browser) {
    return text(browser.get(stage()).body.at("name"));
  }
  static Answer rename(Browser& browser, const std::string& name,
                       const std::map<std::string, std::string>& headers = {}) {
    return browser.send(Method::kPatch, stage(), {{"name", name}}, headers);
  }
  static void expect_problem(const Answer& answer, int status, const std::string& what) {
    EXPECT_EQ(answer.status, status) << what << answer.text;
    EXPECT_EQ(answer.headers.get("Content-Type"), "application/problem+json") << what;
    ASSERT_TRUE(answer.body.is_object()) << what;
    EXPECT_EQ(answer.body.at("request_id"), "test") << what;
  }

  Browser ada_;
};

TEST_P(BadInput, WrongTypesAndUnknownFieldsAreNamed) {
  const json::array wrong{5, true, json::object{{"a", 1}}, json::array{"x"}, 0.5};
  for (const json::value& value : wrong) {
    const Answer answer = ada_.send(Method::kPatch, stage(), {{"name", value}});
    expect_problem(answer, 422, "name");
    EXPECT_EQ(answer.body.at("field"), "name");
  }
  const Answer unknown = ada_.send(Method::kPatch, stage(), {{"name", "x"}, {"nmae", "y"}});
  expect_problem(unknown, 422, "unknown");
  EXPECT_EQ(unknown.body.at("errors").at(0).at("field"), "nmae");
  EXPECT_NE(name_of(ada_), "x");
  // Every body of a call that isn't a record's.
  for (const char* path :
       {"/api/v1/environments", "/api/v1/tokens", "/api/v1/invitations", "/api/v1/session/password",
        "/api/v1/admin/sandbox/toggle", "/api/v1/admin/sandbox/rollback", "/api/v1/session"}) {
    const Answer answer = ada_.post(path, {{"suprise", 1}});
    expect_problem(answer, 422, path);
    EXPECT_EQ(answer.body.at("errors").at(0).at("field"), "suprise") << path;
  }
  expect_problem(ada_.post("/api/v1/admin/sandbox/toggle", {{"enable", "yes"}}), 422, "enable");
  expect_problem(ada_.post("/api/v1/environments", {{"name", 5}}), 422, "name");
  expect_problem(ada_.get("/api/v1/cases?limit=many"), 422, "limit");
  expect_problem(ada_.get("/api/v1/cases?colour=red"), 422, "colour");
  expect_problem(ada_.get("/api/v1/cases?number[near]=3"), 422, "operator");
}

TEST_P(BadInput, WhatIsNoJsonIsRefusedByEveryRouteThatReadsABody) {
  const std::string nested = std::string(100'000, '[');
  const std::string bodies[] = {
      "{\"name\": ", nested, "{\"name\": \"\xff\xfe\"}",         "[1, 2]",
      "\"text\"",    "null", std::string("{\"a\": \"\0\"}", 10), "{\"name\": 1e999999}"};
  const std::string before = name_of(ada_);
  for (const std::string& body : bodies) {
    expect_problem(ada_.send_text(Method::kPatch, stage(), body), 422, body.substr(0, 30));
  }
  EXPECT_EQ(name_of(ada_), before);
  for (const http::Route& route : site().router().routes()) {
    if (route.method == Method::kGet || route.operation == "sign_out") continue;
    if (route.operation.starts_with("end_") || route.operation.starts_with("leave_")) continue;
    std::string path = route.pattern;
    for (std::size_t open = path.find('{'); open != std::string::npos; open = path.find('{')) {
      path.replace(open, path.find('}') - open + 1, "0");
    }
    for (const std::string* body : {&bodies[0], &bodies[1], &bodies[2]}) {
      const Answer answer = ada_.send_text(route.method, path, *body);
      EXPECT_LT(answer.status, 500) << route.operation << answer.text;
    }
  }
  const Answer form = ada_.send_text(Method::kPatch, stage(), "name=x",
                                     {{"Content-Type", "application/x-www-form-urlencoded"}});
  expect_problem(form, 415, "form");
}

TEST_P(BadInput, WhatIsTooLargeNamesItsField) {
  const Answer answer = rename(ada_, std::string(1'000'001, 'x'));
  expect_problem(answer, 422, "large");
  EXPECT_EQ(answer.body.at("field"), "name");
  const Answer number = ada_.send(Method::kPatch, stage(), {{"position", 9'000'000'000}});
  expect_problem(number, 422, "number");
  EXPECT_EQ(number.body.at("field"), "position");
}

TEST_P(BadInput, EnvironmentsThatAreNotThere) {
  expect_problem(ada_.get("/api/v1/environments/nowhere"), 404, "nowhere");
  expect_problem(ada_.post("/api/v1/environments", {{"name", "../up"}}), 400, "name");
  expect_problem(ada_.post("/api/v1/tokens", {{"name", "t"}, {"environment", "nowhere"}}), 404,
                 "token");
  Browser program(site());
  program.bearer = text(ada_.post("/api/v1/tokens", {{"name", "t"}}).body.at("token"));
  const Answer elsewhere =
      program.send(Method::kGet, "/api/v1/cases", {}, {{kEnvironmentHeader, "nowhere"}});
  expect_problem(elsewhere, 401, "header");
  EXPECT_THAT(detail(elsewhere), HasSubstr("'nowhere'"));
  // A session is where its cookie says, whatever it calls its place.
  const Answer named =
      ada_.send(Method::kGet, "/api/v1/cases", {}, {{kEnvironmentHeader, "nowhere"}});
  expect_problem(named, 409, "session");
  EXPECT_THAT(detail(named), HasSubstr("'live'"));
}

TEST_P(BadInput, CookiesThatEndedOrAreSomebodyElses) {
  Browser bob = signed_in("bob", "admin");
  enter_own(ada_);
  ASSERT_EQ(rename(ada_, "Hidden").status, 200);
  const std::string good = ada_.cookie(kSandboxCookie);
  std::string changed = good;
  changed[changed.size() / 2] = changed[changed.size() / 2] == 'a' ? 'b' : 'a';
  for (const std::string& cookie : {good, changed, std::string("made-up"), std::string()}) {
    bob.put_cookie(kSandboxCookie, cookie);
    EXPECT_NE(name_of(bob), "Hidden") << cookie;
    EXPECT_EQ(bob.get("/api/v1/session").body.at("environment"), "live");
    expect_problem(rename(bob, "Surprise"), 409, cookie);
    EXPECT_FALSE(bob.has_cookie(kSandboxCookie));
    EXPECT_NE(name_of(bob), "Surprise");
  }
  // The same person's other session isn't in it either by carrying the cookie along.
  Browser other = again("ada");
  other.put_cookie(kSandboxCookie, good);
  EXPECT_NE(name_of(other), "Hidden");
  // A session that nobody used for two hours has ended, and with it what it was in.
  stand_.desk().clock.advance_microseconds(access::kHour);
  EXPECT_EQ(ada_.get("/api/v1/session").status, 200);
  stand_.desk().clock.advance_microseconds(3 * access::kHour);
  expect_problem(rename(ada_, "Late"), 401, "idle");
  EXPECT_EQ(ada_.sign_in("ada").status, 201);
  EXPECT_EQ(ada_.get("/api/v1/session").body.at("environment"), "live");
  for (int i = 0; i < 13; ++i) {
    stand_.desk().clock.advance_microseconds(access::kHour);
    EXPECT_EQ(ada_.get("/api/v1/session").status, i < 11 ? 200 : 401) << i;
  }
}

TEST_P(BadInput, WritesFromAPageOfAnotherEnvironment) {
  enter_own(ada_);
  const std::string sandbox = own_name(ada_);
  const std::string live_name = name_of(ada_);
  const Answer stale = rename(ada_, "x", {{kPageHeader, "live"}});
  expect_problem(stale, 409, "entered meanwhile");
  EXPECT_THAT(detail(stale), HasSubstr("'live'"));
  EXPECT_THAT(detail(stale), HasSubstr("'" + sandbox + "'"));
  EXPECT_EQ(rename(ada_, "Inside", {{kPageHeader, sandbox}}).status, 200);
  ASSERT_EQ(ada_.post(std::string(testing::kOwnSandbox) + "/toggle", {{"enable", false}}).status,
            200);
  const Answer left = rename(ada_, "x", {{kPageHeader, sandbox}});
  expect_problem(left, 409, "left meanwhile");
  EXPECT_THAT(detail(left), HasSubstr("'live'"));
  EXPECT_THAT(detail(left), HasSubstr("'" + sandbox + "'"));
  EXPECT_EQ(name_of(ada_), live_name);
}

TEST_P(BadInput, WritesIntoASandboxThatHasEnded) {
  for (const bool promoted : {true, false}) {
    enter_own(ada_);
    Browser second = again("ada");
    ASSERT_EQ(second.post(std::string(testing::kOwnSandbox) + "/toggle", {{"enable", true}}).status,
              200);
    const std::string name = promoted ? "Promoted" : "Discarded";
    ASSERT_EQ(rename(ada_, name).status, 200);
    if (promoted) {
      ASSERT_EQ(ada_.post(std::string(testing::kOwnSandbox) + "/promote").status, 200);
    } else {
      ASSERT_EQ(ada_.send(Method::kDelete, testing::kOwnSandbox).status, 204);
    }
    EXPECT_FALSE(ada_.has_cookie(kSandboxCookie));
    expect_problem(rename(second, "Late"), 409, name);
    EXPECT_FALSE(second.has_cookie(kSandboxCookie));
    EXPECT_EQ(name_of(second), "Promoted");
    EXPECT_EQ(rename(second, "Promoted").status, 200) << "and then it is meant";
  }
}

TEST_P(BadInput, TheSecondOfTwoEditorsIsShownTheFirst) {
  Browser bob = signed_in("bob", "admin");
  for (const bool inside : {false, true}) {
    if (inside) {
      enter_own(ada_);
      const std::string path = "/api/v1/environments/" + own_name(ada_);
      ASSERT_EQ(ada_.post(path + "/members", {{"user", "bob"}, {"role", "editing"}}).status, 201);
      ASSERT_EQ(bob.post(path + "/enter").status, 200);
    }
    const std::string seen(bob.get(stage()).headers.get("ETag"));
    const std::string first = inside ? "First inside" : "First";
    ASSERT_EQ(rename(ada_, first, {{"If-Match", seen}}).status, 200);
    const Answer late = rename(bob, "Second", {{"If-Match", seen}});
    expect_problem(late, 412, first);
    EXPECT_EQ(text(late.body.at("current").at("name")), first);
    EXPECT_NE(late.headers.get("ETag"), seen);
    EXPECT_EQ(rename(bob, "Third", {{"If-Match", std::string(late.headers.get("ETag"))}}).status,
              200);
    expect_problem(bob.send(Method::kDelete, stage(), {}, {{"If-Match", seen}}), 412, "delete");
  }
}

TEST_P(BadInput, AStaleEditorDoesNotOverwriteAPromotion) {
  Browser bob = signed_in("bob", "admin");
  const std::string seen(bob.get(stage()).headers.get("ETag"));
  enter_own(ada_);
  ASSERT_EQ(rename(ada_, "Promoted").status, 200);
  ASSERT_EQ(ada_.post(std::string(testing::kOwnSandbox) + "/promote").status, 200);
  expect_problem(rename(bob, "Stale", {{"If-Match", seen}}), 412, "stale");
  EXPECT_EQ(name_of(bob), "Promoted");
}

TEST_P(BadInput, APromotionIsDoneOnceWhoeverElsePromotes) {
  Browser second = again("ada");
  enter_own(ada_);
  ASSERT_EQ(rename(ada_, "Once").status, 200);
  const std::string path = "/api/v1/environments/" + own_name(ada_);
  const json::object reviewed{{"plan", ada_.post(path + "/plan").body.at("hash")}};
  // While somebody is at work on live's rows, nobody else is.
  {
    const auto live = testing::attach_any(stand_.desk().dsn())->open(database::Access::kReadWrite);
    const auto transaction = live->begin(database::TransactionKind::kWrite);
    live->sql()->execute("UPDATE pipeline_stages SET version = version", {});
    const Answer busy = second.post(path + "/promote", reviewed);
    EXPECT_EQ(busy.status, 503) << busy.text;
    EXPECT_FALSE(busy.headers.get("Retry-After").empty());
  }
  EXPECT_EQ(ada_.post(path + "/promote", reviewed).status, 200);
  EXPECT_EQ(second.post(path + "/promote", reviewed).status, 404);
  EXPECT_EQ(ada_.get("/api/v1/promotions").body.at("items").as_array().size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Both, BadInput, testing::both_dialects(), testing::dialect_name);

}  // namespace
}  // namespace doppel::api
