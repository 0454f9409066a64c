#include <utility>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/failure.hpp"
#include "adapters/sqlite/foreign_keys.hpp"
#include "base/error.hpp"
#include "database/quote.hpp"

namespace doppel::sqlite {

class OpenTransaction final : public database::Transaction {
 public:
  explicit OpenTransaction(Connection& connection) : connection_(connection) {}
  OpenTransaction(const OpenTransaction&) = delete;
  OpenTransaction& operator=(const OpenTransaction&) = delete;

  ~OpenTransaction() override {
    if (open_) roll_back();
  }

  void commit() override {
    if (!open_ || !connection_.in_transaction()) {
      // SQLite rolls back by itself after some failures (a full disk, a failed read).
      open_ = false;
      connection_.written_.clear();
      throw Error(ErrorCode::kWrongState, "the transaction was rolled back already",
                  {.place = connection_.path(), .remedy = "see the failure before this one"});
    }
    sqlite3* handle = connection_.handle();
    const int result = sqlite3_exec(handle, "COMMIT", nullptr, nullptr, nullptr);
    if (result == SQLITE_OK) {
      open_ = false;
      connection_.written_.clear();
      return;
    }
    if (sqlite3_extended_errcode(handle) == SQLITE_CONSTRAINT_FOREIGNKEY) fail_foreign_key();
    try {
      fail(handle, result, connection_.path());
    } catch (const Error&) {
      roll_back();
      throw;
    }
  }

 private:
  [[noreturn]] void fail_foreign_key() {
    const std::vector<std::string> tables(connection_.written_.begin(), connection_.written_.end());
    const auto broken = find_broken_reference(connection_, tables);
    roll_back();
    if (broken) {
      throw Error(ErrorCode::kConstraint, broken->message,
                  {.place = broken->place, .remedy = broken->remedy});
    }
    throw Error(ErrorCode::kConstraint, "FOREIGN KEY constraint failed",
                {.place = connection_.path(), .remedy = ""});
  }

  void roll_back() noexcept {
    open_ = false;
    connection_.written_.clear();
    if (connection_.in_transaction()) {
      sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
  }

  Connection& connection_;
  bool open_ = true;
};

std::unique_ptr<database::Transaction> Connection::begin(database::TransactionKind kind) {
  if (in_transaction()) {
    throw Error(ErrorCode::kInternal, "transactions don't nest", {.place = path(), .remedy = {}});
  }
  if (kind == database::TransactionKind::kWrite) {
    if (options_.access == database::Access::kReadOnly) {
      throw Error(ErrorCode::kReadOnly, "the database is open for reading only",
                  {.place = path(), .remedy = {}});
    }
    // With live attached the lock is taken by the first write: IMMEDIATE would lock live too.
    run_script(live_path_.empty() ? "BEGIN IMMEDIATE" : "BEGIN");
    return std::make_unique<OpenTransaction>(*this);
  }
  run_script("BEGIN");
  auto transaction = std::make_unique<OpenTransaction>(*this);
  // BEGIN alone takes no snapshot: the first read does.
  prepare("SELECT 1 FROM main.sqlite_schema LIMIT 1")->run();
  if (!live_path_.empty()) prepare("SELECT 1 FROM live.sqlite_schema LIMIT 1")->run();
  return transaction;
}

}  // namespace doppel::sqlite
