#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.hpp"

/// SQL as a person or a script typed it, on an environment: `doppel sql` and the library's door.
namespace doppel::database {

enum class StatementKind {
  kQuery,  ///< answers rows
  kWrite,  ///< INSERT, UPDATE, DELETE, REPLACE; with RETURNING it answers rows too
  kOther,  ///< transactions, schema, pragmas without an answer
};

struct StatementOutcome {
  std::size_t line = 1;  ///< where it begins in the text, from 1
  StatementKind kind = StatementKind::kOther;
  std::int64_t rows = 0;     ///< answered
  std::int64_t changed = 0;  ///< rows written by the statement itself, as the database counts them
};

/// Told of each statement in turn; an absent function isn't called. What they throw ends the run,
/// and an autocommit statement is then rolled back.
struct StatementSink {
  /// Before the rows of a statement that answers any, also where none come.
  std::function<void(const std::vector<std::string>& columns)> columns;
  std::function<void(Row&& row)> row;
  /// After each statement that went well.
  std::function<void(const StatementOutcome& outcome)> done;
};

/// One person's or script's connection to an environment. Transactions that the text begins stay
/// open between calls; what is open when the session ends is rolled back. Threads: as a Connection.
class SqlSession {
 public:
  virtual ~SqlSession() = default;

  /// Runs the statements one after the other; each stands by itself unless the text opened a
  /// transaction. The first that fails ends the run: what was committed before it stays, and a
  /// transaction stays open unless the database ended it. The error's place is `line N`.
  /// Throws Error(kSql), Error(kConstraint), Error(kBusy); Error(kLiveIsReadOnly) for a write that
  /// this environment never does, Error(kReadOnly) where the session was opened for reading,
  /// Error(kUnsupported) for what would get around doppel (ATTACH, its own tables, some pragmas),
  /// Error(kSandboxOnly) where live data would refer to config of the sandbox only.
  virtual void run(std::string_view sql, const StatementSink& sink) = 0;

  virtual bool in_transaction() const = 0;

  /// Whether the text ends with a whole statement: a prompt asks for more lines until it does.
  virtual bool is_complete(std::string_view sql) const = 0;
};

}  // namespace doppel::database
