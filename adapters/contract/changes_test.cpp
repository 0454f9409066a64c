#include "adapters/contract/suite.hpp"

namespace doppel::contract {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

TEST_P(Contract, AppliesInTheOrderGiven) {
  apply({insert("areas", {1, "a", {}}), insert("areas", {2, "b", {}})});
  apply({update("areas", {1, "a", {}}, {1, "parked", {}}),
         update("areas", {2, "b", {}}, {2, "a", 1}),
         update("areas", {1, "parked", {}}, {1, "b", {}})});
  EXPECT_EQ(row("areas", {1}), (Row{1, "b", {}}));
  EXPECT_EQ(row("areas", {2}), (Row{2, "a", 1}));
  apply({erase("areas", {2, "a", 1}), insert("areas", {2, "again", {}})});
  EXPECT_EQ(row("areas", {2}), (Row{2, "again", {}}));
}

TEST_P(Contract, ReportsWhatMovedAndWritesNothing) {
  apply({insert("areas", {1, "a", {}}), insert("areas", {2, "b", {}})});
  {
    const auto transaction = connection->begin(TransactionKind::kWrite);
    const auto moved = connection->apply_changes(std::vector{
        insert("areas", {3, "c", {}}), insert("areas", {1, "x", {}}),
        update("areas", {2, "other", {}}, {2, "y", {}}), erase("areas", {9, "gone", {}})});
    ASSERT_EQ(moved.size(), 3);
    EXPECT_EQ(moved[0].change, 1);
    EXPECT_EQ(moved[0].found, (Row{1, "a", {}}));
    EXPECT_EQ(moved[1].change, 2);
    EXPECT_EQ(moved[1].found, (Row{2, "b", {}}));
    EXPECT_EQ(moved[2].change, 3);
    EXPECT_EQ(moved[2].found, std::nullopt);
  }
  EXPECT_EQ(all_rows("areas"), (std::vector<Row>{{1, "a", {}}, {2, "b", {}}}));
}

TEST_P(Contract, AChangeOfNothingStillComparesTheRow) {
  apply({insert("areas", {1, "a", {}})});
  apply({update("areas", {1, "a", {}}, {1, "a", {}})});
  const auto transaction = connection->begin(TransactionKind::kWrite);
  const auto change = update("areas", {1, "b", {}}, {1, "b", {}});
  EXPECT_EQ(connection->apply_changes(std::vector{change}).size(), 1);
}

TEST_P(Contract, WithoutCommitNothingIsKept) {
  {
    const auto transaction = connection->begin(TransactionKind::kWrite);
    connection->apply_changes(std::vector{insert("areas", {1, "a", {}})});
    EXPECT_EQ(connection->count_rows("areas"), 1);
  }
  EXPECT_EQ(connection->count_rows("areas"), 0);
  apply({insert("areas", {1, "a", {}})});
}

TEST_P(Contract, ChangesNeedAWriteTransaction) {
  const std::vector change{insert("areas", {1, "a", {}})};
  EXPECT_THAT(error_of([&] { connection->apply_changes(change); }), StartsWith("internal"));
  EXPECT_THAT(error_of([&] {
                const auto outer = connection->begin(TransactionKind::kRead);
                const auto inner = connection->begin(TransactionKind::kRead);
              }),
              StartsWith("internal"));
}

TEST_P(Contract, UniqueKeysAreJudgedAtOnceWithNames) {
  apply({insert("areas", {1, "a", {}}), insert("queues", {1, 1, "n", {}})});
  const auto transaction = connection->begin(TransactionKind::kWrite);
  EXPECT_THAT(
      error_of([&] { connection->apply_changes(std::vector{insert("areas", {7, "a", {}})}); }),
      AllOf(StartsWith("constraint: areas 7 can't be inserted"), HasSubstr("areas.name")));
  EXPECT_THAT(
      error_of([&] { connection->apply_changes(std::vector{insert("queues", {2, 1, "n", {}})}); }),
      AllOf(HasSubstr("queues 2"), HasSubstr("queues.area, queues.name")));
  EXPECT_THAT(error_of([&] {
                connection->apply_changes(
                    std::vector{insert("queues", {3, 1, "other", {}}),
                                update("queues", {3, 1, "other", {}}, {3, 1, "n", {}})});
              }),
              HasSubstr("queues 3 can't be updated"));
}

TEST_P(Contract, AFailedChangeLeavesTheTransactionUsable) {
  apply({insert("areas", {1, "a", {}})});
  const auto transaction = connection->begin(TransactionKind::kWrite);
  const auto twice = std::vector{insert("areas", {2, "a", {}})};
  EXPECT_THAT(error_of([&] { connection->apply_changes(twice); }), StartsWith("constraint"));
  EXPECT_EQ(row("areas", {2}), std::nullopt);
  connection->apply_changes(std::vector{insert("areas", {2, "b", {}})});
  transaction->commit();
  EXPECT_EQ(connection->count_rows("areas"), 2);
}

TEST_P(Contract, NullsAreNeverTwiceInAUniqueKey) {
  apply({insert("queues", {1, {}, "n", {}}), insert("queues", {2, {}, "n", {}})});
  EXPECT_EQ(connection->count_rows("queues"), 2);
}

TEST_P(Contract, RequiredColumnsAreJudgedWithNames) {
  const auto transaction = connection->begin(TransactionKind::kWrite);
  EXPECT_THAT(
      error_of([&] { connection->apply_changes(std::vector{insert("areas", {1, {}, {}})}); }),
      AllOf(StartsWith("constraint"), HasSubstr("areas.name"), HasSubstr("NOT NULL")));
}

TEST_P(Contract, ReferencesAreJudgedAtCommit) {
  // Child first, a cycle through the same table, and a parent taken away and put back.
  apply({insert("queues", {1, 1, "n", {}}), insert("areas", {1, "a", 2}),
         insert("areas", {2, "b", 1})});
  apply({erase("areas", {1, "a", 2}), insert("areas", {1, "c", {}})});
  EXPECT_EQ(row("areas", {1}), (Row{1, "c", {}}));
}

TEST_P(Contract, ABrokenReferenceIsNamedAndRolledBack) {
  auto transaction = connection->begin(TransactionKind::kWrite);
  connection->apply_changes(
      std::vector{insert("areas", {1, "a", {}}), insert("queues", {4, 99, "n", {}})});
  EXPECT_THAT(error_of([&] { transaction->commit(); }),
              AllOf(StartsWith("constraint: FOREIGN KEY constraint failed"), HasSubstr("queues 4"),
                    HasSubstr("area"), HasSubstr("areas 99")));
  EXPECT_EQ(connection->count_rows("areas"), 0);
  EXPECT_THAT(error_of([&] { transaction->commit(); }), StartsWith("wrong_state"));
  transaction.reset();
  apply({insert("areas", {1, "a", {}})});
}

TEST_P(Contract, AParentThatIsStillReferredToStays) {
  apply({insert("pairs", {1, "x", {}}), insert("rights", {"admin", 1, "x", 1})});
  const auto transaction = connection->begin(TransactionKind::kWrite);
  connection->apply_changes(std::vector{erase("pairs", {1, "x", {}})});
  EXPECT_THAT(error_of([&] { transaction->commit(); }),
              AllOf(StartsWith("constraint"), HasSubstr("rights ('admin', 1, 'x')"),
                    HasSubstr("pairs ('x', 1)")));
  EXPECT_EQ(connection->count_rows("pairs"), 1);
}

}  // namespace
}  // namespace doppel::contract
