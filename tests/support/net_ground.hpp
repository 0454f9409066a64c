#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/server.hpp"
#include "tests/support/net_client.hpp"

namespace doppel::testing {

/// A door that handlers wait at until the test opens it.
class Gate {
 public:
  /// Counts who waits.
  void wait();
  void open();
  int waiting();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
  int waiting_ = 0;
};

/// Settings under which nothing times out by itself and deadlines are looked at all the time.
net::ServerSettings test_settings();

/// A server on a free port of the loopback, on a thread of its own, until the end of the test.
class NetGround {
 public:
  explicit NetGround(net::Handler handler, net::ServerSettings settings = test_settings());
  ~NetGround();
  NetGround(const NetGround&) = delete;
  NetGround& operator=(const NetGround&) = delete;

  net::Server& server() { return *server_; }
  NetClient client() { return NetClient(server_->port()); }
  /// The lines of the log so far.
  std::vector<std::string> log();
  /// Waits until run() has returned.
  void join();

 private:
  SystemClock clock_;
  SeededRandom random_{7};
  std::mutex mutex_;
  std::vector<std::string> log_;
  std::unique_ptr<net::Server> server_;
  std::thread thread_;
};

/// "GET /path HTTP/1.1" with a Host.
std::string get(const std::string& target, const std::string& headers = "");
/// With a body and its length.
std::string post(const std::string& target, const std::string& body,
                 const std::string& headers = "");

}  // namespace doppel::testing
