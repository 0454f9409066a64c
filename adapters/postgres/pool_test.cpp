#include "adapters/postgres/pool.hpp"

#include <optional>
#include <thread>

#include <gtest/gtest.h>

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/values.hpp"
#include "base/error.hpp"
#include "tests/support/cluster.hpp"

namespace doppel::postgres {
namespace {

class PoolTest : public ::testing::Test {
 protected:
  PoolOptions options(std::size_t most) const {
    return {.dsn = database_.dsn(), .most = most, .wait_ms = 50, .trusted_ms = 60'000};
  }

  static std::shared_ptr<Pool> pool_of(const PoolOptions& options) {
    return std::make_shared<Pool>(options);
  }

  static OpenOptions writing() { return {.dsn = {}, .access = database::Access::kReadWrite}; }

  static std::string ask(const Lease& link, const std::string& sql) {
    return row_of(link->run(sql).get(), 0).at(0).text();
  }

  static std::int64_t backend(const Lease& link) {
    return row_of(link->run("SELECT pg_backend_pid()").get(), 0).at(0).integer();
  }

  /// What one user left behind the next one doesn't find, on the same connection.
  void expect_forgotten(const std::string& sql, const std::string& question) {
    const auto pool = pool_of(options(1));
    std::string before;
    {
      const Lease link = pool->take(writing());
      before = ask(link, question);
      link->run_script(sql);
      EXPECT_NE(ask(link, question), before) << sql;
    }
    EXPECT_EQ(ask(pool->take(writing()), question), before) << sql;
    EXPECT_EQ(pool->counts().reused, 1) << sql;
  }

  doppel::testing::TestDatabase database_;
};

TEST_F(PoolTest, GivesOutAgainWhatWasGivenBack) {
  const auto pool = pool_of(options(2));
  const std::int64_t first = backend(pool->take(writing()));
  EXPECT_EQ(backend(pool->take(writing())), first);
  const PoolCounts counts = pool->counts();
  EXPECT_EQ(counts.opened, 1);
  EXPECT_EQ(counts.reused, 1);
  EXPECT_EQ(counts.idle, 1U);
  EXPECT_EQ(counts.used, 0U);
}

TEST_F(PoolTest, HasABound) {
  const auto pool = pool_of(options(2));
  const Lease first = pool->take(writing());
  {
    const Lease second = pool->take(writing());
    try {
      const Lease third = pool->take(writing());
      FAIL() << "a third connection";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBusy);
      EXPECT_FALSE(error.remedy().empty());
    }
    EXPECT_EQ(pool->counts().used, 2U);
  }
  const Lease third = pool->take(writing());
  EXPECT_EQ(pool->counts().opened, 2);
  EXPECT_EQ(pool->counts().refused, 1);
}

TEST_F(PoolTest, WhoWaitsGetsWhatIsGivenBack) {
  PoolOptions patient = options(1);
  patient.wait_ms = 60'000;
  const auto pool = pool_of(patient);
  std::optional<Lease> held(pool->take(writing()));
  const std::int64_t first = backend(*held);
  std::int64_t second = 0;
  std::thread waiter([&] { second = backend(pool->take(writing())); });
  while (pool->counts().waited == 0) std::this_thread::yield();
  held.reset();
  waiter.join();
  EXPECT_EQ(second, first);
  EXPECT_EQ(pool->counts().opened, 1);
}

TEST_F(PoolTest, NeverHasMoreThanItsBound) {
  PoolOptions patient = options(3);
  patient.wait_ms = 60'000;
  const auto pool = pool_of(patient);
  std::vector<std::thread> users;
  for (int i = 0; i < 8; ++i) {
    users.emplace_back([&] {
      for (int turn = 0; turn < 20; ++turn) {
        const Lease lease = pool->take(writing());
        EXPECT_LE(pool->counts().used, 3U);
        lease->run("SELECT 1");
      }
    });
  }
  for (std::thread& user : users) user.join();
  EXPECT_EQ(pool->counts().used, 0U);
  EXPECT_LE(pool->counts().opened, 3);
  EXPECT_EQ(pool->counts().opened + pool->counts().reused, 160);
}

TEST_F(PoolTest, ForgetsWhatWasLeftBehind) {
  expect_forgotten("SET work_mem = '5MB'", "SHOW work_mem");
  expect_forgotten("SET search_path = pg_catalog", "SHOW search_path");
  expect_forgotten("SET timezone = 'Asia/Tokyo'", "SHOW timezone");
  expect_forgotten("SELECT set_config('doppel.sandbox', '7', false)",
                   "SELECT coalesce(current_setting('doppel.sandbox', true), '')");
  expect_forgotten("SET ROLE doppel_owner", "SELECT current_user::text");
  expect_forgotten("SELECT pg_advisory_lock(1)",
                   "SELECT count(*)::text FROM pg_locks WHERE pid = pg_backend_pid() AND locktype "
                   "= 'advisory'");
  expect_forgotten("CREATE TEMP TABLE left_behind (i integer)",
                   "SELECT (to_regclass('pg_temp.left_behind') IS NULL)::text");
  expect_forgotten("PREPARE left_behind AS SELECT 1",
                   "SELECT count(*)::text FROM pg_prepared_statements");
  expect_forgotten("LISTEN left_behind", "SELECT count(*)::text FROM pg_listening_channels()");
  expect_forgotten("DECLARE left_behind CURSOR WITH HOLD FOR SELECT 1",
                   "SELECT count(*)::text FROM pg_cursors WHERE name = 'left_behind'");
}

TEST_F(PoolTest, WhoIsIdleHoldsNoLock) {
  const auto pool = pool_of(options(2));
  pool->take(writing())->run("SELECT pg_advisory_lock(1)");
  const Lease other(OpenOptions{.dsn = database_.dsn()});
  EXPECT_EQ(ask(other, "SELECT pg_try_advisory_lock(1)::text"), "true");
}

TEST_F(PoolTest, EachUseHasItsOwnSettings) {
  const auto pool = pool_of(options(1));
  const std::string question =
      "SELECT current_setting('default_transaction_read_only') || ' ' || "
      "current_setting('lock_timeout') || ' ' || current_setting('datestyle')";
  EXPECT_EQ(ask(pool->take(writing()), question), "off 5s ISO, YMD");
  EXPECT_EQ(ask(pool->take({.dsn = {}, .lock_timeout_ms = 500}), question), "on 500ms ISO, YMD");
  EXPECT_EQ(pool->counts().opened, 1);
}

TEST_F(PoolTest, ThrowsAwayWhatIsInATransaction) {
  const auto pool = pool_of(options(1));
  pool->take(writing())->run_script("BEGIN");
  EXPECT_EQ(pool->counts().tainted, 1);
  EXPECT_EQ(pool->counts().idle, 0U);
}

TEST_F(PoolTest, OutlivesWhoMadeIt) {
  auto pool = pool_of(options(1));
  const auto connection = open(writing(), *pool);
  pool.reset();
  EXPECT_EQ(connection->sql()->query("SELECT 1", {}).at(0).at(0), Value(1));
}

TEST_F(PoolTest, AsksOneThatWasIdleForLong) {
  PoolOptions distrustful = options(1);
  distrustful.trusted_ms = 0;
  const auto pool = pool_of(distrustful);
  const std::int64_t first = backend(pool->take(writing()));
  EXPECT_EQ(backend(pool->take(writing())), first);
  EXPECT_EQ(pool->counts().asked, 1);
}

TEST_F(PoolTest, NeverGivesOutOneThatTheServerClosed) {
  const auto pool = pool_of(options(1));
  const std::int64_t first = backend(pool->take(writing()));
  database_.run("SELECT pg_terminate_backend(" + std::to_string(first) + ", 5000)", "postgres");
  EXPECT_NE(backend(pool->take(writing())), first);
  EXPECT_EQ(pool->counts().broken, 1);
  EXPECT_EQ(pool->counts().opened, 2);
}

TEST_F(PoolTest, ThrowsAwayOneThatBrokeInUse) {
  const auto pool = pool_of(options(1));
  {
    const Lease lease = pool->take(writing());
    database_.run("SELECT pg_terminate_backend(" + std::to_string(backend(lease)) + ", 5000)",
                  "postgres");
  }
  EXPECT_EQ(pool->counts().broken, 1);
  EXPECT_EQ(pool->counts().used, 0U);
  pool->take(writing())->run("SELECT 1");
}

TEST_F(PoolTest, AFailureToOpenTakesNoPlace) {
  PoolOptions wrong = options(1);
  wrong.dsn = doppel::testing::cluster_dsn("no_such_database", "doppel_admin");
  const auto pool = pool_of(wrong);
  for (int i = 0; i < 2; ++i) {
    try {
      const Lease lease = pool->take(writing());
      FAIL() << "it opened";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    }
  }
  EXPECT_EQ(pool->counts().used, 0U);
}

}  // namespace
}  // namespace doppel::postgres
