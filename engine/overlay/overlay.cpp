#include "overlay/overlay.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/json.hpp"
#include "overlay/adapt.hpp"
#include "overlay/apply.hpp"
#include "overlay/facts.hpp"

namespace doppel::overlay {
namespace {

using changeset::ChangeSet;
using database::TransactionKind;
using manifest::Model;
using manifest::Role;
using manifest::TableModel;

/// Whether a change is one of config: by the row as it is, or as it was where it is gone.
class Classifier {
 public:
  Classifier(const Model& model, database::Overlay& sandbox)
      : model_(model),
        sandbox_(sandbox.connection()),
        lookup_([this](const std::string& table, const Key& key) { return row_of(table, key); }) {}
  Classifier(const Classifier&) = delete;
  Classifier& operator=(const Classifier&) = delete;

  bool is_config(const RowChange& change) const {
    if (database::is_keyless(*change.table)) return false;
    const TableModel& table = model_.require(change.table->name);
    if (!table.may_hold_config()) return false;
    if (table.role.by.empty() && table.role.of.empty()) return true;
    const Row& row = change.after ? *change.after : *change.before;
    return manifest::role_of(model_, table, row, lookup_) == Role::kConfig;
  }

 private:
  std::optional<Row> row_of(const std::string& name, const Key& key) const {
    const TableModel& table = model_.require(name);
    try {
      return sandbox_.read_rows(*table.shape, {&key, 1}).front();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kSql) throw;
    }
    // Live's table has columns by now that the sandbox's hasn't: they are NULL here.
    if (!own_) own_ = sandbox_.read_schema();
    const database::Table* own = own_->table(name);
    if (own == nullptr) return std::nullopt;
    std::vector<std::string> key_names;
    for (const std::size_t column : table.shape->key) {
      key_names.push_back(table.shape->columns[column]);
    }
    const TableShapePtr shape = database::shape_of(*own, key_names);
    auto row = sandbox_.read_rows(*shape, {&key, 1}).front();
    if (!row) return std::nullopt;
    return fitted({shape, key, std::move(row), std::nullopt}, table.shape, {}).before;
  }

  const Model& model_;
  database::Connection& sandbox_;
  mutable std::optional<database::Schema> own_;  ///< read when it is needed
  manifest::RowLookup lookup_;
};

/// A captured change with the model's own shape, so that equal tables share one.
RowChange with_shape(const Model& model, RowChange change, const Defaults* defaults) {
  if (database::is_keyless(*change.table)) return change;
  const TableModel& table = model.require(change.table->name);
  if (*table.shape == *change.table) {
    change.table = table.shape;
    return change;
  }
  if (defaults != nullptr) {
    const auto of_table = defaults->find(table.name());
    return fitted(change, table.shape,
                  of_table == defaults->end() ? std::map<std::string, Value>{} : of_table->second);
  }
  throw Error(
      ErrorCode::kSchemaChanged,
      "live's schema changed since the sandbox was made: " + misfit(*change.table, *table.shape),
      {.place = table.name(),
       .remedy = "`doppel sandbox refresh` takes the sandbox and its work along"});
}

std::vector<Value> within_of(const TableModel& table, const Row& row) {
  return TableShape::project(row, table.list->within);
}

bool touches_order(const TableModel& table, const RowChange& change) {
  if (change.kind() != ChangeKind::kUpdate) return true;
  return (*change.before)[table.list->order] != (*change.after)[table.list->order] ||
         within_of(table, *change.before) != within_of(table, *change.after);
}

/// The shapes that tables have in the sandbox, where live's are others by now.
using OwnShapes = std::map<std::string, TableShapePtr, std::less<>>;

std::vector<merge::ListBase> read_lists(const Model& model, const ChangeSet& config,
                                        const OwnShapes& own_shapes, database::Overlay& sandbox) {
  std::set<std::pair<std::string, std::vector<Value>>> wanted;
  for (const RowChange& change : config.changes) {
    const TableModel& table = model.require(change.table->name);
    if (!table.list || !touches_order(table, change)) continue;
    for (const auto& image : {change.before, change.after}) {
      if (image) wanted.emplace(table.name(), within_of(table, *image));
    }
  }
  std::vector<merge::ListBase> lists;
  for (const auto& [name, within] : wanted) {
    const TableModel& table = model.require(name);
    database::Matching matching;
    for (const std::size_t column : table.list->within) {
      matching.columns.push_back(table.shape->columns[column]);
    }
    matching.values = within;
    const auto own = own_shapes.find(name);
    const TableShape& shape = own == own_shapes.end() ? *table.shape : *own->second;
    const auto order = shape.column(table.shape->columns[table.list->order]);
    merge::ListBase list{.table = name, .within = within, .order = {}};
    if (!order) continue;  // The list is one only in live's new schema.
    sandbox.scan_base(shape, matching,
                      [&](Row&& row) { list.order.emplace_back(shape.key_of(row), row[*order]); });
    lists.push_back(std::move(list));
  }
  return lists;
}

/// All that differs from the base, whatever its role.
ChangeSet all_changes(const Model& model, database::Overlay& sandbox) {
  ChangeSet all;
  for (database::CapturedChange& captured : sandbox.read_changes()) {
    all.changes.push_back(with_shape(model, std::move(captured.change), nullptr));
  }
  return all;
}

constexpr const char* kCheckpoint = "checkpoint:";

/// Own work may stand beside an open question of this kind: the sandbox can show it.
bool can_stay_open(merge::ConflictKind kind) {
  using merge::ConflictKind;
  return kind == ConflictKind::kBothChanged || kind == ConflictKind::kDeletedInLive ||
         kind == ConflictKind::kDeletedInSandbox || kind == ConflictKind::kOrder;
}

}  // namespace

std::vector<database::TrackedTable> tracked_tables(const Model& model) {
  std::vector<database::TrackedTable> tracked;
  for (const TableModel& table : model.tables) {
    tracked.push_back({.shape = table.shape,
                       .kind = table.may_hold_config() ? database::TrackedTable::Kind::kConfig
                                                       : database::TrackedTable::Kind::kData,
                       .shared_write = table.shared_write,
                       .triggers = table.triggers});
  }
  return tracked;
}

Kept keep_own(const RowChange& own, const std::optional<Row>& live) {
  Kept kept{{own.table, own.key, live, own.after}, {own.table, own.key, live, live}};
  if (own.before && own.after && live) {
    Row shown = *live;
    Row base = *live;
    for (std::size_t i = 0; i < shown.size(); ++i) {
      if ((*own.before)[i] == (*own.after)[i]) continue;
      shown[i] = (*own.after)[i];
      // The old base keeps the question open: live's newer value is never overwritten unasked.
      if ((*live)[i] != (*own.before)[i] && (*live)[i] != (*own.after)[i])
        base[i] = (*own.before)[i];
    }
    kept.change.after = std::move(shown);
    kept.base.after = std::move(base);
  } else {
    kept.base.after = own.before;
  }
  return kept;
}

std::optional<Row> with_own_bindings(const TableModel& table, const std::optional<Row>& own,
                                     std::optional<Row> live) {
  for (std::size_t i = 0; own && live && i < live->size(); ++i) {
    if (table.columns[i].stays()) (*live)[i] = (*own)[i];
  }
  return live;
}

Changes read_changes(const Model& model, database::Overlay& sandbox, const Defaults* defaults) {
  const Classifier classifier(model, sandbox);
  Changes changes;
  OwnShapes own_shapes;
  for (database::CapturedChange& captured : sandbox.read_changes()) {
    const TableShapePtr own_shape = captured.change.table;
    RowChange change = with_shape(model, std::move(captured.change), defaults);
    if (*own_shape != *change.table) own_shapes.emplace(own_shape->name, own_shape);
    if (change.changes_nothing()) continue;
    changes.touches.emplace(RowId{change.table->name, change.key},
                            Touch{std::move(captured.by), std::move(captured.at)});
    auto& part = classifier.is_config(change) ? changes.config : changes.data;
    part.changes.push_back(std::move(change));
  }
  changes.lists = read_lists(model, changes.config, own_shapes, sandbox);
  return changes;
}

void checkpoint(const Model& model, database::Overlay& sandbox, const std::string& name) {
  const ChangeSet state = all_changes(model, sandbox);
  const auto transaction = sandbox.connection().begin(TransactionKind::kWrite);
  sandbox.set_note(kCheckpoint + name, write_json(changeset::to_json(state), JsonStyle::kCompact));
  transaction->commit();
}

std::vector<std::string> checkpoints(database::Overlay& sandbox) {
  std::vector<std::string> names;
  for (const std::string& note : sandbox.note_names()) {
    if (note.starts_with(kCheckpoint))
      names.push_back(note.substr(std::string(kCheckpoint).size()));
  }
  return names;
}

std::vector<Checkpoint> read_checkpoints(database::Overlay& sandbox) {
  std::vector<Checkpoint> read;
  for (const std::string& name : checkpoints(sandbox)) {
    const auto stored = sandbox.note(kCheckpoint + name);
    if (!stored) continue;
    read.push_back({name, changeset::from_json(parse_json(*stored, "checkpoint " + name), name)});
  }
  return read;
}

std::vector<std::string> restore_checkpoints(const Model& model,
                                             const std::vector<Checkpoint>& checkpoints,
                                             database::Overlay& sandbox) {
  std::vector<std::string> lost;
  for (const Checkpoint& checkpoint : checkpoints) {
    const bool fits = std::ranges::all_of(checkpoint.changes.changes, [&](const RowChange& change) {
      // Of a row without a key that is to go nobody can say whether it is the same one.
      if (database::is_keyless(*change.table)) return change.after.has_value();
      const TableModel* table = model.table(change.table->name);
      return table != nullptr && *table->shape == *change.table &&
             sandbox.connection().read_rows(*table->shape, {&change.key, 1}).front() ==
                 change.before;
    });
    if (!fits) {
      lost.push_back(checkpoint.name);
      continue;
    }
    sandbox.set_note(kCheckpoint + checkpoint.name,
                     write_json(changeset::to_json(checkpoint.changes), JsonStyle::kCompact));
  }
  return lost;
}

void move_bases(const std::vector<RowChange>& bases, database::Overlay& sandbox) {
  for (Checkpoint& checkpoint : read_checkpoints(sandbox)) {
    auto& changes = checkpoint.changes.changes;
    std::map<RowId, RowChange> marked;
    for (RowChange& change : changes) {
      const RowId row{change.table->name, change.key};
      marked.emplace(row, std::move(change));
    }
    for (const RowChange& base : bases) {
      const RowId row{base.table->name, base.key};
      const auto found =
          marked.try_emplace(row, RowChange{base.table, base.key, base.before, base.before});
      found.first->second.before = base.after;
      if (found.first->second.changes_nothing()) marked.erase(found.first);
    }
    changes.clear();
    for (auto& [row, change] : marked) changes.push_back(std::move(change));
    sandbox.set_note(kCheckpoint + checkpoint.name,
                     write_json(changeset::to_json(checkpoint.changes), JsonStyle::kCompact));
  }
  sandbox.move_base(bases);
}

namespace {

/// From what the sandbox holds to what is wanted of it.
ChangeSet way_back(const Model& model, database::Overlay& sandbox, const ChangeSet& wanted) {
  ChangeSet way = changeset::invert(all_changes(model, sandbox));
  way.changes.insert(way.changes.end(), wanted.changes.begin(), wanted.changes.end());
  return changeset::normalise(std::move(way));
}

}  // namespace

std::size_t reset(const Model& model, database::Overlay& sandbox,
                  const std::optional<std::string>& name) {
  ChangeSet wanted;
  if (name) {
    const auto stored = sandbox.note(kCheckpoint + *name);
    if (!stored) {
      throw Error(ErrorCode::kNotFound, "the sandbox has no checkpoint '" + *name + "'",
                  {.place = {}, .remedy = "`doppel sandbox show` lists its checkpoints"});
    }
    wanted = changeset::from_json(parse_json(*stored, "checkpoint " + *name), *name);
    for (RowChange& change : wanted.changes) change = with_shape(model, std::move(change), nullptr);
  }
  const ChangeSet way = way_back(model, sandbox, wanted);
  const auto is_keyed = [](const RowChange& change) {
    return !database::is_keyless(*change.table);
  };

  const auto transaction = sandbox.connection().begin(TransactionKind::kWrite);
  apply_in_order(model, changeset::filter(way, is_keyed), sandbox.connection());
  // Last, and as they stand then: triggers of the application may have written more of them.
  const ChangeSet rest = changeset::filter(
      way_back(model, sandbox, wanted), [&](const RowChange& change) { return !is_keyed(change); });
  sandbox.write_keyless(rest.changes);
  if (!name) sandbox.restore_counters();
  transaction->commit();
  return way.size();
}

namespace {

/// The merge leaves bindings as live has them; a sandbox keeps its own.
void keep_bindings(const Model& model, const ChangeSet& own, database::Connection& live,
                   ChangeSet& way) {
  std::map<RowId, std::size_t> known;
  for (std::size_t i = 0; i < way.size(); ++i) {
    known.emplace(RowId{way.changes[i].table->name, way.changes[i].key}, i);
  }
  for (const RowChange& change : own.changes) {
    if (!change.before || !change.after) continue;
    const TableModel& table = model.require(change.table->name);
    if (with_own_bindings(table, change.after, change.before) == change.before) continue;
    if (const auto found = known.find({table.name(), change.key}); found != known.end()) {
      auto& after = way.changes[found->second].after;
      after = with_own_bindings(table, change.after, std::move(after));
      continue;
    }
    auto now = live.read_rows(*table.shape, {&change.key, 1}).front();
    auto shown = with_own_bindings(table, change.after, now);
    if (shown != now) {
      way.changes.push_back({table.shape, change.key, std::move(now), std::move(shown)});
    }
  }
}

}  // namespace

namespace {

/// Takes the fresh sandbox the whole way in one transaction. What is kept beside an open question
/// may not fit live's rows: the tables themselves judge that, some of it only at the end.
void lay(const Model& model, const Changes& own, const ChangeSet& way,
         const std::vector<RowChange>& bases, database::Overlay& fresh) {
  try {
    const auto transaction = fresh.connection().begin(TransactionKind::kWrite);
    apply_in_order(model, way, fresh.connection());
    fresh.move_base(bases);
    std::vector<database::CapturedChange> touched;
    for (const RowChange& change : way.changes) {
      const auto touch = own.touches.find({change.table->name, change.key});
      if (touch == own.touches.end()) continue;
      touched.push_back({change, touch->second.by, touch->second.at});
    }
    fresh.restore_touches(touched);
    transaction->commit();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kConstraint) throw;
    throw Error(ErrorCode::kConflicts,
                std::string("the sandbox can't show its own work on today's live: ") + error.what(),
                {.place = error.place(),
                 .remedy = "answer with `doppel resolve` what `doppel plan` asks, then refresh"});
  }
}

/// The merge of own work with live's rows in which every open question can stay open.
merge::Result merge_with_room(const Model& model, const Changes& own,
                              std::vector<merge::Answer> answers,
                              const std::map<RowId, const RowChange*>& own_by_row,
                              database::Connection& connection, NoRoom no_room,
                              Refreshed& refreshed) {
  // Every round answers questions for good, and taking one row out may raise the next one.
  for (int round = 0;; ++round) {
    merge::Result merged =
        merge::merge_with(model, own.config, own.lists, facts_from(model, connection), answers);
    std::vector<merge::Conflict> blocking;
    for (const merge::Conflict& conflict : merged.conflicts) {
      if (conflict.answered) continue;
      const RowId row{conflict.table->name, conflict.key};
      if (!can_stay_open(conflict.kind) || !own_by_row.contains(row)) blocking.push_back(conflict);
    }
    if (blocking.empty()) return merged;
    if (no_room == NoRoom::kRefuse || round == merge::kRoundLimit) {
      throw Error(
          ErrorCode::kConflicts,
          "the sandbox can't show its own work on today's live: " + blocking.front().message,
          {.place = blocking.front().table->name,
           .remedy = "answer with `doppel resolve` what `doppel plan` asks, then refresh"});
    }
    for (merge::Conflict& conflict : blocking) {
      answers.push_back({conflict.id, conflict.inputs, conflict.possible.front(), {}});
      refreshed.left_out.push_back(std::move(conflict));
    }
  }
}

}  // namespace

Refreshed rebase(const Model& model, const Changes& own, const std::vector<merge::Answer>& answers,
                 database::Overlay& fresh, NoRoom no_room) {
  database::Connection& connection = fresh.connection();
  Refreshed refreshed;
  std::map<RowId, const RowChange*> own_by_row;
  for (const RowChange& change : own.config.changes) {
    own_by_row.emplace(RowId{change.table->name, change.key}, &change);
  }
  const merge::Result merged =
      merge_with_room(model, own, answers, own_by_row, connection, no_room, refreshed);
  refreshed.rekeyed = merged.rekeyed;
  refreshed.rekeyed.insert(refreshed.rekeyed.end(), merged.adopted.begin(), merged.adopted.end());
  std::set<RowId> kept_rows;
  for (const merge::Conflict& conflict : merged.conflicts) {
    if (conflict.answered) continue;
    refreshed.conflicts.push_back(conflict);
    kept_rows.insert({conflict.table->name, conflict.key});
  }

  // Rows that wait for the answer to another one's question stay own work, too.
  for (const merge::Warning& waiting : merged.warnings) {
    const RowId row{waiting.table, waiting.key};
    if (own_by_row.contains(row)) kept_rows.insert(row);
  }

  ChangeSet way;
  for (const RowChange& change : merged.changes.changes) {
    if (!kept_rows.contains({change.table->name, change.key})) way.changes.push_back(change);
  }
  std::vector<RowChange> bases;
  for (const RowId& row : kept_rows) {
    const RowChange& change = *own_by_row.at(row);
    auto live = connection.read_rows(*change.table, {&change.key, 1}).front();
    Kept kept = keep_own(change, live);
    bases.push_back(std::move(kept.base));
    if (!kept.change.changes_nothing()) way.changes.push_back(std::move(kept.change));
  }
  keep_bindings(model, own.config, connection, way);
  refreshed.kept = way.size();
  refreshed.already_live = own.config.size() - std::min(own.config.size(), way.size());

  lay(model, own, way, bases, fresh);
  return refreshed;
}

}  // namespace doppel::overlay
