#pragma once

#include <optional>
#include <set>
#include <string>

#include "adapters/sqlite/connection.hpp"
#include "base/error.hpp"

namespace doppel::sqlite {

/// What SQL may do on a connection that runs statements which somebody else wrote.
struct GuardRules {
  enum class Environment {
    kLive,   ///< reading only
    kClone,  ///< carrier file: all that the application could do, but for doppel's own
  };
  Environment environment = Environment::kLive;
  database::Access access = database::Access::kReadOnly;
};

/// What the statements prepared since begin_statement() are going to do.
struct StatementFacts {
  bool writes_rows = false;  ///< of any table but temporary ones
  std::string transaction;   ///< BEGIN, COMMIT, ROLLBACK; empty for none
  std::string savepoint;     ///< BEGIN, RELEASE, ROLLBACK; empty for none
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
  Guard(Connection& connection, GuardRules rules);
  ~Guard();
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  void begin_statement();
  const StatementFacts& facts() const { return facts_; }
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
  bool judge_schema(const Action& action);
  bool judge_pragma(const Action& action);
  bool refuse(ErrorCode code, std::string message, std::string remedy);
  bool refuse_write(const std::string& what);

  Connection& connection_;
  GuardRules rules_;
  StatementFacts facts_;
  std::optional<Refusal> refusal_;
  int lifted_ = 0;
};

}  // namespace doppel::sqlite
