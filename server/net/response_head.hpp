#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace doppel::net {

/// How the end of an answer's body is told.
enum class Framing {
  kNone,     ///< there is no body and no length: 204, 304
  kLength,   ///< Content-Length
  kChunked,  ///< Transfer-Encoding: chunked
  kClose,    ///< the end of the connection, for HTTP/1.0
};

enum class Afterwards { kKeepAlive, kClose };

struct HeadFacts {
  Framing framing = Framing::kLength;
  std::size_t content_length = 0;
  Afterwards afterwards = Afterwards::kKeepAlive;
  std::string_view date;
  std::string_view request_id;
};

/// The head of an answer as it is sent. Headers that are the server's to write (Content-Length,
/// Transfer-Encoding, Connection, Date, X-Request-Id and the like) are left out of the handler's.
/// Nothing when a header has a name or a value that would be read as something else.
std::optional<std::string> response_head(const http::Response& response, const HeadFacts& facts);

/// Before and behind a piece of a chunked body stand its size and a line end.
std::string chunk_of(std::string_view piece);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace doppel::net
