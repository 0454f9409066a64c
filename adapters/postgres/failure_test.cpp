#include "adapters/postgres/failure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/postgres/connection.hpp"
#include "tests/support/cluster.hpp"

namespace doppel::postgres {
namespace {

using database::Access;
using database::TransactionKind;
using doppel::testing::cluster_dsn;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// "code: message / remedy" of what a call throws.
template <typename Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return std::string(error_info(error.code()).name) + ": " + error.what() + " / " +
           std::string(error.remedy());
  }
  return {};
}

std::string connection_error(const std::string& dsn) {
  return error_of([&] { open({.dsn = dsn, .connect_timeout_s = 2}); });
}

class Failures : public ::testing::Test {
 protected:
  std::unique_ptr<Connection> connect(OpenOptions options = {}) {
    options.dsn = database_.dsn();
    options.access = Access::kReadWrite;
    return open(options);
  }
  doppel::testing::TestDatabase database_;
};

TEST_F(Failures, OfConnectingSayWhatToDo) {
  EXPECT_THAT(connection_error("postgresql://doppel_admin@/x?host=/nowhere"),
              AllOf(StartsWith("io: can't connect"), HasSubstr("check that the server runs")));
  EXPECT_THAT(connection_error(cluster_dsn("nonesuch", "doppel_admin")),
              AllOf(StartsWith("not_found: "), HasSubstr("name of the database")));
  EXPECT_THAT(connection_error(database_.dsn("nobody_here")),
              AllOf(StartsWith("read_only: "), HasSubstr("role and its password")));
  database_.run("CREATE ROLE locked_" + database_.name() +
                    " LOGIN PASSWORD 'right' CONNECTION "
                    "LIMIT 0",
                "postgres");
  std::string dsn = database_.dsn("locked_" + database_.name() + ":wrong");
  EXPECT_THAT(connection_error(dsn), AllOf(HasSubstr("password authentication failed"),
                                           ::testing::Not(HasSubstr("wrong"))));
  dsn.replace(dsn.find(":wrong"), 6, ":right");
  EXPECT_THAT(connection_error(dsn), AllOf(StartsWith("busy: "), HasSubstr("no more connections")));
  database_.run("DROP ROLE locked_" + database_.name(), "postgres");
}

TEST_F(Failures, AStatementEndsAtItsDeadline) {
  const auto connection = connect({.dsn = {}, .statement_timeout_ms = 50});
  EXPECT_THAT(error_of([&] { connection->sql()->query("SELECT pg_sleep(60)", {}); }),
              StartsWith("busy: a statement was cancelled after 50 ms"));
  EXPECT_EQ(connection->sql()->query("SELECT 1", {}).size(), 1);
}

TEST_F(Failures, AKilledConnectionIsSaidAndRollsBack) {
  const auto connection = connect();
  database_.run("CREATE TABLE t (id integer)");
  const auto number = connection->sql()->query("SELECT pg_backend_pid()", {}).at(0).at(0).integer();
  auto transaction = connection->begin(TransactionKind::kWrite);
  connection->sql()->execute("INSERT INTO t VALUES (1)", {});
  database_.run("SELECT pg_terminate_backend(" + std::to_string(number) + ", 5000)");
  EXPECT_THAT(error_of([&] { connection->sql()->query("SELECT 1", {}); }), StartsWith("io: "));
  EXPECT_THAT(error_of([&] { transaction->commit(); }), StartsWith("wrong_state: "));
  EXPECT_THAT(error_of([&] { connection->sql()->query("SELECT 1", {}); }),
              StartsWith("io: the connection broke"));
  EXPECT_EQ(connect()->count_rows("t"), 0);
}

TEST_F(Failures, OfAQueryLeaveTheTransactionUsable) {
  database_.run("CREATE TABLE t (id integer)");
  const auto connection = connect();
  const auto transaction = connection->begin(TransactionKind::kWrite);
  connection->sql()->execute("INSERT INTO t VALUES ($1)", {Value(1)});
  EXPECT_THAT(error_of([&] { connection->sql()->query("SELECT nothing", {}); }),
              StartsWith("sql: column \"nothing\" does not exist"));
  EXPECT_THAT(error_of([&] { connection->sql()->execute_script("SELECT 1; SELECT 1/0"); }),
              StartsWith("constraint: division by zero"));
  EXPECT_THAT(error_of([&] { connection->sql()->query(std::string("SELECT\0 1", 9), {}); }),
              StartsWith("sql: a statement holds a NUL byte"));
  EXPECT_THAT(error_of([&] { connection->sql()->execute_script("COPY t FROM STDIN"); }),
              StartsWith("unsupported: COPY"));
  transaction->commit();
  EXPECT_EQ(connection->count_rows("t"), 1);
}

TEST_F(Failures, OfAReferenceThatIsJudgedAtOnceNameTheRow) {
  database_.run(
      "CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE c (id integer PRIMARY KEY, "
      "p integer REFERENCES p)");
  const auto connection = connect();
  const auto shape =
      std::make_shared<TableShape>(TableShape{.name = "c", .columns = {"id", "p"}, .key = {0}});
  const auto transaction = connection->begin(TransactionKind::kWrite);
  EXPECT_THAT(error_of([&] {
                connection->apply_changes(std::vector<RowChange>{{shape, {4}, {}, Row{4, 9}}});
              }),
              AllOf(StartsWith("constraint: c 4 can't be inserted: FOREIGN KEY constraint failed"),
                    HasSubstr("(p)=(9) is not present")));
}

TEST_F(Failures, ARightThatIsMissingIsNamed) {
  database_.run("CREATE TABLE t (id integer)", "postgres");
  EXPECT_THAT(error_of([&] { connect()->sql()->query("SELECT * FROM t", {}); }),
              AllOf(StartsWith("read_only: permission denied for table t"),
                    HasSubstr("give doppel's role the right")));
}

}  // namespace
}  // namespace doppel::postgres
