#include "adapters/contract/backend.hpp"
#include "adapters/memory/connection.hpp"
#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/test_file.hpp"

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
    file_.run(create_statements(schema));
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

}  // namespace

std::vector<BackendKind> backend_kinds() {
  const auto sqlite = [](const char* journal_mode) {
    return [journal_mode](const database::Schema& schema) {
      return std::make_unique<SqliteBackend>(schema, journal_mode);
    };
  };
  return {{"memory",
           [](const database::Schema& schema) { return std::make_unique<MemoryBackend>(schema); }},
          {"sqlite_delete", sqlite("DELETE")},
          {"sqlite_wal", sqlite("WAL")}};
}

}  // namespace doppel::contract
