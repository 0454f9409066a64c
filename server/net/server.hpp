#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "http/message.hpp"
#include "net/log.hpp"
#include "net/metrics.hpp"
#include "net/settings.hpp"

namespace doppel::net {

/// Answers requests, on several worker threads at once. What it throws becomes an answer: an Error
/// the problem of its code, anything else 500. The text of what went wrong inside goes to the log.
using Handler = std::function<http::Response(const http::Request&)>;

/// What a server uses of its surroundings. All must outlive it.
struct Surroundings {
  const Clock& clock;
  Random& random;    ///< for request ids; used by the thread that runs the server
  LogSink log = {};  ///< nothing: nothing is logged
};

/// An HTTP/1.1 server: one thread for all connections, which is the caller's in run(), and workers
/// for the handler.
class Server {
 public:
  /// Listens from now on; connections wait until run(). Throws Error: kIo for an address that can't
  /// be listened on, kInvalidInput for one that is none and for TLS files that can't be used.
  Server(ServerSettings settings, Handler handler, Surroundings surroundings);
  /// REQUIRES: run() isn't running. Connections that are open are broken off.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// The port it listens on.
  std::uint16_t port() const;

  /// Serves until stop(). Returns when the connections are closed and the workers are done, at the
  /// latest after Times::drain and what a running handler takes beyond that, since a thread can't
  /// be stopped. May be called once.
  void run();

  /// Accepts nothing more, closes what is idle, ends event streams, and lets requests that have
  /// begun come to their end. Threads: any; returns at once. A second call breaks off what is still
  /// open.
  void stop();

  /// Threads: any.
  Metrics metrics() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace doppel::net
