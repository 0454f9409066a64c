#include "net/core.hpp"

#include "http/date.hpp"
#include "net/tls.hpp"

namespace doppel::net {

Core::Core(ServerSettings given, Handler answer, Surroundings around)
    : settings(std::move(given)),
      handler(std::move(answer)),
      surroundings(std::move(around)),
      pool(settings.workers, settings.limits.queue) {
  if (settings.tls) tls = make_tls(*settings.tls);
}

const std::string& Core::date() {
  constexpr std::int64_t kMicroseconds = 1'000'000;
  const Instant now = surroundings.clock.now();
  if (now.microseconds / kMicroseconds != date_second_) {
    date_second_ = now.microseconds / kMicroseconds;
    date_ = http::http_date(now);
  }
  return date_;
}

void Core::dispose(std::shared_ptr<void> thing) {
  if (thing == nullptr) return;
  pool.submit([held = std::move(thing)] {});
}

}  // namespace doppel::net
