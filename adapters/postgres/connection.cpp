#include "adapters/postgres/connection.hpp"

#include <algorithm>
#include <utility>

#include "adapters/postgres/catalogue.hpp"
#include "adapters/postgres/failure.hpp"
#include "adapters/postgres/overlay_names.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

constexpr int kOldestVersion = 150000;

std::string path_text(const std::vector<std::string>& path) {
  std::vector<std::string> names = path;
  names.emplace_back(kOwnSchema);
  return database::quote_names(names);
}

/// The path that was given, else the role's own, is set with doppel's schema behind it. Answers it
/// without that, and who answers.
constexpr const char* kSetPath =
    "WITH path AS MATERIALIZED (SELECT coalesce($1::text[], array_remove(current_schemas(false), "
    "'doppel')::text[]) AS names) SELECT names, pg_backend_pid(), set_config('search_path', "
    "(SELECT string_agg(quote_ident(n), ', ' ORDER BY i) FROM unnest(names || 'doppel'::text) WITH "
    "ORDINALITY AS u (n, i)), false) FROM path";

}  // namespace

Connection::Connection(OpenOptions options, Lease lease)
    : options_(std::move(options)), lease_(std::move(lease)), link_(*lease_) {
  const int version = PQserverVersion(link_.handle());
  if (version < kOldestVersion) {
    throw Error(ErrorCode::kUnsupported,
                "the server is PostgreSQL " + std::to_string(version / 10000) +
                    ", and doppel needs 15 or later",
                {.place = place(), .remedy = "upgrade the server"});
  }
  const Value given[]{options_.path.empty() ? Value() : Value(text_array(options_.path))};
  const Row row = row_of(link_.run(kSetPath, given).get(), 0);
  for (auto& name : parse_array(row[0].text())) path_.push_back(std::move(name).value_or(""));
  // Its settings would be anybody's, and its transactions on any backend: a sandbox could be live.
  if (row[1] == Value(PQbackendPID(link_.handle()))) return;
  throw Error(ErrorCode::kUnsupported, "a connection pooler stands between doppel and the server",
              {.place = place(),
               .remedy = "name the server itself in the DSN; applications may use the pooler"});
}

void Connection::stand_in(const std::string& schema) {
  path_.insert(path_.begin(), schema);
  link_.run_script("SET search_path = " + path_text(path_));
  forget_facts();
}

std::unique_ptr<Connection> open(const OpenOptions& options) {
  return std::make_unique<Connection>(options);
}

std::unique_ptr<Connection> open(OpenOptions options, Pool& pool) {
  options.dsn = pool.dsn();
  Lease lease = pool.take(options);
  return std::make_unique<Connection>(std::move(options), std::move(lease));
}

std::vector<Row> Connection::query(std::string_view sql, std::span<const Value> parameters) {
  const ResultHandle result = guarded([&] { return link_.run(std::string(sql), parameters); });
  return rows_of(result.get());
}

std::int64_t Connection::execute(std::string_view sql, std::span<const Value> parameters) {
  const ResultHandle result = guarded([&] { return link_.run(std::string(sql), parameters); });
  return parse_integer(PQcmdTuples(result.get())).value_or(0);
}

void Connection::execute_script(std::string_view sql) {
  guarded([&] { return link_.run_script(std::string(sql)); });
  forget_facts();
}

bool Connection::has_own_table(std::string_view name) {
  const Value parameters[]{Value(own_table(name))};
  const ResultHandle result =
      guarded([&] { return link_.run("SELECT to_regclass($1) IS NOT NULL", parameters); });
  return value_of(result.get(), 0, 0).integer() != 0;
}

std::string Connection::own_table(std::string_view name) {
  return std::string(kOwnSchema) + "." + database::quote_name(name);
}

void Connection::prepare_own_tables() {
  execute_script("CREATE SCHEMA IF NOT EXISTS " + std::string(kOwnSchema));
}

std::optional<std::int64_t> Connection::server_microseconds() {
  const ResultHandle result = guarded([&] {
    return link_.run("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint");
  });
  return value_of(result.get(), 0, 0).integer();
}

const TableFacts& Connection::facts(const std::string& table) {
  const AlsoAsked also = asked_.empty() ? AlsoAsked::kAllOfThePath : AlsoAsked::kNone;
  if (!asked_.contains(table)) asked_.insert(table);
  const auto found = facts_.find(table);
  if (found != facts_.end()) return found->second;
  // Who asks about a table asks about more, and who asked in an earlier transaction will ask again:
  // to plan the question costs more than to answer it for all.
  std::vector<std::string> names;
  for (const std::string& name : asked_) {
    if (!facts_.contains(name)) names.push_back(name);
  }
  facts_.merge(read_facts(*this, names, also));
  const auto read = facts_.find(table);
  if (read != facts_.end()) return read->second;
  asked_.erase(table);
  throw Error(ErrorCode::kSql, "no such table: " + table, {.place = place(), .remedy = {}});
}

database::Schema Connection::read_schema() {
  forget_facts();
  return guarded([&] { return read_catalogue(*this); });
}

Savepoint::Savepoint(Link& link) : link_(link), open_(link.status() == PQTRANS_INTRANS) {
  if (!open_) return;
  sent_ = link_.sent();
  link_.send_ahead("SAVEPOINT doppel_call");
}

void Savepoint::keep() {
  if (!std::exchange(open_, false)) return;
  if (unsent()) {
    link_.take_back();
  } else if (link_.status() != PQTRANS_IDLE) {
    link_.send_ahead("RELEASE doppel_call");
  }
}

void Savepoint::undo() {
  if (open_ && !unsent()) link_.run_script("ROLLBACK TO doppel_call");
}

Savepoint::~Savepoint() {
  if (!open_) return;
  if (unsent()) {
    link_.take_back();
    return;
  }
  if (link_.status() == PQTRANS_IDLE) return;
  try {
    link_.run_script("ROLLBACK TO doppel_call; RELEASE doppel_call");
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch)
    // The connection broke: the transaction is gone with it.
  }
}

}  // namespace doppel::postgres
