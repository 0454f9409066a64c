// Every limit is reached, and the next request is answered all the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "tests/support/net_ground.hpp"

namespace doppel::net {
namespace {

using testing::Answer;
using testing::eventually;
using testing::Gate;
using testing::get;
using ::testing::HasSubstr;
using testing::NetClient;
using testing::NetGround;
using testing::post;
using testing::test_settings;

http::Response ok(const http::Request&) { return http::text_response("ok", "text/plain"); }

ServerSettings small_settings() {
  ServerSettings settings = test_settings();
  settings.limits.head = {.target_bytes = 100, .header_bytes = 1000, .header_count = 5};
  settings.limits.body_bytes = 100;
  return settings;
}

/// The answer is a problem, and the connection is closed behind it.
void expect_refused(NetGround& ground, const std::string& request, int status) {
  NetClient client = ground.client();
  const Answer answer = client.ask(request);
  EXPECT_EQ(answer.status, status) << request;
  EXPECT_EQ(answer.header("content-type"), "application/problem+json") << request;
  EXPECT_EQ(answer.header("connection"), "close") << request;
  EXPECT_EQ(parse_json(answer.body, "answer").at("status").as_int64(), status);
  EXPECT_EQ(client.read_all(), "") << request;
  EXPECT_EQ(ground.client().ask(get("/")).status, 200);
}

TEST(Limits, OfTheHead) {
  NetGround ground(ok, small_settings());
  expect_refused(ground, get("/" + std::string(100, 'a')), 414);
  expect_refused(ground, "GET /" + std::string(2000, 'a'), 414);
  expect_refused(ground, get("/", "X: " + std::string(1000, 'a') + "\r\n"), 431);
  expect_refused(ground, "GET / HTTP/1.1\r\nX: " + std::string(1000, 'a'), 431);
  expect_refused(ground, get("/", "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\n"), 431);
}

TEST(Limits, OfTheBody) {
  NetGround ground(ok, small_settings());
  expect_refused(ground, post("/", std::string(101, 'a')), 413);
  expect_refused(ground, post("/", std::string(3'000'000, 'a')), 413);
  expect_refused(ground, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\n",
                 413);
  expect_refused(
      ground, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n",
      413);
  const std::string chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  expect_refused(ground,
                 chunked + "3C\r\n" + std::string(60, 'a') + "\r\n3C\r\n" + std::string(60, 'a') +
                     "\r\n0\r\n\r\n",
                 413);
  EXPECT_EQ(ground.client().ask(post("/", std::string(100, 'a'))).status, 200);
}

TEST(Limits, OfTheBodyByItsHead) {
  ServerSettings settings = small_settings();
  settings.body_bytes_of = [](const http::Request& request) -> std::optional<std::size_t> {
    if (request.target.path == "/upload") return 1000;
    return std::nullopt;
  };
  NetGround ground(ok, settings);
  EXPECT_EQ(ground.client().ask(post("/upload", std::string(1000, 'a'))).status, 200);
  expect_refused(ground, post("/upload", std::string(1001, 'a')), 413);
  expect_refused(ground, post("/other", std::string(101, 'a')), 413);
}

TEST(Limits, OfAllBodiesTogether) {
  ServerSettings settings = test_settings();
  settings.limits.all_bodies_bytes = 150;
  Gate gate;
  NetGround ground(
      [&](const http::Request& request) {
        if (request.target.path == "/wait") gate.wait();
        return ok(request);
      },
      settings);
  NetClient holding = ground.client();
  holding.send(post("/wait", std::string(100, 'a')));
  ASSERT_TRUE(eventually([&] { return gate.waiting() == 1; }));
  expect_refused(ground, post("/", std::string(100, 'a')), 503);
  gate.open();
  EXPECT_EQ(holding.read_answer().status, 200);
  EXPECT_EQ(ground.client().ask(post("/", std::string(100, 'a'))).status, 200);
}

TEST(Limits, OfTheQueue) {
  ServerSettings settings = test_settings();
  settings.workers = 1;
  settings.limits.queue = 2;
  Gate gate;
  NetGround ground(
      [&](const http::Request& request) {
        gate.wait();
        return ok(request);
      },
      settings);
  NetClient running = ground.client();
  running.send(get("/"));
  ASSERT_TRUE(eventually([&] { return gate.waiting() == 1; }));
  std::vector<NetClient> waiting;
  for (int i = 0; i < 2; ++i) waiting.push_back(ground.client());
  for (NetClient& client : waiting) client.send(get("/"));
  ASSERT_TRUE(eventually([&] { return ground.server().metrics().queue_depth == 2; }));
  NetClient refused = ground.client();
  const Answer answer = refused.ask(get("/"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("retry-after"), "1");
  EXPECT_EQ(ground.server().metrics().queue_refusals, 1U);
  gate.open();
  EXPECT_EQ(running.read_answer().status, 200);
  for (NetClient& client : waiting) EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(refused.ask(get("/")).status, 200) << "the connection has been kept";
}

TEST(Limits, OfConnections) {
  ServerSettings settings = test_settings();
  settings.limits.connections = 3;
  NetGround ground(ok, settings);
  std::vector<NetClient> open;
  for (int i = 0; i < 3; ++i) {
    open.push_back(ground.client());
    EXPECT_EQ(open.back().ask(get("/")).status, 200);
  }
  NetClient refused = ground.client();
  const Answer answer = refused.read_answer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("connection"), "close");
  refused.close_half();
  EXPECT_EQ(refused.read_all(), "");
  open.pop_back();
  ASSERT_TRUE(eventually([&] { return ground.server().metrics().connections_open == 2; }));
  EXPECT_EQ(ground.client().ask(get("/")).status, 200);
  EXPECT_EQ(ground.server().metrics().connections_refused, 1U);
}

TEST(Limits, OfConnectionsFarBeyond) {
  ServerSettings settings = test_settings();
  settings.limits.connections = 1;
  NetGround ground(ok, settings);
  NetClient first = ground.client();
  EXPECT_EQ(first.ask(get("/")).status, 200);
  std::vector<NetClient> many;
  for (int i = 0; i < 200; ++i) many.push_back(ground.client());
  ASSERT_TRUE(eventually([&] { return ground.server().metrics().connections_refused == 200; }));
  EXPECT_LE(ground.server().metrics().connections_open, 1U + 64U);
  EXPECT_EQ(first.ask(get("/")).status, 200);
}

TEST(Limits, OfRequestsOnAConnection) {
  ServerSettings settings = test_settings();
  settings.limits.requests_per_connection = 2;
  NetGround ground(ok, settings);
  NetClient client = ground.client();
  EXPECT_EQ(client.ask(get("/")).header("connection"), "");
  EXPECT_EQ(client.ask(get("/")).header("connection"), "close");
  EXPECT_EQ(client.read_all(), "");
}

TEST(Limits, OfChunkLines) {
  NetGround ground(ok);
  const std::string start = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  expect_refused(ground, start + "5;" + std::string(40'000, 'x'), 400);
  expect_refused(ground, start + "0\r\nX: " + std::string(40'000, 'x'), 400);
}

TEST(Smuggling, IsRefusedAndTheConnectionClosed) {
  NetGround ground(ok);
  const std::string start = "POST / HTTP/1.1\r\nHost: x\r\n";
  const std::string chunked = start + "Transfer-Encoding: chunked\r\n\r\n";
  for (const std::string& request : {
           start + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           start + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nbody",
           start + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nbody",
           start + "Content-Length: 4,4\r\n\r\nbody",
           start + "Content-Length : 4\r\n\r\nbody",
           start + "X: a\r\n Content-Length: 4\r\n\r\nbody",
           start + "X: a\nContent-Length: 4\r\n\r\nbody",
           start + "X: a\rContent-Length: 4\r\n\r\nbody",
           start + "Host: y\r\n\r\n",
           std::string("GET / HTTP/1.1\n\n"),
           std::string("GET / HTTP/1.1\r\nHost: x\r\n\n"),
           std::string("GET / HTTP/1.1\r\n\r\n"),
           std::string("GET /../a HTTP/1.1\r\nHost: x\r\n\r\n"),
           std::string("GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n"),
           std::string("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"),
           chunked + "5\nhello\r\n0\r\n\r\n",
           chunked + "5\r\nhello0\r\n\r\n",
           chunked + "5 x\r\nhello\r\n0\r\n\r\n",
           chunked + "-5\r\nhello\r\n0\r\n\r\n",
           chunked + "0x5\r\nhello\r\n0\r\n\r\n",
           chunked + "ffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
           chunked + "\r\nhello\r\n0\r\n\r\n",
           chunked + "0\r\nX : y\r\n\r\n",
       }) {
    expect_refused(ground, request, 400);
  }
  expect_refused(ground, start + "Transfer-Encoding: gzip\r\n\r\n", 501);
  expect_refused(ground, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
  expect_refused(ground, start + "Expect: cake\r\n\r\n", 417);
}

TEST(Smuggling, NothingBehindARefusedRequestIsRead) {
  std::atomic<int> asked = 0;
  NetGround ground([&](const http::Request& request) {
    ++asked;
    return ok(request);
  });
  NetClient client = ground.client();
  client.send(
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" +
      get("/admin"));
  client.close_half();
  EXPECT_THAT(client.read_all(), HasSubstr("400 Bad Request"));
  EXPECT_EQ(asked, 0);
}

}  // namespace
}  // namespace doppel::net
