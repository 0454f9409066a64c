#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include <boost/asio/ssl/context.hpp>

#include "net/asio.hpp"
#include "net/channel.hpp"
#include "net/server.hpp"
#include "net/worker_pool.hpp"

namespace doppel::net {

class Connection;

/// What all connections of a server share. But for what is said to be for any thread, only the
/// thread of the connections touches it. Members are destroyed from the last to the first: workers
/// end before the context that they post to, and what waits there before what it refers to.
struct Core : std::enable_shared_from_this<Core> {
  Core(ServerSettings given, Handler answer, Surroundings around);

  /// The value of the header Date, made once a second.
  const std::string& date();
  /// Destroys what belongs to the application on a worker: it may have to wait for something.
  void dispose(std::shared_ptr<void> thing);

  ServerSettings settings;
  Handler handler;
  Surroundings surroundings;
  Counters counters;                            ///< any thread
  std::atomic<std::size_t> body_bytes_held{0};  ///< any thread; of all requests that exist
  std::unordered_set<Connection*> connections;
  bool is_draining = false;
  std::size_t event_streams = 0;
  Channel::Scratch scratch{};
  std::optional<asio::ssl::context> tls;
  asio::io_context io{1};  ///< any thread may post
  WorkerPool pool;         ///< any thread

 private:
  std::string date_;
  std::int64_t date_second_ = -1;
};

/// Bytes of a body that count towards the limit for all, as long as the request exists.
class BodyHold {
 public:
  explicit BodyHold(std::atomic<std::size_t>& total) : total_(total) {}
  ~BodyHold() { total_ -= held_; }
  BodyHold(const BodyHold&) = delete;
  BodyHold& operator=(const BodyHold&) = delete;

  /// How many all hold with this.
  std::size_t hold(std::size_t bytes) {
    const std::size_t more = bytes - held_;
    held_ = bytes;
    return total_ += more;
  }

 private:
  std::atomic<std::size_t>& total_;
  std::size_t held_ = 0;
};

}  // namespace doppel::net
