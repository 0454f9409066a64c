#include <ctime>

#include <gmock/gmock.h>

#include "base/error.hpp"
#include "merge/answer_json.hpp"
#include "tests/support/merge_fixture.hpp"

namespace doppel::merge {
namespace {

TEST_F(MergeTest, TwoColumnsOfOneRowAreNoConflict) {
  put(sandbox_, "queues", {1, "Junk", "red", 1, 0});
  put(live_, "queues", {1, "Spam", {}, 1, 7});
  const Result result = merged();
  EXPECT_FALSE(result.open());
  EXPECT_EQ(row(after(result), "queues", 1), (Row{1, "Junk", {}, 1, 7}));
}

TEST_F(MergeTest, BothChangedOneField) {
  put(sandbox_, "queues", {1, "Spam", "pink", 1, 0});
  put(live_, "queues", {1, "Spam", "black", 1, 0});
  EXPECT_TRUE(merged().changes.empty());
  EXPECT_TRUE(answered(ConflictKind::kBothChanged, AnswerKind::kKeepLive).changes.empty());
  answers_.clear();
  const auto taken = after(answered(ConflictKind::kBothChanged, AnswerKind::kTakeSandbox));
  EXPECT_EQ(row(taken, "queues", 1)[2], Value("pink"));
  answers_.clear();
  const auto edited = after(answered(ConflictKind::kBothChanged, AnswerKind::kEdit, {"grey"}));
  EXPECT_EQ(row(edited, "queues", 1)[2], Value("grey"));
}

TEST_F(MergeTest, AnAnswerHoldsWhileItsInputsDo) {
  put(sandbox_, "queues", {1, "Spam", "pink", 1, 0});
  put(live_, "queues", {1, "Spam", "black", 1, 0});
  EXPECT_FALSE(answered(ConflictKind::kBothChanged, AnswerKind::kTakeSandbox).open());
  put(live_, "queues", {1, "Spam", "black", 1, 9});
  EXPECT_FALSE(merged().open());
  put(live_, "queues", {1, "Spam", "white", 1, 0});
  EXPECT_TRUE(merged().open());
}

TEST_F(MergeTest, AVolatileColumnIsNeverAsked) {
  put(sandbox_, "queues", {1, "Spam", "red", 1, 5});
  put(live_, "queues", {1, "Spam", "red", 1, 6});
  EXPECT_TRUE(merged().changes.empty());
  erase(live_, "queues", 1);
  erase(live_, "rules", 1);
  EXPECT_FALSE(merged().open());
}

TEST_F(MergeTest, DeletedInLive) {
  put(sandbox_, "queues", {3, "Helpdesk", "green", 3, 0});
  erase(live_, "queues", 3);
  EXPECT_TRUE(answered(ConflictKind::kDeletedInLive, AnswerKind::kKeepDeleted).changes.empty());
  answers_.clear();
  const auto back = after(answered(ConflictKind::kDeletedInLive, AnswerKind::kRestore));
  EXPECT_EQ(row(back, "queues", 3)[1], Value("Helpdesk"));
}

TEST_F(MergeTest, DeletedInSandbox) {
  erase(sandbox_, "queues", 3);
  put(live_, "queues", {3, "Help", "grey", 3, 0});
  EXPECT_TRUE(answered(ConflictKind::kDeletedInSandbox, AnswerKind::kKeepLive).changes.empty());
  answers_.clear();
  const auto gone = after(answered(ConflictKind::kDeletedInSandbox, AnswerKind::kKeepDeleted));
  EXPECT_FALSE(gone.tables.at("queues").rows.contains({3}));
}

TEST_F(MergeTest, CreatedTwiceIsFoundByTheNaturalKeyWhateverItsCase) {
  put(sandbox_, "queues", {4, "Legal", {}, 4, 0});
  put(sandbox_, "rules", {2, 4, "to #4"});
  put(live_, "queues", {9, "LEGAL", "black", 4, 0});
  const Result open = merged();
  EXPECT_TRUE(open.changes.empty());
  EXPECT_EQ(open.warnings.size(), 1U);  // the rule waits
  const auto into = after(answered(ConflictKind::kCreatedTwice, AnswerKind::kMergeInto));
  EXPECT_FALSE(into.tables.at("queues").rows.contains({4}));
  EXPECT_EQ(row(into, "rules", 2), (Row{2, 9, "to #9"}));
}

TEST_F(MergeTest, CreatedTwiceRenamed) {
  put(sandbox_, "queues", {4, "Legal", {}, 4, 0});
  put(live_, "queues", {9, "Legal", "black", 4, 0});
  const auto renamed =
      after(answered(ConflictKind::kCreatedTwice, AnswerKind::kRename, {"Legal (EU)"}));
  EXPECT_EQ(row(renamed, "queues", 4)[1], Value("Legal (EU)"));
  answers_.clear();
  EXPECT_TRUE(answered(ConflictKind::kCreatedTwice, AnswerKind::kRename, {"Sales"}).open());
}

TEST_F(MergeTest, ATakenKeyGetsANewOneAndReferencesFollow) {
  put(sandbox_, "queues", {4, "Legal", {}, 5, 0});
  put(sandbox_, "queues", {5, "Press", {}, 6, 0});
  put(sandbox_, "rules", {2, 4, "from #4 to #5 or #1"});
  put(live_, "queues", {4, "Events", {}, 4, 0});
  const Result result = merged();
  EXPECT_FALSE(result.open());
  ASSERT_EQ(result.rekeyed.size(), 1U);
  EXPECT_EQ(result.rekeyed[0].from, Key{4});
  EXPECT_EQ(result.rekeyed[0].to, Key{6});  // 5 is the sandbox's own
  EXPECT_EQ(row(after(result), "rules", 2), (Row{2, 6, "from #6 to #5 or #1"}));
  EXPECT_EQ(row(after(result), "queues", 4)[1], Value("Events"));
  ASSERT_EQ(result.conflicts.size(), 1U);
  EXPECT_EQ(result.conflicts[0].answered, AnswerKind::kNewKey);
}

TEST_F(MergeTest, ATakenKeyThatTheApplicationGivesIsAsked) {
  model_.tables[0].key_source = database::KeySource::kApplication;
  put(sandbox_, "queues", {4, "Legal", {}, 5, 0});
  put(live_, "queues", {4, "Events", {}, 4, 0});
  const auto moved = after(answered(ConflictKind::kKeyTaken, AnswerKind::kNewKey, {40}));
  EXPECT_EQ(row(moved, "queues", 40)[1], Value("Legal"));
}

TEST_F(MergeTest, ARowReplacedInTheSandboxAndEditedInLive) {
  put(sandbox_, "queues", {1, "Trash", "black", 1, 0});
  put(live_, "queues", {1, "Spam", "pink", 1, 0});
  EXPECT_TRUE(answered(ConflictKind::kReplaced, AnswerKind::kKeepLive).changes.empty());
  answers_.clear();
  const auto both = after(answered(ConflictKind::kReplaced, AnswerKind::kNewKey));
  EXPECT_EQ(row(both, "queues", 1), (Row{1, "Spam", "pink", 1, 0}));
  EXPECT_EQ(row(both, "queues", 4)[1], Value("Trash"));
  answers_.clear();
  const auto taken = after(answered(ConflictKind::kReplaced, AnswerKind::kTakeSandbox));
  EXPECT_EQ(row(taken, "queues", 1), (Row{1, "Trash", "black", 1, 0}));
}

TEST_F(MergeTest, AGuessOfAReplacedRowCanBeWrong) {
  model_.tables[0].columns.push_back({});
  auto wider = *model_.tables[0].shape;
  wider.columns.emplace_back("note");
  model_.tables[0].shape = std::make_shared<TableShape>(wider);
  for (State* state : {&base_, &live_, &sandbox_}) {
    state->tables.at("queues").shape = model_.tables[0].shape;
    state->tables.at("queues").rows.clear();
    state->tables.at("rules").rows.clear();
  }
  put(base_, "queues", {1, "Spam", "red", 1, 0, "-"});
  put(live_, "queues", {1, "Spam", "red", 1, 0, "called"});
  put(sandbox_, "queues", {1, "Trash", "black", 1, 0, "new"});
  const Result one = answered(ConflictKind::kReplaced, AnswerKind::kMergeInto);
  ASSERT_EQ(one.conflicts.size(), 2U);
  EXPECT_EQ(one.conflicts[0].kind, ConflictKind::kBothChanged);
  EXPECT_EQ(one.conflicts[0].columns, (std::vector<std::size_t>{5}));
}

TEST_F(MergeTest, ABirthSaysForCertainThatARowWasReplaced) {
  model_.tables[0].born = 2;
  model_.tables[0].columns[3].binding = true;
  model_.tables[0].list.reset();
  // Made anew on both sides: both stay, under keys of their own, and nobody is asked.
  put(sandbox_, "queues", {1, "Trash", "black", 7, 0});
  put(live_, "queues", {1, "Junk", "pink", 1, 0});
  const Result both = merged();
  EXPECT_FALSE(both.open());
  EXPECT_EQ(row(after(both), "queues", 1)[1], Value("Junk"));
  EXPECT_EQ(row(after(both), "queues", 4)[1], Value("Trash"));
  // Deleted in live: the sandbox's is no edit of that one.
  erase(live_, "queues", 1);
  erase(live_, "rules", 1);
  const Result alone = merged();
  EXPECT_TRUE(alone.conflicts.empty());
  EXPECT_EQ(row(after(alone), "queues", 1)[1], Value("Trash"));
  // Untouched in live: it takes the old one's place, with its own address.
  live_ = base_;
  const Result taken = merged();
  EXPECT_TRUE(taken.conflicts.empty());
  EXPECT_EQ(row(after(taken), "queues", 1), (Row{1, "Trash", "black", 7, 0}));
}

TEST_F(MergeTest, AnIndexThatOnlyTheDatabaseKnowsIsAsked) {
  model_.tables[0].natural_key.clear();
  model_.tables[0].label = 1;
  model_.tables[0].unique_keys = {
      {.name = "one_red", .columns = {2}, .partial = true, .computed = false}};
  // The index holds red queues only; live answers for it as a database would.
  const FactSource plain = facts_from(model_, live_);
  const auto judge = [&](const Needs& needs, Facts& facts) {
    plain(needs, facts);
    for (const IndexQuestion& question : needs.probes) {
      EXPECT_EQ(question.index, "one_red");
      database::IndexProbe probe;
      if (question.row[2] == Value("red")) {
        probe.values = {question.row[2]};
        for (const auto& [key, live] : live_.tables.at("queues").rows) {
          if (live[2] == Value("red")) probe.rows.push_back(live);
        }
      }
      facts.add(question, std::move(probe));
    }
  };
  const auto result = [&] {
    return merge_with(model_, changeset::diff(base_, sandbox_), {}, judge, answers_);
  };
  put(sandbox_, "queues", {2, "Sales", "red", 2, 0});
  const Result taken = result();
  ASSERT_EQ(taken.conflicts.size(), 1U);
  EXPECT_EQ(taken.conflicts[0].kind, ConflictKind::kUniqueTaken);
  EXPECT_EQ(taken.conflicts[0].message,
            "queues 'Sales' has colour 'red', which belongs to queues 'Spam' in live");
  answers_ = {{taken.conflicts[0].id, taken.conflicts[0].inputs, AnswerKind::kRename, {"blue"}}};
  EXPECT_FALSE(result().open());
  answers_ = {{taken.conflicts[0].id, taken.conflicts[0].inputs, AnswerKind::kRename, {"red"}}};
  EXPECT_TRUE(result().open());
  // Freed by the sandbox itself, or two of the sandbox's own.
  answers_.clear();
  put(sandbox_, "queues", {1, "Spam", "blue", 1, 0});
  EXPECT_TRUE(result().conflicts.empty());
  put(sandbox_, "queues", {3, "Help", "red", 3, 0});
  EXPECT_EQ(result().conflicts.size(), 1U);
  // On what the database computes nobody can give another value.
  model_.tables[0].unique_keys[0].columns.clear();
  const Result computed = result();
  ASSERT_EQ(computed.conflicts.size(), 1U);
  EXPECT_EQ(computed.conflicts[0].possible, std::vector{AnswerKind::kKeepLive});
  EXPECT_NE(computed.conflicts[0].message.find("in the unique index one_red"), std::string::npos);
}

TEST_F(MergeTest, ARowReplacedUnderItsKey) {
  put(sandbox_, "queues", {3, "Help", "pink", 3, 0});
  put(live_, "queues", {3, "Cats", "black", 3, 0});
  EXPECT_TRUE(answered(ConflictKind::kReplaced, AnswerKind::kKeepLive).changes.empty());
  answers_.clear();
  const auto both = after(answered(ConflictKind::kReplaced, AnswerKind::kNewKey));
  EXPECT_EQ(row(both, "queues", 3)[1], Value("Cats"));
  EXPECT_EQ(row(both, "queues", 4)[1], Value("Help"));
  answers_.clear();
  const auto taken = after(answered(ConflictKind::kReplaced, AnswerKind::kTakeSandbox));
  EXPECT_EQ(row(taken, "queues", 3)[1], Value("Help"));
}

TEST_F(MergeTest, UniqueTakenButNotByWhatTheMergeFrees) {
  put(sandbox_, "queues", {1, "Sales", "red", 1, 0});
  put(sandbox_, "queues", {2, "Spam", "blue", 2, 0});
  EXPECT_FALSE(merged().open());  // a swap
  put(live_, "queues", {9, "Legal", {}, 4, 0});
  sandbox_ = base_;
  put(sandbox_, "queues", {1, "Legal", "red", 1, 0});
  EXPECT_TRUE(answered(ConflictKind::kUniqueTaken, AnswerKind::kKeepLive).changes.empty());
  answers_.clear();
  const auto renamed = after(answered(ConflictKind::kUniqueTaken, AnswerKind::kRename, {"Law"}));
  EXPECT_EQ(row(renamed, "queues", 1)[1], Value("Law"));
}

TEST_F(MergeTest, ReferenceGone) {
  put(sandbox_, "rules", {1, 3, "see #1"});
  erase(live_, "queues", 3);
  EXPECT_TRUE(answered(ConflictKind::kReferenceGone, AnswerKind::kKeepLive).changes.empty());
  answers_.clear();
  const auto edited = after(answered(ConflictKind::kReferenceGone, AnswerKind::kEdit, {2}));
  EXPECT_EQ(row(edited, "rules", 1)[1], Value(2));
  answers_.clear();
  const auto back = after(
      answered(ConflictKind::kReferenceGone, AnswerKind::kRestore, {3, "Help", "green", 3, 0}));
  EXPECT_EQ(row(back, "queues", 3)[1], Value("Help"));
}

TEST_F(MergeTest, StillReferencedByWhatLiveMadeMeanwhile) {
  erase(sandbox_, "queues", 1);
  erase(sandbox_, "rules", 1);
  EXPECT_FALSE(merged().open());
  put(live_, "rules", {7, 1, "new"});
  const auto kept = after(answered(ConflictKind::kStillReferenced, AnswerKind::kKeepLive));
  EXPECT_TRUE(kept.tables.at("queues").rows.contains({1}));
  answers_.clear();
  const auto moved = after(answered(ConflictKind::kStillReferenced, AnswerKind::kEdit, {2}));
  EXPECT_FALSE(moved.tables.at("queues").rows.contains({1}));
  EXPECT_EQ(row(moved, "rules", 7)[1], Value(2));
  answers_.clear();
  EXPECT_TRUE(answered(ConflictKind::kStillReferenced, AnswerKind::kEdit, {77}).open());
}

TEST_F(MergeTest, ListsMergeAsSequences) {
  // The sandbox puts Help first, live appends one: both hold.
  put(sandbox_, "queues", {3, "Help", "green", 1, 0});
  put(sandbox_, "queues", {1, "Spam", "red", 2, 0});
  put(sandbox_, "queues", {2, "Sales", "blue", 3, 0});
  put(live_, "queues", {8, "Last", {}, 4, 0});
  const Result result = merged();
  EXPECT_FALSE(result.open());
  EXPECT_EQ(result.changes.size(), 3U);
  EXPECT_EQ(row(after(result), "queues", 8)[3], Value(4));
  EXPECT_EQ(row(after(result), "queues", 3)[3], Value(1));
}

TEST_F(MergeTest, OneOrderOfBothSidesIsAsked) {
  put(sandbox_, "queues", {3, "Help", "green", 1, 0});
  put(sandbox_, "queues", {1, "Spam", "red", 3, 0});
  put(live_, "queues", {1, "Spam", "red", 2, 0});
  put(live_, "queues", {2, "Sales", "blue", 1, 0});
  const auto list = [&](const std::vector<Answer>& answers) {
    return merge_with(model_, changeset::diff(base_, sandbox_),
                      {{"queues", {}, {{{1}, 1}, {{2}, 2}, {{3}, 3}}}}, facts_from(model_, live_),
                      answers);
  };
  const Result open = list({});
  ASSERT_EQ(open.conflicts.size(), 1U);
  EXPECT_EQ(open.conflicts[0].kind, ConflictKind::kOrder);
  EXPECT_TRUE(open.changes.empty());
  const auto& conflict = open.conflicts[0];
  EXPECT_TRUE(list({{conflict.id, conflict.inputs, AnswerKind::kKeepLive, {}}}).changes.empty());
  const auto taken = after(list({{conflict.id, conflict.inputs, AnswerKind::kTakeSandbox, {}}}));
  EXPECT_LT(row(taken, "queues", 3)[3], row(taken, "queues", 2)[3]);
  EXPECT_LT(row(taken, "queues", 2)[3], row(taken, "queues", 1)[3]);
}

TEST_F(MergeTest, AnswersAndConflictsAreStoredExactly) {
  put(sandbox_, "queues", {1, "Spam", "pink", 1, 0});
  put(live_, "queues", {1, "Spam", Blob{"\xff"}, 1, 0});
  const Conflict conflict = merged().conflicts.at(0);
  const auto stored = to_json(conflict);
  EXPECT_EQ(to_json(conflict_from_json(stored, "test")), stored);
  const std::vector<Answer> answers{{conflict.id, conflict.inputs, AnswerKind::kEdit, {-0.0}},
                                    {"c_1", "x", AnswerKind::kNewKey, {}}};
  EXPECT_EQ(to_json(answers_from_json(to_json(answers), "test")), to_json(answers));
  for (const char* hostile : {"3", "[3]", "[{}]", R"([{"conflict":1,"inputs":"","answer":"edit"}])",
                              R"([{"conflict":"c","inputs":"","answer":"other"}])",
                              R"([{"conflict":"c","inputs":"","answer":"edit","values":3}])"}) {
    EXPECT_THROW(answers_from_json(parse_json(hostile, "test"), "test"), Error) << hostile;
  }
  EXPECT_THROW(conflict_from_json(parse_json("{}", "test"), "test"), Error);
}

TEST_F(MergeTest, AHundredThousandChangesASideStayFast) {
  TableModel& queues = model_.tables[0];
  queues.list.reset();
  queues.natural_key.clear();
  ChangeSet ours;
  for (int i = 0; i < 200'000; ++i) {
    Row before{i, "n" + std::to_string(i), "red", i, 0};
    Row there = before;
    if (i % 2 == 0) there[2] = "blue";
    put(live_, "queues", there);
    if (i >= 100'000) continue;
    Row after = before;
    after[1] = "m" + std::to_string(i);
    ours.changes.push_back({queues.shape, {i}, std::move(before), std::move(after)});
  }
  const std::clock_t start = std::clock();
  const Result result = merge_with(model_, ours, {}, facts_from(model_, live_), {});
  const std::clock_t taken = std::clock() - start;
  EXPECT_FALSE(result.open());
  EXPECT_EQ(result.changes.size(), 100'000U);
  EXPECT_LT(taken, 10 * CLOCKS_PER_SEC);  // of processor time, with sanitizers too
}

TEST_F(MergeTest, ANameOfAnotherCaseIsTaken) {
  put(live_, "queues", {9, "PRESS", "red", 4, 0});
  put(sandbox_, "queues", {2, "Press", "blue", 2, 0});
  const Result result = answered(ConflictKind::kUniqueTaken, AnswerKind::kRename, {"Press desk"});
  ASSERT_EQ(result.changes.size(), 1U);
  EXPECT_EQ((*result.changes.changes[0].after)[1], Value("Press desk"));
}

TEST_F(MergeTest, ANameThatTwoRowsOfLiveShareStopsNobodyElse) {
  for (State* state : {&base_, &live_, &sandbox_}) {
    put(*state, "queues", {8, "Twin", "red", 4, 0});
    put(*state, "queues", {9, "TWIN", "red", 5, 0});
  }
  put(sandbox_, "queues", {8, "Twin", "blue", 4, 0});
  put(sandbox_, "queues", {9, "TWIN", "blue", 5, 0});
  EXPECT_THAT(merged().conflicts, ::testing::IsEmpty());
}

TEST_F(MergeTest, SecretsOfLiveStay) {
  model_.tables[0].columns[2].secret = true;
  put(sandbox_, "queues", {2, "Sales", "other", 2, 0});
  EXPECT_TRUE(merged().changes.empty());
}

}  // namespace
}  // namespace doppel::merge
