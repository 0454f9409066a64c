#include "plan/promote.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "overlay/apply.hpp"

namespace doppel::plan {
namespace {

using changeset::ChangeSet;
using manifest::Model;

void refuse_unless_same(const Model& model, const Plan& reviewed, const Plan& now) {
  const std::vector<std::string> moved = what_moved(model, reviewed, now);
  if (!moved.empty()) {
    throw Error(ErrorCode::kStale,
                "what the plan touches has moved since it was made:\n  " + join(moved, "\n  "),
                {.place = reviewed.source});
  }
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
void run_actions(const Model& model, const ChangeSet& config, database::Connection& live) {
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
  ChangeSet seen = changes;
  for (std::size_t i = 0; i < seen.size(); ++i) seen.changes[i].after = std::move(rows[i]);
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

/// Applies the plan and keeps in `promotion` what came of it.
void carry_out(const Model& model, const Plan& plan, Promotion& promotion,
               database::Connection& live) {
  const ChangeSet planned = plan.config();
  ChangeSet all = planned;
  all.changes.insert(all.changes.end(), plan.data.changes.begin(), plan.data.changes.end());
  overlay::apply_in_order(model, all, live);
  run_actions(model, planned, live);
  const ChangeSet config = read_back(planned, live);
  verify(planned, config);
  promotion.config = changeset::normalise(config);
  promotion.data = changeset::normalise(read_back(plan.data, live));
}

}  // namespace

Promoted promote(const Model& model, const Request& request, const Plan& reviewed,
                 database::Connection& live, const PromotionContext& context) {
  const auto transaction = live.begin(database::TransactionKind::kWrite);
  const Plan plan = make_plan(model, request, live);
  refuse_unless_same(model, reviewed, plan);

  Promoted promoted;
  Promotion& promotion = promoted.promotion;
  promotion.id = context.id.empty() ? make_uuid7(*context.clock, *context.random) : context.id;
  promotion.kind = context.kind;
  promotion.source = plan.source;
  promotion.base = context.base;
  promotion.reverts = context.reverts;
  promotion.plan = reviewed.hash.text;
  promotion.at = to_text(context.clock->now());
  promotion.by = context.by;

  database::SqlRunner& sql = *live.sql();
  prepare_history(sql);
  const auto next = static_cast<std::int64_t>(list_promotions(sql).size()) + 1;
  promoted.snapshot = write_snapshot(context.snapshots,
                                     {.name = snapshot_name(next, promotion.id),
                                      .tenant = context.tenant,
                                      .at = promotion.at,
                                      .promotion = next,
                                      .rows = 0,
                                      .hash = {},
                                      .file = {}},
                                     read_config(model, live));

  try {
    carry_out(model, plan, promotion, live);
    promotion.number = record(sql, promotion);
    transaction->commit();
  } catch (...) {
    remove_tree(promoted.snapshot.file);  // Of a promotion that never was.
    throw;
  }
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
      run_actions(model, plan.config(), copy);
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
    rehearsal.message = error.what();
  }
  rehearsal.milliseconds =
      static_cast<double>(clock.now().microseconds - start.microseconds) / 1000.0;
  return rehearsal;
}

}  // namespace doppel::plan
