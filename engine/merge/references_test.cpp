#include "tests/support/merge_fixture.hpp"

namespace doppel::merge {
namespace {

using manifest::Reference;

/// The tables of MergeTest and, as a test wants, others that refer to them.
class ReferencesTest : public MergeTest {
 protected:
  /// The reference is good until the next one is added.
  TableModel& add_table(const std::string& name, const std::vector<std::string>& columns,
                        const std::vector<std::size_t>& key = {0}) {
    TableModel table;
    table.shape = std::make_shared<TableShape>(TableShape{name, columns, key});
    table.columns.resize(columns.size());
    for (State* state : {&base_, &live_, &sandbox_}) state->tables[name].shape = table.shape;
    const auto place = std::ranges::find_if(
        model_.tables, [&](const TableModel& other) { return other.name() > name; });
    return *model_.tables.insert(place, std::move(table));
  }
  void refer(TableModel& table, Reference reference) {
    for (const auto& target : reference.targets) {
      model_.referrers[target.table].push_back({table.name(), table.references.size()});
    }
    table.references.push_back(std::move(reference));
  }
  static Reference plain(std::size_t column, const std::string& table, const std::string& target) {
    Reference reference;
    reference.columns = {column};
    reference.targets = {{{}, table, {target}}};
    return reference;
  }
  void put_all(const std::string& table, const Row& row) {
    for (State* state : {&base_, &live_, &sandbox_}) put(*state, table, row);
  }
  static std::vector<ConflictKind> kinds_of(const Result& result) {
    std::vector<ConflictKind> kinds;
    for (const Conflict& conflict : result.conflicts) kinds.push_back(conflict.kind);
    return kinds;
  }
  /// Answers every open conflict of a kind and merges again.
  Result answer_all(ConflictKind kind, AnswerKind answer, const std::vector<Value>& values = {}) {
    for (const Conflict& conflict : merged().conflicts) {
      if (conflict.kind == kind && !conflict.answered) {
        answers_.push_back({conflict.id, conflict.inputs, answer, values});
      }
    }
    return merged();
  }
};

TEST_F(ReferencesTest, AReferenceOneJoinAwayFollowsWhereTheJoinSaysSo) {
  add_table("kinds", {"id", "class"});
  put_all("kinds", {1, "Queue"});
  put_all("kinds", {2, "Number"});
  TableModel& settings = add_table("settings", {"id", "kind", "value"});
  refer(settings, plain(1, "kinds", "id"));
  Reference value = plain(2, "queues", "id");
  value.targets[0].discriminator = "Queue";
  value.via = 1;
  value.via_column = "class";
  refer(settings, value);
  put(live_, "queues", {4, "Events", {}, 4, 0});
  put(sandbox_, "queues", {4, "Legal", {}, 5, 0});
  put(sandbox_, "settings", {1, 1, 4});
  put(sandbox_, "settings", {2, 2, 4});
  const Result result = merged();
  EXPECT_FALSE(result.open());
  EXPECT_EQ(row(after(result), "settings", 1), (Row{1, 1, 5}));
  EXPECT_EQ(row(after(result), "settings", 2), (Row{2, 2, 4}));
}

TEST_F(ReferencesTest, AScopedReferenceFindsRowsOfItsScopeOnly) {
  add_table("pages", {"id", "site", "name"});
  put_all("pages", {1, 10, "home"});
  put_all("pages", {2, 20, "home"});
  TableModel& menus = add_table("menus", {"id", "site", "page"});
  Reference page = plain(2, "pages", "name");
  page.scope = {{1, "site"}};
  refer(menus, page);
  put(sandbox_, "menus", {1, 10, "home"});
  EXPECT_FALSE(merged().open());
  erase(live_, "pages", 1);
  EXPECT_EQ(kinds_of(merged()), std::vector{ConflictKind::kReferenceGone});
  put(sandbox_, "menus", {1, 20, "home"});
  EXPECT_FALSE(merged().open());
}

TEST_F(ReferencesTest, ANameThatIsRenamedInItsScopeIsStillUsedThere) {
  add_table("pages", {"id", "site", "name"});
  put_all("pages", {1, 10, "home"});
  put_all("pages", {2, 20, "home"});
  TableModel& menus = add_table("menus", {"id", "site", "page"});
  Reference page = plain(2, "pages", "name");
  page.scope = {{1, "site"}};
  refer(menus, page);
  put(sandbox_, "pages", {1, 10, "start"});
  put(live_, "menus", {2, 20, "home"});
  EXPECT_FALSE(merged().open());
  put(live_, "menus", {1, 10, "home"});
  const Result open = merged();
  ASSERT_EQ(kinds_of(open), std::vector{ConflictKind::kStillReferenced});
  EXPECT_EQ(open.conflicts[0].columns, std::vector<std::size_t>{2});
  // Neither a row of another scope nor a key that is no key takes over.
  for (const Value& key : {Value(2), Value("1"), Value(7)}) {
    EXPECT_TRUE(answered(ConflictKind::kStillReferenced, AnswerKind::kEdit, {key}).open());
    answers_.clear();
  }
  const auto followed = after(answered(ConflictKind::kStillReferenced, AnswerKind::kEdit, {1}));
  EXPECT_EQ(row(followed, "menus", 1), (Row{1, 10, "start"}));
  EXPECT_EQ(row(followed, "menus", 2), (Row{2, 20, "home"}));
}

TEST_F(ReferencesTest, AnAnswerThatLeavesTheOldNameIsAskedAgain) {
  add_table("pages", {"id", "name"});
  put_all("pages", {1, "home"});
  TableModel& menus = add_table("menus", {"id", "page"});
  refer(menus, plain(1, "pages", "name"));
  put(sandbox_, "pages", {1, "start"});
  put(live_, "menus", {1, "home"});
  // As a database does that compares the key as a number: it finds the row by a text, too.
  const FactSource exactly = facts_from(model_, live_);
  const auto loosely = [&](const Needs& needs, Facts& facts) {
    exactly(needs, facts);
    for (const Question& question : needs.questions) {
      if (question.table == "pages" && question.values == Key{"1"}) {
        facts.add(question, {{1, "home"}});
      }
    }
  };
  answered(ConflictKind::kStillReferenced, AnswerKind::kEdit, {"1"});
  const auto result = merge_with(model_, changeset::diff(base_, sandbox_), {}, loosely, answers_);
  EXPECT_TRUE(result.open());
}

TEST_F(ReferencesTest, AKeyThatHoldsItsParentsFollowsIt) {
  TableModel& steps = add_table("steps", {"queue", "number", "text"}, {0, 1});
  refer(steps, plain(0, "queues", "id"));
  put(live_, "queues", {4, "Events", {}, 4, 0});
  put(sandbox_, "queues", {4, "Legal", {}, 5, 0});
  sandbox_.tables.at("steps").rows[{4, 1}] = {4, 1, "first"};
  const Result result = merged();
  EXPECT_FALSE(result.open());
  EXPECT_EQ(after(result).tables.at("steps").rows, (std::map<Key, Row>{{{5, 1}, {5, 1, "first"}}}));
}

TEST_F(ReferencesTest, ADifferentBirthIsAnotherRowUnderItsKey) {
  model_.tables[0].born = 4;
  put(sandbox_, "queues", {3, "Help", "pink", 3, 0});
  put(live_, "queues", {3, "Help", "green", 3, 99});
  EXPECT_EQ(kinds_of(merged()), std::vector{ConflictKind::kReplaced});
  put(live_, "queues", {3, "Cats", "black", 3, 0});
  EXPECT_EQ(kinds_of(merged()), std::vector{ConflictKind::kBothChanged});
}

TEST_F(ReferencesTest, WhatBecomesOneIsAskedAboutFieldByField) {
  put(sandbox_, "queues", {4, "Legal", "blue", 4, 0});
  put(live_, "queues", {9, "Legal", "black", 4, 0});
  const Result result = answered(ConflictKind::kCreatedTwice, AnswerKind::kMergeInto);
  EXPECT_TRUE(result.open());
  EXPECT_EQ(kinds_of(result),
            (std::vector{ConflictKind::kBothChanged, ConflictKind::kCreatedTwice}));
  const Result taken = answer_all(ConflictKind::kBothChanged, AnswerKind::kTakeSandbox);
  EXPECT_FALSE(taken.open());
  EXPECT_EQ(row(after(taken), "queues", 9), (Row{9, "Legal", "blue", 4, 0}));
}

TEST_F(ReferencesTest, WhatRefersToARowThatIsLeftOutIsAskedAbout) {
  model_.tables[0].key_source = database::KeySource::kApplication;
  put(sandbox_, "queues", {4, "Legal", {}, 5, 0});
  put(sandbox_, "rules", {2, 4, "new"});
  put(live_, "queues", {4, "Events", {}, 4, 0});
  const Result open = answered(ConflictKind::kKeyTaken, AnswerKind::kKeepLive);
  EXPECT_EQ(kinds_of(open), (std::vector{ConflictKind::kKeyTaken, ConflictKind::kReferenceGone}));
  EXPECT_TRUE(open.changes.empty());
  EXPECT_FALSE(answer_all(ConflictKind::kReferenceGone, AnswerKind::kKeepLive).open());
  EXPECT_TRUE(merged().changes.empty());
}

TEST_F(ReferencesTest, WithoutABaseOrderUntouchedMembersStandAsInLive) {
  // Live moved Sales to the front, but nobody kept the order of the base: only the sandbox's move
  // is known, and holds.
  put(sandbox_, "queues", {3, "Help", "green", 0, 0});
  put(live_, "queues", {2, "Sales", "blue", 1, 0});
  put(live_, "queues", {1, "Spam", "red", 2, 0});
  const Result result = merged();
  EXPECT_FALSE(result.open());
  EXPECT_LT(row(after(result), "queues", 3)[3], row(after(result), "queues", 2)[3]);
  EXPECT_LT(row(after(result), "queues", 2)[3], row(after(result), "queues", 1)[3]);
}

TEST_F(ReferencesTest, RestoreBringsBackTheSandboxsRowThatIsReferredTo) {
  put(sandbox_, "queues", {3, "Helpdesk", "green", 3, 0});
  put(sandbox_, "rules", {1, 3, "see #1"});
  erase(live_, "queues", 3);
  const Result gone = answer_all(ConflictKind::kDeletedInLive, AnswerKind::kKeepDeleted);
  EXPECT_EQ(kinds_of(gone),
            (std::vector{ConflictKind::kDeletedInLive, ConflictKind::kReferenceGone}));
  const Result back = answer_all(ConflictKind::kReferenceGone, AnswerKind::kRestore);
  EXPECT_FALSE(back.open());
  EXPECT_EQ(row(after(back), "queues", 3)[1], Value("Helpdesk"));
  EXPECT_EQ(row(after(back), "rules", 1)[1], Value(3));
}

TEST_F(ReferencesTest, ChildrenThatLiveAddedKeepTheirParentFromACascade) {
  erase(sandbox_, "queues", 3);
  put(live_, "rules", {7, 3, "new"});
  put(live_, "rules", {8, 3, "newer"});
  const Result open = merged();
  ASSERT_EQ(kinds_of(open), std::vector{ConflictKind::kStillReferenced});
  EXPECT_NE(open.conflicts[0].message.find("and 1 more"), std::string::npos);
  EXPECT_TRUE(open.changes.empty());
}

TEST_F(ReferencesTest, ARenamedRowThatIsReferredToByNameIsAskedAbout) {
  TableModel& mails = add_table("mails", {"id", "queue"});
  refer(mails, plain(1, "queues", "name"));
  put_all("mails", {1, "Sales"});
  put(sandbox_, "queues", {2, "Deals", "blue", 2, 0});
  put(sandbox_, "mails", {1, "Deals"});
  EXPECT_FALSE(merged().open());  // the sandbox's own row follows by itself
  put(live_, "mails", {7, "Sales"});
  EXPECT_EQ(kinds_of(merged()), std::vector{ConflictKind::kStillReferenced});
  const auto followed = after(answered(ConflictKind::kStillReferenced, AnswerKind::kEdit, {2}));
  EXPECT_EQ(row(followed, "mails", 7), (Row{7, "Deals"}));
  EXPECT_EQ(row(followed, "mails", 1), (Row{1, "Deals"}));
  answers_.clear();
  const auto elsewhere = after(answered(ConflictKind::kStillReferenced, AnswerKind::kEdit, {3}));
  EXPECT_EQ(row(elsewhere, "mails", 7), (Row{7, "Help"}));
}

TEST_F(ReferencesTest, ANameThatAnotherRowTakesOverIsStillThere) {
  TableModel& mails = add_table("mails", {"id", "queue"});
  refer(mails, plain(1, "queues", "name"));
  put(live_, "mails", {7, "Sales"});
  put(sandbox_, "queues", {2, "Spam", "blue", 2, 0});
  put(sandbox_, "queues", {1, "Sales", "red", 1, 0});
  EXPECT_FALSE(merged().open());
  erase(sandbox_, "queues", 2);
  EXPECT_FALSE(merged().open());
  model_.tables[0].references[0].on_delete = "CASCADE";
  EXPECT_EQ(kinds_of(merged()), std::vector{ConflictKind::kStillReferenced});
}

TEST_F(ReferencesTest, AFoldedNaturalKeyClashesForRenamesToo) {
  model_.tables[0].unique_keys.clear();
  put(sandbox_, "queues", {2, "legal", "blue", 2, 0});
  put(live_, "queues", {9, "LEGAL", {}, 4, 0});
  EXPECT_EQ(kinds_of(merged()), std::vector{ConflictKind::kUniqueTaken});
  put(sandbox_, "queues", {2, "SALES", "blue", 2, 0});
  EXPECT_FALSE(merged().open());  // only its own spelling
  put(live_, "queues", {1, "Junk", "red", 1, 0});
  put(sandbox_, "queues", {2, "SPAM", "blue", 2, 0});
  EXPECT_FALSE(merged().open());  // live freed it meanwhile
}

}  // namespace
}  // namespace doppel::merge
