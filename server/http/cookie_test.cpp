#include "http/cookie.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace doppel::http {
namespace {

TEST(Cookies, AreReadAmongForeignOnes) {
  const Cookies cookies =
      parse_cookies("a=1; broken; b=\"two\";c=x=y ; a=3;=none; bad name=1; d=a b; e=; f=\x01");
  EXPECT_EQ(*cookies.find("a"), "1");
  EXPECT_EQ(*cookies.find("b"), "two");
  EXPECT_EQ(*cookies.find("c"), "x=y");
  EXPECT_EQ(*cookies.find("e"), "");
  EXPECT_EQ(cookies.find("d"), nullptr);
  EXPECT_EQ(cookies.find("f"), nullptr);
  EXPECT_EQ(cookies.find("broken"), nullptr);
  EXPECT_EQ(cookies.cookies.size(), 5U);
}

TEST(Cookies, HaveALimit) {
  std::string header;
  for (std::size_t i = 0; i < kMostCookies + 10; ++i) header += "a" + std::to_string(i) + "=1;";
  EXPECT_EQ(parse_cookies(header).cookies.size(), kMostCookies);
}

TEST(SetCookie, IsWrittenWithAllAttributes) {
  EXPECT_EQ(to_header({.name = "session", .value = "abc"}),
            "session=abc; Path=/; Secure; HttpOnly; SameSite=Lax");
  EXPECT_EQ(to_header({.name = "a",
                       .value = "",
                       .path = "/api",
                       .domain = "example.org",
                       .max_age_seconds = 60,
                       .same_site = SameSite::kStrict,
                       .secure = Secure::kNo,
                       .http_only = HttpOnly::kNo}),
            "a=; Path=/api; Domain=example.org; Max-Age=60; SameSite=Strict");
  EXPECT_EQ(removal_of({.name = "a", .value = "secret"}),
            "a=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; "
            "SameSite=Lax");
}

TEST(SetCookie, IsRefusedWhenABrowserWouldDropIt) {
  EXPECT_THROW(to_header({.name = "a b", .value = "1"}), Error);
  EXPECT_THROW(to_header({.name = "a", .value = "1;2"}), Error);
  EXPECT_THROW(to_header({.name = "a", .value = "1\r\nX: y"}), Error);
  EXPECT_THROW(to_header({.name = "a", .value = "1", .path = "/;Domain=x"}), Error);
  EXPECT_THROW(to_header({.name = "a", .value = "1", .domain = "x\r\n"}), Error);
  EXPECT_THROW(to_header({.name = "__Host-a", .value = "1", .path = "/api"}), Error);
  EXPECT_THROW(to_header({.name = "__Secure-a", .value = "1", .secure = Secure::kNo}), Error);
  EXPECT_THROW(
      to_header({.name = "a", .value = "1", .same_site = SameSite::kNone, .secure = Secure::kNo}),
      Error);
}

}  // namespace
}  // namespace doppel::http
