#include "adapters/postgres/link.hpp"

#include <array>
#include <cerrno>
#include <chrono>

#include <poll.h>

#include "adapters/postgres/failure.hpp"
#include "adapters/postgres/values.hpp"
#include "base/text.hpp"
#include "database/dsn.hpp"

namespace doppel::postgres {
namespace {

/// How long a cancelled statement may take to end before the connection is given up.
constexpr std::int64_t kCancelPatienceMs = 5000;
constexpr std::size_t kShown = 200;
constexpr const char* kNone = nullptr;

std::int64_t now_ms() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

ConnectionHandle connect(const OpenOptions& options) {
  const std::string patience = std::to_string(options.connect_timeout_s);
  // What stands after the DSN overrides it, what stands before is for where it says nothing.
  const std::array keywords{"connect_timeout", "application_name", "keepalives_idle",
                            "dbname",          "client_encoding",  kNone};
  const std::array values{patience.c_str(), "doppel", "30", options.dsn.c_str(), "UTF8", kNone};
  return ConnectionHandle(PQconnectdbParams(keywords.data(), values.data(), 1));
}

void cancel(PGconn* connection) {
  const CancelHandle handle(PQgetCancel(connection));
  std::array<char, 256> message{};
  if (handle) PQcancel(handle.get(), message.data(), static_cast<int>(message.size()));
}

void ignore_notice(void* /*unused*/, const PGresult* /*unused*/) {}

}  // namespace

void check(const PGresult* result, const std::string& place) {
  switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_SINGLE_TUPLE:
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_EMPTY_QUERY:
      return;
    default:
      throw ServerError(problem_of(result), place);
  }
}

Link::Link(const OpenOptions& options)
    : place_(printable(database::without_secrets(options.dsn), kShown)),
      statement_timeout_ms_(options.statement_timeout_ms),
      handle_(connect(options)) {
  if (handle_ == nullptr) throw Error(ErrorCode::kIo, "there is not enough memory");
  if (PQstatus(handle_.get()) != CONNECTION_OK) fail_to_connect(handle_.get(), place_);
  PQsetNoticeReceiver(handle_.get(), ignore_notice, nullptr);
  const bool read_only = options.access == database::Access::kReadOnly;
  run_script(
      "SET standard_conforming_strings = on; SET datestyle = 'ISO, YMD'; "
      "SET intervalstyle = postgres; SET timezone = 'UTC'; SET extra_float_digits = 1; "
      "SET bytea_output = hex; SET lc_monetary = 'C'; SET xmloption = content; "
      "SET lock_timeout = " +
      std::to_string(options.lock_timeout_ms) +
      "; SET default_transaction_read_only = " + (read_only ? "on" : "off"));
}

/// Sends what is left and waits for what comes, until the deadline; then cancels, and gives up the
/// connection when that doesn't help either.
void Link::flush_and_wait(bool& cancelled, std::int64_t& left_ms) {
  const int unsent = PQflush(handle_.get());
  const short wanted = static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN);
  pollfd wait{.fd = PQsocket(handle_.get()), .events = wanted, .revents = 0};
  const bool limited = statement_timeout_ms_ > 0;
  const std::int64_t started = now_ms();
  const int ready = ::poll(&wait, 1, limited ? static_cast<int>(left_ms) : -1);
  if (limited) left_ms -= now_ms() - started;
  if (ready < 0 && errno != EINTR) throw Error(ErrorCode::kIo, "poll failed", {.place = place_});
  if (ready > 0 && PQconsumeInput(handle_.get()) == 0) return;  // PQgetResult says what it was.
  if (!limited || left_ms > 0) return;
  if (cancelled) {
    handle_.reset();  // Every call of libpq takes no connection for a broken one.
    throw Error(ErrorCode::kIo, "the server doesn't answer", {.place = place_, .remedy = {}});
  }
  cancelled = true;
  left_ms = kCancelPatienceMs;
  cancel(handle_.get());
}

ResultHandle Link::collect() {
  ResultHandle last;
  bool cancelled = false;
  std::int64_t left_ms = statement_timeout_ms_;
  for (;;) {
    while (PQisBusy(handle_.get()) != 0 || PQflush(handle_.get()) > 0) {
      if (PQstatus(handle_.get()) == CONNECTION_BAD) break;
      flush_and_wait(cancelled, left_ms);
    }
    ResultHandle next(PQgetResult(handle_.get()));
    if (next == nullptr) break;
    // The first failure is the one to tell.
    const bool failed = last != nullptr && PQresultStatus(last.get()) == PGRES_FATAL_ERROR;
    if (!failed) last = std::move(next);
  }
  if (last == nullptr) {
    throw Error(ErrorCode::kIo,
                "the connection broke: " + printable(trim(PQerrorMessage(handle_.get())), kShown),
                {.place = place_, .remedy = "check that the server runs, then run it again"});
  }
  if (cancelled && PQresultStatus(last.get()) == PGRES_FATAL_ERROR) {
    throw Error(ErrorCode::kBusy,
                "a statement was cancelled after " + std::to_string(statement_timeout_ms_) + " ms",
                {.place = place_, .remedy = {}});
  }
  check(last.get(), place_);
  return last;
}

ResultHandle Link::run(const std::string& sql, std::span<const Value> parameters) {
  std::vector<std::optional<std::string>> texts;
  std::vector<const char*> values;
  texts.reserve(parameters.size());
  for (const Value& parameter : parameters) {
    texts.push_back(text_of(parameter));
    values.push_back(texts.back() ? texts.back()->c_str() : nullptr);
  }
  if (sql.find('\0') != std::string::npos) {
    throw Error(ErrorCode::kSql, "a statement holds a NUL byte", {.place = place_, .remedy = {}});
  }
  PQsendQueryParams(handle_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                    values.data(), nullptr, nullptr, 0);
  return collect();
}

ResultHandle Link::run_script(const std::string& sql) {
  if (sql.find('\0') != std::string::npos) {
    throw Error(ErrorCode::kSql, "a script holds a NUL byte", {.place = place_, .remedy = {}});
  }
  PQsendQuery(handle_.get(), sql.c_str());
  return collect();
}

}  // namespace doppel::postgres
