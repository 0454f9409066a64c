#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/event.hpp"
#include "http/message.hpp"

/// Those who watch, and what they are told: changes of records and promotions, each only what its
/// watcher could read himself. What happened is in the control store, so it doesn't matter which
/// process did it.
namespace doppel::api {

class Site;
struct Call;

/// How far somebody has been told: by live's sequence, and by that of his sandbox.
struct EventPosition {
  std::string sandbox;  ///< id; empty: he is in live
  std::int64_t live = 0, own = 0;
};

/// `12`, or `12.SANDBOX.5` in a sandbox: an event's id.
std::string to_text(const EventPosition& position);
std::optional<EventPosition> parse_position(std::string_view text);

class EventBoard {
 public:
  explicit EventBoard(Site& site) : site_(site) {}
  EventBoard(const EventBoard&) = delete;
  EventBoard& operator=(const EventBoard&) = delete;

  /// The answer to a request for the stream: from the position that it names, else from now on.
  http::Response watch(Call& call, const http::Request& request);

  /// Tells everybody what is new. For one thread, again and again; it doesn't throw: where the
  /// databases are away, it is for the next time.
  void poll() noexcept;

 private:
  struct Watcher;

  std::vector<std::shared_ptr<Watcher>> present();
  void add(const std::shared_ptr<Watcher>& watcher);
  void tell_all();
  void tell(Watcher& watcher, const std::map<std::string, std::vector<access::Event>>& news);
  bool still_may(Watcher& watcher);

  Site& site_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<Watcher>> watchers_;
};

}  // namespace doppel::api
