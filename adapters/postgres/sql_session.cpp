#include "adapters/postgres/sql_session.hpp"

#include <algorithm>
#include <utility>

#include "adapters/postgres/failure.hpp"
#include "adapters/postgres/overlay_names.hpp"
#include "adapters/postgres/sql_split.hpp"
#include "adapters/postgres/values.hpp"
#include "base/text.hpp"

namespace doppel::postgres {
namespace {

using database::StatementKind;
using database::StatementOutcome;
using database::StatementSink;

constexpr std::string_view kReadOnlyState = "25006";
constexpr std::string_view kNoRightState = "42501";

StatementKind kind_of(std::string_view tag, int columns) {
  for (const std::string_view verb : {"INSERT", "UPDATE", "DELETE", "MERGE"}) {
    if (tag.starts_with(verb)) return StatementKind::kWrite;
  }
  return columns > 0 ? StatementKind::kQuery : StatementKind::kOther;
}

/// On live every statement runs in a transaction that reads only.
enum class Environment { kLive, kSandbox };

class Session final : public database::SqlSession {
 public:
  Session(std::unique_ptr<Connection> connection, Environment environment)
      : connection_(std::move(connection)), link_(connection_->link()), environment_(environment) {}

  void run(std::string_view sql, const StatementSink& sink) override {
    std::size_t line = 1;
    std::size_t counted = 0;
    for (auto next = first_statement(sql, 0); next.begin < sql.size();
         next = first_statement(sql, next.end)) {
      const std::string_view passed = sql.substr(counted, next.begin - counted);
      line += static_cast<std::size_t>(std::ranges::count(passed, '\n'));
      counted = next.begin;
      const std::string statement(sql.substr(next.begin, next.end - next.begin));
      try {
        run_one(statement, next.word, line, sink);
      } catch (const ServerError& error) {
        fail(error, line);
      } catch (const Error& error) {
        throw Error(
            error.code(), error.what(),
            {.place = "line " + std::to_string(line), .remedy = std::string(error.remedy())});
      }
    }
  }

  bool in_transaction() const override { return link_.status() != PQTRANS_IDLE; }

  bool is_complete(std::string_view sql) const override {
    bool complete = true;
    for (auto next = first_statement(sql, 0); next.begin < sql.size();
         next = first_statement(sql, next.end)) {
      complete = next.complete;
    }
    return complete;
  }

 private:
  [[noreturn]] void fail(const ServerError& error, std::size_t line) const {
    const std::string place = "line " + std::to_string(line);
    if (environment_ == Environment::kSandbox && error.problem().sqlstate == kNoRightState) {
      throw Error(ErrorCode::kLiveIsReadOnly,
                  "a sandbox may not do that: " + error.problem().message,
                  {.place = place,
                   .remedy = sees_shared(connection_->path())
                                 ? "with carrier rows it writes config only, and reads live's "
                                   "data; one that writes data is made with --carrier copy where "
                                   "the manifest says `shared_write: true`, or with --kind shadow"
                                 : "it writes its own config and the data that the manifest lets "
                                   "sandboxes write, and reads live's other data"});
    }
    if (environment_ == Environment::kLive && error.problem().sqlstate == kReadOnlyState) {
      throw Error(ErrorCode::kLiveIsReadOnly,
                  "live is for reading only: " + error.problem().message,
                  {.place = place, .remedy = {}});
    }
    throw Error(error.code(), error.what(),
                {.place = place, .remedy = std::string(error.remedy())});
  }

  /// After its first query a transaction that only reads can't be made to write any more.
  void hold_to_reading() { link_.run_script("SET TRANSACTION READ ONLY; SELECT 1"); }

  void run_one(const std::string& statement, const std::string& word, std::size_t line,
               const StatementSink& sink) {
    const bool own = environment_ == Environment::kLive && !in_transaction() && word != "BEGIN" &&
                     word != "START";
    if (own) link_.run_script("BEGIN READ ONLY; SELECT 1");
    StatementOutcome outcome{.line = line};
    try {
      step_all(statement, sink, outcome);
      if (sink.done) sink.done(outcome);
    } catch (...) {
      if (own && in_transaction()) link_.run_script("ROLLBACK");
      throw;
    }
    if (own && in_transaction()) link_.run_script("COMMIT");
    const bool begins = word == "BEGIN" || word == "START" || word == "COMMIT" ||
                        word == "ROLLBACK" || word == "END" || word == "ABORT";
    const bool live = environment_ == Environment::kLive;
    if (live && !own && begins && link_.status() == PQTRANS_INTRANS) hold_to_reading();
  }

  void step_all(const std::string& statement, const StatementSink& sink,
                StatementOutcome& outcome) {
    int columns = -1;
    std::string tag;
    link_.stream(statement, [&](const PGresult* result) {
      if (columns < 0) {
        columns = PQnfields(result);
        if (columns > 0 && sink.columns) sink.columns(column_names(result));
      }
      for (int i = 0; i < PQntuples(result); ++i) {
        ++outcome.rows;
        if (sink.row) sink.row(row_of(result, i));
      }
      // Only the last result has a tag.
      tag = PQcmdStatus(const_cast<PGresult*>(result));  // NOLINT: libpq forgot the const.
      if (tag.empty()) return;
      outcome.kind = kind_of(tag, columns);
      if (outcome.kind != StatementKind::kWrite) return;
      const auto number = tag.rfind(' ');
      outcome.changed = parse_integer(std::string_view(tag).substr(number + 1)).value_or(0);
    });
  }

  static std::vector<std::string> column_names(const PGresult* result) {
    std::vector<std::string> names;
    for (int i = 0; i < PQnfields(result); ++i) names.emplace_back(PQfname(result, i));
    return names;
  }

  std::unique_ptr<Connection> connection_;
  Link& link_;
  Environment environment_;
};

}  // namespace

std::unique_ptr<database::SqlSession> make_live_session(std::unique_ptr<Connection> connection) {
  return std::make_unique<Session>(std::move(connection), Environment::kLive);
}

std::unique_ptr<database::SqlSession> make_sandbox_session(std::unique_ptr<Connection> connection) {
  if (connection->path().empty() || !connection->path().front().starts_with(kSandboxPrefix)) {
    throw Error(ErrorCode::kUnsupported, "a session of the sandbox's role doesn't see the sandbox",
                {.place = connection->place(),
                 .remedy = "look for a search_path that the server or a pooler sets"});
  }
  return std::make_unique<Session>(std::move(connection), Environment::kSandbox);
}

}  // namespace doppel::postgres
