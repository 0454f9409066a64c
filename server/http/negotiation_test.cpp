#include "http/negotiation.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "http/date.hpp"

namespace doppel::http {
namespace {

const std::vector<std::string> kOffered{"application/json", "text/csv"};

TEST(Accept, ChoosesTheBestLiked) {
  EXPECT_EQ(preferred_type("", kOffered), "application/json");
  EXPECT_EQ(preferred_type("*/*", kOffered), "application/json");
  EXPECT_EQ(preferred_type("text/csv", kOffered), "text/csv");
  EXPECT_EQ(preferred_type("text/*", kOffered), "text/csv");
  EXPECT_EQ(preferred_type("application/json;q=0.5, Text/CSV;q=0.8", kOffered), "text/csv");
  EXPECT_EQ(preferred_type("*/*;q=0.9, application/json;q=0.1", kOffered), "text/csv");
  EXPECT_EQ(preferred_type("application/json;q=0, */*", kOffered), "text/csv");
}

TEST(Accept, MayTakeNothingOfIt) {
  EXPECT_EQ(preferred_type("image/png", kOffered), std::nullopt);
  EXPECT_EQ(preferred_type("*/*;q=0", kOffered), std::nullopt);
  EXPECT_EQ(preferred_type("nonsense, application/json;q=7", kOffered), std::nullopt);
}

TEST(ContentType, IsReadWithoutCase) {
  const ContentType type = parse_content_type("Application/JSON; Charset=\"UTF-8\"");
  EXPECT_EQ(type.type, "application/json");
  EXPECT_EQ(type.charset, "utf-8");
  EXPECT_EQ(parse_content_type("").type, "");
}

TEST(Prefer, IsReadAsAList) {
  const Preferences prefer = parse_prefer("Dry-Run, return=minimal; x=1, wait=\"1,0\", , =2");
  EXPECT_TRUE(prefer.has("dry-run"));
  EXPECT_EQ(*prefer.find("return"), "minimal");
  EXPECT_EQ(*prefer.find("wait"), "1,0");
  EXPECT_FALSE(prefer.has("respond-async"));
}

TEST(IfMatch, ComparesVersions) {
  EXPECT_TRUE(parse_tags("*").matches_strongly("7"));
  EXPECT_TRUE(parse_tags("\"6\", \"7\"").matches_strongly("7"));
  EXPECT_TRUE(parse_tags("\"a,b\"").matches_strongly("a,b"));
  EXPECT_FALSE(parse_tags("\"6\"").matches_strongly("7"));
  EXPECT_FALSE(parse_tags("W/\"7\"").matches_strongly("7"));
  EXPECT_TRUE(parse_tags("W/\"7\"").matches_weakly("7"));
  EXPECT_EQ(to_header(EntityTag{.text = "7"}), "\"7\"");
  EXPECT_EQ(to_header(EntityTag{.text = "7", .strength = EntityTag::Strength::kWeak}), "W/\"7\"");
}

TEST(IfMatch, IsRefusedWhenItCantBeRead) {
  for (const std::string_view text :
       {"", "7", "\"7", "\"7\" \"8\"", "\"7\",", "*, \"7\"", "w/\"7\""}) {
    EXPECT_THROW(parse_tags(text), Error) << text;
  }
}

TEST(Date, IsWrittenAsHttpHasIt) {
  EXPECT_EQ(http_date(*parse_instant("2026-11-22T09:15:00.999999Z")),
            "Sun, 22 Nov 2026 09:15:00 GMT");
  EXPECT_EQ(http_date(Instant{0}), "Thu, 01 Jan 1970 00:00:00 GMT");
}

}  // namespace
}  // namespace doppel::http
