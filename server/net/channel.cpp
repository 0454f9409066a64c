#include "net/channel.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

namespace doppel::net {

struct Channel::Tls {
  asio::ssl::stream<tcp::socket> stream;
  /// What is decrypted must not wait in the shared scratch.
  std::array<char, 4'096> buffer{};
};

Channel::Channel(tcp::socket socket, asio::ssl::context* tls, Scratch& scratch)
    : plain_(std::move(socket)), scratch_(scratch) {
  Failure ignored;
  const tcp::endpoint end = plain_.remote_endpoint(ignored);
  if (!ignored) {
    asio::ip::address address = end.address();
    // On a socket for both, IPv4 comes as ::ffff:192.0.2.1.
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
      address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    peer_ = address.to_string();
  }
  plain_.non_blocking(true, ignored);
  plain_.set_option(tcp::no_delay(true), ignored);
  if (tls != nullptr) {
    tls_ = std::make_unique<Tls>(Tls{asio::ssl::stream<tcp::socket>(std::move(plain_), *tls)});
  }
}

Channel::~Channel() = default;

tcp::socket& Channel::socket() { return is_tls() ? tls_->stream.next_layer() : plain_; }

awaitable<void> Channel::handshake(Failure& failure) {
  if (!is_tls()) co_return;
  co_await tls_->stream.async_handshake(asio::ssl::stream_base::server, token(failure));
}

awaitable<void> Channel::read_plain(std::string& into, Failure& failure) {
  while (true) {
    const std::size_t count = plain_.read_some(asio::buffer(scratch_), failure);
    if (failure != asio::error::would_block) {
      into.append(scratch_.data(), count);
      co_return;
    }
    co_await plain_.async_wait(tcp::socket::wait_read, token(failure));
    if (failure) co_return;
  }
}

awaitable<void> Channel::read(std::string& into, Failure& failure) {
  if (!is_tls()) {
    co_await read_plain(into, failure);
    co_return;
  }
  const auto buffer = asio::buffer(tls_->buffer);
  const std::size_t count = co_await tls_->stream.async_read_some(buffer, token(failure));
  into.append(tls_->buffer.data(), count);
}

awaitable<void> Channel::write(std::string_view bytes, Failure& failure) {
  if (is_tls()) {
    const auto buffer = asio::buffer(bytes.data(), bytes.size());
    co_await asio::async_write(tls_->stream, buffer, token(failure));
    co_return;
  }
  while (!bytes.empty()) {
    const std::size_t count = plain_.write_some(asio::buffer(bytes.data(), bytes.size()), failure);
    bytes.remove_prefix(count);
    if (failure == asio::error::would_block) {
      co_await plain_.async_wait(tcp::socket::wait_write, token(failure));
    }
    if (failure) co_return;
  }
}

awaitable<void> Channel::shut_down(Failure& failure) {
  if (is_tls()) co_await tls_->stream.async_shutdown(token(failure));
  Failure ignored;
  socket().shutdown(tcp::socket::shutdown_send, ignored);
}

awaitable<void> Channel::discard(std::size_t most, Failure& failure) {
  std::size_t seen = 0;
  while (seen < most) {
    const std::size_t count = socket().read_some(asio::buffer(scratch_), failure);
    seen += count;
    if (failure == asio::error::would_block) {
      co_await socket().async_wait(tcp::socket::wait_read, token(failure));
    }
    if (failure) co_return;
  }
}

void Channel::cancel() {
  Failure ignored;
  socket().cancel(ignored);
}

void Channel::close() {
  Failure ignored;
  socket().close(ignored);
}

}  // namespace doppel::net
