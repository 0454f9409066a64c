#include <functional>
#include <future>

#include "adapters/postgres/failure.hpp"
#include "tests/support/written_data.hpp"

namespace doppel::postgres::testing {
namespace {

class DataViews : public WrittenDataTest {
 protected:
  DataViews() { overlays().create(spec_); }
  std::string state_after(const std::string& sql, const std::function<void()>& meanwhile);
  Lines plan(const std::string& sql);
};

TEST_F(DataViews, ShowLiveAsItIsUntilTheyAreWritten) {
  for (const char* table : {"customer", "orders", "line", "booking", "visit", "ticket", "agent"}) {
    const std::string sql = std::string("SELECT * FROM ") + table + " ORDER BY 1, 2";
    EXPECT_EQ(ask(sql), ask_live(sql)) << table;
  }
  ask_live("UPDATE customer SET name = 'Bea' WHERE id = 2");
  EXPECT_EQ(ask("SELECT name FROM customer WHERE id = 2"), Lines{"'Bea'"});
  EXPECT_EQ(changes(), Lines{});
}

TEST_F(DataViews, ARowThatIsWrittenComesBackAsItIsStored) {
  EXPECT_EQ(ask("INSERT INTO customer (name) VALUES ('Dee') RETURNING *"),
            Lines{"(4, 'Dee', NULL, NULL, 1, 'DEE')"});
  EXPECT_EQ(ask("UPDATE customer SET name = 'Bea', boss = NULL WHERE id = 2 RETURNING label, boss"),
            Lines{"('BEA', NULL)"});
  EXPECT_EQ(ask("DELETE FROM customer WHERE id = 3 RETURNING id, name"), Lines{"(3, 'Cy')"});
  EXPECT_EQ(ask("INSERT INTO orders (customer_id) VALUES (4) RETURNING id, total, touched"),
            Lines{"(4, '0', 0)"});
  EXPECT_EQ(ask("UPDATE orders SET total = 11 WHERE id = 1 RETURNING touched, note"),
            Lines{"(1, '{\"a\": 1}')"});
  EXPECT_EQ(ask_live("SELECT count(*) FROM customer"), Lines{"3"});
  EXPECT_EQ(ask_live("SELECT sum(touched) FROM orders"), Lines{"0"});
}

TEST_F(DataViews, CaptureKeepsTheRowAsTheStatementFoundIt) {
  run("UPDATE customer SET name = 'Bea' WHERE id = 2; UPDATE customer SET name = 'Bee' WHERE id = "
      "2; DELETE FROM line WHERE order_id = 3; INSERT INTO visit VALUES (7, '2026-07-07', 'x')");
  ask_live("UPDATE customer SET email = 'new@x' WHERE id = 2");
  EXPECT_EQ(changes(), (Lines{"customer (2, 'Bob', 1, 'bob@x', 1) > (2, 'Bee', 1, 'bob@x', 1)",
                              "line (3, 1, 'pad') > -", "visit - > (7, '2026-07-07', 'x')"}));
}

TEST_F(DataViews, ARowThatIsAsAtTheBeginningLeavesTheSandbox) {
  run("UPDATE customer SET name = 'Bea' WHERE id = 2; UPDATE customer SET name = 'Bob' WHERE id = "
      "2; INSERT INTO customer (id, name) VALUES (9, 'x'); DELETE FROM customer WHERE id = 9; "
      "DELETE FROM line WHERE number = 2; INSERT INTO line VALUES (1, 2, 'pen')");
  EXPECT_EQ(changes(), Lines{});
  ask_live("UPDATE customer SET name = 'Bert' WHERE id = 2");
  EXPECT_EQ(ask("SELECT name FROM customer WHERE id = 2"), Lines{"'Bert'"});
  EXPECT_EQ(ask("SELECT count(*) FROM " + schema() + "_d.customer"), Lines{"0"});
}

TEST_F(DataViews, UniqueKeysHoldAcrossLiveAndOwnRows) {
  EXPECT_EQ(state("INSERT INTO customer (id, name) VALUES (1, 'x')"), "23505");
  EXPECT_EQ(state("INSERT INTO customer (name) VALUES ('Bob')"), "23505");
  EXPECT_EQ(state("UPDATE customer SET name = 'Ada' WHERE id = 2"), "23505");
  EXPECT_EQ(state("INSERT INTO customer (name, email) VALUES ('x', 'ADA@X')"), "23505");
  EXPECT_EQ(state("INSERT INTO customer (name, email, active) VALUES ('x', 'ADA@X', false)"),
            "00000");
  EXPECT_EQ(state("UPDATE customer SET active = true WHERE name = 'x'"), "23505");
  EXPECT_EQ(state("INSERT INTO customer (name) VALUES ('x')"), "23505");
  EXPECT_EQ(state("BEGIN; UPDATE customer SET name = 'y' WHERE id = 1; INSERT INTO customer (name) "
                  "VALUES ('Ada'); COMMIT"),
            "00000");
  EXPECT_THAT(failure("INSERT INTO customer (name) VALUES ('Bob')"),
              ::testing::HasSubstr("customer_name_key: Key (name)=(Bob) already exists"));
}

TEST_F(DataViews, ExclusionsHoldAcrossLiveAndOwnRows) {
  EXPECT_EQ(state("INSERT INTO booking VALUES (4, 1, '[8,10)')"), "23P01");
  EXPECT_EQ(state("INSERT INTO booking VALUES (4, 1, '[9,10)')"), "00000");
  EXPECT_EQ(state("UPDATE booking SET during = '[1,3)' WHERE id = 1"), "00000");
  EXPECT_EQ(state("INSERT INTO booking VALUES (5, 1, '[3,5)')"), "00000");
  EXPECT_EQ(state("UPDATE booking SET during = '[1,4)' WHERE id = 1"), "23P01");
}

TEST_F(DataViews, ChecksAreTheTablesOwn) {
  EXPECT_EQ(state("UPDATE orders SET total = -1 WHERE id = 1"), "23514");
  EXPECT_EQ(state("INSERT INTO customer (name) VALUES (NULL)"), "23502");
  EXPECT_EQ(state("INSERT INTO customer (name, label) VALUES ('x', 'y')"), "428C9");
  EXPECT_EQ(state("UPDATE customer SET label = 'y'"), "428C9");
  EXPECT_THAT(failure("UPDATE customer SET name = NULL"),
              ::testing::HasSubstr("NOT NULL constraint failed: customer.name"));
}

TEST_F(DataViews, ForeignKeysHoldBothWays) {
  EXPECT_EQ(state("INSERT INTO orders (customer_id) VALUES (77)"), "23503");
  EXPECT_EQ(state("INSERT INTO orders (customer_id, queue_id) VALUES (1, 77)"), "23503");
  EXPECT_EQ(state("UPDATE line SET order_id = 77 WHERE order_id = 1 AND number = 1"), "23503");
  EXPECT_EQ(state("DELETE FROM queue WHERE id = 3"), "23503")
      << "a copy has a reference from a view";
  EXPECT_EQ(
      state("INSERT INTO queue (id, name) VALUES (50, 'own'); UPDATE orders SET queue_id = 50 "
            "WHERE id = 1"),
      "00000")
      << "what only the sandbox has can be referred to";
  EXPECT_EQ(state("DELETE FROM queue WHERE id = 50"), "23503");
  EXPECT_EQ(state("UPDATE orders SET queue_id = 2; DELETE FROM queue WHERE id = 50"), "00000");
  EXPECT_EQ(state("UPDATE queue SET owner_id = 77"), "23503") << "a copy refers to a view";
  EXPECT_EQ(state("DELETE FROM agent WHERE id = 1"), "23503");
  EXPECT_THAT(failure("DELETE FROM queue WHERE id = 2"),
              ::testing::HasSubstr("is still referenced from table"));
}

TEST_F(DataViews, ForeignKeysActOnLivesRowsAndOwnOnes) {
  run("INSERT INTO orders (customer_id) VALUES (1); INSERT INTO line VALUES (4, 1, 'new')");
  run("DELETE FROM customer WHERE id = 1");
  EXPECT_EQ(ask("SELECT id, boss FROM customer ORDER BY id"), (Lines{"(2, NULL)", "(3, 2)"}));
  EXPECT_EQ(ask("SELECT id FROM orders"), Lines{"3"});
  EXPECT_EQ(ask("SELECT * FROM line"), Lines{"(3, 1, 'pad')"});
  run("UPDATE customer SET boss = NULL; UPDATE customer SET id = 22 WHERE id = 2");
  EXPECT_EQ(ask("SELECT customer_id FROM orders"), Lines{"22"});
  EXPECT_EQ(ask_live("SELECT count(*) FROM line"), Lines{"3"});
}

TEST_F(DataViews, AStatementIsJudgedAsAWhole) {
  run("INSERT INTO customer (id, name, boss) VALUES (11, 'k', 12), (12, 'l', NULL)");
  run("UPDATE customer SET boss = 12 WHERE id IN (11, 12)");
  EXPECT_EQ(ask("DELETE FROM customer WHERE id IN (11, 12) RETURNING id"), (Lines{"11", "12"}));
  EXPECT_EQ(ask("UPDATE customer AS c SET name = c.name || o.id FROM orders AS o WHERE "
                "o.customer_id = c.id AND c.id = 1 RETURNING length(c.name)"),
            Lines{"4"})
      << "a row that is matched twice is written once";
}

TEST_F(DataViews, TriggersOfTheApplicationRunAsTheyAreClassed) {
  run("UPDATE orders SET total = total + 1 WHERE customer_id = 1");
  EXPECT_EQ(ask("SELECT id, touched FROM orders ORDER BY id"),
            (Lines{"(1, 1)", "(2, 1)", "(3, 0)"}));
  run("DELETE FROM orders WHERE id = 3");
  EXPECT_EQ(ask("SELECT what FROM history WHERE what NOT LIKE 'INSERT%' ORDER BY id"),
            (Lines{"'UPDATE 1 of 3'", "'UPDATE 2 of 3'", "'DELETE 3 of 2'"}));
  EXPECT_EQ(ask_live("SELECT count(*) FROM history"), Lines{"3"});
}

TEST_F(DataViews, ATriggerOfSomeColumnsRunsWhenTheyChange) {
  run("UPDATE orders SET customer_id = 3 WHERE id = 1");
  EXPECT_EQ(ask("SELECT touched FROM orders WHERE id = 1"), Lines{"0"});
  run("UPDATE orders SET total = 5, customer_id = 2 WHERE id = 1");
  EXPECT_EQ(ask("SELECT touched, customer_id FROM orders WHERE id = 1"), Lines{"(1, 2)"});
}

TEST_F(DataViews, WhatAViewCantBearIsRefused) {
  EXPECT_EQ(state("INSERT INTO customer (id, name) VALUES (1, 'x') ON CONFLICT (id) DO NOTHING"),
            "42P10");
  EXPECT_EQ(state("INSERT INTO customer (id, name) VALUES (1, 'x') ON CONFLICT DO NOTHING"),
            "23505");
  EXPECT_EQ(state("SELECT * FROM customer WHERE id = 1 FOR UPDATE"), "0A000");
  EXPECT_EQ(state("SELECT * FROM customer, orders FOR SHARE OF orders"), "0A000");
  EXPECT_EQ(state("TRUNCATE customer"), "42809");
  EXPECT_EQ(state("MERGE INTO customer USING (SELECT 1) s ON id = 1 WHEN MATCHED THEN DELETE"),
            "0A000");
  EXPECT_EQ(state("SELECT ctid FROM customer"), "42703");
  EXPECT_EQ(state("SELECT tableoid FROM customer"), "42703");
  EXPECT_EQ(state("BEGIN; DECLARE c CURSOR FOR SELECT * FROM customer; FETCH c; DELETE FROM "
                  "customer WHERE CURRENT OF c"),
            "0A000");
  EXPECT_EQ(state("INSERT INTO keyless VALUES ('x')"), "0A000");
  EXPECT_EQ(state("DELETE FROM keyless WHERE what = 'nothing'"), "0A000");
  EXPECT_EQ(state("UPDATE public.customer SET name = 'x'"), "42501");
  EXPECT_EQ(state("DELETE FROM " + schema() + "_d.customer"), "42501");
  EXPECT_EQ(state("COPY customer TO STDOUT"), "42809");
}

TEST_F(DataViews, WritersOfASandboxTakeTurnsAndLoseNoEdit) {
  const auto first = writer();
  const auto second = writer();
  first->run_script("BEGIN; UPDATE orders SET total = total + 1 WHERE id = 1");
  EXPECT_EQ(state(*second,
                  "SET lock_timeout = '100ms'; UPDATE orders SET total = total + 1 WHERE "
                  "id = 1"),
            "55P03");
  second->run_script("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM orders");
  first->run_script("COMMIT");
  EXPECT_EQ(state(*second, "UPDATE orders SET total = total + 1 WHERE id = 1"), "40001");
  second->run_script("ROLLBACK");
  EXPECT_EQ(ask("SELECT total FROM orders WHERE id = 1"), Lines{"'11'"});
}

TEST_F(DataViews, TheBaseIsWhatTheWriterSaw) {
  const auto session = writer();
  session->run_script("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM customer");
  ask_live("UPDATE customer SET email = 'new@x' WHERE id = 2");
  session->run_script("UPDATE customer SET name = 'Bea' WHERE id = 2; COMMIT");
  EXPECT_EQ(changes(), Lines{"customer (2, 'Bob', 1, 'bob@x', 1) > (2, 'Bea', 1, 'bob@x', 1)"})
      << "the base is what the writer saw, not what live has by now";
}

/// Starts a statement in the sandbox, waits until it stands still, does `meanwhile` and says how
/// the statement ends.
std::string DataViews::state_after(const std::string& sql, const std::function<void()>& meanwhile) {
  const auto session = writer();
  auto ending = std::async(std::launch::async, [&] { return state(*session, sql); });
  Link watch({.dsn = live_.dsn("postgres")});
  const char* stands =
      "SELECT count(*) FROM pg_stat_activity, pg_sleep(0.01) WHERE wait_event_type = 'Lock' AND "
      "datname = current_database()";
  constexpr int kPatience = 2000;
  for (int i = 0; rows_of(watch.run_script(stands).get()).at(0).at(0) == Value(0); ++i) {
    if (i == kPatience) return "it never waited";
  }
  meanwhile();
  return ending.get();
}

TEST_F(DataViews, ARowThatLiveChangedUnderAStatementEndsIt) {
  Link gate({.dsn = live_.dsn("doppel_owner")});
  gate.run_script("SELECT pg_advisory_lock(42)");
  // The statement has its snapshot; the row that it is about to write is another by now.
  EXPECT_EQ(state_after("UPDATE customer SET name = 'Bea' WHERE id = 2 AND (SELECT "
                        "pg_advisory_xact_lock_shared(42)) IS NOT NULL",
                        [&] {
                          ask_live("UPDATE customer SET email = 'new@x' WHERE id = 2");
                          gate.run_script("SELECT pg_advisory_unlock(42)");
                        }),
            "40001");
  EXPECT_EQ(changes(), Lines{});
}

TEST_F(DataViews, AnEditIsNeverLostToAnotherWriter) {
  const auto first = writer();
  first->run_script("BEGIN; UPDATE orders SET total = total + 1 WHERE id = 1");
  EXPECT_EQ(state_after("UPDATE orders SET total = total + 1 WHERE id = 1",
                        [&] { first->run_script("COMMIT"); }),
            "40001");
  EXPECT_EQ(ask("SELECT total FROM orders WHERE id = 1"), Lines{"'11'"});
}

TEST_F(DataViews, NoRowIsOrphanedByTwoWriters) {
  const auto first = writer();
  first->run_script("BEGIN; DELETE FROM customer WHERE id = 3");
  EXPECT_EQ(state_after("INSERT INTO orders (customer_id) VALUES (3)",
                        [&] { first->run_script("COMMIT"); }),
            "23503");
  first->run_script("BEGIN; INSERT INTO orders (customer_id) VALUES (2)");
  EXPECT_EQ(state_after("BEGIN ISOLATION LEVEL REPEATABLE READ; DELETE FROM customer WHERE id = 2",
                        [&] { first->run_script("COMMIT"); }),
            "40001");
}

TEST_F(DataViews, PreparedStatementsSeeWhatIsWritten) {
  const auto session = writer();
  session->run_script(
      "PREPARE p (bigint) AS SELECT name FROM customer WHERE id = $1; EXECUTE p(2)");
  session->run_script("UPDATE customer SET name = 'Bea' WHERE id = 2");
  EXPECT_EQ(display(rows_of(session->run_script("EXECUTE p(2)").get()).at(0)), "'Bea'");
}

/// The nodes of a plan that say how a table is reached.
Lines DataViews::plan(const std::string& sql) {
  Link link({.dsn = overlays().access_for_application(spec_).dsn});
  Lines nodes;
  for (const Row& row : rows_of(link.run_script("EXPLAIN (COSTS OFF) " + sql).get())) {
    const std::string& text = row[0].text();
    for (const char* node : {"Index", "Seq Scan", "Bitmap", "SubPlan"}) {
      if (text.find(node) == std::string::npos) continue;
      nodes.push_back(text);
      break;
    }
  }
  return nodes;
}

TEST_F(DataViews, PlansReachLivesRowsByTheirIndexes) {
  ask_live(
      "INSERT INTO customer (name, boss) SELECT 'n' || i, 1 + i / 10 FROM generate_series(1, "
      "20000) "
      "AS i; CREATE INDEX of_boss ON customer (boss)");
  run("UPDATE customer SET name = name || 'x' WHERE id < 100");
  live_.run("ANALYZE", "postgres");
  const auto reaches = [](const char* index) {
    return ::testing::Contains(::testing::HasSubstr(index));
  };
  EXPECT_THAT(plan("SELECT * FROM customer WHERE id = 777"),
              reaches("Index Scan using customer_pkey on customer"));
  EXPECT_THAT(plan("SELECT * FROM customer WHERE name = 'n777'"),
              reaches("using customer_name_key on customer"));
  EXPECT_THAT(
      plan("SELECT * FROM customer AS b LEFT JOIN customer AS c ON c.boss = b.id WHERE b.id "
           "= 777"),
      reaches("of_boss"));
  EXPECT_THAT(
      plan("SELECT * FROM queue AS q LEFT JOIN customer AS c ON c.id = q.id WHERE q.id = 1"),
      reaches("using customer_pkey on customer"));
  EXPECT_THAT(plan("SELECT * FROM customer ORDER BY id DESC LIMIT 10"),
              reaches("Index Scan Backward using customer_pkey on customer"));
  EXPECT_THAT(plan("SELECT boss, count(*) FROM customer GROUP BY boss"),
              ::testing::Not(reaches("SubPlan")))
      << "hidden keys are joined, not asked for row by row";
  // The table that makes FOR UPDATE an error costs nothing.
  EXPECT_THAT(plan("SELECT * FROM customer"), ::testing::Not(reaches("doppel_no_row_locks")));
}

TEST_F(DataViews, AResetTakesDataBackToLive) {
  run("UPDATE customer SET name = 'Bea' WHERE id = 2; DELETE FROM booking; INSERT INTO visit "
      "VALUES "
      "(7, '2026-07-07', 'x')");
  {
    const auto sandbox = overlays().open(spec_, Access::kReadWrite);
    std::vector<RowChange> back;
    for (const auto& captured : sandbox->read_changes()) {
      const RowChange& change = captured.change;
      back.push_back({change.table, change.key, change.after, change.before});
    }
    ASSERT_EQ(back.size(), 5U);
    const auto transaction = sandbox->connection().begin(database::TransactionKind::kWrite);
    EXPECT_TRUE(sandbox->connection().apply_changes(back).empty());
    transaction->commit();
  }
  EXPECT_EQ(changes(), Lines{});
  ask_live("UPDATE customer SET name = 'Bert' WHERE id = 2");
  EXPECT_EQ(ask("SELECT name FROM customer WHERE id = 2"), Lines{"'Bert'"});
}

TEST_F(DataViews, ASandboxThatTakesAnothersPlaceWorks) {
  run("UPDATE customer SET name = 'Bea' WHERE id = 2");
  database::OverlaySpec next = spec_;
  next.folder += ".next";
  overlays().create(next);
  const std::string state = overlays().open(spec_, Access::kReadOnly)->state();
  overlays().replace(spec_, next, state);
  EXPECT_EQ(changes(), Lines{});
  run("UPDATE customer SET name = 'Bee' WHERE id = 2; DELETE FROM orders WHERE id = 1");
  EXPECT_EQ(ask("SELECT name FROM customer WHERE id = 2"), Lines{"'Bee'"});
  EXPECT_EQ(ask("SELECT count(*) FROM line"), Lines{"1"});
}

TEST_F(DataViews, ASealedSandboxRefusesWritesOfData) {
  const auto sandbox = overlays().open(spec_, Access::kReadWrite);
  ASSERT_TRUE(sandbox->seal(sandbox->state()));
  EXPECT_THAT(failure("UPDATE customer SET name = 'x'"), ::testing::HasSubstr("has ended"));
}

TEST_F(DataViews, ADumpByTheOwnerHasEverything) {
  run("UPDATE customer SET name = 'Bea' WHERE id = 2");
  EXPECT_EQ(ask_live("SELECT name FROM " + schema() + "_d.customer"), Lines{"'Bea'"});
  EXPECT_EQ(ask_live("SELECT count(*) FROM " + schema() + ".customer"), Lines{"3"});
}

TEST_F(DataViews, NothingIsLeftAfterwards) {
  run("UPDATE customer SET name = 'Bea' WHERE id = 2");
  overlays().remove(spec_);
  EXPECT_EQ(ask_live("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'zz%'"), Lines{});
  EXPECT_EQ(ask_live("SELECT rolname FROM pg_roles WHERE rolname LIKE '" + role() + "%'"), Lines{});
}

TEST_F(WrittenDataTest, ATriggerOfWhichNothingIsSaidIsRefused) {
  for (database::TrackedTable& table : spec_.tables) table.triggers.clear();
  try {
    overlays().create(spec_);
    FAIL() << "it went well";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("orders.history"));
    EXPECT_THAT(std::string(error.remedy()), ::testing::HasSubstr("`skip`"));
  }
}

TEST_F(WrittenDataTest, ATriggerThatIsSkippedDoesNothing) {
  class_trigger("history", database::TriggerUse::kSkip);
  class_trigger("touch", database::TriggerUse::kSkip);
  overlays().create(spec_);
  run("UPDATE orders SET total = 1");
  EXPECT_EQ(ask("SELECT (SELECT count(*) FROM history), sum(touched) FROM orders"),
            Lines{"(3, 0)"});
}

TEST_F(WrittenDataTest, OnlyWhatIsDeclaredIsWrittenAndWhatRefersToIt) {
  spec_.data_writes = database::DataWrites::kDeclared;
  for (database::TrackedTable& table : spec_.tables) {
    table.shared_write = table.shape->name == "orders";
  }
  class_trigger("history", database::TriggerUse::kSkip);
  overlays().create(spec_);
  EXPECT_EQ(state("INSERT INTO orders (customer_id) VALUES (1); INSERT INTO line VALUES (4, 1, "
                  "'x')"),
            "00000");
  EXPECT_EQ(state("INSERT INTO customer (name) VALUES ('x')"), "42501");
}

}  // namespace
}  // namespace doppel::postgres::testing
