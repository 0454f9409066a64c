#include <fmt/core.h>

#include "base/error.hpp"
#include "expected.hpp"
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
  const plan::Plan plan = answered_plan(name, options);
  log_ += fmt::format("promote {}: {} changes, {} conflicts{}\n", name, plan.changes.size(),
                      plan.conflicts.size(), plan.promotable() ? "" : ", not promotable");
  // Answers stay, and the next refresh uses them.
  if (!plan.promotable() || plan.changes.empty()) return {};
  if (plan.rehearsal && !plan.rehearsal->restored) return "rehearsal: " + plan.rehearsal->message;
  const State before = live_;
  const ThreeStates states{world_.model, model.base, before, model.shown, plan};
  const Expected expected = expect_promoted(states);
  doppel_->promote(full(name), plan.hash.text);
  live_ = live();
  std::string wrong =
      compare("live is what was planned", changeset::apply(before, plan.config()), live_);
  wrong += wrong_questions(states);
  const std::string other = differences(world_.model, expected, live_);
  if (!other.empty()) wrong += "live isn't the merge:\n" + other;
  forget(name);
  if (random_.below(3) != 0) return wrong;
  log_ += "  and roll it back\n";
  doppel_->restore_previous("world", LaterEdits::kRefuse);
  live_ = live();
  return wrong + compare("promote and rollback are nothing", before, live_);
}

std::string Simulator::check_left_out(const std::string& name, const plan::Plan& plan) {
  ModelSandbox& model = sandboxes_.at(name);
  const ThreeStates states{world_.model, model.base, live_, model.shown, plan};
  const State now = sandbox(name);
  const State base = base_of(doppel_->diff(full(name)), now);
  const auto wrong_with = [&](const ExpectedSandbox& expected) {
    std::string wrong;
    const std::string shown = differences(world_.model, expected.shown, now);
    if (!shown.empty()) wrong += name + " shows something else:\n" + shown;
    const std::string other = differences(world_.model, expected.base, base);
    if (!other.empty()) wrong += name + " has another base:\n" + other;
    return wrong;
  };
  const ExpectedSandbox expected = expect_left(states, Settled::kRows);
  std::string wrong = wrong_with(expected);
  if (!violations(world_.model, expected.shown.state).empty()) {
    const std::string otherwise = wrong_with(expect_left(states, Settled::kBases));
    if (otherwise.empty()) wrong.clear();
  }
  model.shown = now;
  model.base = base;
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
  const State selected = without(model.base, model.shown, plan.left_out);
  const ThreeStates states{world_.model, model.base, before, selected, plan};
  const Expected expected = expect_promoted(states);
  doppel_->promote(full(name), plan.hash.text);
  live_ = live();
  std::string wrong =
      compare("live is what was planned", changeset::apply(before, plan.config()), live_);
  const std::string other = differences(world_.model, expected, live_);
  if (!other.empty()) wrong += "live isn't the merge:\n" + other;
  if (!plan.left_out.empty()) return wrong + check_left_out(name, plan);
  forget(name);
  return wrong;
}

std::string Simulator::roll_back() {
  const auto history = doppel_->history("world");
  if (history.empty()) return {};
  const std::int64_t number = history[random_.below(history.size())].number;
  plan::Plan plan;
  try {
    plan = doppel_->plan_rollback("world", number, {});
  } catch (const Error& error) {
    // Live was migrated since.
    if (error.code() != ErrorCode::kSchemaChanged || !migrated_) throw;
    return {};
  }
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
