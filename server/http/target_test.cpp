#include "http/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace doppel::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ErrorCode refusal_of(std::string_view text) {
  try {
    parse_target(text);
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

TEST(Target, IsDecodedSegmentBySegment) {
  const Target target = parse_target("/api/v1/caf%C3%A9/a%2Fb?x=1");
  EXPECT_THAT(target.segments, ElementsAre("api", "v1", "caf\xc3\xa9", "a/b"));
  EXPECT_EQ(target.path, "/api/v1/caf\xc3\xa9/a/b");
  EXPECT_EQ(*target.query.find("x"), "1");
}

TEST(Target, KeepsEmptySegmentsApart) {
  EXPECT_THAT(parse_target("/").segments, IsEmpty());
  EXPECT_THAT(parse_target("/a/").segments, ElementsAre("a", ""));
  EXPECT_THAT(parse_target("//a").segments, ElementsAre("", "a"));
}

TEST(Target, HasAbsoluteForm) {
  const Target target = parse_target("HTTP://example.org:81/a?b=c");
  EXPECT_EQ(target.authority, "example.org:81");
  EXPECT_EQ(target.path, "/a");
  EXPECT_EQ(*target.query.find("b"), "c");
  EXPECT_EQ(parse_target("http://example.org").path, "/");
  EXPECT_EQ(parse_target("http://example.org?x=1").path, "/");
  EXPECT_EQ(parse_target("*").path, "*");
}

TEST(Target, IsRefusedWhenItMeansSomethingElseThanItSays) {
  for (const std::string_view text : {"",
                                      "a",
                                      "example.org:80",
                                      "ftp://example.org/",
                                      "http://",
                                      "http://user@host/",
                                      "/a b",
                                      "/a\x01",
                                      "/\xc3\xa9",
                                      "/a#b",
                                      "/%",
                                      "/%4",
                                      "/%zz",
                                      "/%ff",
                                      "/%c0%af",
                                      "/%00",
                                      "/%0a",
                                      "/..",
                                      "/a/../b",
                                      "/./a",
                                      "/%2e%2e/a",
                                      "/a%2F..%2Fb",
                                      "/a%5c..%5cb",
                                      "/%2e",
                                      "/a\\b",
                                      "/a{b",
                                      "/?a=%ff",
                                      "/?a=%00",
                                      "/?%",
                                      "/?a=%4"}) {
    EXPECT_EQ(refusal_of(text), ErrorCode::kMalformedRequest) << text;
  }
}

TEST(Query, IsReadInOrder) {
  const Query query = parse_query("a=1&b=two+words&a=%2B&&c&=d&e=f=g");
  EXPECT_THAT(query.all("a"), ElementsAre("1", "+"));
  EXPECT_EQ(*query.find("b"), "two words");
  EXPECT_EQ(*query.find("c"), "");
  EXPECT_EQ(*query.find(""), "d");
  EXPECT_EQ(*query.find("e"), "f=g");
  EXPECT_EQ(query.find("nothing"), nullptr);
}

TEST(Query, HasALimitOfParameters) {
  std::string text;
  for (std::size_t i = 0; i < kMostParameters; ++i) text += "a&";
  EXPECT_EQ(parse_query(text).parameters.size(), kMostParameters);
  EXPECT_THROW(parse_query(text + "a"), Error);
}

TEST(Percent, EncodesWhatItDecodes) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(percent_decoded(percent_encoded(all)), all);
  EXPECT_EQ(percent_encoded("a b/\xc3\xa9~"), "a%20b%2F%C3%A9~");
}

}  // namespace
}  // namespace doppel::http
