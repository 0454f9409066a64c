#include "tests/support/net_ground.hpp"

#include <utility>

namespace doppel::testing {

void Gate::wait() {
  std::unique_lock lock(mutex_);
  ++waiting_;
  changed_.wait(lock, [this] { return is_open_; });
  --waiting_;
}

void Gate::open() {
  const std::lock_guard lock(mutex_);
  is_open_ = true;
  changed_.notify_all();
}

int Gate::waiting() {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

net::ServerSettings test_settings() {
  constexpr std::chrono::minutes kLong(10);
  net::ServerSettings settings;
  settings.workers = 2;
  settings.times = {.handshake = kLong,
                    .idle = kLong,
                    .head = kLong,
                    .body = kLong,
                    .handler = kLong,
                    .write = kLong,
                    .linger = std::chrono::seconds(10),
                    .heartbeat = kLong,
                    .drain = kLong,
                    .tick = std::chrono::milliseconds(5)};
  return settings;
}

NetGround::NetGround(net::Handler handler, net::ServerSettings settings) {
  const auto log = [this](const std::string& line) {
    const std::lock_guard lock(mutex_);
    log_.push_back(line);
  };
  server_ = std::make_unique<net::Server>(
      std::move(settings), std::move(handler),
      net::Surroundings{.clock = clock_, .random = random_, .log = log});
  thread_ = std::thread([this] { server_->run(); });
}

NetGround::~NetGround() {
  server_->stop();
  server_->stop();
  join();
}

std::vector<std::string> NetGround::log() {
  const std::lock_guard lock(mutex_);
  return log_;
}

void NetGround::join() {
  if (thread_.joinable()) thread_.join();
}

std::string get(const std::string& target, const std::string& headers) {
  return "GET " + target + " HTTP/1.1\r\nHost: test\r\n" + headers + "\r\n";
}

std::string post(const std::string& target, const std::string& body, const std::string& headers) {
  return "POST " + target +
         " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         headers + "\r\n" + body;
}

}  // namespace doppel::testing
