#include "desk/schema.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "manifest/draft.hpp"
#include "manifest/model.hpp"
#include "tests/support/desk_stand.hpp"

namespace doppel::desk {
namespace {

using testing::attach_any;
using testing::DeskStand;

class DeskSchema : public ::testing::TestWithParam<Dialect> {
 protected:
  std::unique_ptr<database::Connection> connect() {
    return attach_any(stand.dsn())->open(database::Access::kReadWrite);
  }
  /// The only row's only value of an environment's answer.
  Value ask(OpenEnvironment& environment, const std::string& sql) {
    return environment.connection().sql()->query(sql, {}).at(0).at(0);
  }
  void write(OpenEnvironment& environment, const std::string& sql) {
    const auto transaction = environment.connection().begin(database::TransactionKind::kWrite);
    environment.connection().sql()->execute(sql, {});
    transaction->commit();
  }

  DeskStand stand{GetParam()};
};

TEST_P(DeskSchema, IsAppliedOnce) {
  EXPECT_EQ(stand.steps(),
            (std::vector<std::string>{"0001_configuration", "0002_data", "0003_feeds"}));
  const auto connection = connect();
  const database::Schema before = connection->read_schema();
  EXPECT_TRUE(apply_schema(*connection, GetParam(), stand.clock).empty());
  EXPECT_TRUE(database::differences(before, connection->read_schema()).empty());
  EXPECT_FALSE(seed_organisation(*connection, 2, stand.clock.now()));
}

TEST_P(DeskSchema, RefusesTablesOfSomebodyElseAndOfANewerDoppel) {
  const auto connection = connect();
  connection->sql()->execute("INSERT INTO desk_schema VALUES ('0009_later', '')", {});
  try {
    apply_schema(*connection, GetParam(), stand.clock);
    FAIL() << "a newer schema was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNewerStore);
  }
  connection->sql()->execute("DROP TABLE desk_schema", {});
  try {
    apply_schema(*connection, GetParam(), stand.clock);
    FAIL() << "another application's tables were taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  }
}

TEST_P(DeskSchema, FitsItsManifest) {
  const manifest::Loaded loaded = manifest::load(manifest_text(GetParam()), "manifest.yaml");
  std::string problems;
  for (const manifest::Problem& problem : loaded.problems) problems += to_text(problem) + "\n";
  for (const manifest::Problem& problem :
       manifest::check(loaded.manifest, connect()->read_schema())) {
    problems += to_text(problem) + "\n";
  }
  EXPECT_EQ(problems, "");
  EXPECT_EQ(loaded.manifest.carrier, GetParam() == Dialect::kSqlite ? "split" : "rows");
}

/// What a newcomer gets from `doppel manifest draft` is near the desk's own manifest: of secrets
/// and personal columns it misses next to nothing.
TEST_P(DeskSchema, IsDraftedAlmostAsItIs) {
  const database::Schema schema = connect()->read_schema();
  const manifest::Manifest own = manifest::load_or_throw(manifest_text(GetParam()), "own");
  const manifest::Manifest drafted =
      manifest::load_or_throw(manifest::draft(schema, "desk"), "draft");
  std::size_t roles = 0;
  std::size_t hidden = 0;
  std::size_t found = 0;
  std::string missed;
  for (const manifest::TableEntry& table : own.tables) {
    const manifest::TableEntry* guess = drafted.table(table.name);
    ASSERT_NE(guess, nullptr) << table.name;
    if (guess->role.role == table.role.role) ++roles;
    for (const manifest::ColumnEntry& column : table.columns) {
      if (column.personal.empty() && !column.secret) continue;
      ++hidden;
      const manifest::ColumnEntry* said = guess->column(column.name);
      if (said != nullptr && (!said->personal.empty() || said->secret)) {
        ++found;
      } else {
        missed += " " + table.name + "." + column.name;
      }
    }
  }
  EXPECT_GE(found * 100, hidden * 90) << missed;
  EXPECT_GE(roles * 100, own.tables.size() * 60);
}

TEST_P(DeskSchema, SandboxCountsItsRowsExactly) {
  const Created created = stand.fork("qa");
  EXPECT_EQ(created.environment.carrier, GetParam() == Dialect::kSqlite ? "split" : "rows");
  const auto live = stand.open("acme");
  std::size_t config = 0;
  for (const manifest::TableModel& table : live->model().tables) {
    if (table.may_hold_config()) ++config;
  }
  EXPECT_EQ(created.tables.size(), config);
  for (const database::RowCount& count : created.tables) {
    EXPECT_FALSE(count.estimate) << count.table;
    EXPECT_EQ(count.rows, live->connection().count_rows(count.table)) << count.table;
  }
}

TEST_P(DeskSchema, EditsGoThereAndBackAgain) {
  stand.fork("qa");
  {
    const auto live = stand.open("acme");
    const auto sandbox = stand.open("acme/qa");
    sandbox->set_author("grace");
    write(*sandbox, "UPDATE pipeline_stages SET name = 'Vetted' WHERE name = 'Qualified'");
    write(*sandbox, "UPDATE sla_targets SET minutes = 10 WHERE minutes = 15");
    write(*sandbox,
          "INSERT INTO skills (id, name, created_at, updated_at) VALUES ('s', 'Hardware', "
          "'2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z')");
    write(*sandbox, "DELETE FROM macros WHERE name = 'Ask for details'");
    EXPECT_EQ(ask(*live, "SELECT count(*) FROM pipeline_stages WHERE name = 'Vetted'"), Value(0));
    EXPECT_EQ(ask(*live, "SELECT count(*) FROM macro_actions"), Value(4));
    EXPECT_EQ(ask(*sandbox, "SELECT count(*) FROM macro_actions"), Value(2));
  }
  const plan::Diff diff = stand.doppel().diff({"acme", "qa"});
  ASSERT_EQ(diff.rows.size(), 6U);
  EXPECT_EQ(diff.rows.front().touch.by, "grace");
  const plan::Plan plan = stand.doppel().plan({"acme", "qa"}, {});
  ASSERT_TRUE(plan.promotable());
  stand.doppel().promote({"acme", "qa"}, plan.hash.text);
  const auto live = stand.open("acme");
  EXPECT_EQ(ask(*live, "SELECT count(*) FROM pipeline_stages WHERE name = 'Vetted'"), Value(1));
  EXPECT_EQ(ask(*live, "SELECT count(*) FROM macro_actions"), Value(2));
  stand.doppel().restore_previous("acme", LaterEdits::kRefuse);
  EXPECT_EQ(ask(*live, "SELECT count(*) FROM pipeline_stages WHERE name = 'Qualified'"), Value(1));
  EXPECT_EQ(ask(*live, "SELECT count(*) FROM macro_actions"), Value(4));
  EXPECT_EQ(ask(*live, "SELECT count(*) FROM skills"), Value(2));
}

INSTANTIATE_TEST_SUITE_P(Both, DeskSchema,
                         ::testing::Values(Dialect::kSqlite, Dialect::kPostgresql),
                         [](const auto& chosen) {
                           return chosen.param == Dialect::kSqlite ? "sqlite" : "postgresql";
                         });

TEST(DeskDialect, ComparesTextByteByByteOnBothDatabases) {
  EXPECT_EQ(in_dialect("a TEXT NOT NULL, b BLOB", Dialect::kSqlite), "a TEXT NOT NULL, b BLOB");
  EXPECT_EQ(in_dialect("a TEXT NOT NULL, b BLOB", Dialect::kPostgresql),
            "a TEXT COLLATE \"C\" NOT NULL, b BYTEA");
}

TEST(DeskInstant, HasAllDigitsSoThatTextsSortAsTimeDoes) {
  EXPECT_EQ(instant_text(Instant{0}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(instant_text(Instant{1'500'000}), "1970-01-01T00:00:01.500000Z");
  EXPECT_LT(instant_text(Instant{1'000'000}), instant_text(Instant{1'000'001}));
}

}  // namespace
}  // namespace doppel::desk
