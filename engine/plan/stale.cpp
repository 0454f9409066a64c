#include <algorithm>
#include <cstdlib>

#include "base/text.hpp"
#include "plan/plan.hpp"

namespace doppel::plan {
namespace {

using overlay::RowId;

std::map<RowId, const PlannedChange*> by_row(const Plan& plan) {
  std::map<RowId, const PlannedChange*> rows;
  for (const PlannedChange& planned : plan.changes) {
    rows.emplace(RowId{planned.change.table->name, planned.change.key}, &planned);
  }
  return rows;
}

std::string title(const PlannedChange& planned) {
  return planned.change.table->name + " '" + planned.label + "'";
}

bool is_volatile(const manifest::TableModel& table, std::size_t column) {
  return column < table.columns.size() && table.columns[column].is_volatile;
}

bool same_image(const manifest::TableModel& table, const std::optional<Row>& a,
                const std::optional<Row>& b) {
  if (a.has_value() != b.has_value() || !a) return a.has_value() == b.has_value();
  if (a->size() != b->size()) return false;
  for (std::size_t i = 0; i < a->size(); ++i) {
    if ((*a)[i] != (*b)[i] && !is_volatile(table, i)) return false;
  }
  return true;
}

/// Which columns of live's row are others than reviewed.
std::string moved_columns(const manifest::TableModel& table, const RowChange& reviewed,
                          const RowChange& now) {
  if (!reviewed.before && now.before) return "exists in live now";
  if (reviewed.before && !now.before) return "was deleted in live";
  std::vector<std::string> moved;
  for (std::size_t i = 0; reviewed.before && i < reviewed.table->columns.size(); ++i) {
    if ((*reviewed.before)[i] == (*now.before)[i] || is_volatile(table, i)) continue;
    moved.push_back(reviewed.table->columns[i] + " was " + display((*reviewed.before)[i]) +
                    ", is " + display((*now.before)[i]));
  }
  if (!moved.empty()) return "moved in live: " + join(moved, "; ");
  return "would become something else: the sandbox, an answer or a selection changed";
}

void compare_changes(const manifest::Model& model, const Plan& reviewed, const Plan& now,
                     std::vector<std::string>& moved) {
  const auto before = by_row(reviewed);
  const auto after = by_row(now);
  for (const auto& [row, planned] : before) {
    const auto found = after.find(row);
    if (found == after.end()) {
      moved.push_back(title(*planned) + " is no change any more, or in conflict");
      continue;
    }
    const RowChange& was = planned->change;
    const RowChange& is = found->second->change;
    const manifest::TableModel& table = model.require(was.table->name);
    const bool same = *was.table == *is.table && same_image(table, was.before, is.before) &&
                      same_image(table, was.after, is.after);
    if (!same) moved.push_back(title(*planned) + " " + moved_columns(table, was, is));
  }
  for (const auto& [row, planned] : after) {
    if (!before.contains(row))
      moved.push_back(title(*planned) + " is a change that wasn't reviewed");
  }
}

void compare_conflicts(const Plan& reviewed, const Plan& now, std::vector<std::string>& moved) {
  const auto key = [](const merge::Conflict& conflict) {
    return conflict.id + conflict.inputs +
           std::string(conflict.answered ? merge::to_text(*conflict.answered) : "open");
  };
  std::vector<std::string> known;
  for (const merge::Conflict& conflict : reviewed.conflicts) known.push_back(key(conflict));
  for (const merge::Conflict& conflict : now.conflicts) {
    if (std::ranges::find(known, key(conflict)) != known.end()) continue;
    moved.push_back("new conflict " + conflict.id + ": " + conflict.message);
  }
}

void compare_impact(const Plan& reviewed, const Plan& now, std::vector<std::string>& moved) {
  constexpr std::int64_t kTolerance = 100;  // One row in a hundred.
  using Place = std::tuple<std::string, Key, std::string, std::string>;
  const auto place = [](const Impact& impact) {
    return Place{impact.table, impact.key, impact.referrer, impact.column};
  };
  std::map<Place, const Impact*> before;
  for (const Impact& impact : reviewed.impact) before.emplace(place(impact), &impact);
  const auto report = [&](const Impact& impact, std::int64_t was, std::int64_t is) {
    moved.push_back(impact.table + " '" + impact.label + "' was used by " + counted(was, "row") +
                    " of " + impact.referrer + ", is by " + std::to_string(is));
  };
  for (const Impact& impact : now.impact) {
    const auto found = before.find(place(impact));
    const std::int64_t was = found == before.end() ? 0 : found->second->rows;
    const std::int64_t allowed = impact.kind == ChangeKind::kDelete ? 0 : was / kTolerance;
    if (std::abs(impact.rows - was) > allowed) report(impact, was, impact.rows);
    if (found != before.end()) {
      if (found->second->mapped_to != impact.mapped_to) {
        moved.push_back("the mapping of " + impact.table + " '" + impact.label + "' is another");
      }
      before.erase(found);
    }
  }
  for (const auto& [where, impact] : before) {
    if (impact->kind == ChangeKind::kDelete || impact->rows >= kTolerance) {
      report(*impact, impact->rows, 0);
    }
  }
}

}  // namespace

std::vector<std::string> what_moved(const manifest::Model& model, const Plan& reviewed,
                                    const Plan& now) {
  std::vector<std::string> moved;
  compare_changes(model, reviewed, now, moved);
  compare_conflicts(reviewed, now, moved);
  compare_impact(reviewed, now, moved);
  return moved;
}

}  // namespace doppel::plan
