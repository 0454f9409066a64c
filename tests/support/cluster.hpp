#pragma once

#include <string>

/// A private PostgreSQL cluster for tests, shared by all test processes of a build folder: the
/// first that asks starts it, and it ends by itself soon after the last (postgres_cluster.py).
namespace doppel::testing {

/// The folder of its socket; started where it doesn't run. It stays while this process lives.
const std::string& cluster_socket();

/// A role that may log in without a password: `postgres` is the superuser, `doppel_admin` what a
/// DSN of doppel names (it may make roles, and what `doppel_owner` may), `doppel_owner` an
/// application's owner.
std::string cluster_dsn(const std::string& database, const std::string& role);

/// A database of one test; dropped at the end with its sessions.
class TestDatabase {
 public:
  /// Empty, owned by `doppel_admin`.
  TestDatabase();
  /// Owned by `doppel_owner`, with what the script made as that role. The script runs once in a
  /// cluster: what it makes becomes a template.
  explicit TestDatabase(const std::string& script);
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;
  ~TestDatabase();

  const std::string& name() const { return name_; }
  std::string dsn(const std::string& role = "doppel_admin") const {
    return cluster_dsn(name_, role);
  }
  /// Runs statements by a connection of its own.
  void run(const std::string& sql, const std::string& role = "doppel_admin") const;

 private:
  std::string name_;
};

}  // namespace doppel::testing
