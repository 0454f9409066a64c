#include "plan/closure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace doppel::plan {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

/// queues (id, name: unique whatever its case) and rules (id, queue -> queues, owner -> rules whose
/// part they are).
class ClosureTest : public ::testing::Test {
 protected:
  ClosureTest() {
    manifest::TableModel queues;
    queues.shape = std::make_shared<TableShape>(TableShape{"queues", {"id", "name"}, {0}});
    queues.columns.resize(2);
    queues.label = 1;
    queues.natural_key = {{1, manifest::NaturalKeyPart::Fold::kLower}};
    queues.unique_keys = {{.name = "by_name", .columns = {1}, .folded = {true}}};
    manifest::TableModel rules;
    rules.shape = std::make_shared<TableShape>(TableShape{"rules", {"id", "queue", "owner"}, {0}});
    rules.columns.resize(3);
    manifest::Reference queue;
    queue.columns = {1};
    queue.targets = {{{}, "queues", {"id"}}};
    manifest::Reference owner;
    owner.columns = {2};
    owner.targets = {{{}, "rules", {"id"}}};
    rules.references = {queue, owner};
    rules.part_of = 1;
    model_.tables = {queues, rules};
  }

  void change(const char* table, std::int64_t key, std::optional<Row> before,
              std::optional<Row> after) {
    changes_.changes.push_back(
        {model_.require(table).shape, {key}, std::move(before), std::move(after)});
  }
  Closure close(const char* selector) const {
    return close_over(model_, changes_, {parse_selector(selector)});
  }

  manifest::Model model_;
  changeset::ChangeSet changes_;
};

TEST_F(ClosureTest, NoSelectionIsEverything) {
  change("queues", 1, std::nullopt, Row{1, "Sales"});
  const Closure closure = close_over(model_, changes_, {});
  EXPECT_EQ(closure.changes.size(), 1U);
  EXPECT_THAT(closure.left_out, IsEmpty());
}

TEST_F(ClosureTest, TakesNewRowsThatAreReferredTo) {
  change("queues", 7, std::nullopt, Row{7, "Sales"});
  change("queues", 8, Row{8, "a"}, Row{8, "b"});
  change("rules", 1, std::nullopt, Row{1, 7, Value()});
  const Closure closure = close("rules");
  EXPECT_EQ(closure.changes.size(), 2U);
  EXPECT_THAT(closure.why,
              ElementsAre(Pair(overlay::RowId{"queues", {7}}, "rules '1' refers to it")));
  EXPECT_THAT(closure.left_out, ElementsAre(overlay::RowId{"queues", {8}}));
}

TEST_F(ClosureTest, ARowThatIsOnlyChangedIsThereAnyway) {
  change("queues", 7, Row{7, "a"}, Row{7, "b"});
  change("rules", 1, std::nullopt, Row{1, 7, Value()});
  EXPECT_EQ(close("rules").changes.size(), 1U);
}

TEST_F(ClosureTest, TakesWhatBelongsToARowAndWhatBelongsToThat) {
  change("rules", 1, Row{1, 7, Value()}, Row{1, 8, Value()});
  change("rules", 2, std::nullopt, Row{2, 7, 1});
  change("rules", 3, std::nullopt, Row{3, 7, 2});
  EXPECT_EQ(close("rules:1").changes.size(), 3U);
}

TEST_F(ClosureTest, TakesWhoLetsGoOfADeletedRow) {
  change("queues", 7, Row{7, "a"}, std::nullopt);
  change("rules", 1, Row{1, 7, Value()}, Row{1, 8, Value()});
  const Closure closure = close("queues:a");
  EXPECT_THAT(closure.why, ElementsAre(Pair(overlay::RowId{"rules", {1}},
                                            "it refers to queues 'a', which is deleted")));
}

TEST_F(ClosureTest, TakesWhoFreesANameWhateverItsCase) {
  change("queues", 1, Row{1, "SALES"}, Row{1, "Old"});
  change("queues", 2, Row{2, "b"}, Row{2, "Sales"});
  const Closure closure = close("queues:2");
  EXPECT_THAT(closure.why,
              ElementsAre(Pair(overlay::RowId{"queues", {1}}, "queues 'Sales' takes its name")));
}

TEST_F(ClosureTest, FollowsNamesWithinTheirScope) {
  manifest::TableModel menus;
  menus.shape = std::make_shared<TableShape>(TableShape{"menus", {"id", "rule", "name"}, {0}});
  menus.columns.resize(3);
  manifest::Reference name;
  name.columns = {2};
  name.targets = {{{}, "queues", {"name"}}};
  name.scope = {{0, "id"}};
  menus.references = {name};
  model_.tables.insert(model_.tables.begin(), menus);  // By name.
  change("queues", 7, Row{7, "a"}, Row{7, "b"});
  change("queues", 8, std::nullopt, Row{8, "b"});
  change("menus", 7, Row{7, 1, "a"}, Row{7, 1, "b"});
  change("menus", 9, std::nullopt, Row{9, 1, "b"});
  const Closure renamed = close("queues:7");
  EXPECT_THAT(renamed.why, ElementsAre(Pair(overlay::RowId{"menus", {7}},
                                            "it refers to queues 'b', which is renamed")));
  EXPECT_THAT(close("menus:7").why,
              ElementsAre(Pair(overlay::RowId{"queues", {7}}, "menus '7' refers to it")));
  EXPECT_THAT(close("menus:9").why, IsEmpty());
}

TEST_F(ClosureTest, NamesRowsByKeyOrNameBeforeAndAfter) {
  change("queues", 1, Row{1, "Sales"}, Row{1, "Press"});
  for (const char* selector : {"queues:1", "queues:Sales", "queues:Press", "queues"}) {
    EXPECT_EQ(close(selector).changes.size(), 1U) << selector;
  }
  EXPECT_THROW(close("queues:Help"), Error);
  EXPECT_THROW(close("nothing"), Error);
}

}  // namespace
}  // namespace doppel::plan
