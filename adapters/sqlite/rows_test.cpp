#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/test_file.hpp"
#include "base/error.hpp"

namespace doppel::sqlite {
namespace {

using database::Access;
using database::TransactionKind;
using testing::ElementsAre;
using testing::HasSubstr;

class SqliteRows : public testing::Test {
 protected:
  void make(const std::string& sql) {
    file.run(sql);
    connection = open({.path = file.path(), .access = Access::kReadWrite});
  }
  TableShapePtr shape(const std::string& table) const {
    const auto schema = connection->read_schema();
    return database::shape_of(*schema.table(table), schema.table(table)->primary_key);
  }
  std::vector<database::Moved> apply(const std::vector<RowChange>& changes) const {
    const auto transaction = connection->begin(TransactionKind::kWrite);
    auto moved = connection->apply_changes(changes);
    if (moved.empty()) transaction->commit();
    return moved;
  }
  std::vector<Row> query(const std::string& sql) const { return connection->sql()->query(sql, {}); }
  std::string error_of_apply(const std::vector<RowChange>& changes) const {
    try {
      apply(changes);
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }

  const TestFile file;
  std::unique_ptr<Connection> connection;
};

TEST_F(SqliteRows, WhatIsReadIsWrittenBackAsItWas) {
  make(R"(CREATE TABLE t (id INTEGER PRIMARY KEY, i INTEGER, r REAL, n NUMERIC, s TEXT, b BLOB, u);
          INSERT INTO t VALUES (1, 1.5, 1, 1.0, 12, 'text', 1.0),
          (2, '0x', 9e999, '1e3', x'00', 1, -1e-320),
          (3, 9007199254740993, 9007199254740993, 9007199254740993, 9007199254740993,
           9007199254740993, 9007199254740993),
          (4, CAST(x'ff00c3' AS TEXT), 'abc', x'', '', x'', ''))");
  const auto table = shape("t");
  const std::string exact =
      "SELECT id, typeof(i), typeof(r), typeof(n), typeof(s), typeof(b), "
      "typeof(u), quote(i), quote(r), hex(s), quote(n), hex(b), quote(u) FROM t";
  const auto before = query(exact);
  std::vector<RowChange> removed;
  std::vector<RowChange> inserted;
  connection->scan_rows(*table, {}, [&](Row&& row) {
    removed.push_back({table, {row[0]}, row, std::nullopt});
    inserted.push_back({table, {row[0]}, std::nullopt, row});
  });
  ASSERT_EQ(removed.size(), 4);
  ASSERT_TRUE(apply(removed).empty());
  ASSERT_TRUE(query(exact).empty());
  ASSERT_TRUE(apply(inserted).empty());
  EXPECT_EQ(query(exact), before);
}

TEST_F(SqliteRows, TheColumnsCollationAndAffinityJudge) {
  make(R"(CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE UNIQUE, n INTEGER);
          INSERT INTO t VALUES (1, 'Anna', 5))");
  const std::vector<std::vector<Value>> names{{"ANNA"}, {"Ann"}};
  EXPECT_THAT(connection->count_rows("t", {"name"}, names), ElementsAre(1, 0));
  const std::vector<std::vector<Value>> numbers{{"5"}, {5.0}, {"x"}};
  EXPECT_THAT(connection->count_rows("t", {"n"}, numbers), ElementsAre(1, 1, 0));
}

TEST_F(SqliteRows, AKeyInAnotherSpellingIsTheSameRow) {
  make("CREATE TABLE t (k TEXT COLLATE NOCASE PRIMARY KEY, x); INSERT INTO t VALUES ('a', 1)");
  const auto table = shape("t");
  const Row lower{"a", 1};
  const Row upper{"A", 1};
  const auto moved = apply({{table, {"A"}, std::nullopt, upper}});
  ASSERT_EQ(moved.size(), 1);
  EXPECT_EQ(moved[0].found, lower);
  EXPECT_TRUE(
      apply({{table, {"a"}, lower, std::nullopt}, {table, {"A"}, std::nullopt, upper}}).empty());
  EXPECT_EQ(query("SELECT * FROM t"), (std::vector<Row>{upper}));
}

TEST_F(SqliteRows, NullIsAKeyWhereTheTableTakesIt) {
  make(
      "CREATE TABLE t (a, b, x, PRIMARY KEY (a, b)); INSERT INTO t VALUES (NULL, 1, 'n'), (1, 1, "
      "'o')");
  const auto table = shape("t");
  EXPECT_TRUE(apply({{table, {{}, 1}, Row{{}, 1, "n"}, Row{{}, 1, "m"}}}).empty());
  EXPECT_EQ(query("SELECT x FROM t ORDER BY a"), (std::vector<Row>{{"m"}, {"o"}}));
}

TEST_F(SqliteRows, AKeyThatStandsForTwoRowsIsRefused) {
  make("CREATE TABLE t (k, x); INSERT INTO t VALUES (1, 'a'), (1, 'a')");
  const auto table = database::shape_of(*connection->read_schema().table("t"), {"k"});
  EXPECT_THAT(error_of_apply({{table, {1}, Row{1, "a"}, Row{1, "b"}}}), HasSubstr("2 rows"));
  EXPECT_EQ(query("SELECT count(*) FROM t WHERE x = 'a'"), (std::vector<Row>{{2}}));
}

TEST_F(SqliteRows, TriggersAndCascadesAreNoEditsOfOthers) {
  make(R"(CREATE TABLE parent (id INTEGER PRIMARY KEY, touched INTEGER NOT NULL DEFAULT 0, x);
          CREATE TABLE child (id INTEGER PRIMARY KEY,
                              parent REFERENCES parent ON DELETE CASCADE, x);
          CREATE TRIGGER touch AFTER UPDATE ON child
            BEGIN UPDATE parent SET touched = touched + 1 WHERE id = new.parent; END;
          INSERT INTO parent (id, x) VALUES (1, 'p'), (2, 'q');
          INSERT INTO child VALUES (1, 1, 'c'), (2, 2, 'd'))");
  const auto parent = shape("parent");
  const auto child = shape("child");
  EXPECT_TRUE(apply({{child, {1}, Row{1, 1, "c"}, Row{1, 1, "e"}},
                     {parent, {1}, Row{1, 0, "p"}, Row{1, 0, "r"}},
                     {parent, {2}, Row{2, 0, "q"}, std::nullopt},
                     {child, {2}, Row{2, 2, "d"}, std::nullopt}})
                  .empty());
  EXPECT_EQ(query("SELECT * FROM parent"), (std::vector<Row>{{1, 1, "r"}}));
}

TEST_F(SqliteRows, ARowThatATriggerIgnoresIsAnError) {
  make(R"(CREATE TABLE t (id INTEGER PRIMARY KEY);
          CREATE TRIGGER never BEFORE INSERT ON t BEGIN SELECT RAISE(IGNORE); END;)");
  EXPECT_THAT(error_of_apply({{shape("t"), {1}, std::nullopt, Row{1}}}), HasSubstr("ignored"));
}

TEST_F(SqliteRows, ChecksAndPartialIndexesNameTheRow) {
  make(R"(CREATE TABLE t (id INTEGER PRIMARY KEY, x CONSTRAINT small CHECK (x < 10));
          CREATE UNIQUE INDEX one_zero ON t (x + 1) WHERE x = 0;
          INSERT INTO t VALUES (1, 0))");
  EXPECT_THAT(error_of_apply({{shape("t"), {2}, std::nullopt, Row{2, 11}}}),
              testing::AllOf(HasSubstr("t 2"), HasSubstr("small")));
  EXPECT_THAT(error_of_apply({{shape("t"), {3}, std::nullopt, Row{3, 0}}}),
              testing::AllOf(HasSubstr("t 3"), HasSubstr("one_zero")));
}

TEST_F(SqliteRows, GeneratedColumnsAreLeftToTheDatabase) {
  make(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b AS (a * 2) STORED); INSERT INTO t VALUES (1, "
      "2)");
  EXPECT_TRUE(apply({{shape("t"), {1}, Row{1, 2}, Row{1, 5}}}).empty());
  EXPECT_EQ(query("SELECT b FROM t"), (std::vector<Row>{{10}}));
}

TEST_F(SqliteRows, AHighestKeyWithoutRoomIsAnError) {
  make("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (9223372036854775806)");
  const auto schema = connection->read_schema();
  EXPECT_THAT(connection->propose_keys(*schema.table("t"), "id", 1), ElementsAre(INT64_MAX));
  EXPECT_THROW(connection->propose_keys(*schema.table("t"), "id", 2), Error);
}

TEST_F(SqliteRows, KeysAreThoseThatTheDatabaseGives) {
  make(R"(CREATE TABLE plain (id INTEGER PRIMARY KEY, x);
          CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, x);)");
  const auto schema = connection->read_schema();
  for (const char* table : {"plain", "counted"}) {
    for (const std::string before : {"", "VALUES (-7, 0)", "VALUES (40, 0)", "VALUES (41, 0)"}) {
      const std::string name(table);
      if (!before.empty()) connection->sql()->execute("INSERT INTO " + name + " " + before, {});
      if (before.starts_with("VALUES (41")) {
        connection->sql()->execute("DELETE FROM " + name + " WHERE id = 41", {});
      }
      const auto proposed = connection->propose_keys(*schema.table(table), "id", 1).front();
      const auto transaction = connection->begin(TransactionKind::kWrite);
      connection->sql()->execute("INSERT INTO " + name + " (x) VALUES (1)", {});
      EXPECT_EQ(query("SELECT last_insert_rowid()"), (std::vector<Row>{{proposed}}))
          << name << before;
    }
  }
}

}  // namespace
}  // namespace doppel::sqlite
