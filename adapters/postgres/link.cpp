#include "adapters/postgres/link.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

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

void require_text(const std::string& sql, const std::string& place) {
  if (sql.find('\0') == std::string::npos) return;
  throw Error(ErrorCode::kSql, "a statement holds a NUL byte", {.place = place, .remedy = {}});
}

/// A COPY can't be among several statements of one round trip.
bool may_be_piped(const std::string& sql) {
  return to_lower_ascii(sql).find("copy") == std::string::npos;
}

/// Parameters as they go over the wire. Throws for text that the server can't hold.
class Texts {
 public:
  explicit Texts(std::span<const Value> parameters) {
    texts_.reserve(parameters.size());
    for (const Value& parameter : parameters) {
      texts_.push_back(text_of(parameter));
      values_.push_back(texts_.back() ? texts_.back()->c_str() : nullptr);
    }
  }
  bool send(PGconn* connection, const std::string& sql) const {
    return PQsendQueryParams(connection, sql.c_str(), static_cast<int>(values_.size()), nullptr,
                             values_.data(), nullptr, nullptr, 0) != 0;
  }

 private:
  std::vector<std::optional<std::string>> texts_;
  std::vector<const char*> values_;
};

void ignore_notice(void* /*unused*/, const PGresult* /*unused*/) {}

/// On these the text of values depends, and how long things may take.
std::string settings_text(const OpenOptions& options) {
  const bool read_only = options.access == database::Access::kReadOnly;
  return "SELECT set_config(s.name, s.value, false) FROM (VALUES "
         "('standard_conforming_strings', 'on'), ('datestyle', 'ISO, YMD'), "
         "('intervalstyle', 'postgres'), ('timezone', 'UTC'), ('extra_float_digits', '1'), "
         "('bytea_output', 'hex'), ('lc_monetary', 'C'), ('xmloption', 'content'), "
         // What is asked here is asked once: to compile it takes longer than to answer it.
         "('jit', 'off'), "
         // What a killed doppel left running ends soon, too.
         "('client_connection_check_interval', '2s'), "
         "('lock_timeout', '" +
         std::to_string(options.lock_timeout_ms) + "'), ('default_transaction_read_only', '" +
         (read_only ? "on" : "off") + "'), ('idle_in_transaction_session_timeout', CASE " +
         "current_setting('idle_in_transaction_session_timeout') WHEN '0' THEN '" +
         std::to_string(options.idle_timeout_ms) +
         "' ELSE current_setting('idle_in_transaction_session_timeout') END)) AS s (name, value)";
}

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

Link::Link(const OpenOptions& options, Settings settings)
    : place_(printable(database::without_secrets(options.dsn), kShown)),
      dsn_(options.dsn),
      statement_timeout_ms_(options.statement_timeout_ms),
      lock_timeout_ms_(options.lock_timeout_ms),
      handle_(connect(options)) {
  if (handle_ == nullptr) throw Error(ErrorCode::kIo, "there is not enough memory");
  if (PQstatus(handle_.get()) != CONNECTION_OK) fail_to_connect(handle_.get(), place_);
  PQsetNoticeReceiver(handle_.get(), ignore_notice, nullptr);
  if (settings == Settings::kAtOnce) {
    run_script(settings_text(options));
  } else {
    send_ahead(settings_text(options));
  }
}

void Link::forget_all() {
  ahead_.clear();
  run_script("DISCARD ALL");
}

void Link::begin_anew(const OpenOptions& options) {
  statement_timeout_ms_ = options.statement_timeout_ms;
  lock_timeout_ms_ = options.lock_timeout_ms;
  send_ahead(settings_text(options));
}

bool Link::is_open() const {
  pollfd socket{.fd = PQsocket(handle_.get()), .events = POLLIN, .revents = 0};
  // Nobody asked: what comes is the server's farewell.
  return PQstatus(handle_.get()) == CONNECTION_OK && ::poll(&socket, 1, 0) == 0;
}

void Link::begin_waiting() {
  left_ms_ = statement_timeout_ms_;
  cancelled_ = false;
  // Late enough that few statements are asked about, and before the lock's own deadline.
  look_in_ms_ = lock_timeout_ms_ > 0 ? lock_timeout_ms_ * 3 / 5 : -1;
  blockers_.clear();
  blocker_ = 0;
}

void Link::look_for_blockers() {
  look_in_ms_ = -1;
  // Nothing that goes wrong here may hide what is asked about.
  const ConnectionHandle other = connect({.dsn = dsn_, .connect_timeout_s = 2});
  if (other == nullptr || PQstatus(other.get()) != CONNECTION_OK) return;
  const std::string backend = std::to_string(PQbackendPID(handle_.get()));
  const std::array values{backend.c_str()};
  // Of other roles' sessions a role may see no more than name and number.
  const ResultHandle found(PQexecParams(
      other.get(),
      "SELECT a.pid, concat_ws(', ', 'session ' || a.pid, 'role ' || a.usename, "
      "nullif(a.application_name, ''), a.state || to_char(a.state_change AT TIME ZONE 'UTC', "
      "' \"since\" YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), nullif(left(regexp_replace(a.query, "
      "'\\s+', ' ', 'g'), 120), '')) FROM unnest(pg_blocking_pids($1::integer)) AS b "
      "JOIN pg_stat_activity AS a ON a.pid = b ORDER BY a.pid",
      1, nullptr, values.data(), nullptr, nullptr, 0));
  if (PQresultStatus(found.get()) != PGRES_TUPLES_OK) return;
  for (int row = 0; row < PQntuples(found.get()); ++row) {
    if (row == 0) blocker_ = parse_integer(PQgetvalue(found.get(), row, 0)).value_or(0);
    blockers_ += (row == 0 ? "" : "; ") + printable(PQgetvalue(found.get(), row, 1), kShown);
  }
}

void Link::check_here(const PGresult* result) {
  try {
    check(result, place_);
  } catch (const ServerError& error) {
    if (error.problem().sqlstate != "55P03" || blocker_ == 0) throw;
    Problem problem = error.problem();
    problem.blockers = blockers_;
    problem.blocker = blocker_;
    throw ServerError(problem, place_);
  }
}

/// Sends what is left and waits for what comes, until the deadline; then cancels, and gives up the
/// connection when that doesn't help either.
void Link::flush_and_wait() {
  const int unsent = PQflush(handle_.get());
  const auto wanted = static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN);
  pollfd wait{.fd = PQsocket(handle_.get()), .events = wanted, .revents = 0};
  const bool limited = statement_timeout_ms_ > 0;
  const bool looks = look_in_ms_ >= 0;
  std::int64_t patience = limited ? left_ms_ : -1;
  if (looks) patience = limited ? std::min(left_ms_, look_in_ms_) : look_in_ms_;
  const std::int64_t started = now_ms();
  const int ready = ::poll(&wait, 1, static_cast<int>(patience));
  const std::int64_t waited = now_ms() - started;
  if (limited) left_ms_ = std::max<std::int64_t>(0, left_ms_ - waited);
  if (looks) look_in_ms_ = std::max<std::int64_t>(0, look_in_ms_ - waited);
  if (ready < 0 && errno != EINTR) throw Error(ErrorCode::kIo, "poll failed", {.place = place_});
  if (ready > 0 && PQconsumeInput(handle_.get()) == 0) return;  // PQgetResult says what it was.
  if (ready == 0 && looks && look_in_ms_ == 0) look_for_blockers();
  if (!limited || left_ms_ > 0) return;
  if (cancelled_) {
    handle_.reset();  // Every call of libpq takes no connection for a broken one.
    throw Error(ErrorCode::kIo, "the server doesn't answer", {.place = place_, .remedy = {}});
  }
  cancelled_ = true;
  left_ms_ = kCancelPatienceMs;
  cancel(handle_.get());
}

ResultHandle Link::next() {
  while (PQisBusy(handle_.get()) != 0) {
    if (PQstatus(handle_.get()) == CONNECTION_BAD) break;
    flush_and_wait();
  }
  return ResultHandle(PQgetResult(handle_.get()));
}

void Link::refuse_copy(const PGresult* result) {
  if (PQresultStatus(result) == PGRES_COPY_IN) {
    PQputCopyEnd(handle_.get(), "COPY isn't done here");
    return;
  }
  char* data = nullptr;
  while (PQgetCopyData(handle_.get(), &data, 0) > 0) PQfreemem(data);
}

void Link::fail_broken() {
  throw Error(ErrorCode::kIo,
              "the connection broke: " + printable(trim(PQerrorMessage(handle_.get())), kShown),
              {.place = place_, .remedy = "check that the server runs, then run it again"});
}

ResultHandle Link::collect() {
  ResultHandle last;
  bool copies = false;
  for (ResultHandle result = next(); result != nullptr; result = next()) {
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT) {
      copies = true;
      refuse_copy(result.get());
      continue;
    }
    // The first failure is the one to tell.
    const bool failed = last != nullptr && PQresultStatus(last.get()) == PGRES_FATAL_ERROR;
    if (!failed) last = std::move(result);
  }
  if (copies) {
    throw Error(ErrorCode::kUnsupported, "COPY from and to a client isn't done here",
                {.place = place_, .remedy = "use psql for it"});
  }
  if (last == nullptr) fail_broken();
  if (cancelled_ && PQresultStatus(last.get()) == PGRES_FATAL_ERROR) fail_cancelled();
  check_here(last.get());
  return last;
}

void Link::fail_cancelled() {
  throw Error(ErrorCode::kBusy,
              "a statement was cancelled after " + std::to_string(statement_timeout_ms_) + " ms",
              {.place = place_, .remedy = {}});
}

void Link::send(const std::string& sql, std::span<const Value> parameters) {
  require_text(sql, place_);
  const Texts texts(parameters);
  flush_ahead();
  begin_waiting();
  ++sent_;
  if (!texts.send(handle_.get(), sql)) fail_broken();
}

ResultHandle Link::run(const std::string& sql, std::span<const Value> parameters) {
  if (!ahead_.empty() && may_be_piped(sql)) {
    const Statement statement{sql, {parameters.begin(), parameters.end()}};
    return std::move(run_all(std::span(&statement, 1)).front());
  }
  send(sql, parameters);
  return collect();
}

void Link::flush_ahead() {
  if (!ahead_.empty()) run_all({});
}

ResultHandle Link::collect_one() {
  ResultHandle last;
  for (ResultHandle result = next(); result != nullptr; result = next()) last = std::move(result);
  if (last == nullptr) fail_broken();
  return last;
}

std::vector<ResultHandle> Link::collect_all(std::size_t count) {
  std::vector<ResultHandle> results;
  ResultHandle failed;
  for (std::size_t i = 0; i < count; ++i) {
    results.push_back(collect_one());
    const ExecStatusType status = PQresultStatus(results.back().get());
    if (status == PGRES_FATAL_ERROR && failed == nullptr) failed = std::move(results.back());
  }
  const ResultHandle end = next();
  if (PQexitPipelineMode(handle_.get()) == 0) fail_broken();
  if (failed == nullptr) return results;
  if (cancelled_) fail_cancelled();
  check_here(failed.get());
  return results;
}

std::vector<ResultHandle> Link::run_all(std::span<const Statement> statements) {
  std::vector<Texts> texts;
  for (const Statement& statement : statements) {
    require_text(statement.sql, place_);
    texts.emplace_back(statement.parameters);
  }
  const std::vector<std::string> ahead = std::exchange(ahead_, {});
  const std::size_t count = ahead.size() + statements.size();
  sent_ += static_cast<std::int64_t>(count);
  if (PQenterPipelineMode(handle_.get()) == 0) fail_broken();
  begin_waiting();
  const Texts none({});
  for (const std::string& sql : ahead) {
    if (!none.send(handle_.get(), sql)) fail_broken();
  }
  for (std::size_t i = 0; i < statements.size(); ++i) {
    if (!texts[i].send(handle_.get(), statements[i].sql)) fail_broken();
  }
  if (PQpipelineSync(handle_.get()) == 0) fail_broken();
  std::vector<ResultHandle> results = collect_all(count);
  results.erase(results.begin(), results.begin() + static_cast<std::ptrdiff_t>(ahead.size()));
  return results;
}

void Link::stream(const std::string& sql, const std::function<void(const PGresult*)>& sink) {
  send(sql, {});
  PQsetSingleRowMode(handle_.get());
  ResultHandle result = next();
  if (result == nullptr) fail_broken();
  try {
    for (; result != nullptr; result = next()) {
      const ExecStatusType status = PQresultStatus(result.get());
      if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT) {
        refuse_copy(result.get());
        throw Error(ErrorCode::kUnsupported, "COPY from and to a client isn't done here",
                    {.place = place_, .remedy = "use psql for it"});
      }
      check_here(result.get());
      sink(result.get());
    }
  } catch (...) {
    cancel(handle_.get());
    while (next() != nullptr) continue;
    throw;
  }
}

void Link::leave_behind(const std::string& sql) {
  require_text(sql, place_);
  flush_ahead();
  ++sent_;
  // Else the server would look whether somebody still waits.
  const std::string script = "SET client_connection_check_interval = 0;\n" + sql;
  if (PQsendQuery(handle_.get(), script.c_str()) == 0) fail_broken();
  for (int unsent = PQflush(handle_.get()); unsent != 0; unsent = PQflush(handle_.get())) {
    if (unsent < 0) fail_broken();
    pollfd wait{.fd = PQsocket(handle_.get()), .events = POLLOUT, .revents = 0};
    ::poll(&wait, 1, -1);
  }
  handle_.reset();
}

ResultHandle Link::run_script(const std::string& sql) {
  // One statement goes with what waits; of several the server reads all before it does the first.
  if (!ahead_.empty() && sql.find(';') == std::string::npos) return run(sql);
  require_text(sql, place_);
  flush_ahead();
  begin_waiting();
  ++sent_;
  if (PQsendQuery(handle_.get(), sql.c_str()) == 0) fail_broken();
  return collect();
}

}  // namespace doppel::postgres
