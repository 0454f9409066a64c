#include <algorithm>

#include <fmt/core.h>

#include "base/error.hpp"
#include "expected.hpp"
#include "simulator.hpp"

/// Of the simulator: what brings live's rows into a sandbox.
namespace doppel::testing {

using changeset::State;

namespace {

/// Rows of a sandbox's own data laid over live's.
Entries with_own(const Entries& live, const Entries& base, const Entries& own) {
  Entries laid = live;
  for (const auto& [key, text] : base) {
    if (!own.contains(key)) laid.erase(key);
  }
  for (const auto& [key, text] : own) {
    if (!base.contains(key) || base.at(key) != text) laid[key] = text;
  }
  return laid;
}

/// Whether live has rows otherwise by now that the sandbox has changed.
bool moved_under(const Entries& live, const Entries& base, const Entries& own) {
  const auto at = [](const Entries& entries, std::int64_t key) {
    const auto found = entries.find(key);
    return found == entries.end() ? std::string() : found->second;
  };
  Entries keys = base;
  keys.insert(own.begin(), own.end());
  for (const auto& [key, unused] : keys) {
    if (at(base, key) == at(own, key) || at(live, key) == at(own, key)) continue;
    if (at(live, key) != at(base, key)) return true;
  }
  return false;
}

/// What was told before the rows were taken over, and what came of it: an answer that didn't hold
/// any more leaves its question open.
plan::Plan told_with(plan::Plan told, const overlay::Refreshed& done) {
  for (merge::Conflict& conflict : told.conflicts) {
    if (std::ranges::count(done.conflicts, conflict.id, &merge::Conflict::id) > 0) {
      conflict.answered.reset();
    }
  }
  told.rekeyed = done.rekeyed;
  told.adopted.clear();
  return told;
}

/// The same rows with one more column.
void widen(State& state, const std::string& name, const TableShapePtr& shape, const Value& value) {
  State::TableState& table = state.tables[name];
  table.shape = shape;
  for (auto& [key, row] : table.rows) row.push_back(value);
}

}  // namespace

plan::Plan Simulator::plan_of_all(const std::string& name) {
  return doppel_->plan(full(name), {.select = {}, .mappings = {}, .rehearse = false});
}

std::string Simulator::refresh(const std::string& name) {
  ModelSandbox& model = sandboxes_.at(name);
  const plan::Plan told = plan_of_all(name);
  const bool has_data = !shares_data() && model.entries != model.base_entries;
  try {
    const overlay::Refreshed done = doppel_->refresh(full(name), has_data);
    log_ += fmt::format("refresh {}: {} kept, {} open\n", name, done.kept, done.conflicts.size());
    std::string wrong = check_refresh(name, told_with(told, done));
    if (!shares_data()) model.entries = model.base_entries = entries_;
    return wrong;
  } catch (const Error& error) {
    log_ += "refresh " + name + " refused: " + error.what() + "\n";
    if (error.code() != ErrorCode::kConflicts) throw;
    return check_refusal(name, told);
  }
}

/// Only what real tables can't show together may be refused, or what hangs on an open question.
std::string Simulator::check_refusal(const std::string& name, const plan::Plan& told) {
  const ModelSandbox& model = sandboxes_.at(name);
  const ThreeStates states{world_.model, model.base, live_, model.shown, told};
  const State expected = expect_refreshed(states).shown.state;
  const bool needed = !told.conflicts.empty() || !violations(world_.model, expected).empty();
  return needed ? "" : "refused without need\n";
}

std::string Simulator::check_refresh(const std::string& name, const plan::Plan& told) {
  ModelSandbox& model = sandboxes_.at(name);
  const ThreeStates states{world_.model, model.base, live_, model.shown, told};
  const ExpectedSandbox expected = expect_refreshed(states);
  std::string wrong = wrong_questions(states);
  const State now = sandbox(name);
  const State base = base_of(doppel_->diff(full(name)), now);
  const std::string shown = differences(world_.model, expected.shown, now);
  if (!shown.empty()) wrong += name + " shows something else:\n" + shown;
  const std::string other = differences(world_.model, expected.base, base);
  if (!other.empty()) wrong += name + " has another base:\n" + other;
  model.shown = now;
  model.base = base;
  marks_.erase(name);
  return wrong;
}

std::string Simulator::suspend(const std::string& name) {
  ModelSandbox& model = sandboxes_.at(name);
  log_ += "suspend " + name + "\n";
  // While live stands still it is known what its answers will decide.
  const plan::Plan told = plan_of_all(name);
  doppel_->suspend(full(name));
  model.suspended = true;
  marks_.erase(name);
  places_.erase(name);
  return model.answered ? resume(name, &told) : std::string();
}

std::string Simulator::resume(const std::string& name, const plan::Plan* known) {
  ModelSandbox& model = sandboxes_.at(name);
  const bool drop = random_.below(4) == 0;
  const bool own = !shares_data() && !drop;
  try {
    const Restored done = doppel_->resume(full(name), {.drop_data = drop, .leave_out = false});
    log_ += fmt::format("resume {}: {} kept, {} open\n", name, done.refreshed.kept,
                        done.refreshed.conflicts.size());
    model.suspended = false;
    model.entries = own ? with_own(entries_, model.base_entries, model.entries) : entries_;
    model.base_entries = entries_;
    // Open questions are the same before and after.
    return check_refresh(name,
                         told_with(known == nullptr ? plan_of_all(name) : *known, done.refreshed));
  } catch (const Error& error) {
    log_ += "resume " + name + " refused: " + error.what() + "\n";
    if (error.code() == ErrorCode::kConflicts) return {};
    if (error.code() != ErrorCode::kStale) throw;
    const bool needed = own && moved_under(entries_, model.base_entries, model.entries);
    return needed ? "" : "refused without need\n";
  }
}

std::string Simulator::migrate() {
  const manifest::TableModel& chosen =
      world_.model.tables[random_.below(world_.model.tables.size())];
  if (chosen.shape->column("extra")) return {};
  const std::string name = chosen.name();
  const bool filled = random_.below(2) == 0;
  std::map<std::string, plan::Plan> told;
  for (const auto& [sandbox, model] : sandboxes_) {
    if (!model.suspended) told.emplace(sandbox, plan_of_all(sandbox));
  }
  log_ += "migrate " + name + "\n";
  run_sql(ground_->live(), "ALTER TABLE " + name + " ADD COLUMN extra" +
                               (dialect() == Dialect::kSqlite ? "" : " text") +
                               (filled ? " DEFAULT 'new'" : ""));
  const Value value = filled ? Value("new") : Value();
  auto shape = std::make_shared<TableShape>(*chosen.shape);
  shape->columns.emplace_back("extra");
  for (manifest::TableModel& table : world_.model.tables) {
    if (table.name() != name) continue;
    table.shape = shape;
    table.columns.emplace_back();
  }
  migrated_ = true;
  widen(live_, name, shape, value);
  marks_.clear();
  for (auto& [sandbox, model] : sandboxes_) {
    widen(model.base, name, shape, value);
    widen(model.shown, name, shape, value);
  }
  std::string wrong;
  for (const auto& [sandbox, before] : told) wrong += adapt(sandbox, before);
  return wrong;
}

std::string Simulator::adapt(const std::string& name, const plan::Plan& told) {
  ModelSandbox& model = sandboxes_.at(name);
  const bool has_data = !shares_data() && model.entries != model.base_entries;
  try {
    const Adapted done = doppel_->adapt(full(name));
    log_ += fmt::format("adapt {}: {} kept, {} open\n", name, done.refreshed.kept,
                        done.refreshed.conflicts.size());
    if (has_data) return "its own data went without a word\n";
    if (!shares_data()) model.entries = model.base_entries = entries_;
    return check_refresh(name, told_with(told, done.refreshed));
  } catch (const Error& error) {
    log_ += "adapt " + name + " refused: " + error.what() + "\n";
    if (error.code() == ErrorCode::kWrongState && !has_data) return "refused without need\n";
    const bool known =
        error.code() == ErrorCode::kConflicts || error.code() == ErrorCode::kWrongState;
    if (!known) throw;
  }
  // What stands on the old schema can't be told by the model of the new one.
  return discard(name);
}

}  // namespace doppel::testing
