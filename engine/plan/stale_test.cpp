#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/plan.hpp"

namespace doppel::plan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// queues (id, name, seen: volatile), one of which is renamed and used by 300 tickets.
class StaleTest : public ::testing::Test {
 protected:
  StaleTest() {
    manifest::TableModel queues;
    queues.shape = std::make_shared<TableShape>(TableShape{"queues", {"id", "name", "seen"}, {0}});
    queues.columns.resize(3);
    queues.columns[2].is_volatile = true;
    model_.tables = {queues};
    plan_.changes = {{.change = {queues.shape, {2}, Row{2, "Sales", 1}, Row{2, "Press", 1}},
                      .label = "Press",
                      .touch = {},
                      .why = {}}};
    plan_.impact = {{.table = "queues",
                     .key = {2},
                     .label = "Press",
                     .kind = ChangeKind::kUpdate,
                     .referrer = "tickets",
                     .column = "queue_id",
                     .rows = 300,
                     .mapped_to = {}}};
    now_ = plan_;
  }

  std::vector<std::string> moved() const { return what_moved(model_, plan_, now_); }
  RowChange& change() { return now_.changes[0].change; }

  manifest::Model model_;
  Plan plan_, now_;
};

TEST_F(StaleTest, ThePlanItselfIsNotStale) { EXPECT_THAT(moved(), IsEmpty()); }

TEST_F(StaleTest, NamesTheColumnThatMovedInLive) {
  change().before = Row{2, "Help", 1};
  EXPECT_THAT(moved(), ElementsAre(HasSubstr("name was 'Sales', is 'Help'")));
}

TEST_F(StaleTest, VolatileColumnsMayMove) {
  change().before = Row{2, "Sales", 7};
  change().after = Row{2, "Press", 7};
  EXPECT_THAT(moved(), IsEmpty());
}

TEST_F(StaleTest, SaysThatARowIsGone) {
  change().before.reset();
  EXPECT_THAT(moved(), ElementsAre(HasSubstr("was deleted in live")));
}

TEST_F(StaleTest, SaysThatAnotherValueWouldBePromoted) {
  change().after = Row{2, "Desk", 1};
  EXPECT_THAT(moved(), ElementsAre(HasSubstr("would become something else")));
}

TEST_F(StaleTest, ChangesMustBeTheReviewedOnes) {
  now_.changes.clear();
  EXPECT_THAT(moved(), ElementsAre(HasSubstr("no change any more")));
  std::swap(plan_, now_);
  EXPECT_THAT(moved(), ElementsAre(HasSubstr("wasn't reviewed")));
}

TEST_F(StaleTest, CountsOfAnUpdateMayMoveByAHundredth) {
  now_.impact[0].rows = 303;
  EXPECT_THAT(moved(), IsEmpty());
  now_.impact[0].rows = 304;
  EXPECT_THAT(moved(), ElementsAre(HasSubstr("used by 300 rows of tickets, is by 304")));
  now_.impact.clear();
  EXPECT_THAT(moved(), ElementsAre(HasSubstr("is by 0")));
}

TEST_F(StaleTest, CountsOfADeletionMayNotMove) {
  plan_.impact[0].kind = now_.impact[0].kind = ChangeKind::kDelete;
  now_.impact[0].rows = 301;
  EXPECT_THAT(moved(), ElementsAre(HasSubstr("is by 301")));
}

TEST_F(StaleTest, AnotherMappingIsAnotherPlan) {
  now_.impact[0].mapped_to = "Help";
  EXPECT_THAT(moved(), ElementsAre(HasSubstr("the mapping of queues 'Press' is another")));
}

TEST_F(StaleTest, ANewOrOtherwiseAnsweredConflictIsAnotherPlan) {
  merge::Conflict conflict;
  conflict.id = "c_1";
  conflict.inputs = "a";
  plan_.conflicts = now_.conflicts = {conflict};
  EXPECT_THAT(moved(), IsEmpty());
  now_.conflicts[0].inputs = "b";
  EXPECT_THAT(moved(), ElementsAre(HasSubstr("new conflict c_1")));
  now_.conflicts[0] = conflict;
  now_.conflicts[0].answered = merge::AnswerKind::kKeepLive;
  EXPECT_THAT(moved(), ElementsAre(HasSubstr("new conflict c_1")));
}

}  // namespace
}  // namespace doppel::plan
