#include "access/audit.hpp"

#include <algorithm>
#include <limits>

#include "access/event.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::access {
namespace {

using database::TransactionKind;

constexpr const char* kColumns =
    "number, at, who, environment, verb, resource, key, outcome, reason, request, address, hash";
constexpr std::int64_t kPage = 1000;
/// Whoever is refused chooses much of what is written of it.
constexpr std::size_t kLongestText = 500;

/// Text that both databases take and that JSON can say.
std::string stored(std::string_view text) { return printable(text, kLongestText); }

AuditRow row_from(const Row& row) {
  AuditRow made;
  // Whatever somebody put there: a chain with it doesn't hold.
  made.number = row[0].kind() == ValueKind::kInteger ? row[0].integer() : 0;
  std::size_t column = 1;
  for (std::string AuditRow::* text :
       {&AuditRow::at, &AuditRow::who, &AuditRow::environment, &AuditRow::verb, &AuditRow::resource,
        &AuditRow::key, &AuditRow::outcome, &AuditRow::reason, &AuditRow::request,
        &AuditRow::address, &AuditRow::hash}) {
    const Value& value = row[column++];
    made.*text = value.kind() == ValueKind::kText ? value.text() : display(value);
  }
  return made;
}

std::optional<AuditHead> read_head(database::SqlRunner& sql, const std::string& tenant) {
  const auto rows =
      sql.query("SELECT number, hash FROM access_audit_head WHERE tenant = $1", {Value(tenant)});
  if (rows.empty()) return std::nullopt;
  return AuditHead{rows[0][0].integer(), rows[0][1].text()};
}

void keep_head(database::SqlRunner& sql, const std::string& tenant,
               const std::optional<AuditHead>& former, const AuditHead& head) {
  if (!former) {
    sql.execute("INSERT INTO access_audit_head (tenant, number, hash) VALUES ($1, $2, $3)",
                {Value(tenant), Value(head.number), Value(head.hash)});
    return;
  }
  const auto moved = sql.execute(
      "UPDATE access_audit_head SET number = $2, hash = $3 WHERE tenant = $1 AND number = $4",
      {Value(tenant), Value(head.number), Value(head.hash), Value(former->number)});
  if (moved != 1) throw Error(ErrorCode::kBusy, "another doppel writes the audit");
}

void append_row(database::SqlRunner& sql, const std::string& tenant, const AuditRow& row) {
  sql.execute(
      std::string("INSERT INTO access_audit (tenant, ") + kColumns +
          ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
      {Value(tenant), Value(row.number), Value(row.at), Value(row.who), Value(row.environment),
       Value(row.verb), Value(row.resource), Value(row.key), Value(row.outcome), Value(row.reason),
       Value(row.request), Value(row.address), Value(row.hash)});
}

/// The next page, of numbers above.
std::vector<Row> page(const Store& store, std::int64_t after) {
  return store.sql().query(std::string("SELECT ") + kColumns +
                               " FROM access_audit WHERE tenant = $1 AND number > $2 "
                               "ORDER BY number LIMIT $3",
                           {Value(store.tenant), Value(after), Value(kPage)});
}

/// Below any number that is given: rows that somebody put there are found, too.
constexpr std::int64_t kBeforeAll = std::numeric_limits<std::int64_t>::min();

void scan_rows(const Store& store, const std::function<bool(const AuditRow&)>& sink) {
  std::int64_t after = kBeforeAll;
  while (true) {
    const std::vector<Row> rows = page(store, after);
    for (const Row& row : rows) {
      const AuditRow read = row_from(row);
      after = read.number;
      if (!sink(read) || row[0].kind() != ValueKind::kInteger) return;
    }
    if (rows.size() < static_cast<std::size_t>(kPage)) return;
  }
}

}  // namespace

AuditHead append_audit_within(database::SqlRunner& store, Instant at, const std::string& tenant,
                              std::span<const AuditEntry> entries) {
  const std::optional<AuditHead> former = read_head(store, tenant);
  AuditHead head = former.value_or(AuditHead{});
  if (entries.empty()) return head;
  for (const AuditEntry& entry : entries) {
    AuditRow row{.number = head.number + 1,
                 .at = to_text(at),
                 .who = stored(entry.who),
                 .environment = stored(entry.environment),
                 .verb = stored(entry.verb),
                 .resource = stored(entry.resource),
                 .key = stored(entry.key),
                 .outcome = std::string(to_text(entry.outcome)),
                 .reason = stored(entry.reason),
                 .request = stored(entry.request),
                 .address = stored(entry.address),
                 .hash = {}};
    row.hash = hash_row(tenant, head.hash, row);
    append_row(store, tenant, row);
    head = {row.number, row.hash};
  }
  keep_head(store, tenant, former, head);
  append_events_within(store, at, tenant, events_of(entries));
  return head;
}

AuditHead append_audit_within(const Store& store, const AuditEntry& entry) {
  return append_audit_within(store.sql(), store.now(), store.tenant, {&entry, 1});
}

AuditHead append_audit(const Store& store, std::span<const AuditEntry> entries) {
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  AuditHead head = append_audit_within(store.sql(), store.now(), store.tenant, entries);
  transaction->commit();
  return head;
}

AuditHead append_audit(const Store& store, const AuditEntry& entry) {
  return append_audit(store, {&entry, 1});
}

AuditEntry entry_of(const Actor& actor, std::string verb, std::string resource, std::string key) {
  return {.who = actor.who,
          .environment = "live",
          .verb = std::move(verb),
          .resource = std::move(resource),
          .key = std::move(key),
          .request = actor.request,
          .address = actor.address};
}

std::vector<AuditRow> list_audit(const Store& store, const AuditFilter& filter) {
  std::string sql =
      std::string("SELECT ") + kColumns + " FROM access_audit WHERE tenant = $1 AND number > $2";
  std::vector<Value> values{Value(store.tenant), Value(filter.after)};
  const auto add = [&](const char* condition, Value value) {
    values.push_back(std::move(value));
    sql += std::string(" AND ") + condition + "$" + std::to_string(values.size());
  };
  if (filter.before > 0) add("number < ", Value(filter.before));
  if (!filter.who.empty()) add("who = ", Value(filter.who));
  if (!filter.environment.empty()) add("environment = ", Value(filter.environment));
  if (!filter.verb.empty()) add("verb = ", Value(filter.verb));
  if (!filter.resource.empty()) add("resource = ", Value(filter.resource));
  if (!filter.key.empty()) add("key = ", Value(filter.key));
  if (!filter.outcome.empty()) add("outcome = ", Value(filter.outcome));
  sql += filter.order == AuditOrder::kNewestFirst ? " ORDER BY number DESC" : " ORDER BY number";
  values.emplace_back(static_cast<std::int64_t>(std::min(filter.limit, kMostAuditRows)));
  sql += " LIMIT $" + std::to_string(values.size());
  std::vector<AuditRow> rows;
  for (const Row& row : store.sql().query(sql, values)) rows.push_back(row_from(row));
  return rows;
}

void scan_audit(const Store& store, const std::function<bool(const AuditRow&)>& sink) {
  const auto snapshot = store.connection.begin(TransactionKind::kRead);
  scan_rows(store, sink);
}

Verification verify_audit(const Store& store, const std::optional<AuditHead>& known) {
  const auto snapshot = store.connection.begin(TransactionKind::kRead);
  ChainCheck check(store.tenant, known);
  scan_rows(store, [&](const AuditRow& row) {
    check.add(row);
    return !check.has_fault();
  });
  return check.finish(read_head(store.sql(), store.tenant));
}

std::optional<AuditHead> audit_head(const Store& store) {
  return read_head(store.sql(), store.tenant);
}

}  // namespace doppel::access
