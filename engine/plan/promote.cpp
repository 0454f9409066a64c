#include "plan/promote.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "overlay/apply.hpp"

namespace doppel::plan {
namespace {

using changeset::ChangeSet;
using manifest::Model;

void refuse_unless_same(const Model& model, const Plan& reviewed, const Plan& now) {
  const std::vector<std::string> moved = what_moved(model, reviewed, now);
  if (moved.empty()) return;
  throw Error(ErrorCode::kStale,
              "what the plan touches has moved since it was made:\n  " + join(moved, "\n  "),
              {.place = reviewed.source});
}

void refuse_unless_promotable(const Plan& reviewed, const Plan& now) {
  if (now.empty() && now.data.empty()) {
    throw Error(ErrorCode::kWrongState, "the plan changes nothing",
                {.place = reviewed.source, .remedy = "discard the sandbox if its work is done"});
  }
  if (now.promotable()) return;
  std::vector<std::string> failed;
  for (const Check& check : now.checks) {
    if (!check.passed) failed.push_back(check.message);
  }
  throw Error(ErrorCode::kConflicts, "the plan can't be promoted:\n  " + join(failed, "\n  "),
              {.place = reviewed.source});
}

/// Derived tables are made anew and cache marks touched in the same transaction, so that nobody
/// sees new config with old derivations.
void run_actions(const Model& model, const std::vector<PlannedChange>& config,
                 database::Connection& live) {
  database::SqlRunner* sql = live.sql();
  if (sql == nullptr || config.empty()) return;
  for (const manifest::TableModel& table : model.tables) {
    for (const std::string& statement : table.rebuild) sql->execute_script(statement);
  }
  for (const std::string& statement : model.after_promote) sql->execute_script(statement);
}

/// The same changes with after images as they stand now: the database's own triggers may have had
/// their say.
ChangeSet read_back(const ChangeSet& changes, database::Connection& live) {
  std::vector<std::optional<Row>> rows = overlay::rows_now(changes, live);
  ChangeSet seen;
  seen.changes.reserve(changes.size());
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const RowChange& change = changes.changes[i];
    seen.changes.push_back({change.table, change.key, change.before, std::move(rows[i])});
  }
  return seen;
}

/// Triggers may shape a row; one that is there against the plan, or isn't, stops the promotion.
void verify(const ChangeSet& planned, const ChangeSet& seen) {
  for (std::size_t i = 0; i < planned.size(); ++i) {
    const RowChange& change = planned.changes[i];
    if (change.after.has_value() == seen.changes[i].after.has_value()) continue;
    throw Error(ErrorCode::kConstraint,
                "row " + display(change.key) + (change.after ? " is gone" : " is still there") +
                    " after it was promoted",
                {.place = change.table->name, .remedy = "look at the table's triggers"});
  }
}

std::string content_hash(const std::set<std::string>& tables, const Model& model,
                         database::Connection& connection) {
  changeset::State state;
  for (const std::string& name : tables) {
    const manifest::TableModel& table = model.require(name);
    auto& rows = state.tables[name];
    rows.shape = table.shape;
    connection.scan_rows(*table.shape, {}, [&](Row&& row) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (table.columns[i].is_volatile) row[i] = Value();
      }
      Key key = table.shape->key_of(row);
      rows.rows.emplace_hint(rows.rows.end(), std::move(key), std::move(row));
    });
  }
  return changeset::hash(state);
}

/// What those who listen are told: docs/reference/cli.md has it.
std::string announcement(const std::string& tenant, const Promotion& promotion) {
  json::object said;
  said["tenant"] = tenant;
  said["promotion"] = promotion.number;
  said["id"] = promotion.id;
  said["kind"] = to_text(promotion.kind);
  said["tables"] = json::array();
  std::set<std::string> tables;
  for (const RowChange& change : promotion.config.changes) tables.insert(change.table->name);
  constexpr std::size_t kMostTables = 50;  // PostgreSQL takes 8,000 bytes.
  for (const std::string& table : tables) {
    if (said["tables"].as_array().size() < kMostTables)
      said["tables"].as_array().emplace_back(table);
  }
  return write_json(said, JsonStyle::kCompact);
}

/// Applies the plan and keeps in `promotion` what came of it.
void carry_out(const Model& model, Plan plan, Promotion& promotion, database::Connection& live) {
  ChangeSet planned;
  planned.changes.reserve(plan.changes.size());
  for (PlannedChange& change : plan.changes) planned.changes.push_back(std::move(change.change));
  ChangeSet all = planned;
  all.changes.insert(all.changes.end(), plan.data.changes.begin(), plan.data.changes.end());
  overlay::apply_in_order(model, std::move(all), live);
  run_actions(model, plan.changes, live);
  ChangeSet config = read_back(planned, live);
  verify(planned, config);
  promotion.config = changeset::normalise(std::move(config));
  promotion.data = changeset::normalise(read_back(plan.data, live));
}

/// A promotion as it is prepared: what must still be so when it takes the right to write.
struct Prepared {
  std::int64_t number = 0;  ///< of the promotion
  Plan plan;
  ConfigText config;
};

Prepared prepare(const Model& model, const Request& request, const Plan& reviewed,
                 database::Connection& live) {
  Prepared prepared;
  prepared.number = static_cast<std::int64_t>(list_promotions(*live.sql()).size()) + 1;
  if (!reviewed.inputs.empty() && reviewed.inputs == inputs_of(request, live.fingerprint())) {
    prepared.plan = reviewed;
  } else {
    prepared.plan = make_plan(model, request, live);
    refuse_unless_same(model, reviewed, prepared.plan);
  }
  refuse_unless_promotable(reviewed, prepared.plan);
  prepared.config = read_config_text(model, live);
  return prepared;
}

/// The file of a promotion that isn't committed is removed again.
class SnapshotFile {
 public:
  explicit SnapshotFile(const PromotionContext& context) : context_(context) {}
  SnapshotFile(const SnapshotFile&) = delete;
  SnapshotFile& operator=(const SnapshotFile&) = delete;
  ~SnapshotFile() {
    try {
      if (!kept_ && !info_.name.empty()) remove_snapshot(*context_.snapshots, info_);
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch)
      // It stays as one of a promotion that never was.
    }
  }

  void write(const Prepared& prepared, const Promotion& promotion) {
    if (!info_.name.empty()) remove_snapshot(*context_.snapshots, info_);
    SnapshotInfo info;
    info.name = snapshot_name(prepared.number, promotion.id);
    info.tenant = context_.tenant;
    info.at = promotion.at;
    info.promotion = prepared.number;
    info_ = write_snapshot(*context_.snapshots, std::move(info), prepared.config);
  }
  SnapshotInfo keep() {
    kept_ = true;
    return info_;
  }
  const SnapshotInfo& info() const { return info_; }

 private:
  const PromotionContext& context_;
  SnapshotInfo info_;
  bool kept_ = false;
};

}  // namespace

Promoted promote(const Model& model, const Request& request, const Plan& reviewed,
                 database::Connection& live, const PromotionContext& context) {
  Promoted promoted;
  Promotion& promotion = promoted.promotion;
  promotion.id = context.id.empty() ? make_uuid7(*context.clock, *context.random) : context.id;
  promotion.kind = context.kind;
  promotion.source = reviewed.source;
  promotion.base = context.base;
  promotion.reverts = context.reverts;
  promotion.plan = reviewed.hash.text;
  promotion.at = to_text(context.clock->now());
  promotion.by = context.by;

  // All that only reads live is done before its other writers have to wait.
  // Who has the lock is the only one to write snapshots without the right to write live.
  const auto alone = context.snapshots->try_lock();
  Prepared prepared;
  SnapshotFile snapshot(context);
  std::optional<std::int64_t> version;
  if (alone) {
    const auto moment = live.begin(database::TransactionKind::kRead);
    version = live.version();
    if (version) prepared = prepare(model, request, reviewed, live);
  }
  if (version) snapshot.write(prepared, promotion);

  const auto transaction = live.begin(database::TransactionKind::kWrite);
  if (context.fence) raise_fence(*live.sql(), *context.fence, promotion.source);
  if (!version || live.version() != version) {
    Prepared again = prepare(model, request, reviewed, live);
    const bool same = version && again.number == prepared.number && again.config == prepared.config;
    prepared = std::move(again);
    if (!same) snapshot.write(prepared, promotion);
  }
  if (alone) remove_leftovers(*context.snapshots, snapshot.info());
  database::SqlRunner& sql = *live.sql();
  prepare_history(sql);
  carry_out(model, std::move(prepared.plan), promotion, live);
  promotion.number = record(sql, promotion);
  sql.announce(announcement(context.tenant, promotion));
  transaction->commit();
  promoted.snapshot = snapshot.keep();
  return promoted;
}

Rehearsal rehearse(const Model& model, const Plan& plan, database::Connection& copy,
                   const Clock& clock) {
  Rehearsal rehearsal;
  const Instant start = clock.now();
  try {
    std::set<std::string> tables;
    ChangeSet all = plan.config();
    all.changes.insert(all.changes.end(), plan.data.changes.begin(), plan.data.changes.end());
    for (const RowChange& change : all.changes) tables.insert(change.table->name);
    const std::string before = content_hash(tables, model, copy);
    ChangeSet seen;
    {
      const auto transaction = copy.begin(database::TransactionKind::kWrite);
      overlay::apply_in_order(model, all, copy);
      run_actions(model, plan.changes, copy);
      seen = read_back(all, copy);
      transaction->commit();
    }
    {
      const auto transaction = copy.begin(database::TransactionKind::kWrite);
      overlay::apply_in_order(model, changeset::normalise(changeset::invert(seen)), copy);
      transaction->commit();
    }
    rehearsal.restored = content_hash(tables, model, copy) == before;
    if (!rehearsal.restored) {
      rehearsal.message =
          "after the rollback a touched table was not as before: its triggers "
          "leave something behind";
    }
  } catch (const Error& error) {
    // That the database went away says nothing of the plan.
    if (error.code() == ErrorCode::kIo) throw;
    rehearsal.message = error.what();
  }
  rehearsal.milliseconds =
      static_cast<double>(clock.now().microseconds - start.microseconds) / 1000.0;
  return rehearsal;
}

}  // namespace doppel::plan
