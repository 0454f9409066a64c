#include "cli/drivers.hpp"

#include <cstdlib>

#include <pwd.h>
#include <unistd.h>

#include "adapters/postgres/database.hpp"
#include "adapters/sqlite/database.hpp"
#include "base/error.hpp"
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
              {.place = {}, .remedy = "set DOPPEL_HOME to a folder"});
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

std::unique_ptr<Doppel> open_doppel(const Options& options) {
  static const SystemClock clock;
  static SystemRandom random;
  Settings settings;
  settings.home = fs::absolute(home());
  settings.connect = connect;
  settings.open_store = [](const fs::path& path) { return sqlite::open_store(path.string()); };
  settings.clock = &clock;
  settings.random = &random;
  settings.author = author(options);
  return std::make_unique<Doppel>(std::move(settings));
}

}  // namespace doppel::cli
