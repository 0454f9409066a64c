#pragma once

#include <deque>
#include <memory>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "merge/merge.hpp"

/// What the passes of a merge share. Internal to the room.
namespace doppel::merge {

enum class Status {
  kNothing,  ///< live stays as it is at this row
  kApplies,  ///< live's row becomes Item::merged
  kHeld,     ///< waits for the answer to a conflict
  kDropped,  ///< an answer left it out
};

/// One row that the merge deals with.
struct Item {
  const RowChange* ours = nullptr;  ///< null: a row that only the merge itself changes
  const manifest::TableModel* table = nullptr;
  Key key;                       ///< in live: re-keyed where that was needed
  const Row* base = nullptr;     ///< null: the row doesn't exist there
  const Row* live = nullptr;     ///< the row under `key`
  const Row* sandbox = nullptr;  ///< references rewritten
  bool overwrite = false;        ///< the sandbox's row counts as a whole
  bool replaces = false;         ///< it is another object than the base's: bindings are its own
  bool identified = false;       ///< fields and checks may look at it
  Status status = Status::kNothing;
  std::optional<Row> merged;  ///< kApplies, kHeld: what live's row becomes; absent: deleted
  std::string held_by;        ///< conflict id
};

using ItemIndex = std::unordered_map<Key, std::size_t, RowHash>;

/// An object of the sandbox that stands in live under other values: references to it follow.
struct Move {
  const Row* from = nullptr;
  const Row* to = nullptr;
};

class Work {
 public:
  Work(const manifest::Model& model, const changeset::ChangeSet& ours, const Facts& facts,
       const std::vector<Answer>& answers, const std::vector<ListBase>& lists);

  const manifest::Model& model;
  const Facts& facts;
  const std::vector<ListBase>& lists;
  std::deque<Item> items;  ///< those of `ours` first, in its order; references stay valid
  std::map<std::string, ItemIndex, std::less<>> by_live_key;
  std::map<std::string, ItemIndex, std::less<>> by_sandbox_key;
  std::map<std::string, std::vector<Move>, std::less<>> moves;
  std::map<std::string, std::size_t, std::less<>> keys_used;  ///< of the proposed ones
  std::map<std::string, Conflict> conflicts;                  ///< by id
  std::vector<Rekeyed> rekeyed;
  std::map<std::string, std::size_t, std::less<>> key_needs;

  /// Live's rows; null: not known yet, and now asked for.
  const std::vector<Row>* ask(const std::string& table, const std::vector<std::size_t>& columns,
                              const std::vector<Value>& values);
  /// What an index that the database alone judges makes of a row; null: now asked for.
  const database::IndexProbe* probe(const std::string& table, const std::string& index,
                                    const Row& row);
  bool lacks_facts() const { return !asked_.empty() || !key_needs.empty() || !probes_.empty(); }
  /// What was asked for, once each, sorted; it is then forgotten here.
  Needs take_needs();

  Item* at_live(std::string_view table, const Key& key);
  Item* at_sandbox(std::string_view table, const Key& key);
  /// Keeps a row for as long as the merge lives.
  const Row* keep(Row row);
  /// An item for a row of live that `ours` doesn't hold; it applies.
  Item& touch(const manifest::TableModel& table, const Row& live);

  /// Notes a conflict and gives the answer that holds for it, or null: it is open.
  /// `inputs` are hashed in addition to the images at the conflict's columns.
  const Answer* raise(Conflict conflict, const std::vector<Value>& inputs = {});
  /// The same without possible(): whether it has that answer can be asked before.
  static Conflict conflict_for(const Item& item, ConflictKind kind,
                               std::vector<std::size_t> columns);
  void hold(Item& item, const std::string& conflict);
  void drop(Item& item) { item.status = Status::kDropped; }

 private:
  using ValuesSet = std::unordered_set<std::vector<Value>, RowHash>;

  std::map<std::string, std::map<std::vector<std::size_t>, ValuesSet>> asked_;
  std::set<IndexQuestion> probes_;
  std::unordered_map<std::string, const Answer*> answers_;
  std::deque<Row> rows_;
};

/// Columns whose changes in the sandbox never count: volatile ones, and bindings and secrets, which
/// each environment has for itself.
bool is_quiet(const manifest::TableModel& table, std::size_t column);
/// Whether two rows are the same but for quiet columns.
bool same_but_quiet(const manifest::TableModel& table, const Row& a, const Row& b);
std::string conflict_id(const Conflict& conflict, const std::vector<Value>& list);

/// The table and columns that a reference of `image` points to.
struct Pointing {
  const manifest::TableModel* table = nullptr;
  std::vector<std::size_t> columns;  ///< of `table`, scope included
  std::vector<Value> values;
  std::size_t own = 0;  ///< how many of them stand in the reference's own columns
};
enum class Found { kYes, kNothing, kUnknown };
/// kNothing: the reference is NULL or means "none"; kUnknown: a fact is missing and asked for.
Found find_pointing(Work& work, const manifest::TableModel& table,
                    const manifest::Reference& reference, const Row& image, Pointing& pointing);
/// Positions of a target's columns, or nothing where the model doesn't know them.
std::optional<std::vector<std::size_t>> columns_of(const manifest::TableModel& table,
                                                   const std::vector<std::string>& names);

/// What a table's rows are held against: its unique keys and, whether or not the database sees to
/// it, its natural key, because a row renamed here to what another is named there is a clash.
struct Uniqueness {
  std::vector<std::size_t> columns;
  std::vector<bool> folded;        ///< aligned with columns: case is ignored; empty: nowhere
  std::vector<std::size_t> asked;  ///< columns that live is asked by
  /// Live can't be asked by the folded columns: which rows are meant is sorted out here.
  bool sorted_out_here = false;
  /// The index that the database alone judges; empty: the columns say all. `columns` are then those
  /// that it is made of.
  std::string index = {};
  /// Folded; empty where one is NULL: such never meet. REQUIRES: no `index`.
  std::vector<Value> values_of(const Row& row) const;
};
std::vector<Uniqueness> uniques_of(const manifest::TableModel& table);  ///< uniques.cpp

/// A way in which rows that may be config refer to a table, and the columns of it that they name.
struct WayIn {
  const manifest::TableModel* from = nullptr;
  const manifest::Reference* reference = nullptr;
  std::vector<std::size_t> columns;  ///< of the table, those of a scope included
  std::vector<std::size_t> by;       ///< of `from`, aligned with them
};
std::vector<WayIn> ways_into(const manifest::Model& model,
                             const manifest::TableModel& table);  ///< referrers.cpp

/// Asks in the first round what the checks will most likely want to know, so that a merge without
/// conflicts takes one round of questions (foresee.cpp).
void foresee(Work& work);

/// The passes, in their order.
void identify(Work& work);          ///< rekey.cpp: which row of live is which of the sandbox
void merge_fields(Work& work);      ///< fields.cpp
void merge_lists(Work& work);       ///< lists.cpp
bool check_uniques(Work& work);     ///< uniques.cpp; true: an item changed its status
bool check_references(Work& work);  ///< references.cpp
bool check_referrers(Work& work);   ///< referrers.cpp

/// Rewrites the references of `image` that point to moved objects (rewrite.cpp). `fixed` columns
/// are left alone.
class Rewriter {
 public:
  explicit Rewriter(Work& work) : work_(work) {}
  /// Null: nothing to rewrite.
  std::optional<Row> rewritten(const manifest::TableModel& table, const Row& image);
  /// Forgets the index of moves: there are new ones.
  void moved() { index_.clear(); }

 private:
  using Index = std::unordered_map<std::vector<Value>, const Row*, RowHash>;
  const Index& index(const std::string& table, const std::vector<std::size_t>& columns);
  void rewrite_ids(const manifest::TableModel& table, Row& image);
  std::optional<std::string> moved_id(const manifest::TableModel& target, const std::string& id);

  Work& work_;
  std::map<std::pair<std::string, std::vector<std::size_t>>, Index> index_;
};

}  // namespace doppel::merge
