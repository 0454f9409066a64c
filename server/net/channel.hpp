#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "net/asio.hpp"

namespace boost::asio::ssl {
class context;
}

namespace doppel::net {

/// The bytes of one connection, plain or through TLS. Used by the thread of the connections only;
/// one read and one write may go on at the same time.
class Channel {
 public:
  /// Where plain reads go first, shared by all channels of a thread: a connection that waits has no
  /// buffer of its own.
  using Scratch = std::array<char, 65'536>;

  /// Plain without a context.
  Channel(tcp::socket socket, asio::ssl::context* tls, Scratch& scratch);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  bool is_tls() const { return tls_ != nullptr; }
  /// The address of the other end, without its port.
  const std::string& peer() const { return peer_; }

  /// Does nothing on a plain channel.
  awaitable<void> handshake(Failure& failure);
  /// Appends what is there to `into`, and waits while nothing is. A failure at the end of the
  /// input.
  awaitable<void> read(std::string& into, Failure& failure);
  /// Writes all of it. REQUIRES: `bytes` stays until then.
  awaitable<void> write(std::string_view bytes, Failure& failure);
  /// Tells the other end that nothing more comes.
  awaitable<void> shut_down(Failure& failure);
  /// Reads and forgets until the other end is done or `most` bytes came.
  awaitable<void> discard(std::size_t most, Failure& failure);

  /// Ends what is being awaited, with a failure. The channel can be used again.
  void cancel();
  void close();

 private:
  struct Tls;

  tcp::socket& socket();
  awaitable<void> read_plain(std::string& into, Failure& failure);

  tcp::socket plain_;
  std::unique_ptr<Tls> tls_;
  Scratch& scratch_;
  std::string peer_;
};

}  // namespace doppel::net
