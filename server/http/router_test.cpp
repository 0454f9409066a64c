#include "http/router.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "http/problem.hpp"

namespace doppel::http {
namespace {

Route route(Method method, std::string pattern, std::string operation) {
  Route one{
      .method = method, .pattern = std::move(pattern), .operation = operation, .summary = "x"};
  one.handler = [operation](const Context& context, const Request&) {
    std::string text = operation;
    for (const auto& [name, value] : context.parameters) text += " " + name + "=" + value;
    return text_response(text, "text/plain");
  };
  return one;
}

Request request(Method method, std::string_view target) {
  return {.method = method, .target = parse_target(target), .request_id = "r1"};
}

Router router() {
  std::vector<Route> routes{
      route(Method::kGet, "/", "root"),           route(Method::kGet, "/cases", "list"),
      route(Method::kPost, "/cases", "create"),   route(Method::kGet, "/cases/{id}", "read"),
      route(Method::kGet, "/cases/new", "blank"), route(Method::kGet, "/{kind}/new/{part}", "part"),
  };
  routes[2].body_bytes = 7;
  return Router(std::move(routes));
}

std::string text(const Router& routes, Method method, std::string_view target) {
  return std::string(routes.answer(request(method, target)).text());
}

TEST(Router, MatchesBySegments) {
  const Router routes = router();
  EXPECT_EQ(text(routes, Method::kGet, "/"), "root");
  EXPECT_EQ(text(routes, Method::kGet, "/cases?x=1"), "list");
  EXPECT_EQ(text(routes, Method::kPost, "/cases"), "create");
  EXPECT_EQ(text(routes, Method::kGet, "/cases/a%2Fb"), "read id=a/b");
  EXPECT_EQ(text(routes, Method::kGet, "/cases/new"), "blank");
  EXPECT_EQ(text(routes, Method::kGet, "/cases/new/1"), "part kind=cases part=1");
  EXPECT_EQ(text(routes, Method::kHead, "/cases"), "list");
}

TEST(Router, AnswersWhatHasNoRoute) {
  const Router routes = router();
  for (const std::string_view target : {"/nothing", "/cases/", "//cases", "/cases/1/2", "/Cases"}) {
    EXPECT_EQ(routes.answer(request(Method::kGet, target)).status, 404) << target;
  }
  const Response wrong = routes.answer(request(Method::kDelete, "/cases"));
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.get("allow"), "GET, POST, HEAD, OPTIONS");
  const Response options = routes.answer(request(Method::kOptions, "/cases/new"));
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.headers.get("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(routes.answer(request(Method::kOptions, "*")).status, 204);
}

TEST(Router, KnowsTheLimitOfARoute) {
  const Router routes = router();
  EXPECT_EQ(routes.body_bytes(request(Method::kPost, "/cases")), 7U);
  EXPECT_EQ(routes.body_bytes(request(Method::kGet, "/cases")), std::nullopt);
  EXPECT_EQ(routes.body_bytes(request(Method::kPost, "/nothing")), std::nullopt);
}

TEST(Router, AsksTheGuardFirst) {
  Route secret = route(Method::kGet, "/secret", "secret");
  secret.handler = [](const Context& context, const Request&) {
    return text_response(std::any_cast<std::string>(context.caller), "text/plain");
  };
  const Guard guard = [](Context& context, const Request& asked) -> std::optional<Response> {
    if (asked.headers.find("X-User") == nullptr) return Response{.status = 401};
    context.caller = asked.headers.find("X-User") == nullptr ? "" : *asked.headers.find("X-User");
    return std::nullopt;
  };
  const Router routes({secret}, guard);
  Request asked = request(Method::kGet, "/secret");
  EXPECT_EQ(routes.answer(asked).status, 401);
  asked.headers.add("x-user", "ada");
  EXPECT_EQ(routes.answer(asked).text(), "ada");
  EXPECT_EQ(routes.answer(request(Method::kGet, "/other")).status, 404);
}

TEST(Router, TurnsRefusalsIntoProblemsAndLetsFailuresPass) {
  Route refusing = route(Method::kGet, "/refuse", "refuse");
  refusing.handler = [](const Context&, const Request&) -> Response {
    throw Error(ErrorCode::kConflicts, "two conflicts");
  };
  Route failing = route(Method::kGet, "/fail", "fail");
  failing.handler = [](const Context&, const Request&) -> Response {
    throw Error(ErrorCode::kIo, "disk of the machine");
  };
  const Router routes({refusing, failing});
  EXPECT_EQ(routes.answer(request(Method::kGet, "/refuse")).status, 409);
  EXPECT_THROW(routes.answer(request(Method::kGet, "/fail")), Error);
}

TEST(Router, RefusesAListThatContradictsItself) {
  const auto make = [](std::vector<Route> routes) { return Router(std::move(routes)); };
  EXPECT_THROW(make({route(Method::kGet, "/a", "a"), route(Method::kGet, "/b", "a")}), Error);
  EXPECT_THROW(make({route(Method::kGet, "/{a}", "a"), route(Method::kGet, "/{b}", "b")}), Error);
  EXPECT_THROW(make({route(Method::kGet, "a", "a")}), Error);
  EXPECT_THROW(make({route(Method::kGet, "/a//b", "a")}), Error);
  EXPECT_THROW(make({route(Method::kGet, "/{a}/{a}", "a")}), Error);
  Route bare = route(Method::kGet, "/a", "a");
  bare.handler = {};
  EXPECT_THROW(make({bare}), Error);
}

}  // namespace
}  // namespace doppel::http
