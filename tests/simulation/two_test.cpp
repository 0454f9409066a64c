// Two at once: whatever two programs do to one tenant at the same time, one of them waits, is
// refused with a word, or both succeed; no edit of either is lost.
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/sqlite/connection.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "stand.hpp"

namespace doppel::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr int kRefused = 3;
constexpr int kFailed = 4;
const EnvironmentName kOne{"shop", "one"};
const EnvironmentName kOther{"shop", "other"};

std::string text_of(const Stand& stand, const std::string& sql) {
  std::string text;
  for (const Row& row : Stand::query(stand.live(), sql)) text += display(row);
  return text;
}

TEST(TwoAtOnce, DisjointPromotionsBothHappen) {
  for (int round = 0; round < 5; ++round) {
    const Stand stand;
    const auto doppel = stand.with_tenant();
    doppel->create(kOne, {});
    doppel->create(kOther, {});
    stand.edit_sandbox("shop/one", "UPDATE queues SET name = 'One' WHERE id = 1");
    stand.edit_sandbox("shop/other", "UPDATE queues SET name = 'Other' WHERE id = 2");
    const std::string first = doppel->plan(kOne, {}).hash.text;
    const std::string second = doppel->plan(kOther, {}).hash.text;
    Running one = stand.start({"promote", "shop/one", "--plan", first});
    Running other = stand.start({"promote", "shop/other", "--plan", second});
    const Finished one_finished = one.wait();
    const Finished other_finished = other.wait();
    EXPECT_EQ(one_finished.exit, 0) << one_finished.err;
    EXPECT_EQ(other_finished.exit, 0) << other_finished.err;
    EXPECT_EQ(text_of(stand, "SELECT name FROM queues WHERE id < 3 ORDER BY id"), "'One''Other'");
    EXPECT_EQ(doppel->history("shop").size(), 2U);
    EXPECT_TRUE(doppel->sandboxes("shop").empty());
  }
}

TEST(TwoAtOnce, OfTwoPromotionsOfTheSameFieldOneIsStale) {
  for (int round = 0; round < 5; ++round) {
    const Stand stand;
    const auto doppel = stand.with_tenant();
    doppel->create(kOne, {});
    doppel->create(kOther, {});
    stand.edit_sandbox("shop/one", "UPDATE queues SET name = 'One' WHERE id = 1");
    stand.edit_sandbox("shop/other", "UPDATE queues SET name = 'Other' WHERE id = 1");
    const std::string first = doppel->plan(kOne, {}).hash.text;
    const std::string second = doppel->plan(kOther, {}).hash.text;
    Running one = stand.start({"promote", "shop/one", "--plan", first});
    Running other = stand.start({"promote", "shop/other", "--plan", second});
    const Finished one_finished = one.wait();
    const Finished other_finished = other.wait();
    EXPECT_EQ(one_finished.exit + other_finished.exit, kRefused)
        << one_finished.err << other_finished.err;
    const bool first_won = one_finished.exit == 0;
    EXPECT_THAT((first_won ? other_finished : one_finished).err, HasSubstr("moved"));
    EXPECT_EQ(text_of(stand, "SELECT name FROM queues WHERE id = 1"),
              first_won ? "'One'" : "'Other'");
    EXPECT_EQ(doppel->sandboxes("shop").size(), 1U);
    EXPECT_EQ(doppel->plan(first_won ? kOther : kOne, {}).conflicts.size(), 1U);
  }
}

TEST(TwoAtOnce, ACommitInLiveAfterThePlanIsNeverOverwritten) {
  const Stand stand;
  const auto doppel = stand.with_tenant();
  doppel->create(kOne, {});
  stand.edit_sandbox("shop/one", "UPDATE queues SET name = 'One' WHERE id = 1");
  const std::string hash = doppel->plan(kOne, {}).hash.text;
  stand.edit_live("UPDATE queues SET name = 'Live' WHERE id = 1");
  const Finished refused = stand.run({"promote", "shop/one", "--plan", hash});
  EXPECT_EQ(refused.exit, kRefused);
  EXPECT_THAT(refused.err, HasSubstr("moved"));
  EXPECT_EQ(text_of(stand, "SELECT name FROM queues WHERE id = 1"), "'Live'");
  EXPECT_EQ(doppel->status(kOne).environment.state, environment::State::kReady);
}

/// A writer of live that commits between a promotion's preparation, which only reads, and its own
/// transaction: it has the right to write until the promotion's snapshot is there.
class Between {
 public:
  Between(const Stand& stand, const std::string& edit)
      : folder_(stand.home() / "snapshots" / "shop"),
        writer_(
            sqlite::open({.path = stand.live().string(), .access = database::Access::kReadWrite})),
        transaction_(writer_->begin(database::TransactionKind::kWrite)) {
    writer_->sql()->execute_script(edit);
  }
  void commit_when_prepared() {
    while (files().empty()) std::this_thread::yield();
    transaction_->commit();
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    if (!std::filesystem::exists(folder_)) return names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      if (entry.path().extension() == ".json") names.push_back(entry.path().string());
    }
    return names;
  }

 private:
  std::filesystem::path folder_;
  std::unique_ptr<sqlite::Connection> writer_;
  std::unique_ptr<database::Transaction> transaction_;
};

TEST(TwoAtOnce, ACommitAfterThePreparationIsInTheSnapshot) {
  const Stand stand;
  const auto doppel = stand.with_tenant();
  doppel->create(kOne, {});
  stand.edit_sandbox("shop/one", "UPDATE queues SET name = 'One' WHERE id = 1");
  const std::string hash = doppel->plan(kOne, {}).hash.text;
  Between writer(stand, "UPDATE settings SET value = 'green' WHERE name = 'colour'");
  Running promotion = stand.start({"promote", "shop/one", "--plan", hash});
  writer.commit_when_prepared();
  const Finished finished = promotion.wait();
  EXPECT_EQ(finished.exit, 0) << finished.err;
  ASSERT_EQ(writer.files().size(), 1U);
  EXPECT_THAT(read_file(writer.files()[0]), HasSubstr(R"(["colour","green"])"));
  EXPECT_EQ(text_of(stand, "SELECT name FROM queues WHERE id = 1"), "'One'");
  EXPECT_EQ(text_of(stand, "SELECT value FROM settings WHERE name = 'colour'"), "'green'");
}

TEST(TwoAtOnce, ACommitAfterThePreparationIsNeverOverwritten) {
  const Stand stand;
  const auto doppel = stand.with_tenant();
  doppel->create(kOne, {});
  stand.edit_sandbox("shop/one", "UPDATE queues SET name = 'One' WHERE id = 1");
  const std::string hash = doppel->plan(kOne, {}).hash.text;
  Between writer(stand, "UPDATE queues SET name = 'Live' WHERE id = 1");
  Running promotion = stand.start({"promote", "shop/one", "--plan", hash});
  writer.commit_when_prepared();
  const Finished refused = promotion.wait();
  EXPECT_EQ(refused.exit, kRefused);
  EXPECT_THAT(refused.err, HasSubstr("moved"));
  EXPECT_TRUE(writer.files().empty()) << "a snapshot of a promotion that never was";
  EXPECT_EQ(text_of(stand, "SELECT name FROM queues WHERE id = 1"), "'Live'");
}

/// A live writer counts up in rows that the sandbox touches in other columns and in rows that it
/// doesn't, all the time while plans are made, promoted and taken back.
TEST(TwoAtOnce, ACounterInLiveLosesNoStep) {
  const Stand stand(Journal::kWal);
  const auto doppel = stand.with_tenant();
  constexpr int kSteps = 400;
  int written = 0;
  std::thread writer([&] {
    for (int i = 0; i < kSteps; ++i) {
      stand.edit_live(
          "BEGIN IMMEDIATE; UPDATE queues SET rank = rank + 1; UPDATE settings SET value = "
          "CAST(value AS INTEGER) + 1 WHERE name = 'counter'; COMMIT");
      ++written;
    }
  });
  int promoted = 0;
  std::string last = "Sales";
  for (int round = 0; round < 12; ++round) {
    doppel->create(kOne, {});
    const std::string name = "Sales" + std::to_string(round);
    stand.edit_sandbox("shop/one", "UPDATE queues SET name = '" + name + "' WHERE id = 1");
    for (int attempt = 0; attempt < 20; ++attempt) {
      PlanOptions quick;
      quick.rehearse = false;
      const std::string hash = doppel->plan(kOne, quick).hash.text;
      try {
        doppel->promote(kOne, hash);
        ++promoted;
        last = name;
        break;
      } catch (const Error& error) {
        EXPECT_THAT(error.code(), AnyOf(ErrorCode::kStale, ErrorCode::kBusy)) << error.what();
      }
    }
    if (doppel->sandboxes("shop").size() == 1) doppel->discard(kOne);
  }
  writer.join();
  EXPECT_EQ(written, kSteps);
  EXPECT_EQ(text_of(stand, "SELECT rank FROM queues ORDER BY id"), "401402403");
  EXPECT_EQ(text_of(stand, "SELECT CAST(value AS INTEGER) FROM settings WHERE name = 'counter'"),
            "400");
  EXPECT_EQ(text_of(stand, "SELECT name FROM queues WHERE id = 1"), "'" + last + "'");
  EXPECT_EQ(doppel->history("shop").size(), static_cast<std::size_t>(promoted));
}

TEST(TwoAtOnce, AnEditOfASandboxIsNeverLostToItsRefresh) {
  const Stand stand;
  const auto doppel = stand.with_tenant();
  doppel->create(kOne, {});
  const auto file = stand.file_of("shop/one");
  constexpr int kSteps = 300;
  std::thread application([&] {
    for (int i = 0; i < kSteps; ++i) {
      Stand::write(file, "UPDATE queues SET rank = rank + 1 WHERE id = 3");
    }
  });
  int refreshed = 0;
  for (int round = 0; round < 30; ++round) {
    stand.edit_live("UPDATE queues SET rank = rank + 1 WHERE id = 1");
    try {
      doppel->refresh(kOne, false);
      ++refreshed;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBusy) << error.what();
    }
  }
  application.join();
  EXPECT_EQ(display(Stand::query(file, "SELECT rank FROM queues WHERE id = 3").at(0)), "303");
  doppel->refresh(kOne, false);
  EXPECT_EQ(display(Stand::query(file, "SELECT rank FROM queues WHERE id = 1").at(0)), "31");
  EXPECT_EQ(display(Stand::query(file, "SELECT rank FROM queues WHERE id = 3").at(0)), "303");
  EXPECT_GT(refreshed, 0);
}

TEST(TwoAtOnce, OneNameIsMadeOnce) {
  const Stand stand;
  const auto doppel = stand.with_tenant();
  for (int round = 0; round < 5; ++round) {
    Running one = stand.start({"sandbox", "create", "shop/one"});
    Running other = stand.start({"sandbox", "create", "shop/one"});
    const Finished one_finished = one.wait();
    const Finished other_finished = other.wait();
    EXPECT_THAT(one_finished.exit + other_finished.exit, AnyOf(kRefused, kFailed))
        << one_finished.err << other_finished.err;
    const Finished& refused = one_finished.exit == 0 ? other_finished : one_finished;
    EXPECT_THAT(refused.err, AnyOf(HasSubstr("already"), HasSubstr("works on this sandbox")));
    EXPECT_EQ(doppel->sandboxes("shop").size(), 1U);
    EXPECT_EQ(doppel->status(kOne).changes, 0U);
    doppel->discard(kOne);
  }
}

TEST(TwoAtOnce, DiscardAndRefreshDontMix) {
  const Stand stand;
  const auto doppel = stand.with_tenant();
  for (int round = 0; round < 8; ++round) {
    doppel->create(kOne, {});
    stand.edit_sandbox("shop/one", "UPDATE queues SET name = 'One' WHERE id = 1");
    Running one = stand.start({"sandbox", "refresh", "shop/one"});
    Running other = stand.start({"sandbox", "discard", "shop/one"});
    const Finished refresh = one.wait();
    const Finished discard = other.wait();
    EXPECT_THAT(refresh.exit, AnyOf(0, kRefused, kFailed)) << refresh.err;
    EXPECT_THAT(discard.exit, AnyOf(0, kFailed)) << discard.err;
    if (discard.exit == 0) {
      EXPECT_TRUE(doppel->sandboxes("shop").empty());
      EXPECT_TRUE(std::filesystem::is_empty(stand.home() / "sandboxes" / "shop"));
    } else {
      EXPECT_THAT(discard.err, HasSubstr("works on this sandbox"));
      EXPECT_EQ(doppel->status(kOne).changes, 1U);
      doppel->discard(kOne);
    }
  }
}

}  // namespace
}  // namespace doppel::testing
