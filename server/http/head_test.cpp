#include "http/head.hpp"

#include <string>

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace doppel::http {
namespace {

constexpr HeadLimits kLimits;

HeadShape check(const std::string& lines) {
  // The views of the shape must outlive the call.
  static std::string head;
  head = lines + "\r\n\r\n";
  return check_head(head, kLimits);
}

/// The code with which a head is refused; kInternal when it isn't.
ErrorCode refusal_of(const std::string& lines) {
  try {
    check(lines);
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

TEST(Head, SaysHowLongTheMessageIs) {
  const HeadShape plain = check("GET /a HTTP/1.1\r\nHost: x");
  EXPECT_EQ(plain.method, "GET");
  EXPECT_EQ(plain.target, "/a");
  EXPECT_FALSE(plain.content_length || plain.is_chunked || plain.asks_to_close);
  EXPECT_EQ(check("POST / HTTP/1.1\r\nhost:x\r\ncontent-length:\t12 ").content_length, 12U);
  EXPECT_TRUE(check("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked").is_chunked);
  EXPECT_TRUE(check("GET / HTTP/1.1\r\nHost: x\r\nConnection: te, Close").asks_to_close);
  EXPECT_TRUE(check("GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue").expects_continue);
  EXPECT_TRUE(check("GET / HTTP/1.0").asks_to_close);
}

TEST(Head, IsRefusedWhenTwoReadersCouldReadItInTwoWays) {
  const std::string start = "POST / HTTP/1.1\r\nHost: x\r\n";
  for (const std::string& lines : {
           start + "Content-Length: 5\r\nTransfer-Encoding: chunked",
           start + "Content-Length: 5\r\nContent-Length: 5",
           start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
           start + "Content-Length: 5, 5",
           start + "Content-Length: +5",
           start + "Content-Length: -1",
           start + "Content-Length: 0x5",
           start + "Content-Length: 5 5",
           start + "Content-Length:",
           start + "Content-Length: 99999999999999999999",
           start + "Content-Length : 5",
           start + " Content-Length: 5",
           start + "X: a\r\n Content-Length: 5",
           start + "X: a\r\n\tb",
           start + "X: a\rContent-Length: 5",
           start + std::string("X: a\0b", 6),
           start + "X\x01: a",
           start + ": a",
           start + "no colon",
           start + "Host: y",
           std::string("POST / HTTP/1.1"),
           std::string("POST / HTTP/1.1\r\nHost: a b"),
           std::string("POST / HTTP/1.1\r\nHost: a/b"),
           std::string("POST / HTTP/1.0\r\nTransfer-Encoding: chunked"),
           std::string("POST  / HTTP/1.1\r\nHost: x"),
           std::string("POST / a HTTP/1.1\r\nHost: x"),
           std::string("POST\t/ HTTP/1.1\r\nHost: x"),
           std::string(" POST / HTTP/1.1\r\nHost: x"),
           std::string("POST /\r\nHost: x"),
           std::string("P(ST / HTTP/1.1\r\nHost: x"),
           std::string("POST / http/1.1\r\nHost: x"),
           std::string("POST / HTTP/1.1 \r\nHost: x"),
       }) {
    EXPECT_EQ(refusal_of(lines), ErrorCode::kMalformedRequest) << lines;
  }
}

TEST(Head, NamesTheAnswerForWhatIsntSpoken) {
  EXPECT_EQ(refusal_of("GET / HTTP/2.0\r\nHost: x"), ErrorCode::kHttpVersion);
  EXPECT_EQ(refusal_of("GET / HTTP/1.2\r\nHost: x"), ErrorCode::kHttpVersion);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: x\r\nExpect: cake"), ErrorCode::kExpectationFailed);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked"),
            ErrorCode::kUnsupported);
  EXPECT_EQ(refusal_of("GET /" + std::string(kLimits.target_bytes, 'a') + " HTTP/1.1\r\nHost: x"),
            ErrorCode::kTargetTooLong);
  std::string many = "GET / HTTP/1.1\r\nHost: x";
  for (std::size_t i = 0; i < kLimits.header_count; ++i) many += "\r\nX: y";
  EXPECT_EQ(refusal_of(many), ErrorCode::kHeadersTooLarge);
}

TEST(HeadScanner, FindsTheEndByteByByte) {
  const std::string text = "GET / HTTP/1.1\r\nHost: x\r\n\r\nnext";
  HeadScanner scanner;
  for (std::size_t i = 0; i < 27; ++i) {
    EXPECT_EQ(scanner.scan(std::string_view(text).substr(0, i), kLimits), std::nullopt);
  }
  EXPECT_EQ(scanner.scan(text, kLimits), 27U);
  EXPECT_EQ(HeadScanner().scan(text, kLimits), 27U);
}

TEST(HeadScanner, RefusesEarly) {
  const auto refusal = [](const std::string& text, const HeadLimits& limits) {
    HeadScanner scanner;
    try {
      scanner.scan(text, limits);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  EXPECT_EQ(refusal("GET / HTTP/1.1\n", kLimits), ErrorCode::kMalformedRequest);
  EXPECT_EQ(refusal("\n", kLimits), ErrorCode::kMalformedRequest);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: x\n", kLimits), ErrorCode::kMalformedRequest);
  const HeadLimits small{.target_bytes = 100, .header_bytes = 400, .header_count = 9};
  EXPECT_EQ(refusal("GET /" + std::string(200, 'a'), small), ErrorCode::kTargetTooLong);
  EXPECT_EQ(refusal("GET /" + std::string(500, 'a'), small), ErrorCode::kTargetTooLong);
  // Whole in one piece it is as long as in many, whichever of its words is the long one.
  const std::string long_method(200, 'A');
  EXPECT_EQ(refusal(long_method + " / HTTP/1.1\r\n\r\n", small), ErrorCode::kTargetTooLong);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nX: " + std::string(500, 'a'), small),
            ErrorCode::kHeadersTooLarge);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nX: " + std::string(500, 'a') + "\r\n\r\n", small),
            ErrorCode::kHeadersTooLarge);
}

}  // namespace
}  // namespace doppel::http
