#include "net/connection.hpp"

#include "http/problem.hpp"

namespace doppel::net {
namespace {

/// What a refused client may still send before the connection is cut.
constexpr std::size_t kMostDiscarded = http::kKibibyte * 1024 * 8;
/// An idle connection keeps no more than this.
constexpr std::size_t kKeptInput = 1024;

/// Counts a request from its reading to its answer.
class InFlight {
 public:
  explicit InFlight(Counters::Count& count) : count_(count) { ++count_; }
  ~InFlight() { --count_; }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  Counters::Count& count_;
};

}  // namespace

Connection::Connection(Core& core, tcp::socket socket)
    : core_(core),
      channel_(std::move(socket), core.tls ? &*core.tls : nullptr, core.scratch),
      wake_(core.io) {
  core_.connections.insert(this);
  ++core_.counters.connections_open;
}

Connection::~Connection() {
  core_.connections.erase(this);
  --core_.counters.connections_open;
}

awaitable<void> Connection::run(std::shared_ptr<Connection> self, Welcome welcome) {
  Failure failure;
  enter(Phase::kHandshake, core_.settings.times.handshake);
  co_await channel_.handshake(failure);
  if (failure) {
    ++core_.counters.handshakes_failed;
    is_broken_ = true;
  } else if (welcome == Welcome::kTurnedAway) {
    begin();
    refuse(Error(ErrorCode::kOverloaded, "there are too many connections"));
    co_await send();
    finish();
  } else {
    bool goes_on = true;
    while (goes_on) {
      goes_on = co_await serve();
    }
  }
  co_await part();
  channel_.close();
  self.reset();
}

awaitable<bool> Connection::serve() {
  begin();
  const Reading reading = co_await read_request();
  if (reading == Reading::kGone) co_return false;
  const InFlight in_flight(core_.counters.requests_in_flight);
  if (reading == Reading::kRead) co_await handle();
  co_await send();
  finish();
  co_return !is_broken_ && afterwards_ == Afterwards::kKeepAlive;
}

void Connection::begin() {
  exchange_ = std::make_shared<Exchange>(core_);
  exchange_->request.peer = channel_.peer();
  exchange_->request.scheme = channel_.is_tls() ? http::Scheme::kHttps : http::Scheme::kHttp;
  parser_.reset();
  expects_continue_ = false;
  response_ = {};
  ++served_;
  const bool is_last = served_ >= core_.settings.limits.requests_per_connection;
  afterwards_ = is_last ? Afterwards::kClose : Afterwards::kKeepAlive;
  started_ = std::chrono::steady_clock::now();
  received_ = 0;
  sent_ = 0;
  method_.clear();
  outcome_ = "answered";
  answered_.reset();
  if (rest().empty()) {
    input_.clear();
    begin_ = 0;
    if (input_.capacity() > kKeptInput) std::string().swap(input_);
  }
}

void Connection::finish() {
  const auto taken = std::chrono::duration_cast<std::chrono::microseconds>(
      answered_.value_or(std::chrono::steady_clock::now()) - started_);
  const auto microseconds = static_cast<std::uint64_t>(taken.count());
  core_.counters.count_answer(response_.status, microseconds);
  if (core_.surroundings.log) {
    const http::Request& request = exchange_->request;
    const AccessRecord record{.at = core_.surroundings.clock.now(),
                              .request_id = request.request_id,
                              .peer = request.peer,
                              .method = method_,
                              .path = request.target.path,
                              .user_agent = std::string(request.headers.get("User-Agent")),
                              .status = response_.status,
                              .bytes_received = received_,
                              .bytes_sent = sent_,
                              .microseconds = microseconds,
                              .outcome = outcome_};
    core_.surroundings.log(to_line(record));
  }
}

awaitable<void> Connection::part() {
  if (is_broken_ || is_aborted_) co_return;
  enter(Phase::kLinger, core_.settings.times.linger);
  Failure failure;
  co_await channel_.shut_down(failure);
  // To close with input unread would take back what was sent (RFC 9112, section 9.6).
  const bool has_unread = must_linger_ || !rest().empty();
  if (has_unread) co_await channel_.discard(kMostDiscarded, failure);
}

void Connection::enter(Phase phase, Times::Span most) {
  phase_ = phase;
  is_expired_ = false;
  deadline_ = std::chrono::steady_clock::now() + most;
}

void Connection::expire_at(Time now) {
  if (now < deadline_) return;
  if (!is_expired_ && phase_ != Phase::kIdle && phase_ != Phase::kLinger) {
    ++core_.counters.timeouts;
  }
  is_expired_ = true;
  channel_.cancel();
  wake();
}

void Connection::drain() {
  if (phase_ == Phase::kIdle) channel_.cancel();
  wake();
}

void Connection::abort() {
  is_aborted_ = true;
  channel_.close();
  wake();
}

void Connection::wake() { wake_.cancel(); }

}  // namespace doppel::net
