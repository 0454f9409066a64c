#include <algorithm>
#include <utility>

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/constraints.hpp"
#include "adapters/postgres/failure.hpp"
#include "base/error.hpp"

namespace doppel::postgres {
namespace {

/// Together with a number of its own this is the advisory lock of doppel's writers: "dopp".
constexpr std::int32_t kWriterLocks = 0x646F7070;

/// How long it waits for the other writers of doppel.
constexpr int kTurnPatienceMs = 5000;

}  // namespace

class OpenTransaction final : public database::Transaction {
 public:
  explicit OpenTransaction(Connection& connection) : connection_(connection) {}
  OpenTransaction(const OpenTransaction&) = delete;
  OpenTransaction& operator=(const OpenTransaction&) = delete;

  ~OpenTransaction() override {
    if (open_) roll_back();
  }

  void commit() override {
    if (!open_ || connection_.link().status() != PQTRANS_INTRANS) {
      if (open_) roll_back();
      throw Error(ErrorCode::kWrongState, "the transaction was rolled back already",
                  {.place = connection_.place(), .remedy = "see the failure before this one"});
    }
    try {
      if (connection_.applied_) judge_constraints(connection_);
      if (connection_.rehearses_) {
        connection_.run_script("RELEASE doppel_rehearsal");
      } else {
        connection_.run_script("COMMIT");
      }
    } catch (...) {
      roll_back();
      throw;
    }
    end();
  }

 private:
  void end() {
    open_ = false;
    connection_.open_ = Connection::Open::kNone;
    connection_.applied_ = false;
    connection_.forget_facts();
  }

  void roll_back() noexcept {
    end();
    if (connection_.link().status() == PQTRANS_IDLE) return;
    try {
      connection_.run_script(connection_.rehearses_
                                 ? "ROLLBACK TO doppel_rehearsal; RELEASE doppel_rehearsal"
                                 : "ROLLBACK");
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch)
      // The connection broke, and the server rolls back by itself.
    }
  }

  Connection& connection_;
  bool open_ = true;
};

bool Connection::may_try_again(const Error& error, int attempt) const {
  // Ten moments of half a second, as the usual patience is.
  constexpr int kAttempts = 10;
  const auto* refused = dynamic_cast<const ServerError*>(&error);
  if (refused == nullptr || attempt >= kAttempts) return false;
  const std::string& state = refused->problem().sqlstate;
  return state == "55P03" || state == "40001" || state == "40P01";
}

void Connection::never_commit() {
  link_.run_script("BEGIN ISOLATION LEVEL READ COMMITTED");
  rehearses_ = true;
}

std::unique_ptr<database::Transaction> Connection::begin(database::TransactionKind kind) {
  const bool writes = kind == database::TransactionKind::kWrite;
  if (open_ != Open::kNone || (in_transaction() && !rehearses_)) {
    throw Error(ErrorCode::kInternal, "transactions don't nest", {.place = place(), .remedy = {}});
  }
  if (writes && options_.access == database::Access::kReadOnly) {
    throw Error(ErrorCode::kReadOnly, "the database is open for reading only",
                {.place = place(), .remedy = {}});
  }
  forget_facts();
  if (rehearses_) {
    link_.run_script("SAVEPOINT doppel_rehearsal");
  } else if (!writes) {
    // BEGIN alone takes no snapshot: the first query does.
    link_.run_script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1");
  }
  open_ = writes ? Open::kWrite : Open::kRead;
  auto transaction = std::make_unique<OpenTransaction>(*this);
  if (!writes || rehearses_) return transaction;
  try {
    // READ WRITE is what the connection says already; said here, a standby refuses it as something
    // that it doesn't support.
    // Nothing is locked yet: here it may take its time.
    link_.run_all(std::vector<Statement>{
        {.sql = "BEGIN ISOLATION LEVEL READ COMMITTED"},
        {.sql = "SET LOCAL lock_timeout = " +
                std::to_string(std::max(options_.lock_timeout_ms, kTurnPatienceMs))},
        {.sql = "SELECT pg_advisory_xact_lock($1::integer, $2::integer)",
         .parameters = {Value(kWriterLocks), Value(options_.writer_lock)}}});
  } catch (const ServerError& error) {
    if (error.code() != ErrorCode::kBusy) throw;
    const std::string& blockers = error.problem().blockers;
    throw Error(
        ErrorCode::kBusy,
        "another doppel is writing to this database" + (blockers.empty() ? "" : ": " + blockers),
        {.place = place(), .remedy = "try again when it has ended"});
  }
  link_.send_ahead("SET LOCAL lock_timeout = " + std::to_string(options_.lock_timeout_ms));
  return transaction;
}

}  // namespace doppel::postgres
