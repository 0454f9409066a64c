#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/postgres/link.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "bench/data.hpp"
#include "bench/runner.hpp"
#include "bench/trip_meter.hpp"
#include "database/overlay.hpp"
#include "doppel.hpp"
#include "tests/support/cluster.hpp"

/// What the benchmarks on PostgreSQL share: data sets on the private cluster of the tests, which
/// flushes nothing, and what is told of the server besides the clock.
namespace doppel::bench {

/// So many config tables t00, t01, ... of so many rows in all, each referring to the one before it,
/// with unique names and the columns of CFG; `entries` is data that refers to the last one and to
/// the sixth.
std::string config_script(int tables, int rows);
/// CFG.
std::string cfg_script();
/// CRM: a config table `contacts` of a million rows of ten columns, and data that refers to it.
std::string crm_script();
std::string config_manifest(int tables);

/// A database with such data, and sandboxes of it by the port.
class PostgresStand {
 public:
  explicit PostgresStand(const std::string& script);
  ~PostgresStand();
  PostgresStand(const PostgresStand&) = delete;
  PostgresStand& operator=(const PostgresStand&) = delete;

  const testing::TestDatabase& live() const { return live_; }
  database::Database& database() { return *database_; }
  /// As a new command finds it: no connection is open.
  database::OverlayBuilder& overlays() {
    let_go();
    return database_->overlays();
  }
  /// Closes what connections are kept.
  void let_go();
  /// Of all tables but `entries` and `visits`, which are data.
  database::OverlaySpec spec(const std::string& carrier, const std::string& name) const;
  /// The first row of the last statement's answer, as text with commas; of live unless a DSN is
  /// given.
  std::string ask(const std::string& sql, const std::string& dsn = "") const;
  /// Ends the benchmark unless the DSN shows the same rows as live in each of these tables.
  void require_same_rows(const std::string& dsn, const std::vector<std::string>& tables,
                         const std::string& schema = "") const;

 private:
  testing::TestDatabase live_;
  std::unique_ptr<database::Database> database_;
  fs::path folder_;
  std::vector<database::TrackedTable> tables_;
};

/// A tenant `app` on such a database, with a home of its own.
class PostgresStage {
 public:
  PostgresStage(const std::string& script, const std::string& manifest);
  ~PostgresStage();
  PostgresStage(const PostgresStage&) = delete;
  PostgresStage& operator=(const PostgresStage&) = delete;

  Doppel& doppel() { return *doppel_; }
  const PostgresStand& stand() const { return stand_; }
  /// Makes the sandbox app/NAME and returns its DSN.
  std::string create(const std::string& name, const std::string& carrier);

 private:
  PostgresStand stand_;
  fs::path folder_;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<Doppel> doppel_;
};

/// What a measure cost besides its clock: processor time of those of the server's processes that
/// ended meanwhile, and the round trips of this one.
class ServerCost {
 public:
  ServerCost();
  std::string note(int times) const;

 private:
  double milliseconds_;
  Trips trips_;
};

/// Runs SQL and forgets the answer.
void run_sql(const std::string& dsn, const std::string& sql);
/// Runs a command line; false unless it ended well.
bool run_command(const std::string& command);

}  // namespace doppel::bench
