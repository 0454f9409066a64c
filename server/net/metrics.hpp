#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace doppel::net {

/// Upper bounds of the classes of the latency histogram, in seconds; one more class is above all.
inline constexpr std::array<double, 14> kLatencyBounds{
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0};

/// What the server counted since it was made, and how things stand at this moment.
struct Metrics {
  std::array<std::uint64_t, 5> answers_by_class{};                 ///< 1xx, 2xx, 3xx, 4xx, 5xx
  std::array<std::uint64_t, kLatencyBounds.size() + 1> latency{};  ///< answers in each class
  std::uint64_t latency_microseconds = 0;                          ///< the sum
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;  ///< beyond the limit
  std::uint64_t handshakes_failed = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t timeouts = 0;        ///< deadlines of any kind that passed
  std::uint64_t queue_refusals = 0;  ///< requests beyond the queue's limit
  std::uint64_t handler_failures = 0;
  std::uint64_t event_streams_dropped = 0;  ///< clients that didn't read
  std::uint64_t connections_open = 0;
  std::uint64_t requests_in_flight = 0;  ///< read, and not yet answered
  std::uint64_t queue_depth = 0;
  std::uint64_t event_streams_open = 0;

  std::uint64_t answers() const;
};

/// In the text form of Prometheus (version 0.0.4), with names that begin with `doppel_http_`.
std::string to_prometheus(const Metrics& metrics);

/// Counted by the thread of the connections, read by any.
struct Counters {
  using Count = std::atomic<std::uint64_t>;
  std::array<Count, 5> answers_by_class{};
  std::array<Count, kLatencyBounds.size() + 1> latency{};
  Count latency_microseconds{0};
  Count connections_accepted{0};
  Count connections_refused{0};
  Count handshakes_failed{0};
  Count bytes_received{0};
  Count bytes_sent{0};
  Count timeouts{0};
  Count queue_refusals{0};
  Count handler_failures{0};
  Count event_streams_dropped{0};
  Count connections_open{0};
  Count requests_in_flight{0};
  Count event_streams_open{0};

  void count_answer(int status, std::uint64_t microseconds);
  /// All but the queue's depth, which the pool knows.
  Metrics snapshot() const;
};

}  // namespace doppel::net
