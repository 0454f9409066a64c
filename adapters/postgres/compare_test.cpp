#include "adapters/postgres/compare.hpp"

#include <gtest/gtest.h>

#include "adapters/postgres/connection.hpp"
#include "base/error.hpp"
#include "tests/support/cluster.hpp"

namespace doppel::postgres {
namespace {

class CompareTest : public ::testing::Test {
 protected:
  std::vector<DifferentRow> compare(const std::vector<std::string>& columns,
                                    std::vector<std::size_t> key = {0}) {
    const TableShape one{.name = "one", .columns = columns, .key = key};
    const TableShape other{.name = "elsewhere.other", .columns = columns, .key = key};
    return compare_tables({.dsn = database_.dsn()}, one, other);
  }

  doppel::testing::TestDatabase database_;
};

TEST_F(CompareTest, FindsWhatWasChangedAddedAndRemoved) {
  database_.run(
      "CREATE SCHEMA elsewhere; CREATE TABLE one (id bigint PRIMARY KEY, name text);"
      "INSERT INTO one SELECT i, 'row ' || i FROM generate_series(1, 20000) AS i;"
      "CREATE TABLE elsewhere.other AS SELECT * FROM one;"
      "UPDATE elsewhere.other SET name = NULL WHERE id = 7;"
      "DELETE FROM elsewhere.other WHERE id = 8; INSERT INTO elsewhere.other VALUES (-1, 'new')");
  const std::vector<DifferentRow> found = compare({"id", "name"});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].key, Key{Value(-1)});
  EXPECT_EQ(found[0].first, std::nullopt);
  EXPECT_EQ(found[0].second, (Row{Value(-1), Value("new")}));
  EXPECT_EQ(found[1].first, (Row{Value(7), Value("row 7")}));
  EXPECT_EQ(found[1].second, (Row{Value(7), Value()}));
  EXPECT_EQ(found[2].first, (Row{Value(8), Value("row 8")}));
  EXPECT_EQ(found[2].second, std::nullopt);
}

TEST_F(CompareTest, FindsNothingInEqualTables) {
  database_.run(
      "CREATE SCHEMA elsewhere; CREATE TABLE one (id bigint PRIMARY KEY, name text);"
      "CREATE TABLE elsewhere.other (id bigint PRIMARY KEY, name text)");
  EXPECT_TRUE(compare({"id", "name"}).empty());
  database_.run("INSERT INTO one VALUES (1, NULL); INSERT INTO elsewhere.other VALUES (1, NULL)");
  EXPECT_TRUE(compare({"id", "name"}).empty());
}

TEST_F(CompareTest, TellsValuesApartThatTheDatabaseTakesForEqual) {
  const std::string columns =
      "(part text, number integer, amount numeric, ratio float8, span interval, word text COLLATE "
      "folded, options json, tags text[])";
  database_.run(
      "CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = "
      "false); CREATE SCHEMA elsewhere; CREATE TABLE one " +
      columns + "; CREATE TABLE elsewhere.other " + columns +
      "; INSERT INTO one SELECT 'p', i, 1.0, 0.0, '1 day', 'a', '{\"a\":1}', '{x}' FROM "
      "generate_series(1, 6) AS i; INSERT INTO elsewhere.other TABLE one;"
      "UPDATE elsewhere.other SET amount = 1.00 WHERE number = 1;"
      "UPDATE elsewhere.other SET ratio = '-0' WHERE number = 2;"
      "UPDATE elsewhere.other SET span = '24:00' WHERE number = 3;"
      "UPDATE elsewhere.other SET word = 'A' WHERE number = 4;"
      "UPDATE elsewhere.other SET options = '{\"a\": 1}' WHERE number = 5");
  const std::vector<DifferentRow> found =
      compare({"part", "number", "amount", "ratio", "span", "word", "options", "tags"}, {0, 1});
  ASSERT_EQ(found.size(), 5U);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].key, (Key{Value("p"), Value(static_cast<std::int64_t>(i) + 1)}));
    EXPECT_TRUE(found[i].first && found[i].second);
  }
}

TEST_F(CompareTest, NamesATableThatIsNotThere) {
  database_.run("CREATE SCHEMA elsewhere; CREATE TABLE one (id bigint PRIMARY KEY)");
  try {
    compare({"id"});
    FAIL() << "it was compared";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("elsewhere.other"), std::string::npos);
  }
}

}  // namespace
}  // namespace doppel::postgres
