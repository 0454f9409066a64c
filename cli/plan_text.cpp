#include "cli/plan_text.hpp"

#include <fmt/core.h>

#include "base/text.hpp"
#include "cli/style.hpp"

namespace doppel::cli {
namespace {

std::string change_text(const plan::PlannedChange& planned) {
  const RowChange& change = planned.change;
  const bool added = change.kind() == ChangeKind::kInsert;
  const bool removed = change.kind() == ChangeKind::kDelete;
  const Tone tone = added ? Tone::kAdded : (removed ? Tone::kRemoved : Tone::kChanged);
  std::string text = "  " +
                     styled((added     ? "+ "
                             : removed ? "- "
                                       : "~ ") +
                                planned.label,
                            tone) +
                     styled("  key " + display(change.key), Tone::kFaint);
  if (!planned.why.empty()) text += "  (" + planned.why + ")";
  text += "\n";
  for (std::size_t i = 0; i < change.table->columns.size(); ++i) {
    const Value before = change.before ? (*change.before)[i] : Value();
    const Value after = change.after ? (*change.after)[i] : Value();
    if (before == after) continue;
    text += "      " + change.table->columns[i] + ": ";
    if (added) {
      text += display(after);
    } else if (removed) {
      text += display(before);
    } else {
      text += display(before) + " -> " + display(after);
    }
    text += "\n";
  }
  return text;
}

std::string conflict_text(const merge::Conflict& conflict) {
  std::vector<std::string> answers;
  for (const merge::AnswerKind kind : conflict.possible) answers.emplace_back(to_text(kind));
  const std::string state = conflict.answered
                                ? "answered " + std::string(to_text(*conflict.answered))
                                : "answers: " + join(answers, ", ");
  return "  " + styled(conflict.id, conflict.answered ? Tone::kFaint : Tone::kBad) + "  " +
         std::string(to_text(conflict.kind)) + "  " + conflict.message + "\n      " + state + "\n";
}

std::string impact_text(const plan::Impact& impact) {
  std::string text = "  " + impact.table + " '" + impact.label + "' is used by " +
                     counted(impact.rows, "row") + " of " + impact.referrer + " (" + impact.column +
                     ")";
  if (impact.mapped_to) text += ", which go to '" + *impact.mapped_to + "'";
  if (impact.kind == ChangeKind::kDelete && !impact.mapped_to) {
    text += styled("; say where they go: --map " + impact.table + ":" + impact.label + "=ROW",
                   Tone::kBad);
  }
  return text + "\n";
}

std::string rehearsal_text(const plan::Rehearsal& rehearsal) {
  if (rehearsal.restored) {
    return fmt::format("Rollback rehearsed on a copy: yes, {:.1f} ms, loses nothing.\n",
                       rehearsal.milliseconds);
  }
  return styled("Rollback rehearsed on a copy: failed: " + rehearsal.message, Tone::kBad) + "\n";
}

template <class List, class Text>
std::string section(const std::string& title, const List& list, Text&& text_of) {
  if (list.empty()) return "";
  std::string text = styled(title, Tone::kHeading) + "\n";
  for (const auto& item : list) text += text_of(item);
  return text;
}

}  // namespace

std::string plan_text(const plan::Plan& plan, const std::string& promote,
                      const std::string& resolve) {
  if (plan.empty()) return "The plan is empty: there is nothing to promote.\n";
  std::string text;
  std::string table;
  for (const plan::PlannedChange& planned : plan.changes) {
    if (planned.change.table->name != table) {
      table = planned.change.table->name;
      text += styled(table, Tone::kHeading) + "\n";
    }
    text += change_text(planned);
  }
  text += section("conflicts", plan.conflicts, conflict_text);
  text += section("impact on live data", plan.impact, impact_text);
  text += section("new keys", plan.rekeyed, [](const merge::Rekeyed& row) {
    return "  " + row.table + " " + display(row.from) + " becomes " + display(row.to) +
           ": live has taken its key\n";
  });
  text += section("otherwise than the sandbox showed", plan.differences,
                  [](const plan::Difference& difference) {
                    return "  " + difference.table + " '" + difference.label + "' " +
                           difference.column + ": shown " + display(difference.sandbox) +
                           ", will be " + display(difference.result) + "\n";
                  });
  text += section("warnings", plan.warnings, [](const merge::Warning& warning) {
    return "  " + warning.table + " " + display(warning.key) + ": " + warning.message + "\n";
  });
  text += section("left out", plan.left_out, [](const overlay::RowId& row) {
    return "  " + row.first + " " + display(row.second) + "\n";
  });
  for (const plan::Check& check : plan.checks) {
    if (!check.passed) text += styled("stops: " + check.message, Tone::kBad) + "\n";
  }
  if (plan.rehearsal) text += rehearsal_text(*plan.rehearsal);
  text += "Plan " + plan.hash.text.substr(0, 12) + "\n";
  if (plan.promotable()) {
    text += "Do it: " + promote + " --plan " + plan.hash.text.substr(0, 12) + "\n";
  } else if (!plan.conflicts.empty()) {
    text += "Answer: " + resolve + " CONFLICT ANSWER\n";
  }
  return text;
}

std::string promoted_text(const plan::Promoted& promoted) {
  const plan::Promotion& promotion = promoted.promotion;
  return "Promotion " + std::to_string(promotion.number) +
         " is live: " + counted(static_cast<std::int64_t>(promotion.config.size()), "row") +
         " of config" +
         (promotion.data.empty()
              ? ""
              : ", " + counted(static_cast<std::int64_t>(promotion.data.size()), "row") +
                    " of data") +
         ". Snapshot before it: " + promoted.snapshot.name + "\n";
}

}  // namespace doppel::cli
