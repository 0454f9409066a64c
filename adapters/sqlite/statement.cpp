#include "adapters/sqlite/statement.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "adapters/sqlite/failure.hpp"
#include "base/error.hpp"

namespace doppel::sqlite {
namespace {

/// Whether nothing but blanks, semicolons and comments is left.
bool holds_no_statement(sqlite3* database, std::string_view sql) {
  if (std::ranges::all_of(sql, [](char c) {
        return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == ';';
      })) {
    return true;
  }
  sqlite3_stmt* rest = nullptr;
  const int result =
      sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &rest, nullptr);
  const StatementHandle owner(rest);
  return result == SQLITE_OK && rest == nullptr;
}

}  // namespace

Statement::Statement(sqlite3* database, std::string_view sql, std::string place)
    : database_(database), place_(std::move(place)) {
  if (sql.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw Error(ErrorCode::kInvalidInput, "a statement is too long",
                {.place = place_, .remedy = {}});
  }
  if (sql.find('\0') != std::string_view::npos) {
    throw Error(ErrorCode::kSql, "a statement holds a NUL byte", {.place = place_, .remedy = {}});
  }
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  const int result = sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, &tail);
  handle_.reset(statement);
  check(database, result, place_);
  if (statement == nullptr)
    throw Error(ErrorCode::kSql, "no statement", {.place = place_, .remedy = {}});
  const auto used = static_cast<std::size_t>(tail - sql.data());
  if (used < sql.size() && !holds_no_statement(database, sql.substr(used))) {
    throw Error(ErrorCode::kSql, "more than one statement",
                {.place = place_, .remedy = "give one statement at a time"});
  }
}

void Statement::bind(int index, const Value& value) {
  sqlite3_stmt* statement = handle_.get();
  int result = SQLITE_OK;
  switch (value.kind()) {
    case ValueKind::kNull:
      result = sqlite3_bind_null(statement, index);
      break;
    case ValueKind::kInteger:
      result = sqlite3_bind_int64(statement, index, value.integer());
      break;
    case ValueKind::kReal:
      result = sqlite3_bind_double(statement, index, value.real());
      break;
    case ValueKind::kText:
      result = sqlite3_bind_text64(statement, index, value.text().data(), value.text().size(),
                                   SQLITE_TRANSIENT, SQLITE_UTF8);
      break;
    case ValueKind::kBlob:
      result = sqlite3_bind_blob64(statement, index, value.blob().data(), value.blob().size(),
                                   SQLITE_TRANSIENT);
      break;
  }
  check(database_, result, place_);
}

void Statement::bind_all(std::span<const Value> values) {
  for (std::size_t i = 0; i < values.size(); ++i) bind(static_cast<int>(i) + 1, values[i]);
}

bool Statement::step() {
  const int result = sqlite3_step(handle_.get());
  check(database_, result, place_);
  return result == SQLITE_ROW;
}

void Statement::run() {
  while (step()) {
  }
}

void Statement::reset() noexcept {
  sqlite3_reset(handle_.get());
  sqlite3_clear_bindings(handle_.get());
}

Value column_of(sqlite3_stmt* statement, int index) {
  // Asked of the value, not of the statement: one look-up instead of three.
  sqlite3_value* value = sqlite3_column_value(statement, index);
  const auto bytes = [&](const void* start) {
    const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
    return start == nullptr ? std::string() : std::string(static_cast<const char*>(start), size);
  };
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_value_int64(value)};
    case SQLITE_FLOAT:
      return sqlite3_value_double(value);
    case SQLITE_TEXT:
      return bytes(sqlite3_value_text(value));
    case SQLITE_BLOB:
      return Blob{bytes(sqlite3_value_blob(value))};
    default:
      return {};
  }
}

Row row_of(sqlite3_stmt* statement) {
  const int count = sqlite3_column_count(statement);
  Row values;
  values.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) values.push_back(column_of(statement, i));
  return values;
}

StatementCache::Lease::Lease(StatementCache& cache, std::string sql,
                             std::unique_ptr<Statement> statement)
    : cache_(&cache), sql_(std::move(sql)), statement_(std::move(statement)) {}

StatementCache::Lease::~Lease() {
  if (statement_ == nullptr) return;
  statement_->reset();
  if (cache_->idle_.size() >= kLimit) return;
  if (cache_->readers_only_ && sqlite3_stmt_readonly(statement_->handle()) == 0) return;
  try {
    cache_->idle_.try_emplace(std::move(sql_), std::move(statement_));
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch)
    // The statement is prepared again next time.
  }
}

StatementCache::Lease StatementCache::prepare(sqlite3* database, std::string sql,
                                              const std::string& place) {
  const auto found = idle_.find(sql);
  if (found != idle_.end()) {
    auto statement = std::move(found->second);
    idle_.erase(found);
    return {*this, std::move(sql), std::move(statement)};
  }
  // Statements nobody asks for any more must not fill the cache for ever.
  if (idle_.size() >= kLimit) idle_.clear();
  auto statement = std::make_unique<Statement>(database, sql, place);
  return {*this, std::move(sql), std::move(statement)};
}

}  // namespace doppel::sqlite
