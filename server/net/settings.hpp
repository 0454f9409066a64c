#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "http/head.hpp"
#include "http/message.hpp"

namespace doppel::net {

/// How much of everything there may be. What is beyond is answered with the status given, as a
/// problem.
struct Limits {
  /// Open at once; beyond: 503. Each takes a file descriptor, so the process needs as many and
  /// some.
  std::size_t connections = 10'000;
  /// 414 and 431.
  http::HeadLimits head = {};
  /// Of one body, unless `body_bytes_of` says otherwise; beyond: 413.
  std::size_t body_bytes = 1024 * http::kKibibyte;
  /// Of all bodies that are read or worked on at once; beyond: 503.
  std::size_t all_bodies_bytes = http::kKibibyte * 1024 * 256;
  /// Requests that wait for a worker; beyond: 503. Requests of one connection are answered one
  /// after the other, so a client that sends many ahead (pipelining) takes one place of it; what it
  /// sends ahead stays in the kernel but for one read of 64 KiB.
  std::size_t queue = 1'024;
  /// Answered on one connection, before it is closed.
  std::size_t requests_per_connection = 100'000;
  /// Open at once; beyond: 503.
  std::size_t event_streams = 1'000;
  /// Kept for one event stream whose client doesn't read; beyond it is dropped.
  std::size_t event_bytes = 256 * http::kKibibyte;
};

/// How long everything may take.
struct Times {
  using Span = std::chrono::milliseconds;
  Span handshake = std::chrono::seconds(10);   ///< TLS; then closed
  Span idle = std::chrono::seconds(75);        ///< between requests; then closed
  Span head = std::chrono::seconds(10);        ///< from its first byte to its last; then 408
  Span body = std::chrono::seconds(60);        ///< likewise
  Span handler = std::chrono::seconds(60);     ///< with its wait for a worker; then 503. It isn't
                                               ///< stopped by that, only its answer is dropped
  Span write = std::chrono::seconds(30);       ///< for the client to take 64 KiB; then closed
  Span linger = std::chrono::seconds(2);       ///< for a refused client to read why
  Span heartbeat = std::chrono::seconds(15);   ///< a comment on an event stream without events
  Span drain = std::chrono::seconds(10);       ///< for open requests when the server stops
  Span tick = std::chrono::milliseconds(100);  ///< how often deadlines are looked at
};

/// PEM files. TLS 1.2 and 1.3 are spoken.
struct TlsFiles {
  std::string certificate_chain;
  std::string private_key;
};

/// Whether SIGINT and SIGTERM stop the server.
enum class StopSignals { kIgnored, kHeeded };

struct ServerSettings {
  std::string address = "127.0.0.1";  ///< IPv4 or IPv6; "::" listens on both
  std::uint16_t port = 0;             ///< 0: a free one, which Server::port tells
  std::size_t workers = 4;  ///< threads that run handlers: as many as database connections
  Limits limits = {};
  Times times = {};
  std::optional<TlsFiles> tls = std::nullopt;
  StopSignals stop_signals = StopSignals::kIgnored;
  /// The limit of a body by its head, which is all that is there of the request then; nothing: the
  /// general one. Called on the thread of the connections, so it must not wait.
  std::function<std::optional<std::size_t>(const http::Request&)> body_bytes_of = {};
};

}  // namespace doppel::net
