#include "http/head.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/error.hpp"
#include "base/text.hpp"
#include "http/message.hpp"

namespace doppel::http {
namespace {

/// Method, blanks and version beside the target in the longest request line.
constexpr std::size_t kRestOfLine = 64;
constexpr std::size_t kMostMethodLetters = 32;
constexpr std::string_view kEnd = "\r\n";

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::kMalformedRequest, why); }

/// What was seen so far of the headers that may come once.
struct Seen {
  int hosts = 0;
  int lengths = 0;
  int encodings = 0;
};

Version version_of(std::string_view text) {
  if (text == "HTTP/1.1") return Version::k11;
  if (text == "HTTP/1.0") return Version::k10;
  const bool is_version = text.size() == 8 && text.starts_with("HTTP/") && text[6] == '.';
  if (is_version)
    throw Error(ErrorCode::kHttpVersion, "only HTTP/1.1 and HTTP/1.0 are spoken here");
  refuse("the request line doesn't end with a version of HTTP");
}

void read_request_line(std::string_view line, const HeadLimits& limits, HeadShape& shape) {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == line.npos ? line.npos : line.find(' ', first + 1);
  if (second == line.npos || line.find(' ', second + 1) != line.npos) {
    refuse("the request line isn't a method, a target and a version");
  }
  shape.method = line.substr(0, first);
  shape.target = line.substr(first + 1, second - first - 1);
  if (!is_token(shape.method) || shape.method.size() > kMostMethodLetters) {
    refuse("the request line begins with no method");
  }
  if (shape.target.empty()) refuse("the request line has no target");
  if (shape.target.size() > limits.target_bytes) {
    throw Error(ErrorCode::kTargetTooLong,
                "the target is longer than " + std::to_string(limits.target_bytes) + " bytes");
  }
  shape.version = version_of(line.substr(second + 1));
}

std::uint64_t length_of(std::string_view value) {
  std::uint64_t length = 0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), length);
  if (read.ec != std::errc{} || read.ptr != value.data() + value.size()) {
    refuse("Content-Length isn't one number");
  }
  return length;
}

void read_connection(std::string_view value, HeadShape& shape) {
  for (const std::string& option : split(value, ',')) {
    if (same_name(trim(option), "close")) shape.asks_to_close = true;
  }
}

void check_host(std::string_view value) {
  const bool is_sound = std::ranges::all_of(value, [](char letter) {
    return letter > 0x20 && letter < 0x7F &&
           std::string_view("/?#@\\\"<>").find(letter) == std::string_view::npos;
  });
  if (!is_sound) refuse("the header Host isn't a host");
}

void read_field(std::string_view name, std::string_view value, HeadShape& shape, Seen& seen) {
  if (same_name(name, "Host")) {
    ++seen.hosts;
    check_host(value);
  } else if (same_name(name, "Content-Length")) {
    ++seen.lengths;
    shape.content_length = length_of(value);
  } else if (same_name(name, "Transfer-Encoding")) {
    ++seen.encodings;
    shape.is_chunked = true;
    if (!same_name(value, "chunked")) {
      throw Error(ErrorCode::kUnsupported, "of transfer encodings only 'chunked' is read here",
                  {.place = "Transfer-Encoding", .remedy = "send the body chunked, or as it is"});
    }
  } else if (same_name(name, "Connection")) {
    read_connection(value, shape);
  } else if (same_name(name, "Expect")) {
    if (!same_name(value, "100-continue")) {
      throw Error(ErrorCode::kExpectationFailed, "nothing but 100-continue can be expected");
    }
    shape.expects_continue = true;
  }
}

void read_line(std::string_view line, HeadShape& shape, Seen& seen) {
  if (line.front() == ' ' || line.front() == '\t') refuse("a header is folded over two lines");
  const std::size_t colon = line.find(':');
  if (colon == line.npos || !is_token(line.substr(0, colon))) {
    refuse("a header has no name, or blanks before its colon");
  }
  const std::string_view value = trim(line.substr(colon + 1));
  if (!is_header_value(value)) refuse("a header has control characters");
  read_field(line.substr(0, colon), value, shape, seen);
}

void check_framing(HeadShape& shape, const Seen& seen) {
  if (seen.hosts > 1 || (seen.hosts == 0 && shape.version == Version::k11)) {
    refuse("there must be one header Host");
  }
  if (seen.lengths > 1) refuse("there is more than one Content-Length");
  if (seen.encodings > 1) refuse("there is more than one Transfer-Encoding");
  if (seen.lengths + seen.encodings > 1) refuse("there are Content-Length and Transfer-Encoding");
  if (shape.version == Version::k10) {
    if (seen.encodings > 0) refuse("HTTP/1.0 has no Transfer-Encoding");
    shape.asks_to_close = true;
    shape.expects_continue = false;
  }
}

[[noreturn]] void refuse_size(std::string_view bytes, const HeadLimits& limits) {
  if (bytes.substr(0, limits.header_bytes).find('\n') == bytes.npos) {
    throw Error(ErrorCode::kTargetTooLong, "the request line is too long");
  }
  throw Error(ErrorCode::kHeadersTooLarge,
              "the headers are longer than " + std::to_string(limits.header_bytes) + " bytes");
}

}  // namespace

std::optional<std::size_t> HeadScanner::scan(std::string_view bytes, const HeadLimits& limits) {
  // A line is as long as it is, however it arrives: its length is judged as soon as it is known.
  const auto check_first_line = [&](std::size_t size) {
    if (line_begin_ == 0 && size > limits.target_bytes + kRestOfLine) {
      throw Error(ErrorCode::kTargetTooLong, "the request line is too long");
    }
  };
  while (true) {
    const std::size_t found = bytes.find('\n', at_);
    if (found == bytes.npos) break;
    if (found >= limits.header_bytes) refuse_size(bytes, limits);
    check_first_line(found);
    if (found == 0 || bytes[found - 1] != '\r') refuse("a line ends without a carriage return");
    const bool is_empty = found == line_begin_ + 1;
    at_ = found + 1;
    line_begin_ = at_;
    if (is_empty) return at_;
  }
  at_ = bytes.size();
  if (bytes.size() >= limits.header_bytes) refuse_size(bytes, limits);
  check_first_line(bytes.size());
  return std::nullopt;
}

HeadShape check_head(std::string_view head, const HeadLimits& limits) {
  HeadShape shape;
  Seen seen;
  std::size_t count = 0;
  bool is_first = true;
  while (head != kEnd) {
    const std::size_t end = head.find(kEnd);
    if (end == head.npos || end == 0) refuse("the head has no end");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + kEnd.size());
    if (line.find('\r') != line.npos) refuse("a carriage return stands in the middle of a line");
    if (is_first) {
      read_request_line(line, limits, shape);
      is_first = false;
      continue;
    }
    if (++count > limits.header_count) {
      throw Error(ErrorCode::kHeadersTooLarge,
                  "there are more than " + std::to_string(limits.header_count) + " headers");
    }
    read_line(line, shape, seen);
  }
  if (is_first) refuse("there is no request line");
  check_framing(shape, seen);
  return shape;
}

}  // namespace doppel::http
