#include "tests/support/cluster.hpp"

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <memory>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "adapters/postgres/link.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"

namespace doppel::testing {
namespace {

/// A socket's path has a hundred bytes, and another user's server must reach it: so it stands in
/// the temporary folder, one for each build.
std::string folder() {
  const std::string build = sha256(DOPPEL_BUILD_FOLDER).substr(0, 12);
  return (std::filesystem::temp_directory_path() /
          ("doppel_pg_" + std::to_string(::geteuid()) + "_" + build))
      .string();
}

std::string start() {
  const std::string wanted = folder();
  // Never closed: the lock says that the cluster is in use, and ends with the process.
  const int users = ::open((wanted + ".users").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (users < 0 || ::flock(users, LOCK_SH) != 0) {
    throw Error(ErrorCode::kIo, "the cluster's lock can't be taken", {.place = wanted});
  }
  const std::string command = std::string(DOPPEL_CLUSTER_SCRIPT) + " " + wanted + " 2>&1";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::string said;
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) {
    said += static_cast<char>(c);
  }
  if (trim(said) != wanted) throw Error(ErrorCode::kIo, said, {.place = wanted});
  return wanted;
}

void run_as(const std::string& database, const std::string& role, const std::string& sql) {
  postgres::Link link({.dsn = cluster_dsn(database, role),
                       .access = database::Access::kReadWrite,
                       .lock_timeout_ms = 60'000});
  link.run_script(sql);
}

}  // namespace

const std::string& cluster_socket() {
  static const std::string socket = start();
  return socket;
}

std::string cluster_dsn(const std::string& database, const std::string& role) {
  return "postgresql://" + role + "@/" + database + "?host=" + cluster_socket();
}

TestDatabase::TestDatabase() {
  static std::atomic<int> count = 0;
  name_ = "test_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
  run_as("postgres", "postgres",
         "CREATE DATABASE " + name_ + " OWNER doppel_admin TEMPLATE template0");
}

TestDatabase::~TestDatabase() {
  try {
    run_as("postgres", "postgres", "DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch)
    // It goes with the cluster.
  }
}

void TestDatabase::run(const std::string& sql, const std::string& role) const {
  run_as(name_, role, sql);
}

}  // namespace doppel::testing
