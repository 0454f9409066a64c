// Requests and answers over a real connection: framing, order, what a handler may do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "http/router.hpp"
#include "tests/support/net_ground.hpp"

namespace doppel::net {
namespace {

using testing::Answer;
using ::testing::ElementsAre;
using testing::get;
using ::testing::HasSubstr;
using testing::NetClient;
using testing::NetGround;
using ::testing::Not;
using testing::post;

/// Says what it was asked.
http::Response echo(const http::Request& request) {
  std::string text(http::name_of(request.method));
  text += " " + request.target.path + " " + std::string(request.headers.get("Host"));
  if (!request.body.empty()) text += " " + request.body;
  return http::text_response(text, "text/plain");
}

TEST(Exchange, AnswersWithLengthDateAndId) {
  NetGround ground(echo);
  NetClient client = ground.client();
  const Answer answer = client.ask(get("/a?b=c", "X-Request-Id: from.proxy-1\r\n"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "GET /a test");
  EXPECT_EQ(answer.header("content-length"), "11");
  EXPECT_EQ(answer.header("x-request-id"), "from.proxy-1");
  EXPECT_THAT(answer.header("date"), HasSubstr("GMT"));
  EXPECT_FALSE(answer.headers.contains("connection"));
}

TEST(Exchange, MakesAnIdWhereTheGivenOneIsntSane) {
  NetGround ground(echo);
  NetClient client = ground.client();
  for (const std::string& id : {std::string("a b"), std::string("a\"b"), std::string(65, 'a')}) {
    const Answer answer = client.ask(get("/", "X-Request-Id: " + id + "\r\n"));
    EXPECT_EQ(answer.header("x-request-id").size(), 36U) << id;
  }
}

TEST(Exchange, KeepsTheConnectionAndTakesBytesOneByOne) {
  NetGround ground(echo);
  NetClient client = ground.client();
  for (const std::string path : {"/1", "/2", "/3"}) {
    for (const char letter : post(path, "body")) client.send(std::string_view(&letter, 1));
    EXPECT_EQ(client.read_answer().body, "POST " + path + " test body");
  }
  EXPECT_EQ(ground.server().metrics().connections_accepted, 1U);
}

TEST(Exchange, AnswersPipelinedRequestsInOrder) {
  testing::Gate gate;
  NetGround ground([&](const http::Request& request) {
    if (request.target.path == "/slow") gate.wait();
    return echo(request);
  });
  NetClient client = ground.client();
  client.send(get("/slow") + post("/b", "two") + get("/c") + "\r\n" + get("/d"));
  ASSERT_TRUE(testing::eventually([&] { return gate.waiting() == 1; }));
  gate.open();
  EXPECT_EQ(client.read_answer().body, "GET /slow test");
  EXPECT_EQ(client.read_answer().body, "POST /b test two");
  EXPECT_EQ(client.read_answer().body, "GET /c test");
  EXPECT_EQ(client.read_answer().body, "GET /d test") << "an empty line between is passed over";
}

TEST(Exchange, AnswersThousandsSentAhead) {
  NetGround ground(echo);
  NetClient client = ground.client();
  std::string many;
  constexpr int kCount = 3000;
  for (int i = 0; i < kCount; ++i) many += get("/" + std::to_string(i));
  std::thread sender([&] { client.send(many); });
  for (int i = 0; i < kCount; ++i) {
    ASSERT_EQ(client.read_answer().body, "GET /" + std::to_string(i) + " test");
  }
  sender.join();
}

TEST(Exchange, ReadsChunkedBodies) {
  NetGround ground(echo);
  NetClient client = ground.client();
  const std::string chunked =
      "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4\r\nWiki\r\n5;name=\"x\"\r\npedia\r\nA\r\n0123456789\r\n0\r\nHost: other\r\n\r\n";
  EXPECT_EQ(client.ask(chunked).body, "POST / test Wikipedia0123456789");
  for (const char letter : chunked) client.send(std::string_view(&letter, 1));
  EXPECT_EQ(client.read_answer().body, "POST / test Wikipedia0123456789");
  const std::string empty =
      "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  for (const char letter : empty) client.send(std::string_view(&letter, 1));
  EXPECT_EQ(client.read_answer().body, "POST / test");
  EXPECT_EQ(client.ask(chunked + get("/next")).body, "POST / test Wikipedia0123456789");
  EXPECT_EQ(client.read_answer().body, "GET /next test");
}

TEST(Exchange, AsksForABodyThatIsHeldBack) {
  NetGround ground(echo);
  NetClient client = ground.client();
  client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(client.ask("body").body, "POST / test body");
}

TEST(Exchange, AnswersHeadWithoutTheBody) {
  NetGround ground(echo);
  NetClient client = ground.client();
  client.send("HEAD /a HTTP/1.1\r\nHost: test\r\n\r\n");
  const Answer answer = client.read_answer(true);
  EXPECT_EQ(answer.header("content-length"), "12");
  EXPECT_EQ(client.ask(get("/b")).body, "GET /b test");
}

TEST(Exchange, ClosesWhereTheClientAsksForIt) {
  NetGround ground(echo);
  NetClient closing = ground.client();
  EXPECT_EQ(closing.ask(get("/", "Connection: close\r\n")).header("connection"), "close");
  EXPECT_EQ(closing.read_all(), "");
  NetClient old = ground.client();
  const Answer answer = old.ask("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_EQ(answer.body, "GET / ");
  EXPECT_EQ(old.read_all(), "");
}

TEST(Exchange, TakesTheHostOfTheAbsoluteForm) {
  NetGround ground(echo);
  EXPECT_EQ(ground.client().ask(get("http://other:81/a")).body, "GET /a other:81");
  EXPECT_EQ(ground.client().ask("OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n").body, "OPTIONS * test");
  EXPECT_EQ(ground.client().ask(get("*")).status, 400);
  EXPECT_EQ(ground.client().ask("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n").status, 501);
}

TEST(Exchange, AnswersBehindAHalfClosedConnection) {
  NetGround ground(echo);
  NetClient client = ground.client();
  client.send(get("/a") + get("/b"));
  client.close_half();
  EXPECT_EQ(client.read_answer().body, "GET /a test");
  EXPECT_EQ(client.read_answer().body, "GET /b test");
  EXPECT_EQ(client.read_all(), "");
}

TEST(Exchange, AnswersRefusalsWithProblems) {
  NetGround ground([](const http::Request&) -> http::Response {
    throw Error(ErrorCode::kStale, "it moved", {.place = "queues.name", .remedy = {}});
  });
  const Answer answer = ground.client().ask(get("/"));
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.header("content-type"), "application/problem+json");
  const json::value problem = parse_json(answer.body, "answer");
  EXPECT_EQ(problem.at("field").as_string(), "queues.name");
  EXPECT_EQ(problem.at("request_id").as_string(), answer.header("x-request-id"));
}

TEST(Exchange, KeepsTheTextOfDefectsForTheLog) {
  NetGround ground([](const http::Request& request) -> http::Response {
    if (request.target.path == "/io") throw Error(ErrorCode::kIo, "/secret/disk");
    if (request.target.path == "/number") throw 7;  // NOLINT: anything can be thrown.
    throw std::runtime_error("password=secret");
  });
  NetClient client = ground.client();
  for (const std::string path : {"/", "/io", "/number"}) {
    const Answer answer = client.ask(get(path, "X-Request-Id: r" + path.substr(1) + "\r\n"));
    EXPECT_EQ(answer.status, path == "/io" ? 503 : 500);
    EXPECT_THAT(answer.body, Not(HasSubstr("secret")));
    EXPECT_THAT(answer.body, HasSubstr("\"request_id\":\"r" + path.substr(1) + "\""));
  }
  ASSERT_TRUE(testing::eventually([&] { return ground.log().size() == 6; }));
  EXPECT_THAT(ground.log()[0], HasSubstr(R"("request_id":"r","what":"password=secret"})"));
  EXPECT_THAT(ground.log()[2], HasSubstr(R"("what":"/secret/disk"})"));
  EXPECT_EQ(ground.server().metrics().handler_failures, 3U);
}

TEST(Exchange, DoesntSendHeadersThatWouldSplitTheAnswer) {
  NetGround ground([](const http::Request&) {
    http::Response response = http::text_response("x", "text/plain");
    response.headers.add("Location", "/a\r\nSet-Cookie: evil=1");
    return response;
  });
  const Answer answer = ground.client().ask(get("/"));
  EXPECT_EQ(answer.status, 500);
  EXPECT_FALSE(answer.headers.contains("set-cookie"));
}

TEST(Exchange, DoesntSendAStatusThatIsNone) {
  for (const int status : {0, 99, 100, 600}) {
    NetGround ground([&](const http::Request&) { return http::Response{.status = status}; });
    EXPECT_EQ(ground.client().ask(get("/")).status, 500);
  }
}

TEST(Exchange, WritesItsOwnHeadersItself) {
  NetGround ground([](const http::Request&) {
    http::Response response = http::text_response("x", "text/plain");
    response.headers.add("Content-Length", "5");
    response.headers.add("Transfer-Encoding", "chunked");
    response.headers.add("X-Mine", "kept");
    return response;
  });
  const Answer answer = ground.client().ask(get("/"));
  EXPECT_EQ(answer.header("content-length"), "1");
  EXPECT_EQ(answer.header("transfer-encoding"), "");
  EXPECT_EQ(answer.header("x-mine"), "kept");
}

TEST(Exchange, SendsNoBodyWhereThereIsNone) {
  NetGround ground([](const http::Request& request) {
    return request.target.path == "/304" ? http::Response{.status = 304} : http::empty_response();
  });
  NetClient client = ground.client();
  EXPECT_FALSE(client.ask(get("/")).headers.contains("content-length"));
  EXPECT_EQ(client.ask(get("/304")).status, 304);
}

TEST(Exchange, IsLoggedAsOneLineOfJson) {
  NetGround ground(echo);
  ground.client().ask(post("/a%22%0b", "x"));
  ground.client().ask(post("/a%22?token=secret", "body", "User-Agent: test \x01\r\n"));
  ground.client().ask(post("/a%22?token=secret", "body", "User-Agent: tester\r\n"));
  ASSERT_TRUE(testing::eventually([&] { return ground.log().size() == 3; }));
  const json::value line = parse_json(ground.log()[2], "log");
  EXPECT_EQ(line.at("event").as_string(), "request");
  EXPECT_EQ(line.at("method").as_string(), "POST");
  EXPECT_EQ(line.at("path").as_string(), "/a\"");
  EXPECT_EQ(line.at("status").as_int64(), 200);
  EXPECT_EQ(line.at("user_agent").as_string(), "tester");
  EXPECT_EQ(line.at("peer").as_string(), "127.0.0.1");
  EXPECT_THAT(ground.log()[2], Not(HasSubstr("secret")));
  EXPECT_EQ(parse_json(ground.log()[1], "log").at("status").as_int64(), 400);
}

TEST(Exchange, IsCounted) {
  NetGround ground(echo);
  NetClient client = ground.client();
  client.ask(get("/a"));
  client.ask("BREW / HTTP/1.1\r\nHost: test\r\n\r\n");
  ASSERT_TRUE(testing::eventually([&] { return ground.server().metrics().answers() == 2; }));
  const Metrics metrics = ground.server().metrics();
  EXPECT_THAT(metrics.answers_by_class, ElementsAre(0, 1, 0, 0, 1));
  EXPECT_EQ(metrics.requests_in_flight, 0U);
  EXPECT_GT(metrics.bytes_received, 0U);
  EXPECT_GT(metrics.bytes_sent, metrics.bytes_received);
  const std::string text = to_prometheus(metrics);
  EXPECT_THAT(text, HasSubstr("doppel_http_answers_total{class=\"2xx\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("doppel_http_latency_seconds_count 2\n"));
  EXPECT_THAT(text, HasSubstr("doppel_http_latency_seconds_bucket{le=\"+Inf\"} 2\n"));
}

TEST(Exchange, WorksOverIpv6) {
  ServerSettings settings = testing::test_settings();
  settings.address = "::";
  NetGround ground(
      [](const http::Request& request) { return http::text_response(request.peer, "text/plain"); },
      settings);
  EXPECT_EQ(NetClient(ground.server().port(), "::1").ask(get("/")).body, "::1");
  EXPECT_EQ(NetClient(ground.server().port(), "127.0.0.1").ask(get("/")).body, "127.0.0.1");
}

TEST(Exchange, FollowsRoutes) {
  http::Route route{.pattern = "/cases/{id}", .operation = "read", .summary = "Read"};
  route.handler = [](const http::Context& context, const http::Request&) {
    return http::text_response(context.parameter("id"), "text/plain");
  };
  const http::Router router({route});
  NetGround ground([&](const http::Request& request) { return router.answer(request); });
  NetClient client = ground.client();
  EXPECT_EQ(client.ask(get("/cases/7")).body, "7");
  EXPECT_EQ(client.ask(get("/nothing")).status, 404);
  const Answer wrong = client.ask(post("/cases/7", ""));
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("allow"), "GET, HEAD, OPTIONS");
}

TEST(Server, SaysWhyItCantListen) {
  NetGround ground(echo);
  SystemClock clock;
  SeededRandom random(1);
  const auto code_of = [&](ServerSettings settings) {
    try {
      const Server server(std::move(settings), echo, {.clock = clock, .random = random});
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  EXPECT_EQ(code_of({.address = "nowhere"}), ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of({.port = ground.server().port()}), ErrorCode::kIo);
  EXPECT_EQ(code_of({.tls = TlsFiles{"/nothing", "/nothing"}}), ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace doppel::net
