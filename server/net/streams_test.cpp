// Answers that are pulled piece by piece, and event streams.
#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/event_queue.hpp"
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
using ::testing::Not;
using testing::test_settings;

/// Tells when the last copy of what holds it is gone.
std::shared_ptr<void> token_of(std::atomic<bool>& is_gone) {
  return {&is_gone, [](std::atomic<bool>* gone) { *gone = true; }};
}

TEST(Stream, IsSentInChunks) {
  NetGround ground([](const http::Request&) {
    return http::stream_response(
        [count = 0]() mutable -> std::optional<std::string> {
          ++count;
          if (count == 2) return "";  // A piece without letters isn't the end.
          if (count > 4) return std::nullopt;
          return "piece " + std::to_string(count) + "\n";
        },
        "text/csv");
  });
  NetClient client = ground.client();
  const Answer answer = client.ask(get("/"));
  EXPECT_EQ(answer.header("transfer-encoding"), "chunked");
  EXPECT_EQ(answer.body, "piece 1\npiece 3\npiece 4\n");
  EXPECT_EQ(client.ask(get("/")).body, answer.body) << "the connection is kept";
  client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.read_answer(true).status, 200);
  EXPECT_EQ(client.ask(get("/")).body, answer.body);
  NetClient old = ground.client();
  const Answer plain = old.ask("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(plain.header("transfer-encoding"), "");
  EXPECT_EQ(plain.body, answer.body);
}

TEST(Stream, IsPulledNoFasterThanTheClientReads) {
  constexpr std::size_t kPiece = 65'536;
  std::atomic<std::size_t> pulled = 0;
  std::atomic<bool> is_gone = false;
  NetGround ground([&](const http::Request&) {
    return http::stream_response(
        [&pulled, held = token_of(is_gone)]() -> std::optional<std::string> {
          ++pulled;
          return std::string(kPiece, 'a');
        },
        "text/plain");
  });
  NetClient client = ground.client();
  client.send(get("/"));
  client.read_until("aaaa");
  // The stream has no end: without back pressure it would never stand still.
  EXPECT_TRUE(eventually([&] {
    const std::size_t before = pulled;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return pulled == before;
  }));
  EXPECT_FALSE(is_gone);
  client.reset();
  EXPECT_TRUE(eventually([&] { return is_gone.load(); }));
}

TEST(Stream, ThatFailsHasNoEnd) {
  NetGround ground([](const http::Request&) {
    return http::stream_response(
        [count = 0]() mutable -> std::optional<std::string> {
          if (++count > 1) throw std::runtime_error("secret");
          return "first";
        },
        "text/plain");
  });
  NetClient client = ground.client();
  client.send(get("/"));
  const std::string all = client.read_all();
  EXPECT_THAT(all, HasSubstr("5\r\nfirst\r\n"));
  EXPECT_THAT(all, Not(HasSubstr("0\r\n\r\n")));
  EXPECT_THAT(all, Not(HasSubstr("secret")));
  ASSERT_TRUE(eventually([&] { return ground.log().size() == 2; }));
  EXPECT_THAT(ground.log()[0], HasSubstr("secret"));
}

TEST(Stream, GoesOnWhileTheQueueIsFull) {
  ServerSettings settings = test_settings();
  settings.workers = 1;
  settings.limits.queue = 1;
  Gate gate;
  NetGround ground(
      [&](const http::Request& request) {
        if (request.target.path == "/wait") gate.wait();
        return http::stream_response(
            [count = 0]() mutable -> std::optional<std::string> {
              return ++count > 3 ? std::nullopt : std::optional<std::string>("x");
            },
            "text/plain");
      },
      settings);
  NetClient running = ground.client();
  running.send(get("/wait"));
  ASSERT_TRUE(eventually([&] { return gate.waiting() == 1; }));
  NetClient waiting = ground.client();
  waiting.send(get("/"));
  ASSERT_TRUE(eventually([&] { return ground.server().metrics().queue_depth == 1; }));
  EXPECT_EQ(ground.client().ask(get("/")).status, 503);
  gate.open();
  EXPECT_EQ(running.read_answer().body, "xxx");
  EXPECT_EQ(waiting.read_answer().body, "xxx");
}

/// What an application would have: it keeps the sinks of its clients.
struct Publisher {
  std::mutex mutex;
  std::vector<std::shared_ptr<http::EventSink>> sinks;
  std::atomic<bool> is_gone = false;

  http::Response answer() {
    return http::event_response([this](std::shared_ptr<http::EventSink> sink) {
      const std::lock_guard lock(mutex);
      sinks.push_back(std::move(sink));
      return token_of(is_gone);
    });
  }
  std::shared_ptr<http::EventSink> sink() {
    EXPECT_TRUE(eventually([&] {
      const std::lock_guard lock(mutex);
      return !sinks.empty();
    }));
    const std::lock_guard lock(mutex);
    return sinks.back();
  }
};

TEST(Events, ArriveAsTheyAreSent) {
  Publisher publisher;
  NetGround ground([&](const http::Request&) { return publisher.answer(); });
  NetClient client = ground.client();
  client.send(get("/"));
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("Content-Type: text/event-stream\r\n"));
  const auto sink = publisher.sink();
  EXPECT_TRUE(sink->send({.id = "1", .data = "one"}));
  EXPECT_THAT(client.read_until("\n\n"), HasSubstr("id: 1\ndata: one\n\n"));
  EXPECT_TRUE(sink->send({.data = "two"}));
  client.read_until("data: two\n\n");
  EXPECT_EQ(ground.server().metrics().event_streams_open, 1U);
  sink->send({.data = "last"});
  sink->close();
  EXPECT_FALSE(sink->send({.data = "behind"}));
  const std::string rest = client.read_all();
  EXPECT_THAT(rest, HasSubstr("data: last\n\n"));
  EXPECT_THAT(rest, ::testing::EndsWith("0\r\n\r\n"));
  EXPECT_TRUE(eventually([&] { return publisher.is_gone.load(); }));
  EXPECT_TRUE(eventually([&] { return ground.server().metrics().event_streams_open == 0; }));
}

TEST(Events, HaveAHeartbeat) {
  ServerSettings settings = test_settings();
  settings.times.heartbeat = std::chrono::milliseconds(10);
  Publisher publisher;
  NetGround ground([&](const http::Request&) { return publisher.answer(); }, settings);
  NetClient client = ground.client();
  client.send(get("/"));
  for (int i = 0; i < 3; ++i) client.read_until(":\n\n");
}

TEST(Events, EndWithTheirClient) {
  Publisher publisher;
  NetGround ground([&](const http::Request&) { return publisher.answer(); });
  NetClient client = ground.client();
  client.send(get("/"));
  client.read_until("\r\n\r\n");
  const auto sink = publisher.sink();
  client.reset();
  EXPECT_TRUE(eventually([&] { return publisher.is_gone.load(); }));
  EXPECT_FALSE(sink->send({.data = "x"}));
}

TEST(Events, DropAClientThatDoesntRead) {
  ServerSettings settings = test_settings();
  settings.limits.event_bytes = 100'000;
  Publisher publisher;
  NetGround ground([&](const http::Request&) { return publisher.answer(); }, settings);
  NetClient client = ground.client();
  client.send(get("/"));
  const auto sink = publisher.sink();
  const http::Event event{.data = std::string(10'000, 'a')};
  EXPECT_TRUE(eventually([&] { return !sink->send(event); })) << "the sockets' buffers fill up";
  EXPECT_TRUE(eventually([&] { return publisher.is_gone.load(); }));
  EXPECT_TRUE(eventually([&] { return ground.server().metrics().connections_open == 0; }));
  EXPECT_EQ(ground.server().metrics().event_streams_dropped, 1U);
  EXPECT_THAT(client.read_all(), Not(HasSubstr("0\r\n\r\n")));
}

TEST(Events, HaveALimit) {
  ServerSettings settings = test_settings();
  settings.limits.event_streams = 1;
  Publisher publisher;
  NetGround ground([&](const http::Request&) { return publisher.answer(); }, settings);
  NetClient first = ground.client();
  first.send(get("/"));
  first.read_until("\r\n\r\n");
  NetClient second = ground.client();
  EXPECT_EQ(second.ask(get("/")).status, 503);
  first.reset();
  ASSERT_TRUE(eventually([&] { return ground.server().metrics().event_streams_open == 0; }));
  second.send(get("/"));
  EXPECT_THAT(second.read_until("\r\n\r\n"), HasSubstr("200 OK"));
}

TEST(Events, EndWhenTheServerStops) {
  Publisher publisher;
  NetGround ground([&](const http::Request&) { return publisher.answer(); });
  NetClient client = ground.client();
  client.send(get("/"));
  client.read_until("\r\n\r\n");
  const auto sink = publisher.sink();
  ground.server().stop();
  EXPECT_EQ(client.read_all(), "0\r\n\r\n");
  ground.join();
  EXPECT_TRUE(publisher.is_gone);
  EXPECT_FALSE(sink->send({.data = "x"}));
}

TEST(Events, EndWhenTheSubscriptionFails) {
  NetGround ground([](const http::Request&) {
    return http::event_response([](std::shared_ptr<http::EventSink>) -> std::shared_ptr<void> {
      throw std::runtime_error("secret");
    });
  });
  NetClient client = ground.client();
  client.send(get("/"));
  EXPECT_THAT(client.read_all(), Not(HasSubstr("secret")));
  ASSERT_TRUE(eventually([&] { return !ground.log().empty(); }));
  EXPECT_THAT(ground.log()[0], HasSubstr("secret"));
}

TEST(EventQueue, IsDroppedBeyondItsLimitAndForgetsWhatItHad) {
  int changes = 0;
  EventQueue queue(30, [&] { ++changes; });
  EXPECT_TRUE(queue.send({.data = "a"}));
  EXPECT_TRUE(queue.send({.data = "b"}));
  EXPECT_EQ(changes, 1);
  EXPECT_EQ(queue.take().text, "data: a\n\ndata: b\n\n");
  EXPECT_FALSE(queue.send({.data = std::string(30, 'a')}));
  EXPECT_FALSE(queue.send({.data = "c"}));
  EXPECT_EQ(changes, 2);
  EXPECT_EQ(queue.take().end, EventQueue::End::kDropped);
  EXPECT_EQ(queue.take().text, "");
}

}  // namespace
}  // namespace doppel::net
