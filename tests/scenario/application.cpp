#include "application.hpp"

#include <map>
#include <utility>

#include "base/text.hpp"
#include "tests/support/cluster.hpp"

namespace doppel::scenario {
namespace {

using testing::TestDatabase;

std::string helpdesk_sql(const helpdesk::Options& options) {
  std::string sql;
  helpdesk::generate(options, [&sql](std::string_view piece) { sql += piece; });
  return sql;
}

class SqliteApplication final : public Application {
 public:
  explicit SqliteApplication(std::filesystem::path folder) : folder_(std::move(folder)) {}

  Database database() const override { return Database::kSqlite; }
  std::string dsn(const std::string& tenant) override {
    return "sqlite:" + (folder_ / (tenant + ".db")).string();
  }
  Finished run(const std::string& tenant, const std::string& sql) override {
    return run_process(
        {"sqlite3", "-batch", "-bail", "-ascii", "-nullvalue", "NULL", tenant + ".db"},
        "PRAGMA foreign_keys = ON;\n" + sql + "\n;\n", folder_);
  }
  Finished make_helpdesk(const std::string& tenant, helpdesk::Options options) override {
    return run(tenant, helpdesk_sql(options));
  }

 private:
  std::filesystem::path folder_;
};

class PostgresqlApplication final : public Application {
 public:
  explicit PostgresqlApplication(std::filesystem::path folder) : folder_(std::move(folder)) {}

  Database database() const override { return Database::kPostgresql; }
  std::string dsn(const std::string& tenant) override { return of(tenant).dsn(); }
  Finished run(const std::string& tenant, const std::string& sql) override {
    constexpr int kScriptFailed = 3;
    Finished finished = run_process({"psql", "-qXtA", "-F", "\x1f", "-R", "\x1e", "-P", "null=NULL",
                                     "-v", "ON_ERROR_STOP=1", "-d", of(tenant).dsn("doppel_owner")},
                                    sql + "\n;\n", folder_);
    if (finished.exit == kScriptFailed) finished.exit = 1;
    return finished;
  }
  Finished make_helpdesk(const std::string& tenant, helpdesk::Options options) override {
    options.dialect = helpdesk::Dialect::kPostgresql;
    databases_.insert_or_assign(tenant, std::make_unique<TestDatabase>(helpdesk_sql(options)));
    return {};
  }

 private:
  TestDatabase& of(const std::string& tenant) {
    auto& database = databases_[tenant];
    if (!database) database = std::make_unique<TestDatabase>("");
    return *database;
  }

  std::filesystem::path folder_;
  std::map<std::string, std::unique_ptr<TestDatabase>> databases_;
};

}  // namespace

Rows printed_rows(std::string_view output) {
  // psql ends the last row as a line.
  if (output.ends_with('\n')) output.remove_suffix(1);
  Rows rows;
  for (const std::string& line : split(output, '\x1e')) {
    if (!line.empty()) rows.push_back(split(line, '\x1f'));
  }
  return rows;
}

std::unique_ptr<Application> make_application(Database database, std::filesystem::path folder) {
  if (database == Database::kSqlite) return std::make_unique<SqliteApplication>(std::move(folder));
  return std::make_unique<PostgresqlApplication>(std::move(folder));
}

}  // namespace doppel::scenario
