// How a connection carries an event stream.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "net/connection.hpp"
#include "net/event_queue.hpp"

namespace doppel::net {
namespace {

constexpr std::string_view kHeartbeat = ":\n\n";

}  // namespace

/// What the application keeps for one client.
struct Connection::Subscription {
  http::Subscribe subscribe;
  std::shared_ptr<void> kept;
  std::string failure;

  void begin(const std::shared_ptr<EventQueue>& queue) {
    try {
      kept = subscribe(queue);
    } catch (const std::exception& error) {
      failure = error.what();
    } catch (...) {
      failure = "something that is no exception was thrown";
    }
    if (!failure.empty()) queue->close();
  }
};

/// Counts a stream as long as it is there.
class Connection::EventScope {
 public:
  explicit EventScope(Core& core) : core_(core) {
    ++core_.event_streams;
    ++core_.counters.event_streams_open;
  }
  ~EventScope() {
    --core_.event_streams;
    --core_.counters.event_streams_open;
  }
  EventScope(const EventScope&) = delete;
  EventScope& operator=(const EventScope&) = delete;

 private:
  Core& core_;
};

awaitable<void> Connection::watch(std::shared_ptr<Connection> self) {
  Failure failure;
  std::string ignored;
  while (!failure) {
    ignored.clear();
    co_await channel_.read(ignored, failure);
    core_.counters.bytes_received += ignored.size();
  }
  is_gone_ = true;
  wake();
  self.reset();
}

void Connection::look_at_events() {
  // A client that was dropped is likely not to read, and would hold up what is being written.
  if (events_ != nullptr && events_->is_dropped()) channel_.cancel();
  wake();
}

awaitable<void> Connection::send_events(http::Subscribe subscribe, Framing framing) {
  const EventScope scope(core_);
  const std::weak_ptr<Connection> weak = weak_from_this();
  const std::weak_ptr<Core> weak_core = core_.weak_from_this();
  const auto queue = std::make_shared<EventQueue>(core_.settings.limits.event_bytes, [=] {
    // Whoever publishes may do so after the server is gone.
    const auto core = weak_core.lock();
    if (core == nullptr) return;
    asio::post(core->io, [weak] {
      if (const auto connection = weak.lock()) connection->look_at_events();
    });
  });
  events_ = queue;
  const auto subscription = std::make_shared<Subscription>();
  subscription->subscribe = std::move(subscribe);
  const auto task = task_of([subscription, queue] { subscription->begin(queue); });
  core_.pool.submit(job_of(task));
  asio::co_spawn(core_.io, watch(shared_from_this()), asio::detached);

  auto end = EventQueue::End::kOpen;
  while (end == EventQueue::End::kOpen) {
    if (is_broken_ || is_gone_ || is_aborted_ || core_.is_draining) break;
    const EventQueue::Taken taken = queue->take();
    end = taken.end;
    std::string text = taken.text;
    if (text.empty() && end == EventQueue::End::kOpen) {
      Failure woken;
      phase_ = Phase::kEvents;
      deadline_ = Time::max();
      wake_.expires_after(core_.settings.times.heartbeat);
      co_await wake_.async_wait(token(woken));
      if (!woken) text = kHeartbeat;
    }
    if (text.empty()) continue;
    const bool is_chunk = framing == Framing::kChunked;
    const std::string bytes = is_chunk ? chunk_of(text) : std::move(text);
    co_await send_bytes(bytes);
  }
  end = queue->take().end;
  queue->abandon();
  if (end == EventQueue::End::kDropped) {
    ++core_.counters.event_streams_dropped;
    outcome_ = "dropped";
  } else if (is_gone_) {
    outcome_ = "client_gone";
  } else if (framing == Framing::kChunked) {
    co_await send_bytes(kLastChunk);
  }
  enter(Phase::kHandler, core_.settings.times.handler);
  co_await finish_of(task);
  if (task->is_done && !subscription->failure.empty()) fail(subscription->failure);
  core_.dispose(subscription);
  // The other coroutine reads: the connection can only be closed now.
  is_broken_ = true;
}

}  // namespace doppel::net
