#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace doppel::testing {

/// An answer as a client reads it.
struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;

  std::string header(const std::string& name) const;
};

/// A plain TCP connection that says exactly what a test has it say. What takes longer than a minute
/// throws, so that a test fails and doesn't hang.
class NetClient {
 public:
  explicit NetClient(std::uint16_t port, const std::string& address = "127.0.0.1");
  ~NetClient();
  NetClient(NetClient&& other) noexcept;
  NetClient& operator=(NetClient&&) = delete;

  int descriptor() const { return descriptor_; }
  /// False when the other end doesn't take it any more.
  bool send(std::string_view bytes);
  /// Nothing more will be sent; answers can still come.
  void close_half();
  /// Goes away without a word: the other end sees a reset.
  void reset();

  /// The next answer, with its body by Content-Length or chunks. `is_head`: it has none. Throws
  /// std::runtime_error when the connection ends before.
  Answer read_answer(bool is_head = false);
  /// Sends, then reads the answer.
  Answer ask(std::string_view request);
  /// Everything until the connection ends, also by a reset.
  std::string read_all();
  /// Reads until this text was read, and gives everything up to its end.
  std::string read_until(std::string_view text);

 private:
  bool fill();

  int descriptor_ = -1;
  std::string input_;
};

/// Asks again and again until it holds; false after a minute.
bool eventually(const std::function<bool()>& holds);

/// Lets the process open as many files as the system allows; returns how many these are.
std::size_t raise_open_files();

}  // namespace doppel::testing
