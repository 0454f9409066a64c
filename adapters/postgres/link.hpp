#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "adapters/postgres/handle.hpp"
#include "base/value.hpp"
#include "database/connection.hpp"

namespace doppel::postgres {

struct OpenOptions {
  std::string dsn;
  database::Access access = database::Access::kReadOnly;
  /// The search_path; empty: what the role has for this database. Schema `doppel` follows it.
  std::vector<std::string> path = {};
  /// Which writers take turns: those of one number. 0 is live's; a sandbox may have its own.
  std::int32_t writer_lock = 0;
  int connect_timeout_s = 10;
  int lock_timeout_ms = 5000;
  /// After so long a statement is cancelled; 0: never.
  int statement_timeout_ms = 0;
  /// After so long the server ends a transaction whose client sleeps, with its locks; what the DSN,
  /// the role or the server says goes before.
  int idle_timeout_ms = 60'000;
};

/// When a link's settings go to the server.
enum class Settings {
  kAtOnce,
  kWithTheFirst,  ///< statement, which doesn't fail
};

/// One statement with parameters $1, $2, ...
struct Statement {
  std::string sql;
  std::vector<Value> parameters = {};
};

/// The wire to a server: statements go and results come with a deadline. Threads: one at a time.
class Link {
 public:
  /// Connects and fixes the settings on which values depend. Throws as `open` does.
  explicit Link(const OpenOptions& options, Settings settings = Settings::kAtOnce);

  /// Nothing is left of its use so far: settings, roles, locks, temporary tables, prepared
  /// statements, cursors. REQUIRES: no transaction.
  void forget_all();
  /// As if it had just been made with these options, but that it keeps its connection. The settings
  /// go with the first statement. REQUIRES: nothing since it was made or forgot all.
  void begin_anew(const OpenOptions& options);
  /// Whether the server has not closed the connection, as far as is known without asking.
  bool is_open() const;

  /// One statement with parameters $1, $2, ...; throws ServerError. After its deadline it is
  /// cancelled, and Error(kBusy) thrown.
  ResultHandle run(const std::string& sql, std::span<const Value> parameters = {});
  /// The same in two steps, so that several servers' processes work at once. Nothing else is asked
  /// of this link in between.
  void start(const std::string& sql, std::span<const Value> parameters = {}) {
    send(sql, parameters);
  }
  ResultHandle finish() { return collect(); }
  /// Several statements in one round trip, each with its result. Throws for the first that fails;
  /// those after it are not done, and outside of a transaction none is. No COPY.
  std::vector<ResultHandle> run_all(std::span<const Statement> statements);
  /// Goes with the next statement, before it and in its round trip: for what answers nothing and
  /// can't fail in the open transaction.
  void send_ahead(std::string sql) { ahead_.push_back(std::move(sql)); }
  /// What was given last, and not sent yet, isn't sent.
  void take_back() { ahead_.pop_back(); }
  /// How many statements were sent, those before them counted with them.
  std::int64_t sent() const { return sent_; }
  /// One statement whose rows come as the server sends them: the sink is given results of one row
  /// and at last one without rows, which has the command's tag. What the sink throws cancels it.
  void stream(const std::string& sql, const std::function<void(const PGresult*)>& sink);
  /// Several statements without parameters; the last one's result.
  ResultHandle run_script(const std::string& sql);
  /// Statements that the server does while nobody waits for them, also after this process has
  /// ended; whether they went well nobody is told. The connection is given up: the last use of it.
  void leave_behind(const std::string& sql);

  PGTransactionStatusType status() const { return PQtransactionStatus(handle_.get()); }
  PGconn* handle() const { return handle_.get(); }
  const std::string& place() const { return place_; }

 private:
  void send(const std::string& sql, std::span<const Value> parameters);
  /// Sends what waits to go with another statement where that can't.
  void flush_ahead();
  /// The last result of `run_all`'s next statement, null where another failed before.
  ResultHandle collect_one();
  std::vector<ResultHandle> collect_all(std::size_t count);
  void begin_waiting();
  void flush_and_wait();
  /// Asks by another connection whom the statement that runs waits for.
  void look_for_blockers();
  /// Throws ServerError unless it went well, with who has the lock that couldn't be had.
  void check_here(const PGresult* result);
  /// The next result of what was sent, null after the last.
  ResultHandle next();
  ResultHandle collect();
  /// Ends a COPY that nobody here can carry on.
  void refuse_copy(const PGresult* result);
  [[noreturn]] void fail_broken();
  [[noreturn]] void fail_cancelled();

  std::string place_;
  std::string dsn_;
  int statement_timeout_ms_;
  int lock_timeout_ms_;
  ConnectionHandle handle_;
  std::vector<std::string> ahead_;
  std::int64_t sent_ = 0;
  // Of the statement that runs.
  std::int64_t left_ms_ = 0;
  std::int64_t look_in_ms_ = 0;  ///< for whom it waits; below 0: that was done
  std::string blockers_;
  std::int64_t blocker_ = 0;
  bool cancelled_ = false;
};

/// Throws ServerError unless the result is that of a statement that went well.
void check(const PGresult* result, const std::string& place);

}  // namespace doppel::postgres
