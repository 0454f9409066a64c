#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/beast/http/basic_parser.hpp>

#include "http/message.hpp"

namespace doppel::net {

/// Beast's grammar, fed by hand: it reads the head a second time, after http::check_head, and finds
/// the pieces of the body. One parser for one request.
class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  RequestParser();

  /// Takes the whole head. Throws Error(kMalformedRequest).
  void feed_head(std::string_view head);

  /// Takes what it can of the bytes behind and appends the body in them to `body`; returns how many
  /// it took. Fewer than all when the request is done, or when the rest is a part of what only can
  /// be read as a whole. Throws Error: kMalformedRequest, kBodyTooLarge beyond `most_body_bytes`.
  std::size_t feed_body(std::string_view bytes, std::size_t most_body_bytes, std::string& body);

  /// Those of the head, and never those behind a chunked body, which nobody looks at.
  http::Headers take_headers() { return std::move(headers_); }

 private:
  using Failure = boost::beast::error_code;
  using View = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb, View, View, int, Failure&) override {}
  void on_response_impl(int, View, int, Failure&) override {}
  void on_field_impl(boost::beast::http::field, View name, View value, Failure&) override;
  void on_header_impl(Failure&) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Failure&) override {}
  std::size_t on_body_impl(View bytes, Failure& failure) override;
  void on_chunk_header_impl(std::uint64_t, View, Failure&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View bytes, Failure& failure) override;
  void on_finish_impl(Failure&) override {}

  http::Headers headers_;
  bool has_head_ = false;
  bool is_at_chunk_line_ = true;  ///< of a chunked body
  std::string* body_ = nullptr;
  std::size_t most_body_bytes_ = 0;
};

}  // namespace doppel::net
