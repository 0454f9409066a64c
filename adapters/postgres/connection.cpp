#include "adapters/postgres/connection.hpp"

#include <algorithm>
#include <utility>

#include "adapters/postgres/catalogue.hpp"
#include "adapters/postgres/failure.hpp"
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

std::vector<std::string> path_of_role(Link& link) {
  std::vector<std::string> path;
  const ResultHandle found = link.run("SELECT unnest(current_schemas(false))");
  for (const Row& row : rows_of(found.get())) {
    if (row[0].text() != kOwnSchema) path.push_back(row[0].text());
  }
  return path;
}

}  // namespace

Connection::Connection(OpenOptions options) : options_(std::move(options)), link_(options_) {
  const int version = PQserverVersion(link_.handle());
  if (version < kOldestVersion) {
    throw Error(ErrorCode::kUnsupported,
                "the server is PostgreSQL " + std::to_string(version / 10000) +
                    ", and doppel needs 15 or later",
                {.place = place(), .remedy = "upgrade the server"});
  }
  path_ = options_.path.empty() ? path_of_role(link_) : options_.path;
  const ResultHandle backend =
      link_.run_script("SET search_path = " + path_text(path_) + "; SELECT pg_backend_pid()");
  // Its settings would be anybody's, and its transactions on any backend: a sandbox could be live.
  if (value_of(backend.get(), 0, 0) == Value(PQbackendPID(link_.handle()))) return;
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

std::optional<Relation> Connection::find_relation(const std::string& table) {
  // A name with a dot may be one of a table on the path that somebody called so.
  const Value parameters[]{Value(table)};
  const ResultHandle result = link_.run(
      // What there is to know of a view on a table that sandboxes share is that table's.
      "SELECT coalesce(b.oid, c.oid), quote_ident(n.nspname) || '.' || quote_ident(c.relname), "
      "c.relkind = 'r' AND c.relhassubclass, c.relkind IN ('r', 'p') OR b.oid IS NOT NULL "
      "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
      "LEFT JOIN pg_class b ON starts_with(n.nspname, 'zz_doppel_view_') AND b.relkind = 'r' AND "
      "b.relname = c.relname AND b.relnamespace = "
      "to_regnamespace(quote_ident(replace(n.nspname, 'zz_doppel_view_', 'zz_doppel_rows_'))) "
      "WHERE c.relkind "
      "IN ('r', 'p', 'v', 'm', 'f')"
      " AND ((c.relname = $1 AND pg_table_is_visible(c.oid)) OR (position('.' in $1) > 0 AND "
      "c.relname = ANY (SELECT substr($1, s + 1) FROM generate_series(1, length($1)) AS s "
      "WHERE substr($1, s, 1) = '.') AND n.nspname || '.' || c.relname = $1)) "
      "ORDER BY pg_table_is_visible(c.oid) DESC LIMIT 1",
      parameters);
  if (PQntuples(result.get()) == 0) return std::nullopt;
  const Row row = row_of(result.get(), 0);
  const std::string& text = row[1].text();
  const bool inherited = row[2].integer() != 0;
  return Relation{.oid = row[0].integer(),
                  .text = text,
                  .own = inherited ? "ONLY " + text : text,
                  .table = row[3].integer() != 0};
}

const TableFacts& Connection::facts(const std::string& table) {
  const auto found = facts_.find(table);
  if (found != facts_.end()) return found->second;
  return facts_.emplace(table, read_facts(*this, table)).first->second;
}

database::Schema Connection::read_schema() {
  forget_facts();
  return guarded([&] { return read_catalogue(*this); });
}

Savepoint::Savepoint(Link& link) : link_(link), open_(link.status() == PQTRANS_INTRANS) {
  if (open_) link_.run_script("SAVEPOINT doppel_call");
}

void Savepoint::keep() {
  if (std::exchange(open_, false)) link_.run_script("RELEASE doppel_call");
}

void Savepoint::undo() {
  if (open_) link_.run_script("ROLLBACK TO doppel_call");
}

Savepoint::~Savepoint() {
  if (!open_ || link_.status() == PQTRANS_IDLE) return;
  try {
    link_.run_script("ROLLBACK TO doppel_call; RELEASE doppel_call");
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch)
    // The connection broke: the transaction is gone with it.
  }
}

}  // namespace doppel::postgres
