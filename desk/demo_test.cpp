#include "desk/demo.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "tests/support/desk_stand.hpp"

namespace doppel::desk {
namespace {

using testing::attach_any;
using testing::DeskStand;

constexpr std::int64_t kCases = 400;

/// A hash of every row of the desk.
std::string picture(database::Connection& connection) {
  Sha256 hash;
  for (const database::Table& table : connection.read_schema().tables) {
    if (table.name == "desk_schema") continue;
    hash.add_framed(table.name);
    connection.scan_rows(*database::shape_of(table, table.primary_key), {}, [&](Row&& row) {
      for (const Value& value : row) hash.add_value(value);
    });
  }
  return hash.finish();
}

std::string filled(Dialect dialect, std::uint64_t seed) {
  DeskStand stand(dialect);
  const auto connection = attach_any(stand.dsn())->open(database::Access::kReadWrite);
  fill_demo(*connection, {.seed = seed, .cases = kCases});
  return picture(*connection);
}

TEST(DeskDemo, IsTheSameBySeedOnBothDatabases) {
  const std::string first = filled(Dialect::kSqlite, 1);
  EXPECT_EQ(filled(Dialect::kSqlite, 1), first);
  EXPECT_EQ(filled(Dialect::kPostgresql, 1), first);
  EXPECT_NE(filled(Dialect::kSqlite, 2), first);
}

TEST(DeskDemo, HasATailAndNumbersThatGoOn) {
  DeskStand stand(Dialect::kSqlite);
  const auto connection = attach_any(stand.dsn())->open(database::Access::kReadWrite);
  const auto counts = fill_demo(*connection, {.seed = 1, .cases = kCases});
  EXPECT_EQ(counts.at("cases"), kCases);
  const auto ask = [&](const std::string& sql) {
    return connection->sql()->query(sql, {}).at(0).at(0).integer();
  };
  EXPECT_EQ(ask("SELECT count(*) FROM case_messages"), counts.at("case_messages"));
  const std::int64_t tail =
      ask("SELECT count(*) FROM (SELECT 1 FROM case_messages GROUP BY case_id "
          "HAVING count(*) > 200)");
  EXPECT_GE(tail, 1);
  EXPECT_LE(tail, kCases / 25);
  EXPECT_EQ(ask("SELECT next_number FROM number_series WHERE name = 'cases'"), kCases + 1);
  EXPECT_EQ(ask("SELECT next_number - 1 - (SELECT max(number) FROM opportunities) FROM "
                "number_series WHERE name = 'opportunities'"),
            0);
  EXPECT_EQ(ask("SELECT next_number - 1 - (SELECT max(number) FROM accounts) FROM number_series "
                "WHERE name = 'accounts'"),
            0);
  EXPECT_EQ(ask("SELECT count(*) FROM pragma_foreign_key_check"), 0);
  // What custom values refer to, the database doesn't know.
  EXPECT_EQ(ask("SELECT count(*) FROM custom_values AS v WHERE NOT EXISTS (SELECT 1 FROM accounts "
                "AS a WHERE v.object = 'accounts' AND a.id = v.record_id) AND NOT EXISTS (SELECT 1 "
                "FROM cases AS c WHERE v.object = 'cases' AND c.id = v.record_id)"),
            0);
  EXPECT_EQ(ask("SELECT count(*) FROM opportunities AS o WHERE net_amount <> (SELECT "
                "sum(net_amount) FROM opportunity_lines AS l WHERE l.opportunity_id = o.id)"),
            0);
}

TEST(DeskDemo, IsNeverPouredOverWorkThatIsThere) {
  DeskStand stand(Dialect::kSqlite);
  const auto connection = attach_any(stand.dsn())->open(database::Access::kReadWrite);
  fill_demo(*connection, {.seed = 1, .cases = 10});
  EXPECT_THROW(fill_demo(*connection, {.seed = 1, .cases = 10}), Error);
  EXPECT_THROW(fill_demo(*connection, {.seed = 1, .cases = 0}), Error);
}

}  // namespace
}  // namespace doppel::desk
