#include "adapters/contract/backend.hpp"
#include "adapters/memory/connection.hpp"
#include "adapters/postgres/connection.hpp"
#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/test_file.hpp"
#include "database/quote.hpp"
#include "tests/support/cluster.hpp"

namespace doppel::contract {
namespace {

constexpr int kPatienceMs = 20;

class MemoryBackend final : public Backend {
 public:
  explicit MemoryBackend(const database::Schema& schema) : store_(memory::make_store(schema)) {}
  std::unique_ptr<database::Connection> connect(database::Access access) override {
    return memory::open(store_, access);
  }

 private:
  std::shared_ptr<memory::Store> store_;
};

class SqliteBackend final : public Backend {
 public:
  SqliteBackend(const database::Schema& schema, const std::string& journal_mode) {
    file_.run("PRAGMA journal_mode = " + journal_mode);
    file_.run(create_statements(schema, Dialect::kSqlite));
  }
  std::unique_ptr<database::Connection> connect(database::Access access) override {
    auto connection =
        sqlite::open({.path = file_.path(), .access = access, .busy_timeout_ms = kPatienceMs});
    // Hundreds of commits: nothing here is to survive a power cut.
    connection->run_script("PRAGMA synchronous = OFF");
    return connection;
  }

 private:
  sqlite::TestFile file_;
};

/// One database for the whole process, emptied for each test: to make one takes longer than most
/// tests. The schema is always the suite's.
class PostgresBackend final : public Backend {
 public:
  explicit PostgresBackend(const database::Schema& schema) {
    static const Made made(schema);
    database_ = &made.database;
    std::string names;
    for (const database::Table& table : schema.tables) {
      names += (names.empty() ? "" : ", ") + database::quote_name(table.name);
    }
    database_->run("TRUNCATE " + names + " RESTART IDENTITY CASCADE");
  }
  std::unique_ptr<database::Connection> connect(database::Access access) override {
    return postgres::open(
        {.dsn = database_->dsn(), .access = access, .lock_timeout_ms = kPatienceMs});
  }

 private:
  struct Made {
    explicit Made(const database::Schema& schema) {
      database.run(create_statements(schema, Dialect::kPostgresql));
    }
    testing::TestDatabase database;
  };

  const testing::TestDatabase* database_ = nullptr;
};

}  // namespace

std::vector<BackendKind> backend_kinds() {
  const auto sqlite = [](const char* journal_mode) {
    return [journal_mode](const database::Schema& schema) {
      return std::make_unique<SqliteBackend>(schema, journal_mode);
    };
  };
  return {{"memory", Dialect::kSqlite,
           [](const database::Schema& schema) { return std::make_unique<MemoryBackend>(schema); }},
          {"sqlite_delete", Dialect::kSqlite, sqlite("DELETE")},
          {"sqlite_wal", Dialect::kSqlite, sqlite("WAL")},
          {"postgresql", Dialect::kPostgresql, [](const database::Schema& schema) {
             return std::make_unique<PostgresBackend>(schema);
           }}};
}

}  // namespace doppel::contract
