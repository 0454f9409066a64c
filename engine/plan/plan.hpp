#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "changeset/changeset.hpp"
#include "database/connection.hpp"
#include "manifest/model.hpp"
#include "merge/merge.hpp"
#include "overlay/overlay.hpp"

/// A plan is what a promotion would do to its target, made without doing it: a pure function of the
/// sandbox's changes, the target's rows, the selection, the mappings and the answers. A promotion
/// makes it again inside its transaction and does it only if it came out the same; where nothing of
/// what it was made of has been written since, it is the same.
namespace doppel::plan {

/// A part of the changes: a whole table, or one row by key, natural key or label.
struct Selector {
  std::string table;
  std::optional<std::string> row;
};

/// `queues:12`, `queues:Sales`, `queues`. Throws Error(kUsage).
Selector parse_selector(std::string_view text);

/// Where the rows of live data go that refer to a row which the plan deletes.
struct Mapping {
  std::string table;
  std::string from;               ///< key or natural key of the deleted row
  std::optional<std::string> to;  ///< of the row that takes over; absent: nothing (`=null`)
};

/// `stages:12=9`, `stages:Lost=Won`, `stages:12=null`. Throws Error(kUsage).
Mapping parse_mapping(std::string_view text);

/// What goes into a plan besides the target.
struct Request {
  std::string source;  ///< the environment, or the promotion that is rolled back
  changeset::ChangeSet changes;
  /// Data rows that come along: the inverse of mappings of an earlier promotion. Each is changed
  /// only in the columns that still are as its before image says.
  changeset::ChangeSet data;
  std::vector<merge::ListBase> lists;
  std::map<overlay::RowId, overlay::Touch> touches;
  std::vector<overlay::Siblings> siblings;  ///< what the sandbox left alone beside its changes
  std::vector<Selector> select;             ///< none: everything
  std::vector<Mapping> mappings;
  std::vector<merge::Answer> answers;
  /// Tells this request from every other, of whatever it was made; empty: nobody knows.
  std::string origin;
};

struct PlannedChange {
  RowChange change;  ///< before: live's row; after: what it becomes
  std::string label;
  overlay::Touch touch;
  std::string why;  ///< why it came along with what was selected; empty: selected itself
};

/// Rows of live data that refer to a row which the plan changes [P5].
struct Impact {
  std::string table;  ///< of the changed row
  Key key;
  std::string label;
  ChangeKind kind = ChangeKind::kUpdate;
  std::string referrer;  ///< table of the rows that refer to it
  std::string column;
  std::int64_t rows = 0;
  /// For a deletion with rows: where they go. Absent: the plan can't be promoted before a mapping.
  std::optional<std::string> mapped_to;
};

struct Check {
  std::string name;
  bool passed = false;
  std::string message;  ///< what is wrong and what to do; empty when passed
};

/// A value that comes out otherwise than the sandbox showed it, because live changed meanwhile.
struct Difference {
  std::string table;
  Key key;
  std::string label;
  std::string column;
  Value sandbox, result;
};

/// An address or credential that the sandbox has otherwise than its base. Each environment has its
/// own, so live's stays as it is.
struct OwnBinding {
  std::string table;
  Key key;
  std::string label;
  std::string column;
  Value live, sandbox;
};

/// Applied to a throw-away copy, reverted, compared [P7].
struct Rehearsal {
  bool restored = false;  ///< whether every touched table came back as it was
  double milliseconds = 0;
  std::string message;
};

struct Plan {
  PlanHash hash;  ///< of everything that is promoted or decided; not of touches and times
  std::string source;
  std::vector<PlannedChange> changes;  ///< by table and key
  changeset::ChangeSet data;           ///< rows of live data that mappings move
  std::vector<merge::Conflict> conflicts;
  std::vector<merge::Rekeyed> rekeyed;
  std::vector<merge::Rekeyed> adopted;  ///< see merge::Result
  std::vector<merge::Warning> warnings;
  std::vector<Impact> impact;
  std::vector<Difference> differences;
  std::vector<OwnBinding> bindings;  ///< what the sandbox has for itself and no promotion takes
  std::vector<Check> checks;
  std::vector<overlay::RowId> left_out;  ///< changes of the sandbox that weren't selected
  std::optional<Rehearsal> rehearsal;
  std::string inputs;  ///< inputs_of() what it was made of
  /// Who changed live's rows that conflicts are about, where that is noted. Not of the hash.
  std::map<overlay::RowId, overlay::Touch> live_touches = {};

  bool empty() const { return changes.empty() && conflicts.empty(); }
  bool promotable() const;
  changeset::ChangeSet config() const;
};

/// What a plan is made of, in a few bytes: with the same it would come out the same. Empty where
/// nobody can tell. `fingerprint`: of live, before anything of it was read for the plan, its schema
/// too; to compare with an earlier plan's, within the transaction that would read for it.
std::string inputs_of(const Request& request, const std::optional<std::string>& fingerprint);

/// For one consistent plan the caller holds a transaction on `live` open.
/// Throws Error(kNotFound) for selectors and mappings that name nothing.
Plan make_plan(const manifest::Model& model, const Request& request, database::Connection& live);

/// Why `now` can't be promoted in place of the reviewed one, in words, a line a thing that moved;
/// empty when it can. Counts of data rows may move by a hundredth; where rows are deleted, not at
/// all [P5]; volatile columns may change as they like.
std::vector<std::string> what_moved(const manifest::Model& model, const Plan& reviewed,
                                    const Plan& now);

}  // namespace doppel::plan
