#include "adapters/postgres/database.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/postgres/sql_split.hpp"
#include "base/error.hpp"
#include "tests/support/cluster.hpp"

namespace doppel::postgres {
namespace {

using database::Access;
using database::SqlSession;
using database::StatementKind;
using database::StatementOutcome;
using database::TransactionKind;
using ::testing::ElementsAre;

class Attached : public ::testing::Test {
 protected:
  Attached() {
    server_.run(
        "CREATE TABLE t (id integer PRIMARY KEY, name text); "
        "INSERT INTO t VALUES (1, 'a'), (2, NULL)");
    database_ = attach(server_.dsn());
    session_ = database_->open_session();
  }

  /// Each statement as "line kind: rows".
  std::vector<std::string> run(std::string_view sql) {
    std::vector<std::string> lines;
    std::string rows;
    const auto done = [&](const StatementOutcome& outcome) {
      lines.push_back(std::to_string(outcome.line) +
                      (outcome.kind == StatementKind::kQuery ? " query:" : " other:") +
                      std::exchange(rows, {}));
    };
    session_->run(
        sql, {.columns = {}, .row = [&](Row&& row) { rows += " " + display(row); }, .done = done});
    return lines;
  }
  std::pair<ErrorCode, std::string> failure_of(std::string_view sql) {
    try {
      run(sql);
    } catch (const Error& error) {
      return {error.code(), error.place()};
    }
    ADD_FAILURE() << "nothing failed: " << sql;
    return {};
  }
  std::int64_t count() { return database_->open(Access::kReadOnly)->count_rows("t"); }

  doppel::testing::TestDatabase server_;
  std::unique_ptr<database::Database> database_;
  std::unique_ptr<SqlSession> session_;
};

TEST_F(Attached, ASessionReadsStatementAfterStatement) {
  EXPECT_THAT(run("SELECT * FROM t ORDER BY id; -- two\n;\nSELECT 1 WHERE false; SET x.y = 1"),
              ElementsAre("1 query: (1, 'a') (2, NULL)", "3 query:", "3 other:"));
  EXPECT_THAT(run("BEGIN; SELECT 1;"), ElementsAre("1 other:", "1 query: 1"));
  EXPECT_TRUE(session_->in_transaction());
  run("ROLLBACK");
  EXPECT_FALSE(session_->in_transaction());
}

TEST_F(Attached, ASessionOnLiveNeverWrites) {
  for (const char* sql :
       {"DELETE FROM t", "BEGIN READ WRITE; DELETE FROM t",
        "SET default_transaction_read_only = off; DELETE FROM t",
        "BEGIN; COMMIT AND CHAIN; INSERT INTO t VALUES (3)", "CREATE TABLE u (id integer)",
        "WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone"}) {
    EXPECT_EQ(failure_of(sql).first, ErrorCode::kLiveIsReadOnly) << sql;
    session_ = database_->open_session();
  }
  // The server itself keeps a transaction from being turned.
  EXPECT_EQ(failure_of("BEGIN; SET TRANSACTION READ WRITE").first, ErrorCode::kSql);
  session_ = database_->open_session();
  EXPECT_EQ(failure_of("COMMIT; BEGIN;\n\nSELECT nothing"),
            std::make_pair(ErrorCode::kSql, std::string("line 3")));
  session_ = database_->open_session();
  EXPECT_EQ(failure_of("COPY t TO STDOUT").first, ErrorCode::kUnsupported);
  EXPECT_EQ(failure_of("COPY t FROM STDIN").first, ErrorCode::kLiveIsReadOnly);
  EXPECT_EQ(count(), 2);
}

TEST_F(Attached, AThrowAwayCopyLeavesNothing) {
  {
    const auto copy = database_->throw_away_copy({}, 0);
    for (int round = 0; round < 2; ++round) {
      auto transaction = copy->begin(TransactionKind::kWrite);
      copy->sql()->execute("DELETE FROM t WHERE id = $1", {Value(round + 1)});
      transaction->commit();
    }
    EXPECT_EQ(copy->count_rows("t"), 0);
    {
      const auto dropped = copy->begin(TransactionKind::kWrite);
      copy->sql()->execute("INSERT INTO t VALUES (9)", {});
    }
    EXPECT_EQ(copy->count_rows("t"), 0);
    EXPECT_EQ(count(), 2);
  }
  EXPECT_EQ(count(), 2);
}

/// A plan names the keys that new rows will get. What its rehearsal draws from a sequence would
/// stay drawn, and the plan be stale by the time that it is promoted.
TEST_F(Attached, ARehearsalDrawsNothingFromLivesSequences) {
  server_.run("CREATE TABLE counted (id serial PRIMARY KEY, name text)");
  const auto copy = database_->throw_away_copy({}, 0);
  const database::Schema schema = copy->read_schema();
  const database::Table& table = *schema.table("counted");
  const auto keys = copy->propose_keys(table, "id", 2);
  {
    const auto rehearsal = copy->begin(TransactionKind::kWrite);
    const auto shape = database::shape_of(table, table.primary_key);
    const std::vector<RowChange> changes{{shape, Key{keys[1]}, std::nullopt, Row{keys[1], "new"}}};
    EXPECT_TRUE(copy->apply_changes(changes).empty());
    rehearsal->commit();
  }
  const auto connection = database_->open(Access::kReadWrite);
  EXPECT_EQ(connection->propose_keys(table, "id", 2), keys);
}

TEST_F(Attached, TheDsnIsKeptWithoutItsPassword) {
  EXPECT_EQ(attach("postgresql://anna:se:c@h:5432/crm?password=x&host=/s")->dsn(),
            "postgresql://anna@h:5432/crm?host=/s");
  EXPECT_EQ(attach("postgresql:///crm?host=/a@b")->dsn(), "postgresql:///crm?host=/a@b");
}

TEST_F(Attached, AListOfStatementsIsCutAsTheServerWould) {
  const std::string function =
      "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; "
      "END;";
  const std::vector<std::string> statements{
      "SELECT ';' || E'\\';' || \";\" || $$;$$ || $a$ $b$; $a$;", "/* ; /* ; */ */ BEGIN;",
      "CREATE RULE r AS ON DELETE TO t DO (SELECT 1; SELECT 2);", function, "SELECT $1; -- ;"};
  std::string text;
  for (const std::string& statement : statements) text += statement + "\n";
  std::vector<std::string> found;
  for (auto next = first_statement(text, 0); next.begin < text.size();
       next = first_statement(text, next.end)) {
    EXPECT_TRUE(next.complete);
    found.push_back(next.word);
  }
  EXPECT_THAT(found, ElementsAre("SELECT", "BEGIN", "CREATE", "CREATE", "SELECT"));
  EXPECT_FALSE(session_->is_complete("SELECT ';"));
  EXPECT_TRUE(session_->is_complete("SELECT 1; -- done"));
}

}  // namespace
}  // namespace doppel::postgres
