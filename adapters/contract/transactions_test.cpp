#include "adapters/contract/suite.hpp"

namespace doppel::contract {

INSTANTIATE_TEST_SUITE_P(Adapters, Contract, testing::ValuesIn(backend_kinds()),
                         [](const auto& kind) { return kind.param.name; });

namespace {

using testing::StartsWith;

TEST_P(Contract, AReadTransactionIsOneSnapshot) {
  if (GetParam().name == "sqlite_delete") {
    // A rollback journal keeps writers out instead of showing readers an older state.
    const auto reader = backend->connect(Access::kReadOnly);
    const auto snapshot = reader->begin(TransactionKind::kRead);
    const auto transaction = connection->begin(TransactionKind::kWrite);
    connection->apply_changes(std::vector{insert("areas", {1, "a", {}})});
    EXPECT_THAT(error_of([&] { transaction->commit(); }), StartsWith("busy"));
    EXPECT_EQ(reader->count_rows("areas"), 0);
    return;
  }
  apply({insert("areas", {1, "a", {}})});
  const auto reader = backend->connect(Access::kReadOnly);
  auto snapshot = reader->begin(TransactionKind::kRead);
  apply({insert("areas", {2, "b", {}})});
  EXPECT_EQ(reader->count_rows("areas"), 1);
  EXPECT_EQ(all_rows(*reader, *shape("areas")).size(), 1);
  snapshot->commit();
  EXPECT_EQ(reader->count_rows("areas"), 2);
}

TEST_P(Contract, OthersSeeACommitAndNothingBefore) {
  const auto other = backend->connect(Access::kReadOnly);
  auto transaction = connection->begin(TransactionKind::kWrite);
  connection->apply_changes(std::vector{insert("areas", {1, "a", {}})});
  EXPECT_EQ(other->count_rows("areas"), 0);
  transaction->commit();
  EXPECT_EQ(other->count_rows("areas"), 1);
}

TEST_P(Contract, TheVersionTellsOfCommitsByOthers) {
  const auto version_of = [](database::Connection& asked) {
    const auto moment = asked.begin(TransactionKind::kRead);
    return asked.version();
  };
  const auto before = version_of(*connection);
  if (!before) return;  // This database can't tell.
  EXPECT_EQ(version_of(*connection), before);
  const auto other = backend->connect(Access::kReadWrite);
  {
    const auto transaction = other->begin(TransactionKind::kWrite);
    other->apply_changes(std::vector{insert("areas", {1, "a", {}})});
    EXPECT_EQ(version_of(*connection), before) << "it isn't committed";
    transaction->commit();
  }
  const auto after = version_of(*connection);
  EXPECT_NE(after, before);
  apply({insert("areas", {2, "b", {}})});
  EXPECT_EQ(version_of(*connection), after) << "its own commits are none of others";
}

TEST_P(Contract, TheSecondWriterIsBusy) {
  const auto other = backend->connect(Access::kReadWrite);
  auto transaction = connection->begin(TransactionKind::kWrite);
  EXPECT_THAT(error_of([&] { other->begin(TransactionKind::kWrite); }), StartsWith("busy"));
  transaction.reset();
  other->begin(TransactionKind::kWrite)->commit();
}

TEST_P(Contract, AReadOnlyConnectionWritesNothing) {
  const auto reader = backend->connect(Access::kReadOnly);
  EXPECT_THAT(error_of([&] { reader->begin(TransactionKind::kWrite); }), StartsWith("read_only"));
}

}  // namespace
}  // namespace doppel::contract
