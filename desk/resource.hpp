#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "access/rights.hpp"
#include "base/clock.hpp"
#include "base/field_problem.hpp"
#include "base/random.hpp"
#include "database/connection.hpp"
#include "desk/collection.hpp"

/// Reading and writing every collection of the desk, in whatever environment a connection is.
/// Identifiers reach SQL only as the names of known fields, values only as parameters.
namespace doppel::desk {

/// Whether personal fields are shown in clear.
enum class Sight { kClear, kMasked };
/// What stands for a personal text that isn't shown.
inline constexpr std::string_view kMask = "***";

/// One request's view of the world. Threads: as its connection.
struct Workplace {
  database::Connection& connection;
  const Collections& collections;
  const Clock& clock;
  Random& random;
  std::string sandbox = {};  ///< TENANT/NAME, for messages; empty: live
  std::string user_id = {};  ///< who acts; empty: nobody of the desk's users
  Sight sight = Sight::kClear;
  /// What live's roles give to who acts; null: nobody is judged. Of people and roles nobody gives
  /// or takes what he hasn't himself.
  const access::Grants* grants = nullptr;
  /// Called in the transaction of a write of configuration, before it: who does it is told there.
  std::function<void()> before_configuring = {};
};

using doppel::FieldProblem;

/// Field -> value. Values of custom fields are `custom.CODE`.
using Values = std::map<std::string, Value, std::less<>>;

struct Record {
  std::string id;
  /// For If-Match: another one after every change, also one that a promotion made.
  std::string tag;
  Values values;  ///< without hidden fields; those asked for
};

enum class Operator {
  kEqual,
  kNotEqual,
  kIn,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kContains,  ///< ignores the case of ASCII letters
  kBegins,
  kEmpty,  ///< NULL or an empty text
  kNotEmpty,
};
std::optional<Operator> parse_operator(std::string_view text);

struct Filter {
  std::string field;
  Operator op = Operator::kEqual;
  std::vector<Value> values = {};
};

struct SortKey {
  std::string field;
  enum class Direction { kAscending, kDescending } direction = Direction::kAscending;
};
/// `-created_at,name`. Says nothing of whether there are such fields.
std::vector<SortKey> parse_sort(std::string_view text);

inline constexpr std::size_t kPageLimit = 500;
inline constexpr std::size_t kFilterLimit = 50;
inline constexpr std::size_t kSortLimit = 4;

struct Query {
  std::vector<Filter> filters = {};
  std::vector<SortKey> sort = {};        ///< then by id
  std::vector<std::string> fields = {};  ///< empty: all; id is always there
  std::size_t limit = 50;
  std::string after = {};  ///< Page::next of the page before
};

struct Page {
  std::vector<Record> records;
  std::string next;                    ///< empty: there is no more
  std::vector<FieldProblem> problems;  ///< of the query; then there are no records
};

/// A page of the records that match. Rows that come in meanwhile neither repeat nor hide others.
/// Throws Error(kNotFound) where there is no such collection or its module is off.
Page list(Workplace& place, std::string_view collection, const Query& query);

/// Nothing where there is no such record.
std::optional<Record> get(Workplace& place, std::string_view collection, const std::string& id);

enum class Verb { kCreate, kChange, kRemove };

struct Write {
  Verb verb = Verb::kCreate;
  std::string collection;
  std::string id = {};  ///< of what is changed or removed
  Values values = {};
  std::optional<std::string> if_match = {};  ///< a tag: whatever else stands there is kept
};

struct Outcome {
  enum class Kind {
    kDone,
    kInvalid,   ///< see problems
    kNotFound,  ///< there is no such record
    kStale,     ///< it isn't what if_match says; `record` is what it is now
    kSkipped,   ///< another write of the same call wasn't done
  };
  Kind kind = Kind::kDone;
  std::optional<Record> record = {};  ///< as it is now; of a removed one none
  std::vector<FieldProblem> problems = {};
};

/// So many writes of a call are judged wrong before the rest of them is left alone.
inline constexpr std::size_t kMostFailedWrites = 50;

enum class Mode { kCommit, kDryRun };  ///< a dry run answers the same and leaves nothing [O5]

/// All of them or none, in one transaction; one outcome for each. In a sandbox one call writes
/// config or data, not both.
/// Throws Error(kNotFound) for an unknown collection or one whose module is off,
/// Error(kLiveIsReadOnly) for a write of users in a sandbox, Error(kSandboxOnly) for data that
/// would refer to config which only the sandbox has, Error(kConstraint) for what the database
/// refuses beyond that, Error(kBusy).
std::vector<Outcome> write_all(Workplace& place, std::span<const Write> writes,
                               Mode mode = Mode::kCommit);

// The same for one record.
Outcome create(Workplace& place, std::string_view collection, Values values);
Outcome change(Workplace& place, std::string_view collection, const std::string& id, Values values,
               std::optional<std::string> if_match = {});
Outcome remove(Workplace& place, std::string_view collection, const std::string& id,
               std::optional<std::string> if_match = {});

}  // namespace doppel::desk
