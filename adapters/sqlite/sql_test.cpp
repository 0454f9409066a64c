#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/test_file.hpp"
#include "base/error.hpp"

namespace doppel::sqlite {
namespace {

using database::Access;
using testing::HasSubstr;

class SqliteSql : public testing::Test {
 protected:
  SqliteSql() {
    file.run("CREATE TABLE t (id INTEGER PRIMARY KEY, x)");
    connection = open({.path = file.path(), .access = Access::kReadWrite});
    sql = connection->sql();
  }
  template <typename Call>
  static std::string error_of(const Call& call) {
    try {
      call();
    } catch (const Error& error) {
      return std::string(error_info(error.code()).name) + ": " + error.what();
    }
    return {};
  }

  const TestFile file;
  std::unique_ptr<Connection> connection;
  database::SqlRunner* sql = nullptr;
};

TEST_F(SqliteSql, ParametersAreTakenByTheirNumber) {
  EXPECT_EQ(sql->query("SELECT $3, $1, $1, $2", {1, "b", {}}), (std::vector<Row>{{{}, 1, 1, "b"}}));
  EXPECT_EQ(sql->query("SELECT $10", {1, 2, 3, 4, 5, 6, 7, 8, 9, "ten"}),
            (std::vector<Row>{{"ten"}}));
  EXPECT_THAT(error_of([&] { sql->query("SELECT $2", {1}); }), HasSubstr("$2"));
  EXPECT_THAT(error_of([&] { sql->query("SELECT $name", {1}); }), HasSubstr("$name"));
  EXPECT_THAT(error_of([&] { sql->query("SELECT $0", {1}); }), HasSubstr("$0"));
}

TEST_F(SqliteSql, CountsTheRowsOfOneStatement) {
  EXPECT_EQ(sql->execute("INSERT INTO t (x) VALUES (1), (2), (3)", {}), 3);
  EXPECT_EQ(sql->execute("CREATE TABLE u (x)", {}), 0);
  EXPECT_EQ(sql->execute("UPDATE t SET x = 0 WHERE id > $1", {1}), 2);
  EXPECT_EQ(sql->execute("SELECT 1", {}), 0);
  EXPECT_EQ(sql->execute("DELETE FROM t; -- all of them\n", {}), 3);
}

TEST_F(SqliteSql, RefusesMoreOrLessThanOneStatement) {
  EXPECT_THAT(error_of([&] { sql->execute("DELETE FROM t; DROP TABLE t", {}); }),
              HasSubstr("more than one"));
  EXPECT_THAT(error_of([&] { sql->execute("DELETE FROM t; garbage", {}); }),
              HasSubstr("more than one"));
  EXPECT_THAT(error_of([&] { sql->query("  -- nothing", {}); }), HasSubstr("sql: no statement"));
  EXPECT_THAT(error_of([&] { sql->query("SELEC 1", {}); }), HasSubstr("SELEC"));
  EXPECT_THAT(error_of([&] { sql->query(std::string_view("SELECT 1\0 2", 11), {}); }),
              HasSubstr("NUL"));
  sql->execute_script("INSERT INTO t VALUES (1, 1); INSERT INTO t VALUES (2, 2);");
  EXPECT_EQ(connection->count_rows("t"), 2);
  EXPECT_THAT(error_of([&] { sql->execute_script(std::string_view("SELECT 1;\0 x", 12)); }),
              HasSubstr("NUL"));
}

TEST_F(SqliteSql, AStatementInUseIsNotUsedTwice) {
  sql->execute("INSERT INTO t (x) VALUES (1), (2)", {});
  const std::string text = "SELECT id FROM t ORDER BY id";
  auto outer = connection->prepare(text);
  ASSERT_TRUE(outer->step());
  {
    auto inner = connection->prepare(text);
    ASSERT_TRUE(inner->step());
    EXPECT_EQ(inner->column(0), Value(1));
  }
  ASSERT_TRUE(outer->step());
  EXPECT_EQ(outer->column(0), Value(2));
}

TEST_F(SqliteSql, StatementsSurviveAChangeOfTheSchema) {
  sql->execute("INSERT INTO t VALUES (1, 'a')", {});
  EXPECT_EQ(sql->query("SELECT * FROM t", {}).front().size(), 2);
  file.run("ALTER TABLE t ADD COLUMN y DEFAULT 5");
  EXPECT_EQ(sql->query("SELECT * FROM t", {}), (std::vector<Row>{{1, "a", 5}}));
}

TEST_F(SqliteSql, ManyDifferentStatementsDontFillTheCache) {
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(sql->query("SELECT " + std::to_string(i), {}), (std::vector<Row>{{i}}));
  }
}

}  // namespace
}  // namespace doppel::sqlite
