#pragma once

#include <optional>
#include <set>
#include <string>

#include "adapters/sqlite/handle.hpp"
#include "base/error.hpp"
#include "database/connection.hpp"

namespace doppel::sqlite {

/// What SQL may do on a connection.
struct GuardRules {
  enum class Environment {
    kLive,   ///< reading only
    kClone,  ///< carrier file: all that the application could do, but for doppel's own
    kSplit,  ///< carrier split: main is the sandbox's config, live is attached as `live`
  };
  enum class Own { kRefused, kAllowed };
  Environment environment = Environment::kLive;
  database::Access access = database::Access::kReadOnly;
  Own own = Own::kRefused;  ///< doppel's tables and triggers, for its own code
  /// kSplit, in lower case: live's tables that may be written, and the names of triggers that
  /// stand in the connection: what they write is judged as if it had been written directly, while
  /// live's own triggers do what they always do.
  std::set<std::string> shared_write = {};
  std::set<std::string> temporary_triggers = {};
  std::string sandbox = {};  ///< its name, for messages
};

/// What the statement prepared since begin_statement() is going to do.
struct StatementFacts {
  bool writes_sandbox = false;    ///< rows of main
  bool writes_live = false;       ///< kSplit: rows of live
  std::set<std::string> written;  ///< tables, those that triggers write included
  std::string transaction;        ///< BEGIN, COMMIT, ROLLBACK; empty for none
  std::string savepoint;          ///< BEGIN, RELEASE, ROLLBACK; empty for none
};

struct Refusal {
  ErrorCode code = ErrorCode::kUnsupported;
  std::string message;
  std::string remedy;
};

/// Judges every action of a statement while SQLite prepares it, by a list of what is allowed: what
/// nobody thought of is refused. Stands from its construction to its end.
class Guard {
 public:
  Guard(sqlite3* database, GuardRules rules);
  ~Guard();
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  void begin_statement();
  const StatementFacts& facts() const { return facts_; }
  /// Whether main is all of the environment and the sandbox's own: carrier file.
  bool owns_file() const;
  /// Why the last statement was refused, if it was.
  const std::optional<Refusal>& refusal() const { return refusal_; }

  /// Lets doppel's own statements pass while it lives.
  class Lift {
   public:
    explicit Lift(Guard& guard) : guard_(guard) { ++guard_.lifted_; }
    ~Lift() { --guard_.lifted_; }
    Lift(const Lift&) = delete;
    Lift& operator=(const Lift&) = delete;

   private:
    Guard& guard_;
  };

 private:
  struct Action {
    int code;
    std::string first;
    std::string second;
    std::string database;
    std::string trigger;  ///< or view
  };

  static int callback(void* self, int code, const char* first, const char* second,
                      const char* database, const char* trigger) noexcept;
  bool judge(const Action& action);
  bool judge_write(const Action& action);
  bool judge_split_write(const Action& action);
  bool judge_one_file();
  bool judge_schema(const Action& action);
  bool judge_pragma(const Action& action);
  bool refuse(ErrorCode code, std::string message, std::string remedy);
  bool refuse_write(const std::string& what);

  sqlite3* database_;
  GuardRules rules_;
  StatementFacts facts_;
  std::optional<Refusal> refusal_;
  int lifted_ = 0;
};

}  // namespace doppel::sqlite
