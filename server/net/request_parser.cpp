#include "net/request_parser.hpp"

#include <limits>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include "base/error.hpp"

namespace doppel::net {
namespace {

namespace beast = boost::beast;

[[noreturn]] void refuse(const boost::beast::error_code& failure) {
  if (failure == beast::http::error::body_limit) {
    throw Error(ErrorCode::kBodyTooLarge, "the body is larger than it may be");
  }
  throw Error(ErrorCode::kMalformedRequest, "not HTTP: " + failure.message());
}

}  // namespace

RequestParser::RequestParser() {
  // The limits are ours: http::check_head has kept those of the head, and a body's depend on it.
  header_limit(std::numeric_limits<std::uint32_t>::max());
  body_limit(boost::none);
}

void RequestParser::feed_head(std::string_view head) {
  Failure failure;
  const std::size_t taken = put(boost::asio::buffer(head.data(), head.size()), failure);
  if (failure) refuse(failure);
  if (taken != head.size() || !is_header_done()) {
    throw Error(ErrorCode::kMalformedRequest, "the head doesn't end where it seems to");
  }
  eager(true);
}

std::size_t RequestParser::feed_body(std::string_view bytes, std::size_t most_body_bytes,
                                     std::string& body) {
  // A chunked body has at least the five letters of its end where a chunk's line begins. Beast
  // asserts that they are there once it has seen the zero, and they may come one by one.
  constexpr std::size_t kLeastChunk = 5;
  if (chunked() && is_at_chunk_line_ && bytes.size() < kLeastChunk) return 0;
  body_ = &body;
  most_body_bytes_ = most_body_bytes;
  Failure failure;
  const std::size_t taken = put(boost::asio::buffer(bytes.data(), bytes.size()), failure);
  is_at_chunk_line_ = failure == beast::http::error::need_more;
  if (failure && !is_at_chunk_line_) refuse(failure);
  return taken;
}

void RequestParser::on_field_impl(beast::http::field, View name, View value, Failure&) {
  if (has_head_) return;
  headers_.add({name.data(), name.size()}, {value.data(), value.size()});
}

void RequestParser::on_header_impl(Failure&) { has_head_ = true; }

std::size_t RequestParser::on_body_impl(View bytes, Failure& failure) {
  if (bytes.size() > most_body_bytes_ - body_->size()) {
    failure = beast::http::error::body_limit;
    return 0;
  }
  body_->append(bytes.data(), bytes.size());
  return bytes.size();
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, View bytes, Failure& failure) {
  return on_body_impl(bytes, failure);
}

}  // namespace doppel::net
