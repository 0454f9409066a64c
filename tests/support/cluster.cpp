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

/// In memory where there is plenty: a checkpoint for each database that goes needn't reach a disk.
std::filesystem::path scratch() {
  constexpr std::uintmax_t kPlenty = std::uintmax_t{4} << 30U;
  const std::filesystem::path memory = "/dev/shm";
  std::error_code none;
  const auto space = std::filesystem::space(memory, none);
  const bool fits = !none && space.capacity >= kPlenty && ::access(memory.c_str(), W_OK) == 0;
  return fits ? memory : std::filesystem::temp_directory_path();
}

/// A socket's path has a hundred bytes, and another user's server must reach it: so it stands in
/// a temporary folder, one for each build.
std::string folder() {
  const std::string build = sha256(DOPPEL_BUILD_FOLDER).substr(0, 12);
  return (scratch() / ("doppel_pg_" + std::to_string(::geteuid()) + "_" + build)).string();
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

std::string new_name() {
  static std::atomic<int> count = 0;
  return "test_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
}

/// The name of the database that the script made, for others to be made from.
std::string template_of(const std::string& script) {
  const std::string name = "template_" + sha256(script).substr(0, 24);
  postgres::Link link({.dsn = cluster_dsn("postgres", "postgres"),
                       .access = database::Access::kReadWrite,
                       .lock_timeout_ms = 120'000});
  link.run_script("SELECT pg_advisory_lock(hashtext('" + name + "'))");
  const auto found = link.run_script("SELECT FROM pg_database WHERE datname = '" + name + "'");
  if (PQntuples(found.get()) > 0) return name;
  const std::string passing = name + "_new";
  link.run_script("DROP DATABASE IF EXISTS " + passing);
  link.run_script("CREATE DATABASE " + passing + " OWNER doppel_owner TEMPLATE template0");
  if (!script.empty()) run_as(passing, "doppel_owner", script);
  link.run_script("ALTER DATABASE " + passing + " RENAME TO " + name);
  return name;
}

}  // namespace

const std::string& cluster_socket() {
  static const std::string socket = start();
  return socket;
}

std::string cluster_dsn(const std::string& database, const std::string& role) {
  return "postgresql://" + role + "@/" + database + "?host=" + cluster_socket();
}

TestDatabase::TestDatabase() : name_(new_name()) {
  run_as("postgres", "postgres",
         "CREATE DATABASE " + name_ + " OWNER doppel_admin TEMPLATE template0");
}

TestDatabase::TestDatabase(const std::string& script) : name_(new_name()) {
  run_as("postgres", "postgres",
         "CREATE DATABASE " + name_ + " OWNER doppel_owner TEMPLATE " + template_of(script));
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
