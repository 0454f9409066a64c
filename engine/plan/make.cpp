#include <algorithm>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "overlay/apply.hpp"
#include "overlay/facts.hpp"
#include "plan/closure.hpp"
#include "plan/impact.hpp"
#include "plan/plan.hpp"
#include "plan/siblings.hpp"

namespace doppel::plan {
namespace {

using changeset::ChangeSet;
using manifest::Model;
using manifest::TableModel;
using overlay::RowId;

const Row& image_of(const RowChange& change) {
  return change.after ? *change.after : *change.before;
}

std::vector<PlannedChange> planned(const Model& model, ChangeSet changes, const Closure& closure,
                                   const Request& request) {
  std::vector<PlannedChange> list;
  list.reserve(changes.size());
  for (RowChange& change : changes.changes) {
    const RowId row{change.table->name, change.key};
    std::string label = manifest::label_of(model.require(row.first), image_of(change));
    PlannedChange made{
        .change = std::move(change), .label = std::move(label), .touch = {}, .why = {}};
    if (const auto touch = request.touches.find(row); touch != request.touches.end()) {
      made.touch = touch->second;
    }
    if (const auto why = closure.why.find(row); why != closure.why.end()) made.why = why->second;
    list.push_back(std::move(made));
  }
  return list;
}

std::vector<Difference> differences(const Model& model, const ChangeSet& own,
                                    const ChangeSet& merged) {
  std::map<RowId, const RowChange*> shown;
  for (const RowChange& change : own.changes) {
    if (change.after) shown.emplace(RowId{change.table->name, change.key}, &change);
  }
  std::vector<Difference> found;
  for (const RowChange& change : merged.changes) {
    const auto sandbox = shown.find({change.table->name, change.key});
    if (!change.after || sandbox == shown.end()) continue;
    const TableModel& table = model.require(change.table->name);
    for (std::size_t i = 0; i < table.shape->columns.size(); ++i) {
      const Value& was_shown = (*sandbox->second->after)[i];
      const Value& result = (*change.after)[i];
      if (table.columns[i].is_volatile || table.columns[i].stays()) continue;
      if (was_shown == result) continue;
      found.push_back({table.name(), change.key, manifest::label_of(table, *change.after),
                       table.shape->columns[i], was_shown, result});
    }
  }
  return found;
}

/// What the sandbox changed in rows of its base and keeps for itself; live's values beside it.
std::vector<OwnBinding> own_bindings(const Model& model, const ChangeSet& own,
                                     const ChangeSet& merged, database::Connection& live) {
  std::map<RowId, const Row*> results;
  for (const RowChange& change : merged.changes) {
    if (change.after) results.emplace(RowId{change.table->name, change.key}, &*change.after);
  }
  const auto changed = [&](const RowChange& change) {
    const TableModel& table = model.require(change.table->name);
    std::vector<std::size_t> columns;
    for (std::size_t i = 0; change.kind() == ChangeKind::kUpdate && i < table.columns.size(); ++i) {
      if (table.columns[i].stays() && (*change.before)[i] != (*change.after)[i]) {
        columns.push_back(i);
      }
    }
    return columns;
  };
  const ChangeSet rows =
      changeset::filter(own, [&](const RowChange& change) { return !changed(change).empty(); });
  const std::vector<std::optional<Row>> now = overlay::rows_now(rows, live);
  std::vector<OwnBinding> bindings;
  for (std::size_t n = 0; n < rows.size(); ++n) {
    const RowChange& change = rows.changes[n];
    const TableModel& table = model.require(change.table->name);
    for (const std::size_t column : changed(change)) {
      const Value& sandbox = (*change.after)[column];
      if (!now[n] || (*now[n])[column] == sandbox) continue;
      // Another object than the base's under the same key has its own from the beginning.
      const auto result = results.find({table.name(), change.key});
      if (result != results.end() && (*result->second)[column] == sandbox) continue;
      bindings.push_back({table.name(), change.key, manifest::label_of(table, *change.after),
                          table.shape->columns[column], (*now[n])[column], sandbox});
    }
  }
  return bindings;
}

/// An earlier mapping taken back: per row only the columns that nobody has written since.
void return_data(const Model& model, const ChangeSet& data, database::Connection& live,
                 ChangeSet& moved) {
  const ChangeSet known = changeset::filter(data, [&](const RowChange& change) {
    return change.before && change.after && model.table(change.table->name) != nullptr;
  });
  std::vector<std::optional<Row>> rows = overlay::rows_now(known, live);
  for (std::size_t n = 0; n < known.size(); ++n) {
    const RowChange& change = known.changes[n];
    std::optional<Row>& now = rows[n];
    if (!now) continue;
    Row after = *now;
    for (std::size_t i = 0; i < after.size() && i < change.before->size(); ++i) {
      if ((*change.before)[i] != (*change.after)[i] && (*now)[i] == (*change.before)[i]) {
        after[i] = (*change.after)[i];
      }
    }
    if (after == *now) continue;
    moved.changes.push_back({change.table, change.key, std::move(now), std::move(after)});
  }
}

std::vector<Check> checks_of(const Plan& plan, const std::vector<std::string>& uncounted) {
  std::vector<Check> checks;
  const auto open = std::ranges::count_if(plan.conflicts, [](const merge::Conflict& conflict) {
    return !conflict.answered.has_value();
  });
  checks.push_back({.name = "conflicts",
                    .passed = open == 0,
                    .message = open == 0 ? ""
                                         : counted(open, "conflict") +
                                               " without an answer: use `doppel resolve`"});
  std::int64_t homeless = 0;
  for (const Impact& impact : plan.impact) {
    if (impact.kind == ChangeKind::kDelete && !impact.mapped_to) homeless += impact.rows;
  }
  checks.push_back({.name = "mappings",
                    .passed = homeless == 0,
                    .message = homeless == 0
                                   ? ""
                                   : counted(homeless, "row") +
                                         " of live data would refer to nothing: say where they "
                                         "go with --map TABLE:ROW=ROW"});
  if (!uncounted.empty()) {
    checks.push_back({.name = "impact",
                      .passed = true,
                      .message = "rows are not counted through " + join(uncounted, ", ")});
  }
  return checks;
}

void add_change(Sha256& hash, const RowChange& change) {
  hash.add_framed(change.table->name);
  for (const std::string& column : change.table->columns) hash.add_framed(column);
  for (const auto& image : {change.before, change.after}) {
    hash.add(image ? "+" : "-");
    if (!image) continue;
    for (const Value& value : *image) hash.add_value(value);
  }
}

/// Everything that is promoted or decided. Counts are in it: a reviewer has seen them.
PlanHash hash_of(const Plan& plan) {
  Sha256 hash;
  hash.add_framed("doppel plan 1");
  hash.add_framed(plan.source);
  for (const PlannedChange& planned : plan.changes) add_change(hash, planned.change);
  for (const merge::Conflict& conflict : plan.conflicts) {
    hash.add_framed(conflict.id);
    hash.add_framed(conflict.inputs);
    hash.add_framed(conflict.answered ? merge::to_text(*conflict.answered) : "open");
  }
  for (const Impact& impact : plan.impact) {
    hash.add_framed(impact.table);
    for (const Value& value : impact.key) hash.add_value(value);
    hash.add_framed(impact.referrer + "." + impact.column);
    hash.add_value(impact.rows);
    hash.add_framed(impact.mapped_to.value_or("?"));
  }
  hash.add_value(static_cast<std::int64_t>(plan.data.size()));
  return {hash.finish()};
}

}  // namespace

namespace {

/// What is kept with a plan is JSON, which holds no other text.
void require_utf8(const char* option, std::string_view text) {
  if (is_valid_utf8(text)) return;
  throw Error(ErrorCode::kUsage, "the row's name isn't UTF-8",
              {.place = option + (" " + printable(text, 80)), .remedy = "name the row by its key"});
}

}  // namespace

Selector parse_selector(std::string_view text) {
  require_utf8("--select", text);
  const std::size_t colon = text.find(':');
  if (text.empty() || colon == 0 || colon + 1 == text.size()) {
    throw Error(ErrorCode::kUsage, "a selection is TABLE or TABLE:ROW",
                {.place = "--select " + std::string(text), .remedy = "for example queues:Sales"});
  }
  if (colon == std::string_view::npos) return {std::string(text), std::nullopt};
  return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

Mapping parse_mapping(std::string_view text) {
  require_utf8("--map", text);
  const std::size_t colon = text.find(':');
  const std::size_t equals = text.find('=', colon == std::string_view::npos ? 0 : colon);
  if (colon == std::string_view::npos || colon == 0 || equals == std::string_view::npos ||
      equals == colon + 1 || equals + 1 == text.size()) {
    throw Error(ErrorCode::kUsage, "a mapping is TABLE:ROW=ROW",
                {.place = "--map " + std::string(text),
                 .remedy = "for example stages:12=9, stages:Lost=Won or stages:12=null"});
  }
  Mapping mapping{std::string(text.substr(0, colon)),
                  std::string(text.substr(colon + 1, equals - colon - 1)),
                  std::string(text.substr(equals + 1))};
  if (mapping.to == "null") mapping.to.reset();
  return mapping;
}

bool Plan::promotable() const {
  return std::ranges::all_of(checks, &Check::passed) && (!rehearsal || rehearsal->restored);
}

ChangeSet Plan::config() const {
  ChangeSet config;
  config.changes.reserve(changes.size());
  for (const PlannedChange& planned : changes) config.changes.push_back(planned.change);
  return config;
}

std::string inputs_of(const Request& request, const std::optional<std::string>& fingerprint) {
  if (request.origin.empty() || !fingerprint) return "";
  Sha256 hash;
  hash.add_framed(request.origin);
  hash.add_framed(*fingerprint);
  return hash.finish();
}

Plan make_plan(const Model& model, const Request& request, database::Connection& live) {
  const Closure closure = close_over(model, request.changes, request.select);
  merge::Result merged = merge::merge_with(model, closure.changes, request.lists,
                                           overlay::facts_from(model, live), request.answers);
  Plan plan;
  plan.source = request.source;
  ImpactResult impact = find_impact(model, merged.changes, request.mappings, live);
  plan.differences = differences(model, closure.changes, merged.changes);
  plan.bindings = own_bindings(model, closure.changes, merged.changes, live);
  plan.changes = planned(model, std::move(merged.changes), closure, request);
  plan.data = std::move(impact.moved);
  return_data(model, request.data, live, plan.data);
  plan.data = changeset::normalise(std::move(plan.data));
  plan.impact = std::move(impact.impact);
  plan.conflicts = std::move(merged.conflicts);
  plan.rekeyed = std::move(merged.rekeyed);
  plan.adopted = std::move(merged.adopted);
  plan.warnings = std::move(merged.warnings);
  for (auto& warning : sibling_warnings(model, request.siblings, closure.changes, live)) {
    plan.warnings.push_back(std::move(warning));
  }
  plan.left_out = closure.left_out;
  plan.checks = checks_of(plan, impact.uncounted);
  plan.hash = hash_of(plan);
  return plan;
}

}  // namespace doppel::plan
