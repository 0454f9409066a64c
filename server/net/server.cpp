#include "net/server.hpp"

#include <csignal>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>

#include "base/error.hpp"
#include "net/connection.hpp"
#include "net/core.hpp"

namespace doppel::net {
namespace {

/// Beyond the limit of connections this many are told so; what is beyond that too is closed at
/// once.
constexpr std::size_t kMostTurnedAway = 64;
/// When the process has no file descriptors left, before it tries again.
constexpr std::chrono::milliseconds kPause(50);

tcp::endpoint endpoint_of(const ServerSettings& settings) {
  Failure failure;
  const asio::ip::address address = asio::ip::make_address(settings.address, failure);
  if (failure) {
    throw Error(ErrorCode::kInvalidInput, "'" + settings.address + "' isn't an address",
                {.place = {}, .remedy = "give an IPv4 or IPv6 address, or ::"});
  }
  return {address, settings.port};
}

}  // namespace

struct Server::Impl {
  std::shared_ptr<Core> core;
  tcp::acceptor acceptor;
  asio::steady_timer tick;
  asio::steady_timer pause;
  asio::signal_set signals;
  bool is_empty = false;  ///< drained: nothing is waited for any more
  std::uint16_t port = 0;
  std::chrono::steady_clock::time_point drained_by = std::chrono::steady_clock::time_point::max();

  Impl(ServerSettings settings, Handler handler, Surroundings surroundings)
      : core(std::make_shared<Core>(std::move(settings), std::move(handler),
                                    std::move(surroundings))),
        acceptor(core->io),
        tick(core->io),
        pause(core->io),
        signals(core->io) {}

  void listen();
  void begin();
  void spawn(tcp::socket socket);
  void drain();
  void abort_all();
  void heed_signals();
  awaitable<void> accept_all();
  awaitable<void> watch_deadlines();
};

void Server::Impl::listen() {
  try {
    const tcp::endpoint endpoint = endpoint_of(core->settings);
    acceptor.open(endpoint.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    if (endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(false));
    acceptor.bind(endpoint);
    acceptor.listen(tcp::acceptor::max_listen_connections);
    acceptor.non_blocking(true);
    port = acceptor.local_endpoint().port();
  } catch (const boost::system::system_error& error) {
    throw Error(ErrorCode::kIo, "can't listen: " + error.code().message(),
                {.place = core->settings.address + " port " + std::to_string(core->settings.port),
                 .remedy = "give an address of this machine and a port that is free"});
  }
}

void Server::Impl::spawn(tcp::socket socket) {
  const std::size_t open = core->connections.size();
  const std::size_t most = core->settings.limits.connections;
  const bool is_beyond = open >= most;
  if (is_beyond) ++core->counters.connections_refused;
  if (open >= most + kMostTurnedAway) return;
  auto connection = std::make_shared<Connection>(*core, std::move(socket));
  const auto welcome = is_beyond ? Connection::Welcome::kTurnedAway : Connection::Welcome::kServed;
  asio::co_spawn(
      core->io, connection->run(connection, welcome), [this](const std::exception_ptr& thrown) {
        if (thrown == nullptr || !core->surroundings.log) return;
        try {
          std::rethrow_exception(thrown);
        } catch (const std::exception& error) {
          core->surroundings.log(failure_line(core->surroundings.clock.now(), "", error.what()));
        }
      });
}

awaitable<void> Server::Impl::accept_all() {
  while (!core->is_draining) {
    Failure failure;
    tcp::socket socket = co_await acceptor.async_accept(token(failure));
    if (!failure) {
      ++core->counters.connections_accepted;
      spawn(std::move(socket));
    } else if (!core->is_draining) {
      pause.expires_after(kPause);
      co_await pause.async_wait(token(failure));
    }
  }
}

awaitable<void> Server::Impl::watch_deadlines() {
  Failure ignored;
  while (!core->is_draining || !core->connections.empty()) {
    tick.expires_after(core->settings.times.tick);
    co_await tick.async_wait(token(ignored));
    const auto now = std::chrono::steady_clock::now();
    for (Connection* connection : core->connections) connection->expire_at(now);
    if (now >= drained_by) abort_all();
  }
  is_empty = true;
  signals.cancel(ignored);
}

void Server::Impl::drain() {
  if (core->is_draining) return abort_all();
  core->is_draining = true;
  drained_by = std::chrono::steady_clock::now() + core->settings.times.drain;
  Failure ignored;
  acceptor.close(ignored);
  pause.cancel();
  tick.cancel();
  for (Connection* connection : core->connections) connection->drain();
}

void Server::Impl::abort_all() {
  for (Connection* connection : core->connections) connection->abort();
}

void Server::Impl::heed_signals() {
  signals.async_wait([this](const Failure& failure, int) {
    // One that came just before the end is told after it.
    if (failure || is_empty) return;
    drain();
    heed_signals();
  });
}

void Server::Impl::begin() {
  const auto stop_on_failure = [](const std::exception_ptr& thrown) {
    if (thrown != nullptr) std::rethrow_exception(thrown);
  };
  asio::co_spawn(core->io, accept_all(), stop_on_failure);
  asio::co_spawn(core->io, watch_deadlines(), stop_on_failure);
  if (core->settings.stop_signals == StopSignals::kHeeded) {
    signals.add(SIGINT);
    signals.add(SIGTERM);
    heed_signals();
  }
}

Server::Server(ServerSettings settings, Handler handler, Surroundings surroundings)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(handler),
                                   std::move(surroundings))) {
  impl_->listen();
}

Server::~Server() = default;

std::uint16_t Server::port() const { return impl_->port; }

void Server::run() {
  impl_->begin();
  impl_->core->io.run();
  // Nobody waits for the handlers that still run, but what they use must stay until they end.
  impl_->core->pool.stop();
  impl_->core->io.restart();
  impl_->core->io.poll();
}

void Server::stop() {
  asio::post(impl_->core->io, [impl = impl_.get()] { impl->drain(); });
}

Metrics Server::metrics() const {
  Metrics now = impl_->core->counters.snapshot();
  now.queue_depth = impl_->core->pool.waiting();
  return now;
}

}  // namespace doppel::net
