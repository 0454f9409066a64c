#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "examples/helpdesk/data.hpp"
#include "parse.hpp"
#include "process.hpp"

namespace doppel::scenario {

using Rows = std::vector<std::vector<std::string>>;

/// What plays live: databases of applications, a tenant's each, and the tool that works on them.
class Application {
 public:
  virtual ~Application() = default;

  virtual Database database() const = 0;
  /// Of the tenant's database: what `doppel init` is given.
  virtual std::string dsn(const std::string& tenant) = 0;
  /// Runs SQL; ends with 1 where a statement is refused. The tenant's database is made with the
  /// first.
  virtual Finished run(const std::string& tenant, const std::string& sql) = 0;
  /// The example helpdesk as the tenant's database.
  virtual Finished make_helpdesk(const std::string& tenant, helpdesk::Options options) = 0;
};

/// The rows that run() printed: cells end with the unit separator, rows with the record separator.
Rows printed_rows(std::string_view output);

/// SQLite: files in the folder, and the shell sqlite3. PostgreSQL: databases of the private
/// cluster, gone with this, and psql as their owner.
std::unique_ptr<Application> make_application(Database database, std::filesystem::path folder);

}  // namespace doppel::scenario
