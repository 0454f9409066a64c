#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "access/store.hpp"
#include "adapters/postgres/store.hpp"
#include "adapters/sqlite/database.hpp"
#include "base/process.hpp"
#include "environment/store.hpp"
#include "tests/support/cluster.hpp"

/// A control store for a test of what engine/access keeps there, on a file and on a server. Time
/// is the test's on a file; on a server it is the server's, so tests move what is stored instead.
namespace doppel::testing {

enum class StoreKind { kFile, kServer };

inline std::string name_of(StoreKind kind) {
  return kind == StoreKind::kFile ? "AFile" : "AServer";
}

class AccessStore : public ::testing::TestWithParam<StoreKind> {
 protected:
  AccessStore() {
    if (GetParam() == StoreKind::kServer) {
      database_.emplace();
    } else {
      folder_ = std::filesystem::temp_directory_path() /
                ("doppel_access_" + std::to_string(this_process().number));
      std::filesystem::create_directories(folder_);
    }
    connection_ = connect();
    environment::ControlStore(connect(), clock_, "the store");  // Migrates.
  }
  ~AccessStore() override {
    connection_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<database::Connection> connect() const {
    if (database_) return postgres::open_store(database_->dsn());
    return sqlite::open_store((folder_ / "control.db").string());
  }
  access::Store store(const std::string& tenant = "acme") { return on(*connection_, tenant); }
  access::Store on(database::Connection& connection, const std::string& tenant = "acme") {
    return {connection, clock_, random_, tenant};
  }

  /// Everything that is stored becomes older by so many microseconds.
  void pass(std::int64_t time) {
    const Value by(time);
    auto& sql = *connection_->sql();
    const auto transaction = connection_->begin(database::TransactionKind::kWrite);
    sql.execute(
        "UPDATE access_session SET created_at = created_at - $1, seen_at = seen_at - $1, "
        "ends_at = ends_at - $1",
        {by});
    sql.execute("UPDATE access_token SET ends_at = ends_at - $1, used_at = used_at - $1", {by});
    sql.execute("UPDATE access_link SET created_at = created_at - $1, ends_at = ends_at - $1",
                {by});
    sql.execute(
        "UPDATE access_throttle SET since = since - $1, blocked_until = blocked_until "
        "- $1",
        {by});
    sql.execute(
        "UPDATE access_key SET created_at = created_at - $1, ends_at = CASE ends_at WHEN 0 "
        "THEN 0 ELSE ends_at - $1 END",
        {by});
    transaction->commit();
  }

  /// The only number that a question of one row and column gives.
  std::int64_t number(const std::string& sql) {
    return connection_->sql()->query(sql, {}).at(0).at(0).integer();
  }
  void run(const std::string& sql) { connection_->sql()->execute_script(sql); }

  std::optional<TestDatabase> database_;
  std::filesystem::path folder_;
  ManualClock clock_{Instant{1'800'000'000'000'000}};
  SeededRandom random_{20261122};
  std::unique_ptr<database::Connection> connection_;
};

}  // namespace doppel::testing
