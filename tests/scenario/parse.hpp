#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"

/// Scenarios: behaviour written down as text, one idea a file. The format is documented in
/// tests/scenarios/README.md.
namespace doppel::scenario {

/// The databases that scenarios are played on.
enum class Database { kSqlite, kPostgresql };
constexpr std::array<Database, 2> kDatabases{Database::kSqlite, Database::kPostgresql};
std::string_view name_of(Database database);

/// What `expect` asks of the last command, or of an environment.
struct Expectation {
  enum class Subject { kJson, kRows, kOutput, kConflict };
  enum class Compare { kEqual, kNotEqual, kContains, kAbsent };
  Subject subject = Subject::kOutput;
  Compare compare = Compare::kEqual;
  std::string name;   ///< json: the path; rows: the environment; output: a fragment; conflict: kind
  json::value value;  ///< json: what to compare with
  std::string sql;    ///< rows
  std::vector<std::vector<std::string>> rows;              ///< rows: their cells as text
  std::string target;                                      ///< conflict: table or table.column
  std::vector<std::pair<std::string, std::string>> sides;  ///< conflict: base, live, sandbox
};

struct Step {
  std::size_t line = 0;
  std::string text;         ///< as written, for messages
  std::string word;         ///< the first
  std::string rest;         ///< of its line, without `exit N`
  std::string block;        ///< the indented lines below it, their common indentation removed
  std::optional<int> exit;  ///< the exit code asked for
  std::optional<Expectation> expectation;
  std::optional<Database> only;  ///< `[sqlite]` before it: a step of this database's
};

struct Scenario {
  std::string file;
  std::vector<Step> steps;
  /// `only sqlite: REASON`: what it is about the other database hasn't.
  std::optional<Database> only;
  std::string reason;

  bool is_for(Database database) const { return !only || *only == database; }
};

/// Commands that have a word of their own: `plan qa` is `doppel plan TENANT/qa --json`.
bool is_short_command(std::string_view word);

/// Throws Error(kInvalidInput) with file:line for what isn't a scenario, also for one that expects
/// nothing on a database that it is played on: it couldn't fail.
Scenario parse(std::string_view text, std::string_view file);

/// Words of a command, with '...' and "..." as a shell takes them. Throws Error(kInvalidInput).
std::vector<std::string> command_words(std::string_view text, std::string_view place);

}  // namespace doppel::scenario
