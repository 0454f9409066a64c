#include "adapters/postgres/pool.hpp"

#include <optional>
#include <thread>

#include <gtest/gtest.h>

#include "adapters/postgres/values.hpp"
#include "base/error.hpp"
#include "tests/support/cluster.hpp"

namespace doppel::postgres {
namespace {

class PoolTest : public ::testing::Test {
 protected:
  PoolOptions options(std::size_t most) const {
    return {.open = {.dsn = database_.dsn(), .access = database::Access::kReadWrite},
            .most = most,
            .wait_ms = 50,
            .trusted_ms = 60'000};
  }

  static std::int64_t backend(Connection& connection) {
    return row_of(connection.run("SELECT pg_backend_pid()").get(), 0).at(0).integer();
  }

  /// What was left behind makes the pool open another one.
  void expect_thrown_away(const std::string& sql) {
    Pool pool(options(1));
    std::int64_t first = 0;
    {
      const Pool::Lease lease = pool.take();
      first = backend(*lease);
      lease->run_script(sql);
    }
    EXPECT_EQ(pool.counts().tainted, 1) << sql;
    EXPECT_EQ(pool.counts().idle, 0U) << sql;
    EXPECT_NE(backend(*pool.take()), first) << sql;
  }

  doppel::testing::TestDatabase database_;
};

TEST_F(PoolTest, GivesOutAgainWhatWasGivenBack) {
  Pool pool(options(2));
  const std::int64_t first = backend(*pool.take());
  EXPECT_EQ(backend(*pool.take()), first);
  const PoolCounts counts = pool.counts();
  EXPECT_EQ(counts.opened, 1);
  EXPECT_EQ(counts.reused, 1);
  EXPECT_EQ(counts.idle, 1U);
  EXPECT_EQ(counts.used, 0U);
}

TEST_F(PoolTest, HasABound) {
  Pool pool(options(2));
  const Pool::Lease first = pool.take();
  {
    const Pool::Lease second = pool.take();
    try {
      const Pool::Lease third = pool.take();
      FAIL() << "a third connection";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBusy);
      EXPECT_FALSE(error.remedy().empty());
    }
    EXPECT_EQ(pool.counts().used, 2U);
  }
  const Pool::Lease third = pool.take();
  EXPECT_EQ(pool.counts().opened, 2);
  EXPECT_EQ(pool.counts().refused, 1);
}

TEST_F(PoolTest, WhoWaitsGetsWhatIsGivenBack) {
  PoolOptions patient = options(1);
  patient.wait_ms = 60'000;
  Pool pool(patient);
  std::optional<Pool::Lease> held(pool.take());
  const std::int64_t first = backend(**held);
  std::int64_t second = 0;
  std::thread waiter([&] { second = backend(*pool.take()); });
  while (pool.counts().waited == 0) std::this_thread::yield();
  held.reset();
  waiter.join();
  EXPECT_EQ(second, first);
  EXPECT_EQ(pool.counts().opened, 1);
}

TEST_F(PoolTest, NeverHasMoreThanItsBound) {
  PoolOptions patient = options(3);
  patient.wait_ms = 60'000;
  Pool pool(patient);
  std::vector<std::thread> users;
  for (int i = 0; i < 8; ++i) {
    users.emplace_back([&] {
      for (int turn = 0; turn < 20; ++turn) {
        const Pool::Lease lease = pool.take();
        EXPECT_LE(pool.counts().used, 3U);
        lease->run("SELECT 1");
      }
    });
  }
  for (std::thread& user : users) user.join();
  EXPECT_EQ(pool.counts().used, 0U);
  EXPECT_LE(pool.counts().opened, 3);
  EXPECT_EQ(pool.counts().opened + pool.counts().reused, 160);
}

TEST_F(PoolTest, ThrowsAwayWhatIsNotAsItWas) {
  expect_thrown_away("BEGIN");
  expect_thrown_away("SET work_mem = '5MB'");
  expect_thrown_away("SET search_path = pg_catalog");
  expect_thrown_away("SET ROLE doppel_owner");
  expect_thrown_away("SELECT pg_advisory_lock(1)");
  expect_thrown_away("CREATE TEMP TABLE left_behind (i integer)");
  expect_thrown_away("PREPARE left_behind AS SELECT 1");
  expect_thrown_away("LISTEN left_behind");
  expect_thrown_away("DECLARE left_behind CURSOR WITH HOLD FOR SELECT 1");
}

TEST_F(PoolTest, KeepsWhatWasPutBack) {
  Pool pool(options(1));
  {
    const Pool::Lease lease = pool.take();
    lease->run_script("BEGIN; SET LOCAL work_mem = '5MB'; SELECT pg_advisory_xact_lock(1); COMMIT");
    const auto transaction = lease->begin(database::TransactionKind::kWrite);
  }
  EXPECT_EQ(pool.counts().tainted, 0);
  EXPECT_EQ(pool.counts().idle, 1U);
}

TEST_F(PoolTest, AsksOneThatWasIdleWhetherItAnswers) {
  PoolOptions distrustful = options(1);
  distrustful.trusted_ms = 0;
  Pool pool(distrustful);
  const std::int64_t first = backend(*pool.take());
  database_.run("SELECT pg_terminate_backend(" + std::to_string(first) + ", 5000)", "postgres");
  EXPECT_NE(backend(*pool.take()), first);
  EXPECT_EQ(pool.counts().broken, 1);
  EXPECT_EQ(pool.counts().asked, 1);
  EXPECT_EQ(pool.counts().opened, 2);
}

TEST_F(PoolTest, ThrowsAwayOneThatBrokeInUse) {
  Pool pool(options(1));
  {
    const Pool::Lease lease = pool.take();
    database_.run("SELECT pg_terminate_backend(" + std::to_string(backend(*lease)) + ", 5000)",
                  "postgres");
  }
  EXPECT_EQ(pool.counts().broken, 1);
  EXPECT_EQ(pool.counts().used, 0U);
  pool.take()->run("SELECT 1");
}

TEST_F(PoolTest, AFailureToOpenTakesNoPlace) {
  PoolOptions wrong = options(1);
  wrong.open.dsn = doppel::testing::cluster_dsn("no_such_database", "doppel_admin");
  Pool pool(wrong);
  for (int i = 0; i < 2; ++i) {
    try {
      const Pool::Lease lease = pool.take();
      FAIL() << "it opened";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    }
  }
  EXPECT_EQ(pool.counts().used, 0U);
}

}  // namespace
}  // namespace doppel::postgres
