#include "database/dsn.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace doppel::database {
namespace {

std::pair<ErrorCode, std::string> refusal(std::string_view text) {
  try {
    parse_dsn(text);
  } catch (const Error& error) {
    EXPECT_FALSE(error.remedy().empty());
    return {error.code(),
            std::string(error.what()) + " " + error.place() + " " + std::string(error.remedy())};
  }
  ADD_FAILURE() << text << " was taken";
  return {};
}

TEST(Dsn, TakesPathsAsTheyAreWritten) {
  EXPECT_EQ(parse_dsn("sqlite:a.db"), (Dsn{Scheme::kSqlite, "a.db"}));
  EXPECT_EQ(parse_dsn("sqlite:/srv/a b:c?.db"), (Dsn{Scheme::kSqlite, "/srv/a b:c?.db"}));
  EXPECT_EQ(parse_dsn("SQLite:./x"), (Dsn{Scheme::kSqlite, "./x"}));
  EXPECT_EQ(parse_dsn("sqlite:///srv/a.db"), (Dsn{Scheme::kSqlite, "/srv/a.db"}));
}

TEST(Dsn, RefusesEverythingElseWithARemedy) {
  for (const std::string_view text : {"", "sqlite:", "sqlite::memory:", "sqlite://host/a.db",
                                      "mysql://host/a", "a.db", "/srv/a.db", ":", "C:/a.db"}) {
    EXPECT_EQ(refusal(text).first, ErrorCode::kUsage) << text;
  }
  EXPECT_EQ(refusal(std::string("sqlite:a\0b", 10)).first, ErrorCode::kUsage);
  EXPECT_THAT(refusal("/srv/a.db").second, testing::HasSubstr("sqlite:/srv/a.db"));
}

TEST(Dsn, KnowsPostgresqlAndKeepsItsPasswordToItself) {
  const std::string dsn = "postgresql://anna:s3:c@ret@db.example:5432/crm?x=1";
  EXPECT_EQ(parse_dsn(dsn), (Dsn{Scheme::kPostgresql, dsn}));
  EXPECT_EQ(parse_dsn("postgres://h/crm"), (Dsn{Scheme::kPostgresql, "postgresql://h/crm"}));
  EXPECT_EQ(refusal("postgresql:crm").first, ErrorCode::kUsage);
  EXPECT_EQ(refusal(std::string("postgresql://h/a\0b", 18)).first, ErrorCode::kUsage);
  EXPECT_EQ(without_secrets(dsn), "postgresql://anna:***@db.example:5432/crm?x=1");
  EXPECT_EQ(without_secrets("postgresql://h/crm?password=abc&x=1"),
            "postgresql://h/crm?password=***&x=1");
  EXPECT_EQ(without_secrets("sqlite:/srv/a@b:c.db"), "sqlite:/srv/a@b:c.db");
  EXPECT_EQ(refusal("mysql://a:secret@h/d").second.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace doppel::database
