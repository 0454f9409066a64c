#include "adapters/postgres/store.hpp"

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/failure.hpp"
#include "base/error.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

/// Beside `doppel`, which an application's database may have in the same place.
constexpr const char* kStoreSchema = "doppel_store";
/// Its writers' turn: "stor".
constexpr std::int32_t kStoreWriters = 0x73746F72;
/// A transaction on it is a matter of milliseconds: whoever sleeps in one keeps all others out.
constexpr int kIdleTimeoutMs = 10'000;

void make_schema(Connection& connection) {
  const auto transaction = connection.begin(database::TransactionKind::kWrite);
  database::SqlRunner& sql = *connection.sql();
  if (!sql.query("SELECT FROM pg_namespace WHERE nspname = $1", {Value(kStoreSchema)}).empty()) {
    return;
  }
  try {
    sql.execute_script("CREATE SCHEMA " + database::quote_name(kStoreSchema));
  } catch (const ServerError& error) {
    if (error.code() != ErrorCode::kReadOnly || error.problem().sqlstate != "42501") throw;
    throw Error(ErrorCode::kReadOnly,
                "the control store can't be made: " + std::string(error.what()),
                {.place = connection.place(),
                 .remedy = "GRANT CREATE ON DATABASE to the role of DOPPEL_HOME, or let its owner "
                           "make schema doppel_store and give it to the role"});
  }
  transaction->commit();
}

}  // namespace

std::unique_ptr<database::Connection> open_store(const std::string& dsn) {
  auto connection = postgres::open({.dsn = dsn,
                                    .access = database::Access::kReadWrite,
                                    .path = {kStoreSchema},
                                    .writer_lock = kStoreWriters,
                                    .lock_timeout_ms = 10'000,
                                    .idle_timeout_ms = kIdleTimeoutMs});
  const auto there = connection->sql()->query("SELECT FROM pg_namespace WHERE nspname = $1",
                                              {Value(kStoreSchema)});
  if (there.empty()) make_schema(*connection);
  return connection;
}

}  // namespace doppel::postgres
