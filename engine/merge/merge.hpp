#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "changeset/changeset.hpp"
#include "manifest/model.hpp"

/// Three-way merge per field, on touched rows only. Pure: what it must know of live it asks for as
/// Questions, and whoever calls it answers them in batches (from a database, or from a State).
///
/// base is what the sandbox started from, as the changes' before images hold it; sandbox is their
/// after images; live is what the facts say. The result turns live into the merged state.
namespace doppel::merge {

/// "The rows of live's `table` whose `columns` equal `values`." Columns are the shape's; the key's
/// columns ask for one row, a list's `within` columns for all its members; no columns at all ask
/// for every row of the table (a list or a natural key without anything to narrow it down by). A
/// database answers by its own idea of equal (collation, affinity); NULL equals NULL.
struct Question {
  std::string table;
  std::vector<std::size_t> columns;
  std::vector<Value> values;
  friend auto operator<=>(const Question&, const Question&) = default;
};

/// "What does the unique index compare of this row, and which of live's rows does it hold under
/// that?" Of an index with a condition or on expressions only the database knows.
struct IndexQuestion {
  std::string table;
  std::string index;
  Row row;
  friend auto operator<=>(const IndexQuestion&, const IndexQuestion&) = default;
};

/// What is known of live. A question answered with no rows is known, too.
class Facts {
 public:
  void add(const Question& question, std::vector<Row> rows);
  void add(const IndexQuestion& question, database::IndexProbe probe);
  /// Null: not known.
  const database::IndexProbe* probe(const IndexQuestion& question) const;
  /// Null: not known.
  const std::vector<Row>* rows(const Question& question) const;
  const std::vector<Row>* rows(const std::string& table, const std::vector<std::size_t>& columns,
                               const std::vector<Value>& values) const;

  /// Whether nothing was asked yet.
  bool empty() const { return rows_.empty() && keys_.empty(); }

  /// Keys that live would give next to new rows of a table (see database::KeyAllocator).
  void add_keys(const std::string& table, std::vector<std::int64_t> keys);
  const std::vector<std::int64_t>* keys(const std::string& table) const;

 private:
  using ByValues = std::unordered_map<std::vector<Value>, std::vector<Row>, RowHash>;
  using ByColumns = std::map<std::vector<std::size_t>, ByValues>;
  std::map<std::string, ByColumns, std::less<>> rows_;  ///< by table
  std::map<std::string, std::vector<std::int64_t>, std::less<>> keys_;
  std::map<IndexQuestion, database::IndexProbe> probes_;
};

struct Needs {
  std::vector<Question> questions;                       ///< each once, sorted
  std::map<std::string, std::size_t, std::less<>> keys;  ///< table -> number of new keys
  std::vector<IndexQuestion> probes;                     ///< each once, sorted
  bool empty() const { return questions.empty() && keys.empty() && probes.empty(); }
};

enum class ConflictKind {
  kBothChanged,       ///< one field, two new values
  kDeletedInLive,     ///< edited in the sandbox, deleted in live
  kDeletedInSandbox,  ///< deleted in the sandbox, edited in live
  kCreatedTwice,      ///< the same natural key was made on both sides
  kKeyTaken,          ///< a new row's key belongs to another object in live
  kReplaced,          ///< one side has another object under the key than the base, the other
                      ///< side changed the old one, or has another one, too
  kUniqueTaken,       ///< a unique value belongs to another row of live
  kReferenceGone,     ///< a row refers to one that live deleted
  /// A row deleted in the sandbox is referred to by config of live; or one that got another name
  /// there, where rows refer by the name (Conflict::columns) and no other row has it now.
  kStillReferenced,
  kOrder,  ///< both sides put the same members of a list in another order
};

enum class AnswerKind {
  kKeepLive,     ///< live stays as it is; the sandbox's change is left out
  kTakeSandbox,  ///< the sandbox's value or row wins
  kEdit,         ///< another value, given with the answer
  kRestore,      ///< a row deleted in live comes back, with the sandbox's edits
  kKeepDeleted,  ///< the row is (or becomes) deleted
  kRename,       ///< the sandbox's row gets other values in the colliding columns, given
  kMergeInto,    ///< the sandbox's row and the given row of live are one
  kNewKey,       ///< the sandbox's new row gets a key that is free, references follow
};

std::string_view to_text(ConflictKind kind);  ///< both_changed, deleted_in_live, ...
std::string_view to_text(AnswerKind kind);    ///< keep_live, take_sandbox, ...
std::optional<AnswerKind> parse_answer_kind(std::string_view text);

/// What may be answered to a kind of conflict, the default first. The default never discards the
/// newer live value.
///
///   both_changed        keep_live, take_sandbox, edit
///   deleted_in_live     keep_deleted, restore
///   deleted_in_sandbox  keep_live, keep_deleted
///   created_twice       keep_live, merge_into, rename
///   key_taken           new_key, keep_live        (new_key is taken without asking)
///   replaced            keep_live, new_key, take_sandbox, merge_into   (merge_into: it is the
///                                                 same object after all, merged field by field)
///   unique_taken        keep_live, rename
///   reference_gone      keep_live, restore, edit
///   still_referenced    keep_live, edit           (edit: the row that takes over the references;
///                                                 a renamed one may do so itself: they follow)
///   order               keep_live, take_sandbox
std::vector<AnswerKind> possible_answers(ConflictKind kind);

struct Conflict {
  ConflictKind kind = ConflictKind::kBothChanged;
  /// Short and stable: the same question has the same id in every plan (c_ and ten hex digits of
  /// a hash of kind, table, key and columns).
  std::string id;
  /// Changes with every value that the conflict was made of; an answer holds for one of these, so
  /// a resolved conflict stays resolved until one of its inputs changes.
  std::string inputs;
  TableShapePtr table;
  Key key;                           ///< of the sandbox's row
  std::vector<std::size_t> columns;  ///< concerned; empty: the whole row
  /// Images of the row; absent where it doesn't exist on that side. For collisions `live` is the
  /// other row, live's, that is in the way; for still_referenced the first row that refers.
  std::optional<Row> base, live, sandbox;
  std::vector<AnswerKind> possible;    ///< the default first
  std::string message;                 ///< one sentence for people, with labels and values
  std::optional<AnswerKind> answered;  ///< how; absent: open, nothing may be promoted
};

struct Answer {
  std::string conflict;  ///< id
  std::string inputs;    ///< the Conflict's, when it was given
  AnswerKind kind = AnswerKind::kKeepLive;
  /// edit, rename: the values of Conflict::columns; edit of still_referenced: the key of the row
  /// that takes over; new_key: the key, where the database doesn't give keys by itself; restore of
  /// reference_gone: the whole row that comes back, where the sandbox's changes don't hold it.
  std::vector<Value> values;
};

/// The order that an ordered list had in the base: kept at the first touch of a member, because
/// untouched members' places say what a move meant.
struct ListBase {
  std::string table;
  std::vector<Value> within;                 ///< values of ListModel::within
  std::vector<std::pair<Key, Value>> order;  ///< every member with its order value
};

/// A new row that gets another key in live.
struct Rekeyed {
  std::string table;
  Key from, to;
};

struct Warning {
  std::string table;
  Key key;
  std::string message;
};

struct Result {
  Needs needs;  ///< not empty: add the facts and merge again; everything below is not final then
  changeset::ChangeSet changes;     ///< before images are live's; only what no conflict holds back
  std::vector<Conflict> conflicts;  ///< open and answered, by table, key, kind
  std::vector<Rekeyed> rekeyed;
  std::vector<Rekeyed> adopted;  ///< new rows that became one with a row of live under another key
  std::vector<Warning> warnings;

  bool open() const;  ///< whether a conflict has no answer
};

/// `ours` is the sandbox's net changes (normalised) of config rows, `lists` the base order of the
/// ordered lists they touch; of a list not given, untouched members stood as they stand in live.
/// Rounds end: every round's questions are about rows that the one before brought, and at most
/// kRoundLimit are needed.
Result merge(const manifest::Model& model, const changeset::ChangeSet& ours,
             const std::vector<ListBase>& lists, const Facts& facts,
             const std::vector<Answer>& answers);

inline constexpr int kRoundLimit = 16;

/// merge() until nothing more is asked, with `answer_needs` adding the facts.
using FactSource = std::function<void(const Needs& needs, Facts& facts)>;
Result merge_with(const manifest::Model& model, const changeset::ChangeSet& ours,
                  const std::vector<ListBase>& lists, const FactSource& answer_needs,
                  const std::vector<Answer>& answers);

/// A source of facts that is a value: for laws, tests and rehearsals without a database. Borrows
/// both. Values are equal when they are identical; keys go on above the highest.
FactSource facts_from(const manifest::Model& model, const changeset::State& live);

}  // namespace doppel::merge
