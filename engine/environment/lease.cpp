#include "environment/lease.hpp"

#include <vector>

#include "base/error.hpp"

namespace doppel::environment {
namespace {

using database::TransactionKind;

/// A lease as it stands in the store. `expires_at` 0: nobody has it.
struct Held {
  std::int64_t token = 0, taken_at = 0, expires_at = 0;
  std::string by, what;
  ProcessId process;

  bool by_somebody(Instant now) const {
    return expires_at > now.microseconds && !has_surely_ended(process);
  }
};

std::optional<Held> find(database::SqlRunner& sql, const std::string& resource) {
  const auto rows = sql.query(
      "SELECT token, taken_at, expires_at, by_whom, what, host, machine, process, process_started "
      "FROM lease WHERE resource = $1",
      {Value(resource)});
  if (rows.empty()) return std::nullopt;
  const Row& row = rows[0];
  return Held{.token = row[0].integer(),
              .taken_at = row[1].integer(),
              .expires_at = row[2].integer(),
              .by = row[3].text(),
              .what = row[4].text(),
              .process = {.host = row[5].text(),
                          .machine = row[6].text(),
                          .number = static_cast<int>(row[7].integer()),
                          .started = row[8].text()}};
}

/// To the second: nobody wants to know more.
std::string at(std::int64_t microseconds) {
  constexpr std::int64_t kSecond = 1'000'000;
  return to_text(Instant{microseconds / kSecond * kSecond});
}

std::string who(const Held& held) {
  return held.by + " (" + held.what + ", process " + std::to_string(held.process.number) + " on " +
         held.process.host + ")";
}

}  // namespace

Lease take_lease(database::Connection& store, const Clock& clock, const LeaseRequest& request) {
  database::SqlRunner& sql = *store.sql();
  const auto transaction = store.begin(TransactionKind::kWrite);
  const Instant now = store_time(sql, clock);
  const std::optional<Held> held = find(sql, request.resource);
  if (held && held->by_somebody(now)) {
    throw Error(ErrorCode::kBusy,
                who(*held) + " works on " + request.title + " since " + at(held->taken_at),
                {.place = request.title,
                 .remedy = "wait until it has finished; if it died, its hold ends at " +
                           at(held->expires_at)});
  }
  const Lease lease{request.resource, held ? held->token + 1 : 1};
  sql.execute("DELETE FROM lease WHERE resource = $1", {Value(request.resource)});
  sql.execute(
      "INSERT INTO lease (resource, token, by_whom, what, host, machine, process, process_started, "
      "taken_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
      {Value(lease.resource), Value(lease.token), Value(request.by), Value(request.what),
       Value(request.process.host), Value(request.process.machine), Value(request.process.number),
       Value(request.process.started), Value(now.microseconds),
       Value(now.microseconds + request.microseconds)});
  transaction->commit();
  return lease;
}

bool renew_lease(database::Connection& store, const Clock& clock, const Lease& lease,
                 std::int64_t microseconds) {
  database::SqlRunner& sql = *store.sql();
  const auto transaction = store.begin(TransactionKind::kWrite);
  const auto renewed = sql.execute(
      "UPDATE lease SET expires_at = $3 WHERE resource = $1 AND token = $2 AND expires_at > 0",
      {Value(lease.resource), Value(lease.token),
       Value(store_time(sql, clock).microseconds + microseconds)});
  transaction->commit();
  return renewed == 1;
}

void end_lease(database::Connection& store, const Lease& lease) {
  const auto transaction = store.begin(TransactionKind::kWrite);
  // The number goes on for as long as there is something to work on.
  store.sql()->execute(
      "DELETE FROM lease WHERE resource = $1 AND token = $2 AND resource IN "
      "(SELECT 'environment ' || id FROM environment WHERE state = 'discarded')",
      {Value(lease.resource), Value(lease.token)});
  store.sql()->execute("UPDATE lease SET expires_at = 0 WHERE resource = $1 AND token = $2",
                       {Value(lease.resource), Value(lease.token)});
  transaction->commit();
}

void require_lease(database::SqlRunner& sql, const Lease& lease, const std::string& title) {
  const std::optional<Held> held = find(sql, lease.resource);
  if (held && held->token == lease.token && held->expires_at > 0) return;
  throw Error(ErrorCode::kBusy,
              "this doppel was away for longer than its hold lasted, and " +
                  (held ? who(*held) : "somebody") + " has taken over",
              {.place = title, .remedy = "see what was done meanwhile, then run it again"});
}

}  // namespace doppel::environment
