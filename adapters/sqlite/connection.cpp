#include "adapters/sqlite/connection.hpp"

#include <algorithm>
#include <utility>

#include "adapters/sqlite/base_copy.hpp"
#include "adapters/sqlite/catalogue.hpp"
#include "adapters/sqlite/failure.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::sqlite {
namespace {

/// Binds $1, $2, ... by their numbers: SQLite numbers $N by first appearance.
void bind_numbered(Statement& statement, std::span<const Value> parameters,
                   const std::string& place) {
  const int count = sqlite3_bind_parameter_count(statement.handle());
  for (int index = 1; index <= count; ++index) {
    const char* name = sqlite3_bind_parameter_name(statement.handle(), index);
    const std::string_view text = name == nullptr ? "?" : name;
    const auto number = text.starts_with('$') ? parse_integer(text.substr(1)) : std::nullopt;
    if (!number || *number < 1 || static_cast<std::size_t>(*number) > parameters.size()) {
      throw Error(ErrorCode::kSql, "no value for the parameter " + std::string(text),
                  {.place = place, .remedy = "parameters are $1, $2, ... and all have values"});
    }
    statement.bind(index, parameters[static_cast<std::size_t>(*number) - 1]);
  }
}

/// A path as a URI: what has a meaning in one is written by its number.
std::string uri_of(const std::string& path, std::string_view mode) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      const auto byte = static_cast<unsigned char>(c);
      uri += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    } else {
      uri += c;
    }
  }
  return uri + "?mode=" + std::string(mode);
}

}  // namespace

Connection::Connection(DatabaseHandle handle, OpenOptions options)
    : options_(std::move(options)), handle_(std::move(handle)) {}

void Connection::attach_live(const std::string& live_path, database::Access access) {
  const bool writes = access == database::Access::kReadWrite;
  sql()->execute("ATTACH $1 AS live", {Value(uri_of(live_path, writes ? "rw" : "ro"))});
  live_path_ = live_path;
}

void Connection::install_guard(GuardRules rules) {
  statements_.clear();
  statements_.keep_readers_only();
  guard_ = std::make_unique<Guard>(handle_.get(), std::move(rules));
}

void Connection::rethrow_refusal(const Error& error) const {
  if (!guard_ || !guard_->refusal()) throw error;
  const Refusal& refusal = *guard_->refusal();
  throw Error(refusal.code, refusal.message, {.place = error.place(), .remedy = refusal.remedy});
}

StatementCache::Lease Connection::prepare(std::string sql) {
  if (guard_) guard_->begin_statement();
  try {
    return statements_.prepare(handle_.get(), std::move(sql), path());
  } catch (const Error& error) {
    rethrow_refusal(error);
  }
}

void Connection::run_script(const std::string& sql) {
  if (guard_) guard_->begin_statement();
  try {
    check(handle_.get(), sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr),
          path());
  } catch (const Error& error) {
    rethrow_refusal(error);
  }
}

std::string Connection::file_of(const std::string& table) {
  if (live_path_.empty()) return "main";
  auto own = prepare("SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND lower(name) = ?1");
  own->bind(1, to_lower_ascii(table));
  return own->step() ? "main" : "live";
}

database::Schema Connection::read_schema() {
  if (live_path_.empty()) {
    if (in_transaction()) return read_catalogue(*this);
    // One moment for all of it, and one lock instead of one for every question.
    const auto moment = begin(database::TransactionKind::kRead);
    return read_catalogue(*this);
  }
  // The sandbox's own tables have the columns that live's had when it was made. All else is live's,
  // the keys as well, of which those between the files can't be declared.
  database::Schema schema = sqlite::open({.path = live_path_})->read_schema();
  for (database::Table& own : read_catalogue(*this).tables) {
    const auto table = std::ranges::find(schema.tables, own.name, &database::Table::name);
    if (table == schema.tables.end()) {
      schema.tables.push_back(std::move(own));
    } else {
      table->columns = std::move(own.columns);
      table->primary_key = std::move(own.primary_key);
    }
  }
  std::ranges::sort(schema.tables, {}, &database::Table::name);
  return schema;
}

std::optional<std::int64_t> Connection::version() {
  auto statement = prepare("PRAGMA main.data_version");
  if (!live_path_.empty() || !statement->step()) return std::nullopt;
  return statement->column(0).integer();
}

std::optional<std::string> Connection::fingerprint() {
  if (!live_path_.empty()) return std::nullopt;
  return file_state(*this);
}

std::vector<Row> Connection::query(std::string_view sql, std::span<const Value> parameters) {
  auto statement = prepare(std::string(sql));
  bind_numbered(*statement, parameters, path());
  std::vector<Row> rows;
  while (statement->step()) rows.push_back(statement->row());
  return rows;
}

std::int64_t Connection::execute(std::string_view sql, std::span<const Value> parameters) {
  auto statement = prepare(std::string(sql));
  bind_numbered(*statement, parameters, path());
  // sqlite3_changes keeps the count of an earlier statement when this one isn't INSERT, UPDATE or
  // DELETE; the total tells whether it moved.
  const std::int64_t before = sqlite3_total_changes64(handle_.get());
  statement->run();
  if (sqlite3_total_changes64(handle_.get()) == before) return 0;
  return sqlite3_changes64(handle_.get());
}

void Connection::execute_script(std::string_view sql) {
  if (sql.find('\0') != std::string_view::npos) {
    throw Error(ErrorCode::kSql, "a script holds a NUL byte", {.place = path(), .remedy = {}});
  }
  run_script(std::string(sql));
}

bool Connection::has_own_table(std::string_view name) {
  return !sql()->query("SELECT 1 FROM sqlite_schema WHERE name = $1", {Value(name)}).empty();
}

std::string Connection::own_table(std::string_view name) { return database::quote_name(name); }

}  // namespace doppel::sqlite
