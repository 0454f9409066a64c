#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/json.hpp"
#include "changeset/order.hpp"
#include "merge/merge.hpp"
#include "tests/support/choices.hpp"
#include "tests/support/merge_model.hpp"
#include "tests/support/world.hpp"

namespace doppel::merge {
namespace {

using changeset::ChangeSet;
using changeset::State;
using testing::Choices;
using testing::World;
using testing::WorldOptions;

/// Three states of one random schema. The two sides' new rows have keys of their own unless
/// `keys_collide`.
struct Sides {
  World world;
  State live;
  State sandbox;
};

enum class NewKeys { kApart, kCollide };

Sides make_sides(const WorldOptions& options, NewKeys keys, std::size_t edits = 8) {
  Choices choices(*rc::gen::resize(300, rc::gen::container<std::vector<std::uint32_t>>(
                                            rc::gen::inRange<std::uint32_t>(0, 10'000))));
  Sides sides;
  sides.world = testing::make_world(choices, options);
  sides.live =
      testing::edit(sides.world, sides.world.base, choices, {.edits = edits, .first_key = 100});
  sides.sandbox = testing::edit(sides.world, sides.world.base, choices,
                                {.edits = edits, .first_key = keys == NewKeys::kApart ? 200 : 100});
  return sides;
}

/// The base order of every list, as a first touch would have kept it.
std::vector<ListBase> lists_of(const World& world) {
  std::vector<ListBase> lists;
  for (const auto& table : world.model.tables) {
    if (!table.list) continue;
    std::map<std::vector<Value>, ListBase> by_within;
    for (const auto& [key, row] : world.base.tables.at(table.name()).rows) {
      const auto within = TableShape::project(row, table.list->within);
      ListBase& list = by_within[within];
      list.table = table.name();
      list.within = within;
      list.order.emplace_back(key, row[table.list->order]);
    }
    for (auto& [within, list] : by_within) lists.push_back(std::move(list));
  }
  return lists;
}

Result merged(const World& world, const State& live, const State& sandbox,
              const std::vector<Answer>& answers = {}) {
  return merge_with(world.model, changeset::diff(world.base, sandbox), lists_of(world),
                    facts_from(world.model, live), answers);
}

/// Without what the sandbox changed in volatile columns only, and with live's values in them.
ChangeSet without_volatile(const World& world, const ChangeSet& changes) {
  ChangeSet kept;
  for (RowChange change : changes.changes) {
    const auto& table = world.model.require(change.table->name);
    for (std::size_t i = 0; change.before && change.after && i < change.after->size(); ++i) {
      if (table.columns[i].is_volatile) (*change.after)[i] = (*change.before)[i];
    }
    if (!change.changes_nothing()) kept.changes.push_back(std::move(change));
  }
  return kept;
}

/// Answers every open question with the answer that `choose` picks, until none is left.
Result answered(const World& world, const State& live, const State& sandbox,
                const std::function<AnswerKind(const Conflict&)>& choose) {
  std::vector<Answer> answers;
  Result result = merged(world, live, sandbox, answers);
  for (int round = 0; round < 60 && result.open(); ++round) {
    for (const Conflict& conflict : result.conflicts) {
      if (conflict.answered) continue;
      std::erase_if(answers, [&](const Answer& old) { return old.conflict == conflict.id; });
      Answer answer{conflict.id, conflict.inputs, choose(conflict), {}};
      answers.push_back(std::move(answer));
    }
    result = merged(world, live, sandbox, answers);
  }
  return result;
}

AnswerKind the_default(const Conflict& conflict) {
  // A key that the database doesn't give would have to be given with the answer.
  if (conflict.kind == ConflictKind::kKeyTaken) return AnswerKind::kKeepLive;
  return conflict.possible.front();
}

AnswerKind wish_of_the_sandbox(const Conflict& conflict) {
  switch (conflict.kind) {
    case ConflictKind::kBothChanged:
    case ConflictKind::kReplaced:
    case ConflictKind::kOrder:
      return AnswerKind::kTakeSandbox;
    case ConflictKind::kDeletedInLive:
      return AnswerKind::kRestore;
    case ConflictKind::kDeletedInSandbox:
      return AnswerKind::kKeepDeleted;
    case ConflictKind::kCreatedTwice:
      return AnswerKind::kMergeInto;
    default:
      return the_default(conflict);
  }
}

AnswerKind the_sandbox(const Conflict& conflict) {
  const AnswerKind wish = wish_of_the_sandbox(conflict);
  const bool possible = std::ranges::find(conflict.possible, wish) != conflict.possible.end();
  return possible ? wish : the_default(conflict);
}

std::string described(const Result& result) {
  std::string text;
  for (const Conflict& conflict : result.conflicts) {
    text += std::string(to_text(conflict.kind)) + ": " + conflict.message + "\n";
  }
  for (const RowChange& change : result.changes.changes) {
    text += change.table->name + " " + (change.before ? display(*change.before) : "-") + " -> " +
            (change.after ? display(*change.after) : "-") + "\n";
  }
  return text;
}

RC_GTEST_PROP(ChangeLaws, DiffAppliedAndInverted, ()) {
  const Sides sides = make_sides({}, NewKeys::kCollide);
  const ChangeSet changes = changeset::diff(sides.live, sides.sandbox);
  RC_ASSERT(changeset::apply(sides.live, changes) == sides.sandbox);
  RC_ASSERT(changeset::apply(sides.sandbox, changeset::invert(changes)) == sides.live);
  RC_ASSERT(changeset::invert(changeset::invert(changes)) == changes);
  RC_ASSERT(changeset::diff(sides.live, sides.live).empty());
  RC_ASSERT(changeset::normalise(changes) == changes);
  const auto written = write_json(changeset::to_json(changes), JsonStyle::kCompact);
  RC_ASSERT(changeset::from_json(parse_json(written, "law"), "law") == changes);
}

RC_GTEST_PROP(ChangeLaws, EveryStepOfTheOrderKeepsUniqueKeysAndReferences, ()) {
  const Sides sides = make_sides({}, NewKeys::kCollide);
  const ChangeSet changes = changeset::diff(sides.live, sides.sandbox);
  const auto rules = testing::order_rules(sides.world.model);
  const ChangeSet steps = changeset::ordered(changes, rules);
  RC_ASSERT(changeset::normalise(steps) == changeset::normalise(changes));
  State state = sides.live;
  for (const RowChange& step : steps.changes) {
    state = changeset::apply(std::move(state), {{step}});
    RC_ASSERT(testing::violations(sides.world.model, state) == std::vector<std::string>{});
  }
}

RC_GTEST_PROP(ChangeLaws, RowsOnManyUniqueCyclesAreParkedAtEveryStep, ()) {
  const Sides sides = make_sides({.tables = 1,
                                  .rows = 8,
                                  .with_lists = false,
                                  .with_natural_keys = false,
                                  .with_references = false,
                                  .with_given_keys = false},
                                 NewKeys::kCollide, 40);
  const ChangeSet changes = changeset::diff(sides.live, sides.sandbox);
  const ChangeSet steps = changeset::ordered(changes, testing::order_rules(sides.world.model));
  RC_CLASSIFY(steps.size() > changes.size() + 1);
  RC_ASSERT(changeset::normalise(steps) == changeset::normalise(changes));
  State state = sides.live;
  for (const RowChange& step : steps.changes) {
    state = changeset::apply(std::move(state), {{step}});
    RC_ASSERT(testing::violations(sides.world.model, state) == std::vector<std::string>{});
  }
}

RC_GTEST_PROP(MergeLaws, AgreesWithTheNaiveModelOnFields, ()) {
  const Sides sides = make_sides({.with_lists = false,
                                  .with_natural_keys = false,
                                  .with_unique_keys = false,
                                  .with_references = false,
                                  .with_given_keys = false},
                                 NewKeys::kCollide);
  const Result result = merged(sides.world, sides.live, sides.sandbox);
  const auto expected =
      testing::naive_merge(sides.world.model, sides.world.base, sides.live, sides.sandbox);
  std::set<testing::ExpectedConflict> found;
  for (const Conflict& conflict : result.conflicts) {
    const bool twice = conflict.kind == ConflictKind::kCreatedTwice;
    found.insert({twice ? "made_twice" : std::string(to_text(conflict.kind)), conflict.table->name,
                  conflict.key,
                  twice || conflict.columns.empty()
                      ? std::string()
                      : conflict.table->columns[conflict.columns[0]]});
  }
  RC_ASSERT(found == expected.conflicts);
  RC_ASSERT(changeset::apply(sides.live, result.changes) == expected.merged);
}

RC_GTEST_PROP(MergeLaws, LiveThatDidNotMoveTakesOursAsItIs, ()) {
  const Sides sides = make_sides({}, NewKeys::kApart);
  const Result result = merged(sides.world, sides.world.base, sides.sandbox);
  RC_LOG() << described(result);
  RC_ASSERT(result.conflicts.empty());
  RC_ASSERT(result.changes ==
            without_volatile(sides.world, changeset::diff(sides.world.base, sides.sandbox)));
}

RC_GTEST_PROP(MergeLaws, TheSameOnBothSidesIsNoChange, ()) {
  const Sides sides = make_sides({}, NewKeys::kApart);
  const Result result = merged(sides.world, sides.sandbox, sides.sandbox);
  RC_LOG() << described(result);
  RC_ASSERT(result.conflicts.empty());
  RC_ASSERT(result.changes.empty());
}

RC_GTEST_PROP(MergeLaws, ASandboxWithoutChangesChangesNothing, ()) {
  const Sides sides = make_sides({}, NewKeys::kApart);
  const Result result = merged(sides.world, sides.live, sides.world.base);
  RC_LOG() << described(result);
  RC_ASSERT(result.conflicts.empty());
  RC_ASSERT(result.changes.empty());
}

RC_GTEST_PROP(MergeLaws, IsSymmetricWithoutConflicts, ()) {
  // Whether a row was replaced (by its natural key) is asked of live alone, and only lists that the
  // sandbox put something into are numbered anew.
  const WorldOptions options{.with_lists = false,
                             .with_volatile = false,
                             .with_natural_keys = false,
                             .with_given_keys = false};
  const Sides sides = make_sides(options, NewKeys::kApart);
  const Result there = merged(sides.world, sides.live, sides.sandbox);
  const Result back = merged(sides.world, sides.sandbox, sides.live);
  RC_LOG() << described(there) << "--- back:\n" << described(back);
  RC_ASSERT(there.open() == back.open());
  if (there.open()) return;
  RC_ASSERT(changeset::apply(sides.live, there.changes) ==
            changeset::apply(sides.sandbox, back.changes));
}

RC_GTEST_PROP(MergeLaws, WhatIsMergedIsClosed, ()) {
  const Sides sides = make_sides({}, NewKeys::kCollide);
  const Result result = merged(sides.world, sides.live, sides.sandbox);
  RC_CLASSIFY(result.open());
  RC_CLASSIFY(!result.changes.empty());
  RC_CLASSIFY(!result.rekeyed.empty());
  const State after = changeset::apply(sides.live, result.changes);
  RC_ASSERT(testing::violations(sides.world.model, after) == std::vector<std::string>{});
}

RC_GTEST_PROP(MergeLaws, AnswersGiveAClosedResult, ()) {
  const Sides sides = make_sides({}, NewKeys::kCollide);
  for (const auto& choose : {the_default, the_sandbox}) {
    const Result result = answered(sides.world, sides.live, sides.sandbox, choose);
    RC_LOG() << described(result);
    RC_ASSERT(!result.open());
    const State after = changeset::apply(sides.live, result.changes);
    RC_ASSERT(testing::violations(sides.world.model, after) == std::vector<std::string>{});
  }
}

RC_GTEST_PROP(MergeLaws, TheDefaultNeverDiscardsLivesNewerValue, ()) {
  const Sides sides = make_sides({.with_lists = false}, NewKeys::kCollide);
  const Result result = answered(sides.world, sides.live, sides.sandbox, the_default);
  for (const RowChange& change : result.changes.changes) {
    const auto& base_rows = sides.world.base.tables.at(change.table->name).rows;
    if (!change.before) continue;
    const auto base = base_rows.find(change.key);
    RC_ASSERT(base != base_rows.end());
    for (std::size_t i = 0; i < change.before->size(); ++i) {
      const bool newer = (*change.before)[i] != base->second[i];
      if (newer && !change.after) {
        RC_ASSERT(sides.world.model.require(change.table->name).columns[i].is_volatile);
      }
      if (newer && change.after) RC_ASSERT((*change.after)[i] == (*change.before)[i]);
    }
  }
}

RC_GTEST_PROP(MergeLaws, ASecondMergeIsEmpty, ()) {
  // After a promotion the sandbox stands on the merged state; what it shows is what live has.
  Sides sides = make_sides({}, NewKeys::kApart);
  const Result result = answered(sides.world, sides.live, sides.sandbox, the_sandbox);
  const State after = changeset::apply(sides.live, result.changes);
  sides.world.base = after;
  const Result again = merged(sides.world, after, after);
  RC_ASSERT(again.changes.empty());
  RC_ASSERT(again.conflicts.empty());
}

}  // namespace
}  // namespace doppel::merge
