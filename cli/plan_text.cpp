#include "cli/plan_text.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"
#include "cli/layout.hpp"
#include "cli/row_text.hpp"
#include "cli/style.hpp"

namespace doppel::cli {
namespace {

std::string change_text(const manifest::Model& model, const plan::PlannedChange& planned) {
  const RowChange& change = planned.change;
  const TableShape& shape = *change.table;
  std::string text = row_heading(change.kind(), planned.label, change.key) + "\n";
  if (!planned.why.empty()) text += flowed("(comes along: " + planned.why + ")", "      ");
  // What a row that goes away held is in the diff; here the reviewer asks what will be.
  if (change.kind() == ChangeKind::kDelete) return text;
  for (std::size_t i = 0; i < shape.columns.size(); ++i) {
    const Value before = change.before ? (*change.before)[i] : Value();
    const Value after = (*change.after)[i];
    if (before == after || is_key(shape, i)) continue;
    const std::string old =
        change.kind() == ChangeKind::kInsert ? "" : shown(model, shape, i, before) + " -> ";
    text += "      " + shape.columns[i] + ": " + old + shown(model, shape, i, after) + "\n";
  }
  return text;
}

std::string changes_text(const manifest::Model& model, const plan::Plan& plan) {
  std::string text;
  for (std::size_t i = 0; i < plan.changes.size(); ++i) {
    const std::string& table = plan.changes[i].change.table->name;
    if (i == 0 || plan.changes[i - 1].change.table->name != table) {
      const auto count = [&](ChangeKind kind) {
        return static_cast<std::size_t>(
            std::ranges::count_if(plan.changes, [&](const plan::PlannedChange& planned) {
              return planned.change.table->name == table && planned.change.kind() == kind;
            }));
      };
      text += table_heading(table, count(ChangeKind::kInsert), count(ChangeKind::kUpdate),
                            count(ChangeKind::kDelete));
    }
    text += change_text(model, plan.changes[i]);
  }
  return text;
}

std::string conflict_text(const plan::Plan& plan, const merge::Conflict& conflict) {
  std::vector<std::string> answers;
  for (const merge::AnswerKind kind : conflict.possible) answers.emplace_back(to_text(kind));
  if (!answers.empty()) answers[0] += " (default)";
  const std::string state = conflict.answered
                                ? "answered: " + std::string(to_text(*conflict.answered))
                                : "answers: " + join(answers, ", ");
  std::string live;
  if (const auto touch = plan.live_touches.find({conflict.table->name, conflict.key});
      touch != plan.live_touches.end()) {
    live = flowed("live was changed by " + touch->second.by + ", " + moment(touch->second.at),
                  "      ");
  }
  return "  " + styled(conflict.id, conflict.answered ? Tone::kFaint : Tone::kBad) + "  " +
         std::string(to_text(conflict.kind)) + "\n" + flowed(conflict.message, "      ") + live +
         "      " + state + "\n";
}

std::string impact_text(const plan::Impact& impact) {
  const std::string text = impact.table + " '" + impact.label +
                           "': " + counted(impact.rows, "row") + " of " + impact.referrer +
                           (impact.rows == 1 ? " uses it (" : " use it (") + impact.column + ")";
  if (impact.mapped_to) {
    return flowed(text + (impact.rows == 1 ? ", which goes to '" : ", which go to '") +
                      *impact.mapped_to + "'",
                  "  ");
  }
  if (impact.kind != ChangeKind::kDelete) return flowed(text, "  ");
  return flowed(text + ". Which row takes over?", "  ") + "      --map " +
         quoted(impact.table + ":" + impact.label + "=ROW") + "\n";
}

std::string rehearsal_text(const plan::Rehearsal& rehearsal) {
  if (rehearsal.restored) {
    return fmt::format(
        "Rehearsed on a copy: done and rolled back in {:.0f} ms, nothing was lost.\n",
        std::max(1.0, rehearsal.milliseconds));
  }
  return styled("The rehearsal on a copy failed:", Tone::kBad) + "\n" +
         flowed(rehearsal.message, "  ");
}

template <class List, class Text>
std::string section(const std::string& title, const List& list, Text&& text_of) {
  if (list.empty()) return "";
  std::string text = styled(title, Tone::kHeading) + "\n";
  for (const auto& item : list) text += text_of(item);
  return text;
}

std::string own_bindings(const manifest::Model& model, const plan::Plan& plan) {
  return section("stays with live, as each environment has its own", plan.bindings,
                 [&](const plan::OwnBinding& binding) {
                   const TableShape& shape = *model.require(binding.table).shape;
                   const std::size_t column = shape.column(binding.column).value_or(0);
                   return flowed(
                       binding.table + " '" + binding.label + "': " + binding.column + " is " +
                           shown(model, shape, column, binding.live) + " in live and " +
                           shown(model, shape, column, binding.sandbox) + " in the sandbox",
                       "  ");
                 });
}

std::string side_lists(const manifest::Model& model, const plan::Plan& plan) {
  std::string text = section("new keys", plan.rekeyed, [](const merge::Rekeyed& row) {
    return "  " + row.table + " " + display(row.from) + " becomes " + display(row.to) +
           ": live has taken its key\n";
  });
  text += section("otherwise than the sandbox showed", plan.differences,
                  [&](const plan::Difference& difference) {
                    const TableShape& shape = *model.require(difference.table).shape;
                    const std::size_t column = shape.column(difference.column).value_or(0);
                    return flowed(
                        difference.table + " '" + difference.label + "': " + difference.column +
                            " was shown as " + shown(model, shape, column, difference.sandbox) +
                            " and will be " + shown(model, shape, column, difference.result),
                        "  ");
                  });
  text += own_bindings(model, plan);
  text += section("warnings", plan.warnings, [](const merge::Warning& warning) {
    return flowed(warning.table + " " + display(warning.key) + ": " + warning.message, "  ");
  });
  return text +
         section("left out, as it was not selected", plan.left_out, [](const overlay::RowId& row) {
           return "  " + row.first + " " + display(row.second) + "\n";
         });
}

std::string summary(const plan::Plan& plan, const std::vector<std::string>& open) {
  std::string text =
      "Plan " + styled(short_hash(plan.hash.text), Tone::kHeading) + ": " +
      counted(static_cast<std::int64_t>(plan.changes.size()), "row") + " of config" +
      (plan.data.empty()
           ? ""
           : ", " + counted(static_cast<std::int64_t>(plan.data.size()), "row") + " of data");
  if (!open.empty()) {
    text += ", " + counted(static_cast<std::int64_t>(open.size()), "open conflict");
  }
  return text + "\n";
}

}  // namespace

std::string short_hash(const std::string& hash) {
  constexpr std::size_t kDigits = 12;
  return hash.substr(0, kDigits);
}

std::string plan_text(const manifest::Model& model, const plan::Plan& plan,
                      const NextCommands& next) {
  if (plan.empty()) {
    return own_bindings(model, plan) + "The plan is empty: there is nothing to promote.\n";
  }
  std::vector<std::string> open;
  for (const merge::Conflict& conflict : plan.conflicts) {
    if (!conflict.answered) open.push_back(conflict.id);
  }
  std::string text =
      changes_text(model, plan) +
      section("conflicts", plan.conflicts,
              [&](const merge::Conflict& conflict) { return conflict_text(plan, conflict); }) +
      section("impact on live data", plan.impact, impact_text) + side_lists(model, plan) + "\n";
  bool checked = true;
  for (const plan::Check& check : plan.checks) {
    if (check.passed) continue;
    checked = false;
    text += styled("Not yet:", Tone::kBad) + " " + check.message + "\n";
  }
  // Before everything is answered, a rehearsal that fails says the same once more.
  if (plan.rehearsal && (checked || plan.rehearsal->restored)) {
    text += rehearsal_text(*plan.rehearsal);
  }
  text += summary(plan, open);
  if (plan.promotable()) {
    text += "  put it live: " + next.promote + " --plan " + short_hash(plan.hash.text) + "\n";
  } else if (!open.empty()) {
    text += "  answer: " + next.resolve + " " + open.front() + " ANSWER" + next.options + "\n";
  }
  return text;
}

std::string promoted_text(const plan::Promoted& promoted) {
  const plan::Promotion& promotion = promoted.promotion;
  const char* what = promotion.kind == plan::PromotionKind::kRollback  ? "Rollback "
                     : promotion.kind == plan::PromotionKind::kRestore ? "Restore "
                                                                       : "Promotion ";
  return what + std::to_string(promotion.number) +
         " is live: " + counted(static_cast<std::int64_t>(promotion.config.size()), "row") +
         " of config" +
         (promotion.data.empty()
              ? ""
              : " and " + counted(static_cast<std::int64_t>(promotion.data.size()), "row") +
                    " of data") +
         ", in one transaction.\nSnapshot of the config before it: " + promoted.snapshot.name +
         "\n";
}

}  // namespace doppel::cli
