#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace doppel::http {

inline constexpr std::size_t kKibibyte = 1024;

/// How long the head of a request may be.
struct HeadLimits {
  std::size_t target_bytes = 8 * kKibibyte;   ///< of the target in the request line; beyond: 414
  std::size_t header_bytes = 32 * kKibibyte;  ///< of the whole head; beyond: 431
  std::size_t header_count = 100;             ///< beyond: 431
};

enum class Version { k10, k11 };

/// What the head of a request says of the message itself; views into the head.
struct HeadShape {
  std::string_view method;
  std::string_view target;
  Version version = Version::k11;
  std::optional<std::uint64_t> content_length = std::nullopt;
  bool is_chunked = false;
  bool expects_continue = false;  ///< Expect: 100-continue
  bool asks_to_close = false;     ///< Connection: close, or HTTP/1.0
};

/// Finds the end of a head that arrives piece by piece. Looks at each byte once, and refuses a line
/// that ends in LF alone as soon as it arrives, as well as a head that grows past its limits.
class HeadScanner {
 public:
  /// The size of the head with its empty line, once that is there. `bytes` begins with the head,
  /// and is what was given before and more. Throws Error (400, 414, 431).
  std::optional<std::size_t> scan(std::string_view bytes, const HeadLimits& limits);

 private:
  std::size_t at_ = 0;
  std::size_t line_begin_ = 0;
};

/// Reads a head strictly, because a proxy in front that reads it in another way would see other
/// requests than we do (request smuggling): refuses both Content-Length and Transfer-Encoding,
/// either of them twice or in other forms than digits and `chunked`, folded lines, blanks before a
/// colon, control characters, and HTTP/1.1 without exactly one Host. Throws Error with the code of
/// the answer (400, 417, 431, 501, 505). REQUIRES: `head` ends with the empty line.
HeadShape check_head(std::string_view head, const HeadLimits& limits);

}  // namespace doppel::http
