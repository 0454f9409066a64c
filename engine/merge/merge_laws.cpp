#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "merge/merge.hpp"
#include "tests/support/merge_model.hpp"
#include "tests/support/sides.hpp"

namespace doppel::merge {
namespace {

using changeset::ChangeSet;
using changeset::State;
using testing::make_sides;
using testing::NewKeys;
using testing::Sides;
using testing::World;
using testing::WorldOptions;

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

bool has_kind(const Result& result, ConflictKind kind) {
  return std::ranges::any_of(result.conflicts,
                             [&](const Conflict& conflict) { return conflict.kind == kind; });
}

RC_GTEST_PROP(MergeLaws, AsksIffTheNaiveMergeDisagreesOrBreaksAConstraint, ()) {
  const Sides sides = make_sides({.with_lists = false, .with_given_keys = false}, NewKeys::kApart);
  const Result result = merged(sides.world, sides.live, sides.sandbox);
  // That a row was replaced under its key is a guess that whole states can't make.
  if (has_kind(result, ConflictKind::kReplaced)) return;
  const auto naive =
      testing::naive_merge(sides.world.model, sides.world.base, sides.live, sides.sandbox);
  const auto broken = testing::violations(sides.world.model, naive.merged);
  const bool expects_question = !naive.conflicts.empty() || !broken.empty();
  RC_LOG() << described(result);
  RC_CLASSIFY(!naive.conflicts.empty(), "disagrees");
  RC_CLASSIFY(naive.conflicts.empty() && !broken.empty(), "breaks a constraint");
  RC_ASSERT(result.open() == expects_question);
  if (!result.open()) {
    RC_ASSERT(changeset::apply(sides.live, result.changes) == naive.merged);
  }
}

/// Whether `a` stands in front of `b` in their list; nothing where they are not in one list there.
std::optional<bool> in_front(const manifest::TableModel& table, const State& state, const Key& a,
                             const Key& b) {
  const auto& rows = state.tables.at(table.name()).rows;
  const auto first = rows.find(a);
  const auto second = rows.find(b);
  if (first == rows.end() || second == rows.end()) return std::nullopt;
  for (const std::size_t column : table.list->within) {
    if (first->second[column] != second->second[column]) return std::nullopt;
  }
  const Value& x = first->second[table.list->order];
  const Value& y = second->second[table.list->order];
  return x != y ? x < y : a < b;
}

/// Whether a row is in one list all the time.
bool stays_in_list(const manifest::TableModel& table, const Sides& sides, const Key& key) {
  const auto within = [&](const State& state) {
    return TableShape::project(state.tables.at(table.name()).rows.at(key), table.list->within);
  };
  return within(sides.world.base) == within(sides.live) &&
         within(sides.world.base) == within(sides.sandbox);
}

RC_GTEST_PROP(MergeLaws, TwoMembersOfAListStandAsTheSideWantsThatTurnedThem, ()) {
  const Sides sides = make_sides({.tables = 2,
                                  .rows = 8,
                                  .with_natural_keys = false,
                                  .with_unique_keys = false,
                                  .with_references = false,
                                  .with_given_keys = false},
                                 NewKeys::kApart);
  const Result result = merged(sides.world, sides.live, sides.sandbox);
  RC_CLASSIFY(has_kind(result, ConflictKind::kOrder), "disputed");
  if (result.open()) return;
  const State after = changeset::apply(sides.live, result.changes);
  RC_LOG() << described(result);
  for (const auto& table : sides.world.model.tables) {
    if (!table.list) continue;
    const auto& rows = after.tables.at(table.name()).rows;
    for (const auto& [a, one] : rows) {
      for (const auto& [b, other] : rows) {
        const auto now = in_front(table, after, a, b);
        const auto base = in_front(table, sides.world.base, a, b);
        const auto live = in_front(table, sides.live, a, b);
        const auto sandbox = in_front(table, sides.sandbox, a, b);
        if (a == b || !now || !base || !live || !sandbox) continue;
        if (stays_in_list(table, sides, a) && stays_in_list(table, sides, b)) {
          RC_ASSERT(*now == (*live == *base ? *sandbox : *live));
        }
      }
    }
  }
}

RC_GTEST_PROP(MergeLaws, PromotedInTwoPartsIsPromoted, ()) {
  // Halves of a reordered list are no order that anybody meant.
  const Sides sides = make_sides({.with_lists = false}, NewKeys::kApart);
  const Result whole = merged(sides.world, sides.live, sides.sandbox);
  ChangeSet part;
  ChangeSet rest;
  for (const RowChange& change : changeset::diff(sides.world.base, sides.sandbox).changes) {
    (*rc::gen::arbitrary<bool>() ? part : rest).changes.push_back(change);
  }
  const auto source = facts_from(sides.world.model, sides.live);
  const Result first = merge_with(sides.world.model, part, {}, source, {});
  RC_CLASSIFY(whole.open(), "open");
  RC_CLASSIFY(!whole.open() && first.open(), "open in parts");
  if (whole.open() || first.open()) return;
  const State between = changeset::apply(sides.live, first.changes);
  RC_ASSERT(testing::violations(sides.world.model, between) == std::vector<std::string>{});
  const Result second =
      merge_with(sides.world.model, rest, {}, facts_from(sides.world.model, between), {});
  RC_LOG() << described(first) << "--- then:\n" << described(second);
  RC_ASSERT(!second.open());
  RC_ASSERT(changeset::apply(between, second.changes) ==
            changeset::apply(sides.live, whole.changes));
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
  // Whether a row was replaced (by its natural key) is asked of live alone.
  const WorldOptions options{
      .with_volatile = false, .with_natural_keys = false, .with_given_keys = false};
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
