#include "adapters/postgres/values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/postgres/connection.hpp"
#include "base/error.hpp"
#include "tests/support/cluster.hpp"

namespace doppel::postgres {
namespace {

using database::Access;
using database::TransactionKind;

/// A type, and values of it as they come back: text where nothing else is said.
struct Sample {
  std::string type;
  std::vector<Value> values;
};

std::vector<Sample> samples() {
  const double tiny = 5e-324;
  return {
      {"smallint", {-32768, 32767}},
      {"integer", {0, 2147483647}},
      {"bigint", {INT64_MIN, INT64_MAX}},
      {"oid", {std::int64_t{4294967295}}},
      {"boolean", {0, 1}},
      {"real", {0.1, -0.0, 3.4028235e38}},
      {"double precision", {0.1, -0.0, tiny, 1e300, std::numeric_limits<double>::infinity()}},
      {"bytea", {Blob{}, Blob{std::string("\0\xff text", 7)}}},
      {"numeric",
       {"1.0", "1.00", "NaN", "Infinity", "-Infinity", "0.000000000000000000001",
        "123456789012345678901234567890123456789012345678901234567890.5"}},
      {"numeric(10,2)", {"12.50"}},
      {"money", {"$1,234.50", "-$0.01"}},
      {"text", {"", "NULL", "{a,b}", "it's \\ \"quoted\"", "\u00fcber \U0001F600"}},
      {"varchar(5)", {"abc", "  x  "}},
      {"char(5)", {"abc  "}},
      {"\"char\"", {"x"}},
      {"name", {"n"}},
      {"timestamptz",
       {"infinity", "-infinity", "2026-11-22 05:26:41.123456+00", "0001-01-01 00:00:00+00 BC"}},
      {"timestamp", {"2026-11-22 05:26:41.000001", "infinity"}},
      {"date", {"2026-11-22", "infinity"}},
      {"time", {"24:00:00", "05:26:41.5"}},
      {"timetz", {"05:26:41+02"}},
      {"interval", {"1 year 2 mons -3 days +04:05:06.789", "24:00:00", "1 day"}},
      {"uuid", {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}},
      {"json", {"{\"b\": 1,  \"a\":[1.0, null]}", "null"}},
      {"jsonb", {"{\"a\": [1.0, null], \"b\": 1}"}},
      {"xml", {"<a b=\"1\">x</a>"}},
      {"integer[]", {"{1,NULL,3}", "{}", "{{1,2},{3,4}}", "[0:1]={7,8}"}},
      {"text[]", {R"({"a,b",NULL,"NULL","say \"hi\"","back\\slash",""})"}},
      {"bit(3)", {"101"}},
      {"bit varying", {"", "10101"}},
      {"inet", {"10.0.0.1", "::1/64"}},
      {"cidr", {"10.0.0.0/8"}},
      {"macaddr", {"08:00:2b:01:02:03"}},
      {"point", {"(1.5,-2)"}},
      {"box", {"(2,2),(1,1)"}},
      {"int4range", {"[1,5)", "empty", "(,)"}},
      {"tstzrange", {"[\"2026-01-01 00:00:00+00\",infinity]"}},
      {"int4multirange", {"{[1,3),[5,7)}"}},
      {"tsvector", {"'cat':1A 'dog':2"}},
      {"pg_lsn", {"16/B374D848"}},
      {"mood", {"so so", "happy"}},
      {"mood[]", {"{happy,\"so so\"}"}},
      {"positive", {5}},
      {"amount", {R"((1.50,"say ""hi"", you"))", "(,)"}},
  };
}

class Values : public ::testing::Test {
 protected:
  Values() {
    database_.run(
        "CREATE TYPE mood AS ENUM ('so so', 'happy');"
        "CREATE DOMAIN positive AS integer CHECK (value > 0);"
        "CREATE TYPE amount AS (value numeric(10,2), note text)");
    connection_ = open({.dsn = database_.dsn(), .access = Access::kReadWrite});
  }

  void apply(const std::vector<RowChange>& changes) {
    const auto transaction = connection_->begin(TransactionKind::kWrite);
    ASSERT_TRUE(connection_->apply_changes(changes).empty());
    transaction->commit();
  }

  doppel::testing::TestDatabase database_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(Values, OfEveryTypeComeBackAsTheyWere) {
  const auto shape = std::make_shared<TableShape>(
      TableShape{.name = "kept", .columns = {"id", "value"}, .key = {0}});
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(sample.type);
    database_.run("DROP TABLE IF EXISTS kept; CREATE TABLE kept (id bigint PRIMARY KEY, value " +
                  sample.type + ")");
    std::vector<RowChange> inserts{{shape, {0}, std::nullopt, Row{0, {}}}};
    for (const Value& value : sample.values) {
      const auto id = static_cast<std::int64_t>(inserts.size());
      inserts.push_back({shape, {id}, std::nullopt, Row{id, value}});
    }
    apply(inserts);
    std::vector<RowChange> updates;
    for (const RowChange& change : inserts) {
      const auto row = connection_->read_rows(*shape, std::span(&change.key, 1)).front();
      EXPECT_EQ(row, change.after) << display(*change.after) << " became " << display(*row);
      updates.push_back({shape, change.key, change.after, Row{change.key[0], sample.values[0]}});
    }
    apply(updates);  // The images that were read are the ones that are found.
    std::vector<std::vector<Value>> wanted{{sample.values[0]}};
    EXPECT_EQ(connection_->count_rows("kept", {"value"}, wanted)[0],
              static_cast<std::int64_t>(inserts.size()));
    std::size_t scanned = 0;
    connection_->scan_rows(*shape, {{"value"}, {sample.values[0]}}, [&](Row&&) { ++scanned; });
    EXPECT_EQ(scanned, inserts.size());
  }
}

TEST_F(Values, WhatCantBeOfTheTypeIsFoundNowhere) {
  database_.run(
      "CREATE TABLE t (id integer PRIMARY KEY, u uuid, b boolean); "
      "INSERT INTO t VALUES (5, NULL, true)");
  const TableShape shape{.name = "t", .columns = {"id", "u", "b"}, .key = {0}};
  const std::vector<Key> keys{{"abc"}, {"5"}, {std::int64_t{1} << 40}, {"5; DROP TABLE t"}};
  const auto rows = connection_->read_rows(shape, keys);
  EXPECT_EQ(rows[0], std::nullopt);
  EXPECT_EQ(rows[1], (Row{5, {}, 1}));
  EXPECT_EQ(rows[2], std::nullopt);
  EXPECT_EQ(rows[3], std::nullopt);
  const std::vector<std::vector<Value>> uuids{{"no uuid"}};
  EXPECT_THAT(connection_->count_rows("t", {"u"}, uuids), ::testing::ElementsAre(0));
}

TEST(ArrayText, IsReadBackAsItWasWritten) {
  const std::vector<Value> values{"a,b", {}, "NULL", "\"q\" \\ {}", "", " "};
  std::vector<const Value*> pointers;
  for (const Value& value : values) pointers.push_back(&value);
  const auto read = parse_array(array_of(pointers));
  ASSERT_EQ(read.size(), values.size());
  for (std::size_t i = 0; i < read.size(); ++i) EXPECT_EQ(read[i], text_of(values[i])) << i;
  EXPECT_TRUE(parse_array("{}").empty());
}

TEST(Text, ThatPostgresqlCantHoldIsRefused) {
  for (const std::string& text : {std::string("a\0b", 3), std::string("\xff")}) {
    EXPECT_THROW(text_of(Value(text)), Error);
  }
}

}  // namespace
}  // namespace doppel::postgres
