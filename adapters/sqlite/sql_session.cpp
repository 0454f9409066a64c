#include "adapters/sqlite/sql_session.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "adapters/sqlite/capture.hpp"
#include "adapters/sqlite/failure.hpp"
#include "adapters/sqlite/foreign_keys.hpp"
#include "adapters/sqlite/sql_text.hpp"

namespace doppel::sqlite {
namespace {

using database::StatementKind;
using database::StatementOutcome;
using database::StatementSink;

/// VACUUM judges and attaches by itself while it runs, so its text is judged instead.
enum class Vacuum { kNone, kInPlace, kInto };

Vacuum vacuum_of(std::string_view statement) {
  const std::vector<Token> tokens = tokens_of(statement);
  if (tokens.empty() || !is_word(statement, tokens.front(), "VACUUM")) return Vacuum::kNone;
  const bool into = std::ranges::any_of(
      tokens, [&](const Token& token) { return is_word(statement, token, "INTO"); });
  return into ? Vacuum::kInto : Vacuum::kInPlace;
}

/// Past the semicolons, blanks and comments before a statement.
std::size_t skip_empty(std::string_view sql, std::size_t at) {
  Token token = next_token(sql, at);
  while (is_symbol(sql, token, ';')) token = next_token(sql, token.end);
  return token.begin;
}

StatementKind kind_of(const StatementFacts& facts, int columns) {
  if (facts.writes_sandbox || facts.writes_live) return StatementKind::kWrite;
  return columns > 0 ? StatementKind::kQuery : StatementKind::kOther;
}

class GuardedSession final : public database::SqlSession {
 public:
  GuardedSession(std::unique_ptr<Connection> connection, SessionCapture capture, std::string author,
                 std::unique_ptr<SessionTrust> trust)
      : captured_(capture == SessionCapture::kCaptured),
        connection_(std::move(connection)),
        guard_(*connection_->guard()),
        author_(std::move(author)),
        trust_(std::move(trust)) {}

  ~GuardedSession() override {
    if (trust_ == nullptr) return;
    roll_back();
    const Guard::Lift lift(guard_);
    trust_->keep();
  }
  GuardedSession(const GuardedSession&) = delete;
  GuardedSession& operator=(const GuardedSession&) = delete;

  void run(std::string_view sql, const StatementSink& sink) override {
    if (trust_ != nullptr) trust_->see(sql);
    std::size_t line = 1;
    std::size_t counted = 0;
    for (std::size_t at = skip_empty(sql, 0); at < sql.size(); at = skip_empty(sql, at)) {
      line += static_cast<std::size_t>(std::ranges::count(sql.substr(counted, at - counted), '\n'));
      counted = at;
      try {
        at += run_first(sql.substr(at), line, sink);
      } catch (const Error& error) {
        throw Error(
            error.code(), error.what(),
            {.place = "line " + std::to_string(line), .remedy = std::string(error.remedy())});
      }
    }
  }

  bool in_transaction() const override { return connection_->in_transaction(); }

  bool is_complete(std::string_view sql) const override {
    return sqlite3_complete(std::string(sql).c_str()) != 0;
  }

 private:
  /// Runs the first statement of the text; answers how many bytes it has.
  std::size_t run_first(std::string_view sql, std::size_t line, const StatementSink& sink) {
    if (sql.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
      throw Error(ErrorCode::kInvalidInput, "the text is too long");
    }
    guard_.begin_statement();
    sqlite3_stmt* prepared = nullptr;
    const char* tail = nullptr;
    const int result =
        sqlite3_prepare_v2(handle(), sql.data(), static_cast<int>(sql.size()), &prepared, &tail);
    StatementHandle statement(prepared);
    if (result != SQLITE_OK) refuse_or_fail(result);
    const auto size = static_cast<std::size_t>(tail - sql.data());
    if (!statement) {
      // SQLite ends at a NUL, we don't.
      if (size < sql.size()) throw Error(ErrorCode::kSql, "the text holds a NUL byte");
      return size;
    }
    StatementOutcome outcome{.line = line};
    const StatementFacts facts = guard_.facts();
    outcome.kind = kind_of(facts, sqlite3_column_count(statement.get()));
    const Vacuum vacuum = vacuum_of(sql.substr(0, size));
    if (vacuum == Vacuum::kInto || (vacuum == Vacuum::kInPlace && !guard_.owns_file())) {
      throw Error(ErrorCode::kUnsupported, "VACUUM of this kind isn't done in a session");
    }
    if (vacuum == Vacuum::kInPlace) {
      const Guard::Lift lift(guard_);
      step_all(*statement, sink, outcome);
    } else if (captured_ && facts.writes_sandbox) {
      run_write(std::move(statement), facts, sink, outcome);
    } else {
      before_end_of_transaction(facts);
      step_explained(*statement, facts, sink, outcome);
      if (facts.transaction == "ROLLBACK" || facts.savepoint == "ROLLBACK") author_stands_ = false;
    }
    statement.reset();
    if (!in_transaction()) written_.clear();
    if (sink.done) sink.done(outcome);
    return size;
  }

  sqlite3* handle() const { return connection_->handle(); }

  [[noreturn]] void refuse_or_fail(int result) {
    if (guard_.refusal()) {
      const Refusal& refusal = *guard_.refusal();
      throw Error(refusal.code, refusal.message, {.place = {}, .remedy = refusal.remedy});
    }
    fail(handle(), result, {});
  }

  void set_author(std::string_view author) {
    const Guard::Lift lift(guard_);
    write_author(*connection_, author);
  }

  void run_own(const char* sql) {
    const Guard::Lift lift(guard_);
    connection_->run_script(sql);
  }

  /// A name must not outlive its transaction: the application's own writes come after it.
  void before_end_of_transaction(const StatementFacts& facts) {
    if (facts.transaction != "COMMIT" && facts.savepoint != "RELEASE") return;
    if (!std::exchange(author_stands_, false) || !in_transaction()) return;
    set_author({});
  }

  void run_write(StatementHandle statement, const StatementFacts& facts, const StatementSink& sink,
                 StatementOutcome& outcome) {
    if (in_transaction()) {
      if (!author_stands_) set_author(author_);
      author_stands_ = true;
      try {
        step_explained(*statement, facts, sink, outcome);
      } catch (...) {
        statement.reset();
        if (!in_transaction()) author_stands_ = false;
        throw;
      }
      return;
    }
    run_own(guard_.owns_file() ? "BEGIN IMMEDIATE" : "BEGIN");
    try {
      set_author(author_);
      step_explained(*statement, facts, sink, outcome);
    } catch (const Error& error) {
      statement.reset();
      // INSERT OR FAIL keeps what it wrote before it failed, any other statement left nothing.
      if (error.code() == ErrorCode::kConstraint && in_transaction()) {
        commit_own();
      } else {
        roll_back();
      }
      throw;
    } catch (...) {
      statement.reset();
      roll_back();
      throw;
    }
    statement.reset();
    commit_own();
  }

  void commit_own() {
    try {
      set_author({});
      run_own("COMMIT");
    } catch (const Error& error) {
      const bool is_reference =
          sqlite3_extended_errcode(handle()) == SQLITE_CONSTRAINT_FOREIGNKEY && in_transaction();
      const auto broken = is_reference ? broken_now() : std::nullopt;
      roll_back();
      forget_changes();
      if (broken) rethrow(error, *broken);
      throw;
    } catch (...) {
      roll_back();
      forget_changes();
      throw;
    }
  }

  /// changes() is 0 after a statement that failed, also where it failed at its commit.
  void forget_changes() noexcept {
    const Guard::Lift lift(guard_);
    sqlite3_exec(handle(), "DELETE FROM main.doppel_mark WHERE 0", nullptr, nullptr, nullptr);
  }

  void roll_back() noexcept {
    const Guard::Lift lift(guard_);
    if (in_transaction()) sqlite3_exec(handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }

  /// A row whose reference finds nothing, as the tables stand in the open transaction.
  std::optional<BrokenReference> broken_now() {
    const Guard::Lift lift(guard_);
    return find_broken_reference(*connection_, {written_.begin(), written_.end()});
  }

  [[noreturn]] static void rethrow(const Error& error, const BrokenReference& broken) {
    // On a line of its own: it names much.
    std::string message = broken.message;
    if (const auto colon = message.find(": "); colon != std::string::npos) {
      message.replace(colon + 1, 1, "\n  ");
    }
    throw Error(error.code(), message, {.place = broken.place, .remedy = broken.remedy});
  }

  void quietly(const char* sql) noexcept {
    const Guard::Lift lift(guard_);
    sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr);
  }

  /// SQLite says of a foreign key only that it failed, and has undone the statement by then. So it
  /// is done once more with the check put off, looked at, and undone again.
  std::optional<BrokenReference> broken_by(sqlite3_stmt& statement) {
    sqlite3_reset(&statement);
    const sqlite3_int64 last_key = sqlite3_last_insert_rowid(handle());
    const bool own = !in_transaction();
    std::optional<BrokenReference> broken;
    quietly(own ? "BEGIN" : "SAVEPOINT doppel_why");
    // What was broken before says nothing of this statement.
    if (!broken_now()) {
      const bool deferred = is_deferred();
      quietly("PRAGMA defer_foreign_keys = ON");
      int result = SQLITE_ROW;
      while (result == SQLITE_ROW) result = sqlite3_step(&statement);
      if (result == SQLITE_DONE) broken = broken_now();
      sqlite3_reset(&statement);
      if (!deferred) quietly("PRAGMA defer_foreign_keys = OFF");
    }
    quietly(own ? "ROLLBACK" : "ROLLBACK TO doppel_why; RELEASE doppel_why");
    forget_changes();
    sqlite3_set_last_insert_rowid(handle(), last_key);
    return broken;
  }

  bool is_deferred() {
    const Guard::Lift lift(guard_);
    auto statement = connection_->prepare("PRAGMA defer_foreign_keys");
    return statement->step() && statement->column(0) == Value(1);
  }

  /// step_all(), and a failed reference is named with its row and value where it can be found.
  void step_explained(sqlite3_stmt& statement, const StatementFacts& facts,
                      const StatementSink& sink, StatementOutcome& outcome) {
    written_.insert(facts.written.begin(), facts.written.end());
    try {
      step_all(statement, sink, outcome);
    } catch (const Error& error) {
      if (sqlite3_extended_errcode(handle()) != SQLITE_CONSTRAINT_FOREIGNKEY) throw;
      const bool ends = facts.transaction == "COMMIT" || facts.savepoint == "RELEASE";
      const auto broken = ends ? broken_now() : broken_by(statement);
      if (!broken) throw;
      rethrow(error, *broken);
    }
  }

  void step_all(sqlite3_stmt& statement, const StatementSink& sink, StatementOutcome& outcome) {
    const int columns = sqlite3_column_count(&statement);
    if (columns > 0 && sink.columns) sink.columns(column_names(statement, columns));
    const std::int64_t before = sqlite3_total_changes64(handle());
    for (int result = SQLITE_ROW; result != SQLITE_DONE;) {
      result = sqlite3_step(&statement);
      if (result == SQLITE_ROW) {
        ++outcome.rows;
        if (sink.row) sink.row(row_of(&statement));
      } else if (result != SQLITE_DONE) {
        refuse_or_fail(result);
      }
    }
    if (sqlite3_total_changes64(handle()) != before) outcome.changed = sqlite3_changes64(handle());
  }

  static std::vector<std::string> column_names(sqlite3_stmt& statement, int count) {
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) {
      const char* name = sqlite3_column_name(&statement, i);
      names.emplace_back(name == nullptr ? "" : name);
    }
    return names;
  }

  bool captured_;
  std::unique_ptr<Connection> connection_;
  Guard& guard_;
  std::string author_;
  bool author_stands_ = false;     ///< in the open transaction
  std::set<std::string> written_;  ///< tables, by it
  std::unique_ptr<SessionTrust> trust_;
};

}  // namespace

std::unique_ptr<database::SqlSession> make_session(std::unique_ptr<Connection> connection,
                                                   SessionCapture capture, std::string author,
                                                   std::unique_ptr<SessionTrust> trust) {
  return std::make_unique<GuardedSession>(std::move(connection), capture, std::move(author),
                                          std::move(trust));
}

}  // namespace doppel::sqlite
