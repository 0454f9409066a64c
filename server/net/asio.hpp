#pragma once

// What the files of this room use of Asio, and how they name it. Every operation is awaited with
// `token(failure)`: it gives its error there and throws nothing.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace doppel::net {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using Failure = boost::system::error_code;

inline auto token(Failure& failure) { return asio::redirect_error(asio::use_awaitable, failure); }

}  // namespace doppel::net
