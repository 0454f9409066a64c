#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.hpp"

namespace doppel::net {

/// Takes one line of the log: a JSON object, without the line's end. Called on the thread of the
/// connections, so it must not wait.
using LogSink = std::function<void(const std::string&)>;

/// One answered request. The query isn't there: it may carry what nobody should read.
struct AccessRecord {
  Instant at;
  std::string request_id = {};
  std::string peer = {};
  std::string method = {};  ///< "" when the request couldn't be read
  std::string path = {};
  std::string user_agent = {};
  int status = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t microseconds = 0;  ///< of an event stream until it began
  std::string outcome = {};  ///< "answered", or why it wasn't: "client_gone", "timed_out", "failed"
};

/// `{"event":"request","at":...}`.
std::string to_line(const AccessRecord& record);

/// What went wrong inside, with the text that no client sees: `{"event":"failure",...}`.
std::string failure_line(Instant at, const std::string& request_id, const std::string& what);

}  // namespace doppel::net
