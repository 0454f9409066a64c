#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// A generator of load: one thread, many connections, each with one request on its way.
namespace doppel::bench {

class Connections {
 public:
  Connections(std::uint16_t port, std::size_t count);
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  std::size_t size() const { return descriptors_.size(); }

  /// Sends the request `count` times over all connections and waits for each answer, which must be
  /// of this size. Microseconds of each.
  std::vector<double> ask(const std::string& request, std::size_t answer_bytes, std::size_t count);
  /// The size of one answer, found out by asking.
  std::size_t answer_bytes(const std::string& request);

 private:
  std::vector<int> descriptors_;
  int poll_ = -1;
};

}  // namespace doppel::bench
