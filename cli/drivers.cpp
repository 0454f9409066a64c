#include "cli/drivers.hpp"

#include <cstdlib>

#include <pwd.h>
#include <unistd.h>

#include "adapters/postgres/database.hpp"
#include "adapters/postgres/store.hpp"
#include "adapters/sqlite/database.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/heartbeat.hpp"
#include "database/dsn.hpp"

namespace doppel::cli {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

fs::path home() {
  if (const std::string given = variable("DOPPEL_HOME"); !given.empty()) return given;
  if (const std::string data = variable("XDG_DATA_HOME"); !data.empty()) {
    return fs::path(data) / "doppel";
  }
  if (const std::string user = variable("HOME"); !user.empty()) {
    return fs::path(user) / ".local" / "share" / "doppel";
  }
  throw Error(ErrorCode::kUsage, "neither DOPPEL_HOME nor HOME says where the control store is",
              {.place = {}, .remedy = "set DOPPEL_HOME to a folder or to postgresql://..."});
}

/// What DOPPEL_HOME names where it is no folder: a database that several machines share.
std::string shared_home() {
  const std::string given = variable("DOPPEL_HOME");
  const bool shared = given.starts_with("postgresql://") || given.starts_with("postgres://");
  return shared ? given : "";
}

/// A number of seconds that the environment may say.
int seconds_of(const char* name, int usual) {
  const std::string given = variable(name);
  if (given.empty()) return usual;
  const auto seconds = parse_integer(given);
  constexpr std::int64_t kLongest = 3600;
  if (!seconds || *seconds < 1 || *seconds > kLongest) {
    throw Error(ErrorCode::kUsage, std::string(name) + " must be a number from 1 to 3600",
                {.place = given});
  }
  return static_cast<int>(*seconds);
}

/// A hold of a shared store lasts so long after its last sign of life.
std::int64_t lease_microseconds() {
  constexpr std::int64_t kSecond = 1'000'000;
  constexpr int kUsual = 30;
  return seconds_of("DOPPEL_LEASE_SECONDS", kUsual) * kSecond;
}

std::string author(const Options& options) {
  if (!options.author.empty()) return options.author;
  if (const std::string given = variable("DOPPEL_USER"); !given.empty()) return given;
  const passwd* user = ::getpwuid(::getuid());
  return user == nullptr ? std::to_string(::getuid()) : user->pw_name;
}

}  // namespace

std::unique_ptr<database::Database> connect(const std::string& dsn) {
  const database::Dsn parsed = database::parse_dsn(dsn);
  if (parsed.scheme == database::Scheme::kPostgresql) return postgres::attach(parsed.rest);
  // A tenant is opened from any folder later, so its path is kept whole.
  return sqlite::attach(fs::absolute(parsed.rest).lexically_normal().string());
}

std::unique_ptr<database::Connection> open_or_make(const std::string& dsn) {
  const database::Dsn parsed = database::parse_dsn(dsn);
  if (parsed.scheme == database::Scheme::kSqlite && !fs::exists(parsed.rest)) {
    return sqlite::open_store(parsed.rest);
  }
  return connect(dsn)->open(database::Access::kReadWrite);
}

Settings settings_of(const Options& options) {
  static const SystemClock clock;
  static SystemRandom random;
  Settings settings;
  settings.connect = connect;
  if (const std::string shared = shared_home(); !shared.empty()) {
    settings.shared_store = database::without_secrets(shared);
    settings.open_store = [shared](const fs::path&) { return postgres::open_store(shared); };
    settings.process = this_process();
    settings.lease_microseconds = lease_microseconds();
    settings.repeat = repeat;
  } else {
    settings.home = fs::absolute(home());
    settings.open_store = [](const fs::path& path) { return sqlite::open_store(path.string()); };
  }
  settings.clock = &clock;
  settings.random = &random;
  settings.author = author(options);
  settings.patience_s = seconds_of("DOPPEL_PATIENCE_SECONDS", Settings::kUsualPatience);
  return settings;
}

std::unique_ptr<Doppel> open_doppel(const Options& options) {
  return std::make_unique<Doppel>(settings_of(options));
}

}  // namespace doppel::cli
