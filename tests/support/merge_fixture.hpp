#pragma once

#include <gtest/gtest.h>

#include "merge/merge.hpp"

namespace doppel::merge {

using changeset::ChangeSet;
using changeset::State;
using manifest::Model;
using manifest::TableModel;

/// queues (id, name unique and natural, colour, position in a list, seen: volatile) and
/// rules (id, queue -> queues, text with queue ids like #12).
class MergeTest : public ::testing::Test {
 protected:
  MergeTest() {
    TableModel queues;
    queues.shape = std::make_shared<TableShape>(
        TableShape{"queues", {"id", "name", "colour", "position", "seen"}, {0}});
    queues.columns.resize(5);
    queues.columns[4].is_volatile = true;
    queues.natural_key = {{1, manifest::NaturalKeyPart::Fold::kLower}};
    queues.unique_keys = {{"by_name", {1}}};
    queues.list = manifest::ListModel{.order = 3, .within = {}};
    queues.key_source = database::KeySource::kReused;
    TableModel rules;
    rules.shape = std::make_shared<TableShape>(TableShape{"rules", {"id", "queue", "text"}, {0}});
    rules.columns.resize(3);
    manifest::EmbeddedIds ids;
    ids.pattern = "#([0-9]+)";
    ids.table = "queues";
    rules.columns[2].ids = {ids};
    manifest::Reference reference;
    reference.columns = {1};
    reference.targets = {{{}, "queues", {"id"}}};
    reference.on_delete = "CASCADE";
    rules.references = {reference};
    model_.tables = {queues, rules};
    model_.referrers["queues"] = {{"rules", 0}};
    for (const TableModel& table : model_.tables) base_.tables[table.name()].shape = table.shape;
    put(base_, "queues", {1, "Spam", "red", 1, 0});
    put(base_, "queues", {2, "Sales", "blue", 2, 0});
    put(base_, "queues", {3, "Help", "green", 3, 0});
    put(base_, "rules", {1, 1, "see #1"});
    live_ = sandbox_ = base_;
  }

  static void put(State& state, const std::string& table, const Row& row) {
    state.tables.at(table).rows[{row[0]}] = row;
  }
  static void erase(State& state, const std::string& table, int id) {
    state.tables.at(table).rows.erase({id});
  }

  Result merged() {
    return merge_with(model_, changeset::diff(base_, sandbox_), {}, facts_from(model_, live_),
                      answers_);
  }
  /// Merges, expects one open conflict of a kind, answers it and merges again.
  Result answered(ConflictKind kind, AnswerKind answer, std::vector<Value> values = {}) {
    const Result result = merged();
    EXPECT_EQ(result.conflicts.size(), 1U);
    if (result.conflicts.empty()) return result;
    const Conflict& conflict = result.conflicts.front();
    EXPECT_EQ(conflict.kind, kind) << conflict.message;
    EXPECT_TRUE(result.open());
    EXPECT_FALSE(conflict.message.empty());
    EXPECT_EQ(conflict.possible.front(), possible_answers(kind).front());
    answers_ = {{conflict.id, conflict.inputs, answer, std::move(values)}};
    return merged();
  }
  State after(const Result& result) { return changeset::apply(live_, result.changes); }
  static const Row& row(const State& state, const std::string& table, int id) {
    return state.tables.at(table).rows.at({id});
  }

  Model model_;
  State base_, live_, sandbox_;
  std::vector<Answer> answers_;
};

}  // namespace doppel::merge
