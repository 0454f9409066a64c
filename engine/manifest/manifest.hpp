#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/value.hpp"
#include "database/limits.hpp"
#include "database/schema.hpp"

/// The manifest as it is written: what each table and column of an application is [M1]. The format
/// is documented in docs/reference/manifest.md. manifest/model.hpp is the same bound to a database.
namespace doppel::manifest {

/// A place in the file: names errors.
struct Place {
  std::string file;
  std::size_t line = 0;
  std::string text() const { return file + ":" + std::to_string(line); }
};

enum class Role { kConfig, kData, kIdentity, kSecret, kTransient, kLog, kReference, kDerived };

std::string_view to_text(Role role);
std::optional<Role> parse_role(std::string_view text);

/// The role of a table's rows: the same for all, or decided row by row.
struct RoleRule {
  Role role = Role::kConfig;  ///< of all rows, or of those that no case below names
  /// `by: column` and its values: {Queue: config, Ticket: data}
  std::string by;
  std::vector<std::pair<Value, Role>> cases;
  /// `of: reference column`: the role of the row that it refers to.
  std::string of;
};

/// How a column's value merges when both sides changed it.
enum class MergeUnit { kWhole, kJson, kSet, kList, kText };

/// How arrays inside a JSON value merge.
struct ArrayRule {
  std::vector<std::string> path;  ///< members on the way to it, `*` any; empty: every array
  MergeUnit unit = MergeUnit::kWhole;
  friend bool operator==(const ArrayRule&, const ArrayRule&) = default;
};

/// Ids of other rows inside a text or JSON value: every match of the pattern's one group.
/// find_ids() in model.hpp reads them.
struct EmbeddedIds {
  std::string pattern;  ///< RE2 syntax with exactly one capturing group, the id
  std::string table;
  /// Only what this pattern's one group matches is searched; empty: the whole text.
  std::string within;
  /// Only in rows that hold these values: a setting's ids by the setting's name.
  std::vector<std::pair<std::string, Value>> when;
  Place place;
};

struct ColumnEntry {
  std::string name;
  std::string personal;  ///< kind of personal data: email, phone, ...; empty: none
  bool plain = false;    ///< holds neither personal data nor secrets
  bool secret = false;
  bool binding = false;
  bool url = false;
  bool is_volatile = false;  ///< no diff shows it, no merge asks about it
  MergeUnit merge = MergeUnit::kWhole;
  std::vector<ArrayRule> arrays;  ///< of merge json: the first that fits a path says it
  std::vector<EmbeddedIds> ids;
  Place place;
  /// Whether it says what kind of text the column holds [M3].
  bool classifies() const { return plain || secret || binding || url || !personal.empty(); }
};

/// A reference, also one that the database does not declare.
struct ReferenceEntry {
  std::vector<std::string> columns;
  /// Target table by discriminator value; a plain reference has one case with no value.
  struct Case {
    Value discriminator;
    std::string table;
  };
  std::vector<Case> cases;
  /// The column that says which case: of this table, or of the row that `via` refers to.
  std::string discriminator;
  std::string via;  ///< a reference column of this table; empty: the discriminator is its own
  /// The target's columns that are referred to; empty: its key. `by: name` for references by name.
  std::vector<std::string> by;
  /// For references by name with a scope: (column here, column there) that must be equal too.
  std::vector<std::pair<std::string, std::string>> scope;
  std::vector<Value> none;  ///< values that mean "refers to nothing" besides NULL: 0, ''
  Place place;
};

/// One part of a natural key: a column, folded where the application ignores case.
struct NaturalKeyPart {
  enum class Fold { kNone, kLower };
  std::string column;
  Fold fold = Fold::kNone;
};

struct OrderedList {
  std::string order;                ///< the column that holds the position
  std::vector<std::string> within;  ///< rows equal in these columns are one list
};

struct TableEntry {
  std::string name;
  RoleRule role;
  std::vector<std::string> key;  ///< empty: the primary key
  std::vector<NaturalKeyPart> natural_key;
  std::string label;    ///< column that people know the row by
  std::string part_of;  ///< reference column of the owner: a child travels with its parent
  std::string born;     ///< column that is set when a row is made and never changes after
  std::optional<OrderedList> list;
  std::vector<ReferenceEntry> references;
  std::vector<ColumnEntry> columns;
  bool all_plain = false;            ///< `plain: all`: what no column entry says is plain text
  std::vector<std::string> rebuild;  ///< role derived: SQL run in the promotion's transaction
  /// Role data: sandboxes write it. Carrier split: live's rows; copy: its own over live's [O3].
  bool shared_write = false;
  /// What triggers of the application do in a sandbox, by their names.
  std::map<std::string, database::TriggerUse> triggers;
  Place place;
  const ColumnEntry* column(std::string_view column_name) const;
};

/// How it is known who changed live's config, and when.
enum class Tracking {
  kNone,
  kTriggers,  ///< triggers on live's tables note it
};

struct Manifest {
  std::string application;
  std::string version;
  std::string carrier;                     ///< default carrier of its sandboxes; empty: file
  std::vector<std::string> after_promote;  ///< SQL: cache marks to touch, in the same transaction
  std::vector<std::pair<std::string, Value>> scope;  ///< [M4]
  database::SessionLimits limits;                    ///< of its sandboxes' sessions [E9]
  Tracking track = Tracking::kNone;
  std::vector<TableEntry> tables;  ///< in the order of the file
  const TableEntry* table(std::string_view name) const;
};

/// A mistake or a gap. Lists of them are values; nothing throws at the first.
struct Problem {
  enum class Severity { kError, kWarning };
  Severity severity = Severity::kError;
  std::string place;  ///< file:line, or table.column for what the file doesn't mention
  std::string message;
  std::string remedy;
};

/// "queues.yaml:12: error: no role 'confg' (did you mean 'config'?)", one line.
std::string to_text(const Problem& problem);

bool has_errors(const std::vector<Problem>& problems);

/// What a file says, with every mistake in it. `manifest` is only usable without errors.
struct Loaded {
  Manifest manifest;
  std::vector<Problem> problems;
};

/// Reads a manifest. What isn't YAML is one problem; otherwise every mistake is listed: unknown
/// words (with the nearest known one), wrong types, unknown tables in references, twice the same.
Loaded load(std::string_view text, std::string_view file);

/// load() of a file's text, or Error(kInvalidManifest) with all problems in its message.
Manifest load_or_throw(std::string_view text, std::string_view file);

}  // namespace doppel::manifest
