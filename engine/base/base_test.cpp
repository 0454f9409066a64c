#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/value.hpp"
#include "base/yaml.hpp"

namespace doppel {
namespace {

TEST(Value, TellsApartWhatADiffMustTellApart) {
  EXPECT_NE(Value(1), Value(1.0));
  EXPECT_NE(Value(0.0), Value(-0.0));
  EXPECT_NE(Value("a"), Value(Blob{"a"}));
  EXPECT_NE(Value(), Value(""));
  EXPECT_NE(Value(std::string("a\0b", 3)), Value("a"));
  EXPECT_EQ(Value(std::nan("")), Value(std::nan("")));
}

TEST(Value, OrdersRealsTotally) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<Value> ascending{-infinity, -1.5, -0.0, 0.0, 1e-300, 2.0, infinity};
  for (std::size_t i = 1; i < ascending.size(); ++i) EXPECT_LT(ascending[i - 1], ascending[i]);
}

TEST(Value, ShowsThatARealIsReal) {
  EXPECT_EQ(format_real(1), "1.0");
  EXPECT_EQ(format_real(-0.0), "-0.0");
  EXPECT_EQ(format_real(0.1), "0.1");
  EXPECT_EQ(format_real(1e300), "1e+300");
}

TEST(Json, CarriesEveryValueExactly) {
  const std::vector<Value> values{
      Value(),
      9007199254740993,
      std::numeric_limits<std::int64_t>::min(),
      -0.0,
      0.1,
      std::numeric_limits<double>::infinity(),
      "plain \"text\"\n",
      std::string("nul\0inside", 10),
      "\xc3\x28 invalid",
      Blob{std::string("\0\xff", 2)},
  };
  const std::string written = write_json(to_json(values), JsonStyle::kCompact);
  std::string appended;
  append_json(values, appended);
  EXPECT_EQ(appended, written);
  EXPECT_EQ(values_from_json(parse_json(written, "test"), "test"), values) << written;
}

TEST(Json, WritesNumbersAsPeopleDo) {
  EXPECT_EQ(write_json(parse_json("[0.1, 12.5, 3, 1e2]", "test"), JsonStyle::kCompact),
            "[0.1,12.5,3,100.0]");
}

TEST(Json, NamesThePlaceOfAMistake) {
  try {
    parse_json("{\n  \"a\": 1,,\n}", "answers.json");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
    EXPECT_EQ(error.place().substr(0, 15), "answers.json:2:");
  }
  EXPECT_THROW(parse_json("{} x", "test"), Error);
  EXPECT_THROW(parse_json("", "test"), Error);
}

TEST(Yaml, KeepsScalarsAsTextWithTheirPlace) {
  const yaml::Node root = yaml::parse("a: no\nb: '012'\nc:\n  - 1e3\n", "m.yaml");
  EXPECT_EQ(root.find("a")->scalar, "no");
  EXPECT_TRUE(root.find("b")->quoted);
  EXPECT_EQ(root.find("c")->items[0].scalar, "1e3");
  EXPECT_EQ(root.find("c")->items[0].line, 4U);
}

TEST(Yaml, RefusesWhatWouldBeReadSilentlyWrong) {
  for (const char* text :
       {"a: 1\na: 2\n", "a: &x 1\nb: *x\n", "a: [1\n", "a: 1\n---\nb: 2\n", ""}) {
    EXPECT_THROW(yaml::parse(text, "m.yaml"), Error) << text;
  }
}

TEST(Yaml, RefusesAViewOfNothing) { EXPECT_THROW(yaml::parse({}, "m.yaml"), Error); }

TEST(Yaml, QuotesWhatWouldBecomeAnotherType) {
  for (const char* text :
       {"true",       "no",       "123",     "012",       "1e3",         "",     " a", "a: b",
        "null",       "- x",      "ü",       "tab\there", "line\nbreak", "a #b", "*x", "plain",
        "u-\u008711", "a\u2028b", "\uFEFFa", "\x7F",      "\U0001F600"}) {
    const yaml::Node node = yaml::parse("k: " + yaml::quote(text) + "\n", "t");
    EXPECT_EQ(node.find("k")->scalar, text);
    EXPECT_FALSE(node.find("k")->is_null()) << text;
  }
  EXPECT_THROW(yaml::quote("\xFF"), Error);
}

TEST(Json, ReadsBackEveryByteOfTextAtEveryPlace) {
  constexpr std::size_t kLength = 24;
  for (int byte = 0; byte < 0x80; ++byte) {
    for (std::size_t place = 0; place < kLength; ++place) {
      std::string text(kLength, 'a');
      text[place] = static_cast<char>(byte);
      std::string written;
      append_json(text + "é", written);
      for (const char letter : written) EXPECT_GE(static_cast<unsigned char>(letter), 0x20);
      EXPECT_EQ(parse_json(written, "t").as_string(), text + "é") << written;
    }
  }
}

TEST(Clock, WritesAndReadsInstants) {
  for (const char* text : {"1970-01-01T00:00:00Z", "2026-11-22T09:15:00.000001Z",
                           "1969-12-31T23:59:59.999999Z", "2400-02-29T00:00:00Z"}) {
    const auto instant = parse_instant(text);
    ASSERT_TRUE(instant) << text;
    EXPECT_EQ(to_text(*instant), text);
  }
  EXPECT_FALSE(parse_instant("2026-02-30T00:00:00Z"));
  EXPECT_FALSE(parse_instant("yesterday"));
}

TEST(Hash, FramesWhatItHashes) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const auto framed = [](std::string_view a, std::string_view b) {
    Sha256 hash;
    hash.add_framed(a);
    hash.add_framed(b);
    return hash.finish();
  };
  EXPECT_NE(framed("ab", "c"), framed("a", "bc"));
}

TEST(Id, SortsByTime) {
  ManualClock clock(*parse_instant("2026-11-22T09:15:00Z"));
  SeededRandom random(1);
  const std::string first = make_uuid7(clock, random);
  clock.advance_microseconds(1000);
  const std::string second = make_uuid7(clock, random);
  EXPECT_LT(first, second);
  EXPECT_EQ(first.size(), 36U);
  EXPECT_EQ(first[14], '7');
}

TEST(Text, FindsTheWordThatWasMeant) {
  EXPECT_EQ(nearest("qeues", {"queues", "rules"}), "queues");
  EXPECT_EQ(nearest("xyz", {"queues", "rules"}), std::nullopt);
}

TEST(Text, ShowsControlCharactersAndCuts) {
  EXPECT_EQ(printable(std::string("a\0b\n\xff", 5), 0), "a\\x00b\\n\\xff");
  EXPECT_EQ(printable("abcdef", 3), "abc…");
}

TEST(ErrorTable, GivesEveryErrorARemedy) {
  const Error error(ErrorCode::kStale, "moved");
  EXPECT_EQ(error_info(error.code()).exit_code, 3);
  EXPECT_FALSE(error.remedy().empty());
}

}  // namespace
}  // namespace doppel
