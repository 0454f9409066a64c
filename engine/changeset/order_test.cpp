#include "changeset/order.hpp"

#include <chrono>
#include <set>

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace doppel::changeset {
namespace {

// id, name (unique), parent (refers to the id of `parents`)
const TableShapePtr kRows =
    std::make_shared<TableShape>(TableShape{"rows", {"id", "name", "parent"}, {0}});
const TableShapePtr kParents =
    std::make_shared<TableShape>(TableShape{"parents", {"id", "name", "favourite"}, {0}});

const OrderRules kRules{
    .references = {{"rows", {2}, "parents", {"id"}, false}, {"parents", {2}, "rows", {"id"}, true}},
    .uniques = {{"rows", {1}}, {"parents", {1}}}};

RowChange insert(const TableShapePtr& table, const Row& after) {
  return {table, {after[0]}, std::nullopt, after};
}
RowChange remove(const TableShapePtr& table, const Row& before) {
  return {table, {before[0]}, before, std::nullopt};
}
RowChange update(const TableShapePtr& table, const Row& before, const Row& after) {
  return {table, {before[0]}, before, after};
}

State state_before(const ChangeSet& changes) {
  State state;
  for (const RowChange& change : changes.changes) {
    auto& table = state.tables[change.table->name];
    table.shape = change.table;
    if (change.before) table.rows.emplace(change.key, *change.before);
  }
  return state;
}

bool names_are_unique(const State& state) {
  for (const auto& [name, table] : state.tables) {
    std::set<Value> seen;
    for (const auto& [key, row] : table.rows) {
      if (!row[1].is_null() && !seen.insert(row[1]).second) return false;
    }
  }
  return true;
}

/// Applies step by step and watches the names after each.
ChangeSet watched(const ChangeSet& changes) {
  const ChangeSet steps = ordered(changes, kRules);
  EXPECT_EQ(normalise(steps), normalise(changes));
  State state = state_before(changes);
  for (const RowChange& step : steps.changes) {
    state = apply(std::move(state), {{step}});
    EXPECT_TRUE(names_are_unique(state));
  }
  return steps;
}

TEST(Order, PutsParentsBeforeChildrenAndRemovesThemAfter) {
  const ChangeSet made{{insert(kRows, {1, "a", 5}), insert(kParents, {5, "p", {}})}};
  EXPECT_EQ(watched(made).changes[0].table, kParents);
  EXPECT_EQ(watched(invert(made)).changes[0].table, kRows);
}

TEST(Order, FreesAValueBeforeItIsTaken) {
  const auto steps = watched({{update(kRows, {1, "a", 5}, {1, "b", 5}), remove(kRows, {2, "b", 5}),
                               insert(kRows, {3, "a", 5})}});
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_EQ(steps.changes[0].key, Key{2});
  EXPECT_EQ(steps.changes[1].key, Key{1});
}

TEST(Order, ParksOneOfTwoNamesThatAreSwapped) {
  const auto steps =
      watched({{update(kRows, {1, "a", 5}, {1, "b", 5}), update(kRows, {2, "b", 5}, {2, "a", 5})}});
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_EQ(steps.changes[0].after->at(1), Value(std::string("\x01"
                                                             "doppel parked 1")));
}

TEST(Order, ParksOnceInALongCycleAndNeverInAChain) {
  ChangeSet cycle;
  ChangeSet chain;
  for (int i = 0; i < 50; ++i) {
    const std::string name = "n" + std::to_string(i);
    cycle.changes.push_back(
        update(kRows, {i, name, 5}, {i, "n" + std::to_string((i + 1) % 50), 5}));
    chain.changes.push_back(update(kRows, {i, name, 5}, {i, "n" + std::to_string(i + 1), 5}));
  }
  EXPECT_EQ(watched(cycle).size(), 51U);
  EXPECT_EQ(watched(chain).size(), 50U);
}

TEST(Order, ParksANumberFarAway) {
  const OrderRules rules{.references = {}, .uniques = {{"rows", {2}}}};
  const auto steps = ordered(
      {{update(kRows, {1, "a", 1}, {1, "a", 2}), update(kRows, {2, "b", 2}, {2, "b", 1})}}, rules);
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_EQ(steps.changes[0].after->at(2), Value(-2'000'000'001));
}

TEST(Order, ParksWhereAChildMovesBetweenParentsOfOneName) {
  // The child leaves the removed parent for a new one that takes its name: one of the two parents
  // has another name for a while.
  const auto steps = watched({{remove(kParents, {1, "p", {}}), insert(kParents, {2, "p", {}}),
                               update(kRows, {7, "r", 1}, {7, "r", 2})}});
  EXPECT_EQ(steps.size(), 4U);
}

TEST(Order, BreaksACycleOfReferencesWithNull) {
  const ChangeSet made{{insert(kParents, {1, "p", 7}), insert(kRows, {7, "r", 1})}};
  const auto steps = watched(made);
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_EQ(steps.changes[0].after->at(2), Value());
  EXPECT_EQ(steps.changes[2].after, (Row{1, "p", 7}));
  EXPECT_EQ(watched(invert(made)).size(), 3U);
}

TEST(Order, LeavesACycleThatNothingCutsToTheCommit) {
  OrderRules rules = kRules;
  rules.references[1].nullable = false;
  const ChangeSet made{{insert(kParents, {1, "p", 7}), insert(kRows, {7, "r", 1})}};
  EXPECT_EQ(ordered(made, rules).size(), 2U);
}

TEST(Order, ParksOneRowOnTwoCyclesAtOnce) {
  // Both names and codes (here: the column `parent`) change places, in different rings.
  const OrderRules rules{.references = {}, .uniques = {{"rows", {1}}, {"rows", {2}}}};
  const ChangeSet rings{{update(kRows, {1, "a", 10}, {1, "b", 11}),
                         update(kRows, {2, "b", 11}, {2, "a", 12}),
                         update(kRows, {3, "c", 12}, {3, "c", 10})}};
  const ChangeSet steps = ordered(rings, rules);
  EXPECT_EQ(normalise(steps), normalise(rings));
  State state = state_before(rings);
  for (const RowChange& step : steps.changes) {
    state = apply(std::move(state), {{step}});
    std::set<Value> names;
    std::set<Value> codes;
    for (const auto& [key, row] : state.tables.at("rows").rows) {
      EXPECT_TRUE(names.insert(row[1]).second);
      EXPECT_TRUE(codes.insert(row[2]).second);
    }
  }
}

TEST(Order, MakesARowWithoutTwoValuesThatOthersStillHold) {
  // 9 takes a name of 1 and a code of 2, by which links refer to them that move over to 9.
  const TableShapePtr named =
      std::make_shared<TableShape>(TableShape{"named", {"id", "name", "code"}, {0}});
  const TableShapePtr links = std::make_shared<TableShape>(
      TableShape{"links", {"id", "by_name", "by_code", "parent"}, {0}});
  const OrderRules rules{.references = {{"links", {1}, "named", {"name"}, false},
                                        {"links", {2}, "named", {"code"}, false},
                                        {"links", {3}, "named", {"id"}, false}},
                         .uniques = {{"named", {1}}, {"named", {2}}}};
  const ChangeSet changes{{remove(named, {1, "n", "x"}), remove(named, {2, "m", "c"}),
                           insert(named, {9, "n", "c"}),
                           update(links, {5, "n", {}, {}}, {5, {}, {}, 9}),
                           update(links, {6, {}, "c", {}}, {6, {}, {}, 9})}};
  const ChangeSet steps = ordered(changes, rules);
  EXPECT_EQ(normalise(steps), normalise(changes));
  ASSERT_EQ(steps.size(), 6U);
  EXPECT_EQ(steps.changes.front().key, Key{9});
  EXPECT_NE(steps.changes.front().after->at(1), Value("n"));
  EXPECT_NE(steps.changes.front().after->at(2), Value("c"));
  EXPECT_EQ(steps.changes.back().after, (Row{9, "n", "c"}));
}

TEST(Order, LetsGoOfAUniqueReferenceByNull) {
  // A unique key that is nothing but a reference: two rows swap whom they refer to.
  const OrderRules rules{.references = {{"rows", {2}, "parents", {"id"}, true}},
                         .uniques = {{"rows", {2}}}};
  const ChangeSet swapped{
      {update(kRows, {1, "a", 5}, {1, "a", 6}), update(kRows, {2, "b", 6}, {2, "b", 5})}};
  const ChangeSet steps = ordered(swapped, rules);
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_TRUE(steps.changes[0].after->at(2).is_null());
}

TEST(Order, IgnoresARowThatRefersToItself) {
  const OrderRules rules{.references = {{"rows", {2}, "rows", {"id"}, false}}, .uniques = {}};
  EXPECT_EQ(ordered({{insert(kRows, {1, "a", 1})}}, rules).size(), 1U);
}

TEST(Order, TakesWellUnderASecondForAHundredThousandChanges) {
  ChangeSet changes;
  for (int i = 0; i < 100'000; ++i) {
    // Every second pair swaps names, the rest are a chain.
    const int next = i % 4 < 2 ? (i ^ 1) : i + 200'000;
    changes.changes.push_back(
        update(kRows, {i, "n" + std::to_string(i), 5}, {i, "n" + std::to_string(next), 5}));
  }
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(ordered(changes, kRules).size(), 125'000U);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace doppel::changeset
