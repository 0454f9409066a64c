#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "changeset/changeset.hpp"
#include "database/overlay.hpp"
#include "manifest/model.hpp"
#include "merge/merge.hpp"

/// What a sandbox of an application is made of and what has changed in it: the model's roles laid
/// over the carrier's tables. Whose tables they are and how they are captured the adapter knows.
namespace doppel::overlay {

/// The tables that a sandbox of the application keeps: those that may hold config with a base, all
/// others with a key as data.
std::vector<database::TrackedTable> tracked_tables(const manifest::Model& model);

/// The ways in which data that sandboxes share for writing refer to config, polymorphic references
/// and those `via` another row included; ids inside texts are not [O3].
std::vector<database::DataReference> data_references(const manifest::Model& model);

/// The ways in which a promotion looks for rows that refer to config: to see who would be left
/// without a row, and the database by its own foreign keys.
std::vector<database::Lookup> promotion_lookups(const manifest::Model& model);

/// Who touched a row last, and when.
struct Touch {
  std::string by;  ///< empty: the application, by its own connection
  std::string at;
};

using RowId = std::pair<std::string, Key>;  ///< table and key

/// What differs from the base. Config is what a plan is made of; data are the sandbox's own rows.
struct Changes {
  changeset::ChangeSet config;
  changeset::ChangeSet data;
  std::map<RowId, Touch> touches;
  std::vector<merge::ListBase> lists;  ///< the base order of every ordered list that was touched
};

/// Default values of columns by table and column: for columns that live's tables got meanwhile.
using Defaults = std::map<std::string, std::map<std::string, Value>, std::less<>>;

/// Throws Error(kSchemaChanged), naming table and columns, when a changed row doesn't fit live's
/// table any more; with `defaults` given such rows are fitted instead (see adapt.hpp).
Changes read_changes(const manifest::Model& model, database::Overlay& sandbox,
                     const Defaults* defaults = nullptr);

/// Children of an owner (`part_of`) that the sandbox left alone: as they stand in its base.
struct Siblings {
  std::string table;          ///< the children's
  std::size_t reference = 0;  ///< part_of: index into the table's references
  std::vector<Value> owner;   ///< the values by which they refer to it
  RowId touched;              ///< a child of the same owner that the sandbox changed
  std::map<Key, Row> rows;
};

/// For every owner of whose children the sandbox changed some: its other children, of all tables
/// that are part of it. Costs follow the number of children.
std::vector<Siblings> read_siblings(const manifest::Model& model,
                                    const changeset::ChangeSet& config, database::Overlay& sandbox);

/// Marks the sandbox's state by name, config and data [E7]. A name in use is taken over.
void checkpoint(const manifest::Model& model, database::Overlay& sandbox, const std::string& name);
std::vector<std::string> checkpoints(database::Overlay& sandbox);

/// A marked state as a value: what differed from the base then.
struct Checkpoint {
  std::string name;
  changeset::ChangeSet changes;
};
std::vector<Checkpoint> read_checkpoints(database::Overlay& sandbox);
/// Puts marks back into a sandbox whose rows are its base's still. Returns the names of those that
/// this base has no place for: it has another row than they began with.
/// REQUIRES: an open write transaction.
std::vector<std::string> restore_checkpoints(const manifest::Model& model,
                                             const std::vector<Checkpoint>& checkpoints,
                                             database::Overlay& sandbox);

/// From now on these rows' bases are the `after` images; `before` are the bases that they had. A
/// checkpoint goes on meaning what the sandbox showed when it was made.
/// REQUIRES: an open write transaction.
void move_bases(const std::vector<RowChange>& bases, database::Overlay& sandbox);

/// Takes the sandbox back to a checkpoint, or to its start: same base, same rows, same next keys.
/// Cost follows what was changed. Returns the number of rows written.
/// Throws Error(kNotFound) for an unknown name.
std::size_t reset(const manifest::Model& model, database::Overlay& sandbox,
                  const std::optional<std::string>& name);

/// A row of own work over live's row as it is now.
struct Kept {
  RowChange change;  ///< from live's row to what the sandbox shows
  RowChange base;    ///< its base from now on: after is the image
};

/// Own fields over live's; where live changed the same ones the question stays open.
Kept keep_own(const RowChange& own, const std::optional<Row>& live);

/// `live`'s row with the addresses and credentials that the sandbox's `own` has for itself.
std::optional<Row> with_own_bindings(const manifest::TableModel& table,
                                     const std::optional<Row>& own, std::optional<Row> live);

/// What a refresh did.
struct Refreshed {
  std::size_t kept = 0;                    ///< own changes that stand on the new base
  std::size_t already_live = 0;            ///< own changes that live has meanwhile, too
  std::vector<merge::Conflict> conflicts;  ///< the sandbox keeps its own; a plan will ask
  std::vector<merge::Conflict> left_out;   ///< own work that had no room beside live's
  std::vector<merge::Rekeyed> rekeyed;     ///< new rows that have another key by now
};

/// What is done with own work that the sandbox's real tables can't show beside live's rows.
enum class NoRoom {
  kRefuse,
  kLeaveOut,  ///< live's stays, as the question's default answer has it
};

/// Lays the changes of one sandbox over a fresh one made from live as it is now: live's changes
/// are in rows that the sandbox didn't touch and in clean fields of those it did; where both
/// changed the same, the sandbox's own stays.
/// An open question stays open, with the old base. Throws Error(kConflicts) for what the sandbox's
/// real tables can't show beside live's rows (a unique value twice, a row whose parent is gone).
Refreshed rebase(const manifest::Model& model, const Changes& own,
                 const std::vector<merge::Answer>& answers, database::Overlay& fresh,
                 NoRoom no_room = NoRoom::kRefuse);

}  // namespace doppel::overlay
