// Every route x every role x every kind of environment, from the table of routes.
#include <set>

#include "access/roles.hpp"
#include "api/judge.hpp"
#include "tests/support/api_test.hpp"

namespace doppel::api {
namespace {

using access::EnvironmentKind;
using access::Grants;
using access::Right;
using testing::Answer;
using testing::Browser;

/// Where somebody asks from, and which sandbox the path names.
enum class Stand {
  kLive,            ///< in live, about his own sandbox
  kOwn,             ///< in his own
  kReading,         ///< in one that is shared with him for reading
  kForeign,         ///< in live, about one that nobody shares with him
  kToken,           ///< with a token of his own sandbox, about another one
  kTokenElsewhere,  ///< with a token of his own sandbox, in live
};

constexpr int kAllowed = 0;

bool sees_sandboxes(const Grants& grants) {
  for (const EnvironmentKind kind : access::all_environment_kinds()) {
    if (access::may(grants, Right::kManageEnvironments, kind)) return true;
  }
  return false;
}

/// What one right of a route comes to: the status of the refusal, or kAllowed. Said here once
/// more, in other words than the judge's.
int expected(const RouteRight& wanted, const Grants& grants, Stand stand, http::Method method) {
  const bool is_token = stand == Stand::kToken;
  const auto may_in = [&](EnvironmentKind kind) { return access::may(grants, wanted.right, kind); };
  switch (wanted.where) {
    case Where::kHere: {
      const bool in_live = stand == Stand::kLive || stand == Stand::kForeign;
      if (!may_in(in_live ? EnvironmentKind::kLive : EnvironmentKind::kOverlay)) return 403;
      return stand == Stand::kReading && method != http::Method::kGet ? 403 : kAllowed;
    }
    case Where::kInLive:
      if (is_token) return 401;
      return may_in(EnvironmentKind::kLive) ? kAllowed : 403;
    case Where::kInSandbox:
      if (is_token) return 401;
      return may_in(EnvironmentKind::kOverlay) || may_in(EnvironmentKind::kShadow) ||
                     may_in(EnvironmentKind::kClone)
                 ? kAllowed
                 : 403;
    case Where::kInNamed:
      if (is_token) return 401;
      if (stand == Stand::kForeign) return sees_sandboxes(grants) ? 403 : 404;
      if (stand == Stand::kReading && wanted.right != Right::kEnter) return 403;
      return may_in(EnvironmentKind::kOverlay) ? kAllowed : 403;
  }
  return kAllowed;
}

int expected(const http::Route& route, const Grants& grants, Stand stand) {
  if (route.right == http::kPublic) return kAllowed;
  if (stand == Stand::kTokenElsewhere) return 401;
  for (const RouteRight& wanted : parse_route_rights(route.right)) {
    const int refusal = expected(wanted, grants, stand, route.method);
    if (refusal != kAllowed) return refusal;
  }
  return kAllowed;
}

std::string path_of(const http::Route& route, const std::string& sandbox) {
  std::string path = route.pattern;
  for (std::size_t open = path.find('{'); open != std::string::npos; open = path.find('{')) {
    const std::size_t close = path.find('}');
    const bool names = path.substr(open, close - open) == "{name";
    path.replace(open, close - open + 1, names ? sandbox : "0");
  }
  return path;
}

class Matrix : public testing::ApiTest {
 protected:
  Matrix() : ada_(signed_in("ada", "super_admin")), router_(bare_routes(), guard_of(site())) {
    make_sandbox("shared", "ada");
    make_sandbox("private", "ada");
  }

  /// The table as it is, and nothing done behind it.
  std::vector<http::Route> bare_routes() {
    std::vector<http::Route> routes = routes_of(site());
    for (http::Route& route : routes) {
      route.handler = [](const http::Context&, const http::Request&) {
        return http::empty_response();
      };
    }
    return routes;
  }

  /// Past the server, so that also those have one who may make none.
  void make_sandbox(const std::string& name, const std::string& login) {
    stand_.desk().doppel().act_for({.who = login});
    stand_.desk().fork(name);
  }

  void walk(Browser browser, const access::PresetRole& role, Stand stand,
            const std::string& sandbox) {
    browser.turn_to([this](const http::Request& request) { return router_.answer(request); });
    const std::map<std::string, std::string> headers =
        stand == Stand::kTokenElsewhere
            ? std::map<std::string, std::string>{{kEnvironmentHeader, "live"}}
            : std::map<std::string, std::string>{};
    for (const http::Route& route : router_.routes()) {
      const Answer answer = browser.send(route.method, path_of(route, sandbox), {}, headers);
      const int refusal = expected(route, role.grants, stand);
      EXPECT_EQ(answer.status, refusal == kAllowed ? 204 : refusal)
          << role.name << " from stand " << static_cast<int>(stand) << ": " << route.operation
          << " (" << route.right << ") " << answer.text;
      if (refusal == 403 && route.right.find_first_of(": ") == std::string::npos &&
          stand != Stand::kReading) {
        EXPECT_NE(detail(answer).find("'" + route.right + "'"), std::string::npos) << answer.text;
      }
    }
  }

  void walk_all(const access::PresetRole& role) {
    const std::string login = "of_" + std::string(role.name);
    const Browser browser = signed_in(login, std::string(role.name));
    const std::string own = "own_" + std::string(role.name);
    make_sandbox(own, login);
    walk(browser, role, Stand::kLive, own);
    walk(browser, role, Stand::kForeign, "private");
    Browser inside = browser;
    const bool comes_in = access::may(role.grants, Right::kEnter, EnvironmentKind::kOverlay);
    EXPECT_EQ(inside.post("/api/v1/environments/" + own + "/enter").status, comes_in ? 200 : 403);
    const Answer member =
        ada_.post("/api/v1/environments/shared/members", {{"user", login}, {"role", "reading"}});
    EXPECT_EQ(member.status, comes_in ? 201 : 422) << role.name;
    if (!comes_in) return;
    walk(inside, role, Stand::kOwn, own);
    Browser reader = browser;
    EXPECT_EQ(reader.post("/api/v1/environments/shared/enter").status, 200);
    walk(reader, role, Stand::kReading, "shared");
    Browser program(site());
    program.bearer =
        text(inside.post("/api/v1/tokens", {{"name", "t"}, {"environment", own}}).body.at("token"));
    walk(program, role, Stand::kToken, "shared");
    walk(program, role, Stand::kTokenElsewhere, own);
  }

  Browser ada_;
  http::Router router_;
};

TEST_P(Matrix, EveryRouteForEveryRoleFromEverywhere) {
  for (const access::PresetRole& role : access::preset_roles()) walk_all(role);
}

// Whoever adds a route that nobody is judged for says so here.
TEST_P(Matrix, WhatNobodyIsJudgedForIsListed) {
  std::set<std::string> open;
  std::set<std::string> signed_in_only;
  for (const http::Route& route : router_.routes()) {
    if (route.right == http::kPublic) open.insert(route.operation);
    if (route.right.empty()) signed_in_only.insert(route.operation);
  }
  EXPECT_THAT(open,
              ::testing::UnorderedElementsAre("read_health", "read_metrics", "read_openapi",
                                              "read_documentation", "sign_in", "redeem_link"));
  EXPECT_THAT(signed_in_only,
              ::testing::UnorderedElementsAre(
                  "read_session", "sign_out", "list_sessions", "end_other_sessions", "end_session",
                  "change_password", "list_tokens", "make_token", "revoke_token",
                  "list_environments", "leave_environment", "hand_over_environment"));
}

TEST_P(Matrix, NobodyIsLetInWithoutASession) {
  Browser nobody(site());
  nobody.turn_to([this](const http::Request& request) { return router_.answer(request); });
  Browser stranger = nobody;
  stranger.put_cookie(kSessionCookie, "made-up");
  Browser program = nobody;
  program.bearer = "doppel_00000000_made-up";
  for (const http::Route& route : router_.routes()) {
    const int wanted = route.right == http::kPublic ? 204 : 401;
    for (Browser* browser : {&nobody, &stranger, &program}) {
      EXPECT_EQ(browser->send(route.method, path_of(route, "shared")).status, wanted)
          << route.operation;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Both, Matrix, testing::both_dialects(), testing::dialect_name);

}  // namespace
}  // namespace doppel::api
