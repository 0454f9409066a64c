#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/postgres/connection.hpp"
#include "base/error.hpp"
#include "database/schema.hpp"
#include "tests/support/cluster.hpp"

namespace doppel::postgres {
namespace {

using database::Access;
using database::TransactionKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Rows : public ::testing::Test {
 protected:
  Connection& connect(const std::string& sql, int patience_ms = 5000) {
    database_.run(sql);
    connection_ = open(
        {.dsn = database_.dsn(), .access = Access::kReadWrite, .lock_timeout_ms = patience_ms});
    schema_ = connection_->read_schema();
    return *connection_;
  }
  TableShapePtr shape(const std::string& table) const {
    return database::shape_of(*schema_.table(table), schema_.table(table)->primary_key);
  }
  RowChange insert(const std::string& table, const Row& row) const {
    return {shape(table), shape(table)->key_of(row), std::nullopt, row};
  }
  RowChange update(const std::string& table, const Row& before, const Row& after) const {
    return {shape(table), shape(table)->key_of(before), before, after};
  }
  RowChange erase(const std::string& table, const Row& row) const {
    return {shape(table), shape(table)->key_of(row), row, std::nullopt};
  }
  void apply(const std::vector<RowChange>& changes) {
    const auto transaction = connection_->begin(TransactionKind::kWrite);
    ASSERT_TRUE(connection_->apply_changes(changes).empty());
    transaction->commit();
  }
  std::string failure_of(const std::vector<RowChange>& changes) {
    try {
      apply(changes);
    } catch (const Error& error) {
      return std::string(error_info(error.code()).name) + ": " + error.what();
    }
    return {};
  }
  std::vector<Row> all(const std::string& table) {
    std::vector<Row> rows;
    connection_->scan_rows(*shape(table), {}, [&](Row&& row) { rows.push_back(std::move(row)); });
    return rows;
  }
  std::int64_t number(const std::string& sql) {
    return connection_->sql()->query(sql, {}).at(0).at(0).integer();
  }

  doppel::testing::TestDatabase database_;
  std::unique_ptr<Connection> connection_;
  database::Schema schema_;
};

TEST_F(Rows, IdentitiesGeneratedColumnsAndSequencesAreKept) {
  connect(
      "CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n integer, "
      "twice integer GENERATED ALWAYS AS (n * 2) STORED); INSERT INTO t (n) VALUES (1)");
  apply({insert("t", {7, 5}), insert("t", {9, 6}), update("t", {1, 1}, {1, 4})});
  EXPECT_THAT(all("t"), ElementsAre(Row{1, 4}, Row{7, 5}, Row{9, 6}));
  EXPECT_EQ(number("SELECT sum(twice)::bigint FROM t"), 30);
  // The application is never given a key that is taken.
  EXPECT_EQ(number("INSERT INTO t (n) VALUES (0) RETURNING id"), 10);
  apply({insert("t", {2'000'000, 0})});
  EXPECT_THAT(connection_->propose_keys(*schema_.table("t"), "id", 2),
              ElementsAre(2'000'001, 2'000'002));
}

TEST_F(Rows, KeysAreProposedInTheStepsOfTheirSequence) {
  connect(
      "CREATE SEQUENCE s INCREMENT 50; CREATE TABLE t (id bigint PRIMARY KEY DEFAULT "
      "nextval('s')); INSERT INTO t DEFAULT VALUES; INSERT INTO t VALUES (60)");
  EXPECT_THAT(connection_->propose_keys(*schema_.table("t"), "id", 2), ElementsAre(151, 201));
}

TEST_F(Rows, ManyChangesAreFewStatements) {
  connect("CREATE TABLE t (id integer PRIMARY KEY, name text UNIQUE, n integer)");
  std::vector<RowChange> inserts;
  std::vector<RowChange> updates;
  for (int i = 1; i <= 12'000; ++i) {
    const Row row{i, "n" + std::to_string(i), 0};
    inserts.push_back(insert("t", row));
    updates.push_back(update("t", row, {i, row[1], i}));
  }
  database_.run(
      "CREATE TABLE seen (what text); CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN INSERT INTO seen VALUES (tg_op); RETURN NULL; END'; CREATE TRIGGER see AFTER INSERT "
      "OR UPDATE OR DELETE ON t FOR EACH STATEMENT EXECUTE FUNCTION see()");
  apply(inserts);
  apply(updates);
  EXPECT_EQ(number("SELECT sum(n)::bigint FROM t"), 12'000LL * 12'001 / 2);
  EXPECT_EQ(number("SELECT count(*) FROM seen"), 6);
}

TEST_F(Rows, TheRowThatFailsIsNamedAmongMany) {
  connect(
      "CREATE TABLE t (id integer PRIMARY KEY, name text UNIQUE, n integer CHECK (n < 9), "
      "code varchar(2)); INSERT INTO t VALUES (1, 'a', 1, 'x')");
  EXPECT_EQ(failure_of({insert("t", {2, "b", 1, {}}), insert("t", {3, "a", 1, {}})}),
            "constraint: t 3 can't be inserted: UNIQUE constraint failed: t.name");
  EXPECT_THAT(failure_of({insert("t", {2, "b", 1, {}}), insert("t", {3, "c", 9, {}})}),
              HasSubstr("t 3 can't be inserted: CHECK constraint failed: t_n_check"));
  EXPECT_THAT(failure_of({insert("t", {2, "b", 1, {}}), insert("t", {3, "c", 1, "long"})}),
              HasSubstr("t 3 can't be inserted: value too long"));
  EXPECT_THAT(all("t"), ElementsAre(Row{1, "a", 1, "x"}));
  // Names may be given on from one row to another, in the order of the changes.
  apply({update("t", {1, "a", 1, "x"}, {1, "z", 1, "x"}), insert("t", {2, "a", 1, {}})});
}

TEST_F(Rows, ATriggerThatIgnoresARowIsNoSuccess) {
  connect(
      "CREATE TABLE t (id integer PRIMARY KEY, n integer); INSERT INTO t VALUES (1, 1), (2, 1);"
      "CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
      "CREATE TRIGGER skip BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION skip()");
  EXPECT_THAT(failure_of({insert("t", {3, 1}), insert("t", {4, 1})}),
              HasSubstr("t 3 can't be inserted: a trigger ignored it"));
  EXPECT_THAT(failure_of({update("t", {1, 1}, {1, 2})}), HasSubstr("a trigger ignored it"));
  apply({erase("t", {1, 1}), erase("t", {2, 1})});
}

TEST_F(Rows, WhatACascadeTookIsDeletedAlready) {
  connect(
      "CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE c (id integer PRIMARY KEY, "
      "p integer REFERENCES p ON DELETE CASCADE); INSERT INTO p VALUES (1); "
      "INSERT INTO c VALUES (1, 1), (2, 1)");
  apply({erase("p", {1}), erase("c", {1, 1}), erase("c", {2, 1})});
  EXPECT_EQ(connection_->count_rows("c"), 0);
}

TEST_F(Rows, WhatIsComparedIsLockedUntilTheEnd) {
  connect("CREATE TABLE t (id integer PRIMARY KEY, n integer); INSERT INTO t VALUES (1, 1)", 50);
  const auto transaction = connection_->begin(TransactionKind::kWrite);
  EXPECT_TRUE(connection_->apply_changes(std::vector{update("t", {1, 1}, {1, 1})}).empty());
  const auto other =
      open({.dsn = database_.dsn(), .access = Access::kReadWrite, .lock_timeout_ms = 50});
  try {
    other->sql()->execute("UPDATE t SET n = 2", {});
    ADD_FAILURE() << "the row wasn't locked";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBusy);
  }
  EXPECT_EQ(other->sql()->query("SELECT n FROM t", {}).at(0).at(0), Value(1));
}

TEST_F(Rows, LooksUpByIndex) {
  connect(
      "CREATE TABLE t (id integer PRIMARY KEY, name text, n integer); CREATE INDEX ON t (name);"
      "INSERT INTO t SELECT i, 'n' || i, i FROM generate_series(1, 200000) AS i; ANALYZE t");
  database::SqlRunner& sql = *connection_->sql();
  const auto scans = [&] {
    sql.query("SELECT pg_stat_force_next_flush()", {});
    return sql
        .query("SELECT seq_scan, idx_scan > 0 FROM pg_stat_user_tables WHERE relname = 't'", {})
        .at(0);
  };
  const Value before = scans()[0];
  std::vector<Key> keys;
  std::vector<std::vector<Value>> names;
  for (int i = 0; i < 100; ++i) {
    keys.push_back({i * 7 + 1});
    names.push_back({"n" + std::to_string(i)});
  }
  EXPECT_EQ(connection_->read_rows(*shape("t"), keys)[99]->at(2), Value(694));
  EXPECT_EQ(connection_->find_rows(*shape("t"), {"name"}, names, 2)[7].size(), 1);
  EXPECT_EQ(connection_->count_rows("t", {"name"}, names)[7], 1);
  const Row after = scans();
  EXPECT_EQ(after[0], before) << "the whole table was read";
  EXPECT_EQ(after[1], Value(1));
}

TEST_F(Rows, AScanOfManyMayBeLeftAndRepeated) {
  connect(
      "CREATE TABLE t (id integer PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 12000)");
  const auto stop = [](Row&& row) {
    if (row[0] == Value(6000)) throw Error(ErrorCode::kInternal, "enough");
  };
  EXPECT_THROW(connection_->scan_rows(*shape("t"), {}, stop), Error);
  EXPECT_EQ(all("t").size(), 12'000);
  const auto transaction = connection_->begin(TransactionKind::kRead);
  EXPECT_THROW(connection_->scan_rows(*shape("t"), {}, stop), Error);
  EXPECT_EQ(all("t").size(), 12'000);
}

TEST_F(Rows, OfOtherSchemasAndOddNames) {
  connect(
      "CREATE SCHEMA \"C.rm\"; CREATE TABLE \"C.rm\".\"a.b\" (id integer PRIMARY KEY);"
      "CREATE TABLE \"x.y\" (id integer PRIMARY KEY)");
  apply({insert("C.rm.a.b", {1}), insert("x.y", {2})});
  EXPECT_THAT(all("C.rm.a.b"), ElementsAre(Row{1}));
  EXPECT_EQ(number("SELECT count(*) FROM \"x.y\""), 1);
}

}  // namespace
}  // namespace doppel::postgres
