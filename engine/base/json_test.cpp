#include "base/json.hpp"

#include <bit>
#include <cmath>
#include <cstdint>

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace doppel {
namespace {

std::string written(const Row& row) {
  std::string text;
  append_json(row, text);
  return text;
}

Row read_again(const Row& row) { return values_from_json(parse_json(written(row), "x"), "x"); }

TEST(JsonTest, RealsAreReadToTheLastBit) {
  const Row known{238.20188140736326,      1.3927926388013963e-143,
                  9007199254740993.0,      5e-324,
                  1.7976931348623157e308,  -0.0,
                  92233720368547744775.28, 0.1};
  EXPECT_EQ(read_again(known), known) << written(known);
  // Any bits, and what people's numbers look like.
  std::uint64_t state = 20261122;
  for (int i = 0; i < 20'000; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    const std::uint64_t bits = state ^ (state >> 29);
    const auto any = std::bit_cast<double>(bits);
    const Row row{std::isfinite(any) ? any : 0.5, static_cast<double>(bits % 1'000'003) / 997.0};
    ASSERT_EQ(read_again(row), row) << written(row);
  }
}

TEST(JsonTest, ANumberMayBeTheWholeDocument) {
  EXPECT_EQ(parse_json("1.25e1", "x"), json::value(12.5));
  EXPECT_EQ(parse_json(" -7 \n", "x"), json::value(-7));
  EXPECT_EQ(parse_json("18446744073709551615", "x"), json::value(UINT64_MAX));
  EXPECT_EQ(parse_json("[18446744073709551616]", "x"), json::value({18446744073709551616.0}));
}

TEST(JsonTest, WhatNoDoubleHoldsIsRefused) {
  for (const char* text : {"1e400", "[0, -1e999]", "1e-400"}) {
    EXPECT_THROW(parse_json(text, "x"), Error) << text;
  }
}

TEST(JsonTest, ADocumentThatIsCutShortOrGoesOnIsRefused) {
  const std::string whole = R"({"a":[1,-2.5e-3,"x\u00e9\n"],"b":{"c":null,"d":true}})";
  EXPECT_NO_THROW(parse_json(whole + "\n\t ", "x"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(parse_json(whole.substr(0, size), "x"), Error) << size;
  }
  for (const char* more : {"1", "{}", ",", "\n x"}) {
    EXPECT_THROW(parse_json(whole + more, "x"), Error) << more;
  }
  try {
    parse_json("{\n  \"a\": [1, }\n", "stored");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.place(), "stored:2:12");
  }
}

TEST(JsonTest, WhatIsWrittenCanBeReadWhateverTheTextsHold) {
  json::object object;
  object["purpose"] = "p\xffq";
  object["\xc3("] = json::array{"\xe2\x82", "\xe2\x82\xac"};
  const json::value read = parse_json(write_json(object, JsonStyle::kPretty), "x");
  EXPECT_EQ(read.at("purpose"), "p\\xffq");
  EXPECT_EQ(read.at("\\xc3("), json::array({"\\xe2\\x82", "\xe2\x82\xac"}));
}

TEST(JsonTest, DepthIsLimited) {
  EXPECT_NO_THROW(parse_json(std::string(64, '[') + std::string(64, ']'), "x"));
  EXPECT_THROW(parse_json(std::string(65, '[') + std::string(65, ']'), "x"), Error);
}

}  // namespace
}  // namespace doppel
