#include "net/metrics.hpp"

#include <algorithm>
#include <numeric>
#include <string_view>

#include <fmt/core.h>

namespace doppel::net {
namespace {

constexpr double kMicrosecondsPerSecond = 1e6;

void append(std::string_view name, std::string_view kind, std::string_view help,
            std::uint64_t value, std::string& out) {
  out +=
      fmt::format("# HELP doppel_http_{0} {1}\n# TYPE doppel_http_{0} {2}\ndoppel_http_{0} {3}\n",
                  name, help, kind, value);
}

void append_answers(const Metrics& metrics, std::string& out) {
  out +=
      "# HELP doppel_http_answers_total Answers by class of status.\n"
      "# TYPE doppel_http_answers_total counter\n";
  for (std::size_t i = 0; i < metrics.answers_by_class.size(); ++i) {
    out += fmt::format("doppel_http_answers_total{{class=\"{}xx\"}} {}\n", i + 1,
                       metrics.answers_by_class[i]);
  }
}

void append_latency(const Metrics& metrics, std::string& out) {
  out +=
      "# HELP doppel_http_latency_seconds From the first byte of a request to the last of its "
      "answer.\n# TYPE doppel_http_latency_seconds histogram\n";
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kLatencyBounds.size(); ++i) {
    sum += metrics.latency[i];
    out +=
        fmt::format("doppel_http_latency_seconds_bucket{{le=\"{}\"}} {}\n", kLatencyBounds[i], sum);
  }
  sum += metrics.latency.back();
  out += fmt::format("doppel_http_latency_seconds_bucket{{le=\"+Inf\"}} {}\n", sum);
  out +=
      fmt::format("doppel_http_latency_seconds_sum {}\ndoppel_http_latency_seconds_count {}\n",
                  static_cast<double>(metrics.latency_microseconds) / kMicrosecondsPerSecond, sum);
}

}  // namespace

std::uint64_t Metrics::answers() const {
  return std::accumulate(answers_by_class.begin(), answers_by_class.end(), std::uint64_t{0});
}

std::string to_prometheus(const Metrics& metrics) {
  std::string out;
  append_answers(metrics, out);
  append_latency(metrics, out);
  const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    append(name, "counter", help, value, out);
  };
  const auto gauge = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    append(name, "gauge", help, value, out);
  };
  counter("connections_total", "Connections accepted.", metrics.connections_accepted);
  counter("connections_refused_total", "Beyond the limit.", metrics.connections_refused);
  counter("handshakes_failed_total", "TLS handshakes.", metrics.handshakes_failed);
  counter("received_bytes_total", "Of requests.", metrics.bytes_received);
  counter("sent_bytes_total", "Of answers.", metrics.bytes_sent);
  counter("timeouts_total", "Deadlines that passed.", metrics.timeouts);
  counter("queue_refusals_total", "Requests beyond the queue.", metrics.queue_refusals);
  counter("handler_failures_total", "Defects that handlers met.", metrics.handler_failures);
  counter("event_streams_dropped_total", "Clients that didn't read.",
          metrics.event_streams_dropped);
  gauge("connections", "Open connections.", metrics.connections_open);
  gauge("requests_in_flight", "Read, not yet answered.", metrics.requests_in_flight);
  gauge("queue_depth", "Requests that wait for a worker.", metrics.queue_depth);
  gauge("event_streams", "Open event streams.", metrics.event_streams_open);
  return out;
}

void Counters::count_answer(int status, std::uint64_t microseconds) {
  const auto status_class = static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1);
  ++answers_by_class[status_class];
  const double seconds = static_cast<double>(microseconds) / kMicrosecondsPerSecond;
  const auto bound = std::ranges::lower_bound(kLatencyBounds, seconds);
  ++latency[static_cast<std::size_t>(bound - kLatencyBounds.begin())];
  latency_microseconds += microseconds;
}

Metrics Counters::snapshot() const {
  Metrics now;
  std::ranges::copy(answers_by_class, now.answers_by_class.begin());
  std::ranges::copy(latency, now.latency.begin());
  now.latency_microseconds = latency_microseconds;
  now.connections_accepted = connections_accepted;
  now.connections_refused = connections_refused;
  now.handshakes_failed = handshakes_failed;
  now.bytes_received = bytes_received;
  now.bytes_sent = bytes_sent;
  now.timeouts = timeouts;
  now.queue_refusals = queue_refusals;
  now.handler_failures = handler_failures;
  now.event_streams_dropped = event_streams_dropped;
  now.connections_open = connections_open;
  now.requests_in_flight = requests_in_flight;
  now.event_streams_open = event_streams_open;
  return now;
}

}  // namespace doppel::net
