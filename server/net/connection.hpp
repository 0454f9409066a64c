#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "http/head.hpp"
#include "http/message.hpp"
#include "net/channel.hpp"
#include "net/core.hpp"
#include "net/request_parser.hpp"
#include "net/response_head.hpp"

namespace doppel::net {

class EventQueue;

/// One client's connection: reads requests one after the other, has workers answer them, and sends
/// the answers. Everything here happens on the thread of the connections.
///
/// gcc 12 miscompiles many shapes around co_await (docs/decisions): it stands in a statement of its
/// own, with arguments that have names; tools/tidy.py sees to it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Whether the connection is served or told that there are too many.
  enum class Welcome { kServed, kTurnedAway };

  Connection(Core& core, tcp::socket socket);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// All of the connection's life. `self` is kept until its end.
  awaitable<void> run(std::shared_ptr<Connection> self, Welcome welcome);

  /// Ends what is awaited when its time is up.
  void expire_at(Time now);
  /// The server stops: what is idle ends now.
  void drain();
  /// The server has stopped waiting.
  void abort();
  /// Lets the coroutine look again at what it waits for.
  void wake();

 private:
  /// What came of reading.
  enum class Reading {
    kRead,
    kRefused,  ///< response_ says why
    kTimedOut,
    kGone,
  };
  /// What the connection is doing, which is what its deadline is for.
  enum class Phase { kHandshake, kIdle, kHead, kBody, kHandler, kWrite, kEvents, kLinger };

  /// A request and what a worker makes of it. The worker has it alone until it is done.
  struct Exchange {
    explicit Exchange(Core& core) : hold(core.body_bytes_held) {}
    http::Request request;
    BodyHold hold;
    http::Response response;
    std::string failure;  ///< for the log
  };
  /// Something that a worker does for this connection.
  struct Task {
    std::function<void()> work;
    std::weak_ptr<Connection> connection;
    bool is_done = false;
    std::atomic<bool> is_pointless = false;  ///< nobody waits for it: it isn't begun any more
  };
  struct Puller;
  struct Subscription;
  class EventScope;

  // connection.cpp: the life of the connection
  awaitable<bool> serve();
  awaitable<void> part();
  void begin();
  void finish();
  void enter(Phase phase, Times::Span most);
  std::string_view rest() const { return std::string_view(input_).substr(begin_); }

  // connection_read.cpp
  awaitable<Reading> read_request();
  awaitable<Reading> read_head();
  awaitable<Reading> read_body();
  awaitable<Reading> fill();
  void take(std::size_t bytes);
  void accept_head(std::string_view head);
  void take_request_id();
  void refuse(const Error& error);

  // connection_answer.cpp
  awaitable<void> handle();
  awaitable<void> send();
  awaitable<void> send_bytes(std::string_view bytes);
  awaitable<void> send_stream(http::Stream stream, Framing framing);
  awaitable<void> finish_of(std::shared_ptr<Task> task);
  std::shared_ptr<Task> task_of(std::function<void()> work);
  WorkerPool::Job job_of(std::shared_ptr<Task> task);
  Framing framing() const;
  bool has_body() const;
  bool is_sound() const;
  std::string head_of_answer();
  void fail(const std::string& what);

  // connection_events.cpp
  awaitable<void> send_events(http::Subscribe subscribe, Framing framing);
  awaitable<void> watch(std::shared_ptr<Connection> self);
  void look_at_events();

  Core& core_;
  Channel channel_;
  asio::steady_timer wake_;
  std::string input_;      ///< what was read
  std::size_t begin_ = 0;  ///< of what wasn't used of it
  Phase phase_ = Phase::kHandshake;
  Time deadline_ = Time::max();
  bool is_expired_ = false;
  bool is_aborted_ = false;
  bool is_broken_ = false;    ///< nothing more can be written
  bool is_gone_ = false;      ///< the client of an event stream
  bool must_linger_ = false;  ///< the client may still be sending

  // Of the request at hand.
  std::shared_ptr<Exchange> exchange_;
  std::optional<RequestParser> parser_;
  http::Version version_ = http::Version::k11;
  bool expects_continue_ = false;
  std::size_t most_body_bytes_ = 0;
  http::Response response_;
  Afterwards afterwards_ = Afterwards::kKeepAlive;
  Time started_;
  std::uint64_t received_ = 0;
  std::uint64_t sent_ = 0;
  std::string method_;
  const char* outcome_ = "";
  std::optional<Time> answered_;  ///< when an event stream began, which has no other end
  std::shared_ptr<EventQueue> events_;
  std::size_t served_ = 0;
};

}  // namespace doppel::net
