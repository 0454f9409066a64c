#include <set>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/json.hpp"
#include "changeset/order.hpp"
#include "tests/support/sides.hpp"

namespace doppel::changeset {
namespace {

using testing::make_sides;
using testing::NewKeys;
using testing::Sides;

RC_GTEST_PROP(ChangeLaws, DiffAppliedAndInverted, ()) {
  const Sides sides = make_sides({}, NewKeys::kCollide);
  const ChangeSet changes = diff(sides.live, sides.sandbox);
  RC_ASSERT(apply(sides.live, changes) == sides.sandbox);
  RC_ASSERT(apply(sides.sandbox, invert(changes)) == sides.live);
  RC_ASSERT(invert(invert(changes)) == changes);
  RC_ASSERT(diff(sides.live, sides.live).empty());
  RC_ASSERT(normalise(changes) == changes);
  const auto written = write_json(to_json(changes), JsonStyle::kCompact);
  RC_ASSERT(to_stored_text(changes) == written);
  RC_ASSERT(from_json(parse_json(written, "law"), "law") == changes);
}

RC_GTEST_PROP(ChangeLaws, EveryStepOfTheOrderKeepsUniqueKeysAndReferences, ()) {
  // Rows that refer by name to what is parked are no part of the changes.
  const Sides sides = make_sides({.with_references_by_name = false}, NewKeys::kCollide);
  const ChangeSet changes = diff(sides.live, sides.sandbox);
  const auto rules = testing::order_rules(sides.world.model);
  const ChangeSet steps = ordered(changes, rules);
  RC_ASSERT(normalise(steps) == normalise(changes));
  State state = sides.live;
  for (const RowChange& step : steps.changes) {
    state = apply(std::move(state), {{step}});
    RC_ASSERT(testing::violations(sides.world.model, state) == std::vector<std::string>{});
  }
}

/// Rows whose names and codes (both unique) are dealt out by two permutations; some are missing.
State dealt(const TableShapePtr& shape, std::size_t rows) {
  std::vector<std::int64_t> names(rows);
  for (std::size_t i = 0; i < rows; ++i) names[i] = static_cast<std::int64_t>(i);
  std::vector<std::int64_t> codes = names;
  for (auto* values : {&names, &codes}) {
    for (std::size_t i = rows; i > 1; --i) {
      std::swap((*values)[i - 1], (*values)[*rc::gen::inRange<std::size_t>(0, i)]);
    }
  }
  State state;
  state.tables["rows"].shape = shape;
  for (std::size_t i = 0; i < rows; ++i) {
    if (*rc::gen::inRange(0, 6) == 0) continue;
    const auto id = static_cast<std::int64_t>(i);
    state.tables["rows"].rows[{id}] = {id, "n" + std::to_string(names[i]), codes[i]};
  }
  return state;
}

RC_GTEST_PROP(ChangeLaws, RowsOnTwoUniqueCyclesAreParkedAtEveryStep, ()) {
  const auto shape = std::make_shared<TableShape>(TableShape{"rows", {"id", "name", "code"}, {0}});
  const auto rows = *rc::gen::inRange<std::size_t>(2, 12);
  State state = dealt(shape, rows);
  const State after = dealt(shape, rows);
  const ChangeSet changes = diff(state, after);
  const OrderRules rules{.references = {}, .uniques = {{"rows", {1}}, {"rows", {2}}}};
  const ChangeSet steps = ordered(changes, rules);
  RC_CLASSIFY(steps.size() > changes.size() + 1);
  RC_ASSERT(normalise(steps) == changes);
  for (const RowChange& step : steps.changes) {
    state = apply(std::move(state), {{step}});
    std::set<Value> names;
    std::set<Value> codes;
    for (const auto& [key, row] : state.tables.at("rows").rows) {
      RC_ASSERT(names.insert(row[1]).second);
      RC_ASSERT(codes.insert(row[2]).second);
    }
  }
  RC_ASSERT(state == after);
}

}  // namespace
}  // namespace doppel::changeset
