#include "adapters/postgres/listen.hpp"

#include <chrono>

#include <poll.h>

#include "adapters/postgres/connection.hpp"
#include "base/error.hpp"

namespace doppel::postgres {
namespace {

struct EndNotify {
  void operator()(PGnotify* notify) const { PQfreemem(notify); }
};

std::int64_t now_ms() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

class ChannelListener final : public database::Listener {
 public:
  explicit ChannelListener(const std::string& dsn) : link_({.dsn = dsn}) {
    link_.run_script(std::string("LISTEN ") + kChannel);
  }

  std::optional<std::string> wait(std::int64_t timeout_ms) override {
    const std::int64_t until = now_ms() + timeout_ms;
    while (true) {
      const std::unique_ptr<PGnotify, EndNotify> notify(PQnotifies(link_.handle()));
      if (notify) return notify->extra;
      const std::int64_t left = until - now_ms();
      if (left <= 0) return std::nullopt;
      pollfd wait{.fd = PQsocket(link_.handle()), .events = POLLIN, .revents = 0};
      ::poll(&wait, 1, static_cast<int>(left));
      if (PQconsumeInput(link_.handle()) == 0) link_.run_script("SELECT 1");  // Says what it is.
    }
  }

 private:
  Link link_;
};

}  // namespace

std::unique_ptr<database::Listener> listen(const std::string& dsn) {
  return std::make_unique<ChannelListener>(dsn);
}

void Connection::announce(const std::string& text) {
  const Value parameters[]{Value(kChannel), Value(text)};
  guarded([&] { return link_.run("SELECT pg_notify($1, $2)", parameters); });
}

}  // namespace doppel::postgres
