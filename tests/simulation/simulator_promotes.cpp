#include <fmt/core.h>

#include "base/error.hpp"
#include "simulator.hpp"

/// Of the simulator: what writes live.
namespace doppel::testing {

using changeset::State;

plan::Plan Simulator::answered_plan(const std::string& name, const PlanOptions& options) {
  plan::Plan plan = doppel_->plan(full(name), options);
  for (int round = 0; round < 3 && !plan.promotable(); ++round) {
    const std::vector<merge::Conflict> asked = plan.conflicts;
    for (const merge::Conflict& conflict : asked) {
      if (conflict.answered) continue;
      Resolution answer;
      answer.conflict = conflict.id;
      const merge::AnswerKind kind = conflict.possible[random_.below(conflict.possible.size())];
      const bool simple = kind == merge::AnswerKind::kKeepLive ||
                          kind == merge::AnswerKind::kTakeSandbox ||
                          kind == merge::AnswerKind::kKeepDeleted;
      answer.use_default = !simple;
      answer.kind = kind;
      try {
        plan = doppel_->resolve(full(name), {answer}, options);
        sandboxes_.at(name).answered = true;
      } catch (const Error& error) {
        // An answer may have ended other questions, or need a value that chance doesn't give.
        const bool known =
            error.code() == ErrorCode::kNotFound || error.code() == ErrorCode::kUsage;
        if (!known) throw;
      }
    }
  }
  return plan;
}

std::string Simulator::promote(const std::string& name) {
  ModelSandbox& model = sandboxes_.at(name);
  PlanOptions options;
  options.rehearse = random_.below(4) == 0;
  const bool answered = model.answered;
  const bool asked = !doppel_->plan(full(name), {.select = {}, .mappings = {}, .rehearse = false})
                          .conflicts.empty();
  const plan::Plan plan = answered_plan(name, options);
  log_ += fmt::format("promote {}: {} changes, {} conflicts{}\n", name, plan.changes.size(),
                      plan.conflicts.size(), plan.promotable() ? "" : ", not promotable");
  // Answers stay, and the next refresh uses them.
  if (!plan.promotable() || plan.changes.empty()) return {};
  if (plan.rehearsal && !plan.rehearsal->restored) return "rehearsal: " + plan.rehearsal->message;
  const State before = live_;
  const State expected = cell_by_cell(model.base, before, model.shown);
  doppel_->promote(full(name), plan.hash.text);
  live_ = live();
  std::string wrong =
      compare("live is what was planned", changeset::apply(before, plan.config()), live_);
  if (!asked && !answered) {
    wrong += options_.plain ? compare("live is the merge", expected, live_)
                            : lost_edits(world_.model, model.base, before, model.shown, live_);
  }
  forget(name);
  if (random_.below(3) != 0) return wrong;
  log_ += "  and roll it back\n";
  doppel_->restore_previous("world", LaterEdits::kRefuse);
  live_ = live();
  return wrong + compare("promote and rollback are nothing", before, live_);
}

std::string Simulator::check_left_out(const plan::Plan& plan, const State& then, const State& now) {
  std::string wrong;
  for (const auto& [name, key] : plan.left_out) {
    const Row* was = row_of(then, name, key);
    const Row* is = row_of(now, name, key);
    // Where keys are given anew, or a place in a list, rows that stay follow what was promoted.
    const bool as_it_was = options_.plain
                               ? same(was, is)
                               : !plan.rekeyed.empty() || (was == nullptr) == (is == nullptr);
    if (!as_it_was) wrong += "a row that was left out is another: " + display(key) + "\n";
  }
  return wrong;
}

std::string Simulator::promote_part(const std::string& name) {
  ModelSandbox& model = sandboxes_.at(name);
  const plan::Diff diff = doppel_->diff(full(name));
  if (diff.rows.empty()) return {};
  const auto& row = diff.rows[random_.below(diff.rows.size())];
  std::string key;
  for (const Value& part : row.key) key += (key.empty() ? "" : ",") + display(part);
  PlanOptions options;
  options.rehearse = false;
  options.select.push_back({row.table, key});
  const plan::Plan plan = answered_plan(name, options);
  log_ += fmt::format("promote of {} {} {}: {} changes, {} left out{}\n", name, row.table, key,
                      plan.changes.size(), plan.left_out.size(),
                      plan.promotable() ? "" : ", not promotable");
  if (!plan.promotable() || plan.changes.empty()) return {};
  const State before = live_;
  const State own = model.shown;
  doppel_->promote(full(name), plan.hash.text);
  live_ = live();
  std::string wrong =
      compare("live is what was planned", changeset::apply(before, plan.config()), live_);
  if (plan.left_out.empty()) {
    forget(name);
    return wrong;
  }
  if (!options_.plain) {
    model.shown = sandbox(name);
    model.base = base_of(doppel_->diff(full(name)), model.shown);
    return wrong + check_left_out(plan, own, model.shown);
  }
  // The rows that were left out are as they were, in the base and in what is shown.
  model.shown = sandbox(name);
  wrong += check_left_out(plan, own, model.shown);
  State base = model.shown;
  for (const auto& [table, left] : plan.left_out) {
    const Row* was = row_of(model.base, table, left);
    if (was == nullptr) {
      base.tables[table].rows.erase(left);
    } else {
      base.tables[table].rows[left] = *was;
    }
  }
  model.base = std::move(base);
  return wrong;
}

std::string Simulator::roll_back() {
  const auto history = doppel_->history("world");
  if (history.empty()) return {};
  const std::int64_t number = history[random_.below(history.size())].number;
  plan::Plan plan = doppel_->plan_rollback("world", number, {});
  if (!plan.promotable() && !plan.conflicts.empty()) {
    plan = doppel_->resolve_rollback("world", number,
                                     {{.conflict = "all", .use_default = true, .values = {}}}, {});
  }
  log_ += fmt::format("roll back {}: {} changes{}\n", number, plan.changes.size(),
                      plan.promotable() ? "" : ", not promotable");
  if (!plan.promotable() || plan.changes.empty()) return {};
  const State expected = changeset::apply(live_, plan.config());
  doppel_->rollback("world", number, plan.hash.text);
  live_ = live();
  return compare("live is what the rollback planned", expected, live_);
}

}  // namespace doppel::testing
