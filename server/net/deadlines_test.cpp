// Clients that are slow or go away, in every phase; the server goes on and keeps nothing of them.
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

constexpr Times::Span kShort(30);

http::Response ok(const http::Request&) { return http::text_response("ok", "text/plain"); }

/// More than the buffers of the sockets take.
http::Response large(const http::Request&) {
  return http::text_response(std::string(64'000'000, 'a'), "text/plain");
}

/// Nobody is left but who asks, and he is answered.
void expect_well(NetGround& ground) {
  EXPECT_TRUE(eventually([&] { return ground.server().metrics().connections_open == 0; }));
  EXPECT_EQ(ground.server().metrics().requests_in_flight, 0U);
  EXPECT_GE(ground.client().ask(get("/well")).status, 200);
}

TEST(Deadline, OfAnIdleConnection) {
  ServerSettings settings = test_settings();
  settings.times.idle = kShort;
  NetGround ground(ok, settings);
  NetClient silent = ground.client();
  EXPECT_EQ(silent.read_all(), "");
  // On a busy machine the deadline may pass before the request is sent.
  EXPECT_TRUE(eventually([&] {
    NetClient used = ground.client();
    used.send(get("/"));
    return used.read_all().ends_with("ok");
  }));
  EXPECT_EQ(ground.server().metrics().timeouts, 0U) << "that is no failure";
}

TEST(Deadline, OfTheHead) {
  ServerSettings settings = test_settings();
  settings.times.head = kShort;
  NetGround ground(ok, settings);
  NetClient client = ground.client();
  client.send("GET / HTT");
  const Answer answer = client.read_answer();
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_EQ(ground.server().metrics().timeouts, 1U);
  client.close_half();
  EXPECT_EQ(client.read_all(), "");
  expect_well(ground);
}

TEST(Deadline, OfTheHeadThatComesLetterByLetter) {
  ServerSettings settings = test_settings();
  settings.times.head = kShort;
  NetGround ground(ok, settings);
  NetClient client = ground.client();
  client.send("GET / HTTP/1.1\r\nHost: x\r\nX: ");
  std::string answer;
  std::thread reader([&] { answer = client.read_all(); });
  // Each letter arrives well before the deadline, and none moves it.
  while (client.send("a") && answer.empty() && ground.server().metrics().timeouts == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  client.close_half();
  reader.join();
  EXPECT_THAT(answer, HasSubstr(" 408 "));
}

TEST(Deadline, OfTheBody) {
  ServerSettings settings = test_settings();
  settings.times.body = kShort;
  NetGround ground(ok, settings);
  NetClient client = ground.client();
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nsome");
  EXPECT_EQ(client.read_answer().status, 408);
}

TEST(Deadline, OfTheHandler) {
  ServerSettings settings = test_settings();
  settings.times.handler = kShort;
  Gate gate;
  NetGround ground(
      [&](const http::Request& request) {
        if (request.target.path == "/wait") gate.wait();
        return ok(request);
      },
      settings);
  NetClient client = ground.client();
  const Answer answer = client.ask(get("/wait"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("timed_out"));
  EXPECT_EQ(client.read_all(), "");
  EXPECT_TRUE(eventually([&] { return ground.client().ask(get("/")).status == 200; }))
      << "another worker goes on";
  gate.open();
  expect_well(ground);
}

TEST(Deadline, OfARequestThatWaitsForAWorker) {
  ServerSettings settings = test_settings();
  // Long enough for a worker to begin in it, also on a busy machine.
  settings.times.handler = std::chrono::seconds(1);
  settings.workers = 1;
  Gate gate;
  std::atomic<bool> is_done_in_vain = false;
  NetGround ground(
      [&](const http::Request& request) {
        if (request.target.path == "/late") is_done_in_vain = true;
        if (request.target.path == "/wait") gate.wait();
        return ok(request);
      },
      settings);
  NetClient running = ground.client();
  running.send(get("/wait"));
  ASSERT_TRUE(eventually([&] { return gate.waiting() == 1; }));
  EXPECT_EQ(ground.client().ask(post("/late", "x")).status, 503);
  gate.open();
  EXPECT_EQ(running.read_answer().status, 503);
  // The deadline may pass for this one as well, while the machine is busy.
  EXPECT_TRUE(eventually([&] { return ground.client().ask(get("/")).status == 200; }));
  EXPECT_FALSE(is_done_in_vain) << "who sent it was told that it isn't done";
}

TEST(Deadline, OfTheAnswer) {
  ServerSettings settings = test_settings();
  settings.times.write = kShort;
  NetGround ground(large, settings);
  NetClient client = ground.client();
  client.send(get("/"));
  ASSERT_TRUE(eventually([&] { return ground.server().metrics().timeouts == 1; }));
  ASSERT_TRUE(eventually([&] { return ground.server().metrics().connections_open == 0; }));
  EXPECT_THROW(client.read_answer(), std::runtime_error);
}

TEST(Deadline, OfLingering) {
  ServerSettings settings = test_settings();
  settings.times.linger = kShort;
  NetGround ground(ok, settings);
  NetClient client = ground.client();
  EXPECT_EQ(client.ask("nonsense\r\n\r\n").status, 400);
  // The client neither closes nor sends anything more.
  EXPECT_TRUE(eventually([&] { return ground.server().metrics().connections_open == 0; }));
}

TEST(Abrupt, EndInEveryPhaseOfTheRequest) {
  NetGround ground(ok);
  for (const std::string& sent :
       {std::string(), std::string("G"), std::string("GET / HTTP/1.1\r\nHost"),
        std::string("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nsome"),
        std::string("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe")}) {
    NetClient closing = ground.client();
    closing.send(sent);
    {
      const NetClient closed = std::move(closing);
    }
    NetClient resetting = ground.client();
    resetting.send(sent);
    resetting.reset();
    NetClient half = ground.client();
    half.send(sent);
    half.close_half();
    EXPECT_EQ(half.read_all(), "") << "an unfinished request has no answer";
    expect_well(ground);
  }
}

TEST(Abrupt, EndWhileTheHandlerRuns) {
  Gate gate;
  NetGround ground([&](const http::Request& request) {
    if (request.target.path == "/wait") gate.wait();
    return ok(request);
  });
  NetClient resetting = ground.client();
  resetting.send(get("/wait"));
  NetClient closing = ground.client();
  closing.send(get("/wait"));
  ASSERT_TRUE(eventually([&] { return gate.waiting() == 2; }));
  resetting.reset();
  {
    const NetClient closed = std::move(closing);
  }
  gate.open();
  expect_well(ground);
}

TEST(Abrupt, EndWhileTheAnswerIsSent) {
  NetGround ground(large);
  for (int i = 0; i < 3; ++i) {
    NetClient client = ground.client();
    client.send(get("/"));
    client.read_until("aaaa");
    client.reset();
  }
  EXPECT_TRUE(eventually([&] { return ground.server().metrics().connections_open == 0; }));
}

TEST(Abrupt, EndWithRequestsSentAhead) {
  NetGround ground(ok);
  NetClient client = ground.client();
  std::string many;
  for (int i = 0; i < 200; ++i) many += get("/");
  client.send(many);
  client.read_until("ok");
  client.reset();
  expect_well(ground);
}

TEST(Drain, LetsRequestsEndAndClosesWhatIsIdle) {
  Gate gate;
  NetGround ground([&](const http::Request& request) {
    gate.wait();
    return ok(request);
  });
  NetClient idle = ground.client();
  NetClient busy = ground.client();
  NetClient begun = ground.client();
  begun.send("GET / HTTP/1.1\r\nHo");
  busy.send(get("/"));
  ASSERT_TRUE(eventually([&] {
    const Metrics metrics = ground.server().metrics();
    return gate.waiting() == 1 && metrics.connections_open == 3 &&
           metrics.bytes_received == get("/").size() + 18;
  }));
  ground.server().stop();
  EXPECT_EQ(idle.read_all(), "");
  begun.send("st: x\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return gate.waiting() == 2; }));
  EXPECT_THROW(ground.client(), std::runtime_error);
  gate.open();
  for (NetClient* client : {&busy, &begun}) {
    const Answer answer = client->read_answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_EQ(client->read_all(), "");
  }
  ground.join();
}

TEST(Drain, HasAnEnd) {
  ServerSettings settings = test_settings();
  settings.times.drain = kShort;
  Gate gate;
  NetGround ground(
      [&](const http::Request& request) {
        gate.wait();
        return ok(request);
      },
      settings);
  NetClient busy = ground.client();
  NetClient slow = ground.client();
  busy.send(get("/"));
  slow.send("GET /");
  ASSERT_TRUE(eventually([&] { return gate.waiting() == 1; }));
  ground.server().stop();
  EXPECT_EQ(busy.read_all(), "");
  EXPECT_EQ(slow.read_all(), "");
  gate.open();
  ground.join();
}

TEST(Drain, BeginsWithASignal) {
  ServerSettings settings = test_settings();
  settings.stop_signals = StopSignals::kHeeded;
  NetGround ground(ok, settings);
  NetClient idle = ground.client();
  EXPECT_EQ(idle.ask(get("/")).status, 200);
  std::raise(SIGTERM);
  EXPECT_EQ(idle.read_all(), "");
  ground.join();
}

TEST(Drain, EndsAlsoWhereTwoSignalsComeAtOnce) {
  ServerSettings settings = test_settings();
  settings.stop_signals = StopSignals::kHeeded;
  NetGround ground(ok, settings);
  EXPECT_EQ(ground.client().ask(get("/")).status, 200);
  std::raise(SIGINT);
  std::raise(SIGTERM);
  ground.join();
}

TEST(Drain, OfAServerThatNobodyUses) {
  NetGround ground(ok);
  ground.server().stop();
  ground.join();
}

TEST(Idle, TwoThousandConnectionsCostLittle) {
  constexpr std::size_t kWanted = 2000;
  constexpr std::size_t kOthers = 100;
  // Both ends are in this process.
  const std::size_t count = std::min(kWanted, (testing::raise_open_files() - kOthers) / 2);
  NetGround ground(ok);
  std::vector<NetClient> clients;
  for (std::size_t i = 0; i < count; ++i) clients.push_back(ground.client());
  ASSERT_TRUE(eventually([&] { return ground.server().metrics().connections_open == count; }));
  EXPECT_EQ(ground.client().ask(get("/")).status, 200);
  for (NetClient& client : clients) client.send(get("/"));
  for (NetClient& client : clients) EXPECT_EQ(client.read_answer().status, 200);
  clients.clear();
  expect_well(ground);
}

}  // namespace
}  // namespace doppel::net
