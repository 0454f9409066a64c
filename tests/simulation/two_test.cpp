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

std::string text_of(const std::filesystem::path& database, const std::string& sql) {
  std::string text;
  for (const Row& row : Stand::query(database, sql)) text += display(row);
  return text;
}
std::string text_of(const Stand& stand, const std::string& sql) {
  return text_of(stand.live(), sql);
}

void rename_queue(const Stand& stand, const EnvironmentName& sandbox, const std::string& name,
                  int queue = 1) {
  stand.edit_sandbox(sandbox.text(),
                     "UPDATE queues SET name = '" + name + "' WHERE id = " + std::to_string(queue));
}

struct Both {
  Finished one;
  Finished other;
  int exits() const { return one.exit + other.exit; }
  const Finished& refused() const { return one.exit == 0 ? other : one; }
  std::string errors() const { return one.err + other.err; }
};

using Words = std::vector<std::string>;

Both run_both(const Stand& stand, const Words& one, const Words& other) {
  Running first = stand.start(one);
  Running second = stand.start(other);
  Both both;
  both.one = first.wait();
  both.other = second.wait();
  return both;
}

/// Two sandboxes that each renamed a queue, promoted at the same moment.
Both promote_both(const Stand& stand, Doppel& doppel, int queue_of_one, int queue_of_other) {
  Words promotions[2];
  const EnvironmentName names[2] = {kOne, kOther};
  for (const EnvironmentName& name : names) doppel.create(name, {});
  rename_queue(stand, kOne, "One", queue_of_one);
  rename_queue(stand, kOther, "Other", queue_of_other);
  for (int i = 0; i < 2; ++i) {
    promotions[i] = {"promote", names[i].text(), "--plan", doppel.plan(names[i], {}).hash.text};
  }
  return run_both(stand, promotions[0], promotions[1]);
}

TEST(TwoAtOnce, DisjointPromotionsBothHappen) {
  for (int round = 0; round < 5; ++round) {
    const Stand stand;
    const auto doppel = stand.with_tenant();
    const Both both = promote_both(stand, *doppel, 1, 2);
    EXPECT_EQ(both.exits(), 0) << both.errors();
    EXPECT_EQ(text_of(stand, "SELECT name FROM queues WHERE id < 3 ORDER BY id"), "'One''Other'");
    EXPECT_EQ(doppel->history("shop").size(), 2U);
    EXPECT_TRUE(doppel->sandboxes("shop").empty());
  }
}

TEST(TwoAtOnce, OfTwoPromotionsOfTheSameFieldOneIsStale) {
  for (int round = 0; round < 5; ++round) {
    const Stand stand;
    const auto doppel = stand.with_tenant();
    const Both both = promote_both(stand, *doppel, 1, 1);
    EXPECT_EQ(both.exits(), kRefused) << both.errors();
    EXPECT_THAT(both.refused().err, HasSubstr("moved"));
    const bool first_won = both.one.exit == 0;
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
  rename_queue(stand, kOne, "One");
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
    rename_queue(stand, kOne, name);
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
  EXPECT_EQ(text_of(file, "SELECT rank FROM queues WHERE id = 3"), "303");
  doppel->refresh(kOne, false);
  EXPECT_EQ(text_of(file, "SELECT rank FROM queues WHERE id = 1"), "31");
  EXPECT_EQ(text_of(file, "SELECT rank FROM queues WHERE id = 3"), "303");
  EXPECT_GT(refreshed, 0);
}

TEST(TwoAtOnce, OneNameIsMadeOnce) {
  const Stand stand;
  const auto doppel = stand.with_tenant();
  for (int round = 0; round < 5; ++round) {
    const Words create{"sandbox", "create", "shop/one"};
    const Both both = run_both(stand, create, create);
    EXPECT_THAT(both.exits(), AnyOf(kRefused, kFailed)) << both.errors();
    EXPECT_THAT(both.refused().err,
                AnyOf(HasSubstr("already"), HasSubstr("works on this sandbox")));
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
    rename_queue(stand, kOne, "One");
    const auto [refresh, discard] =
        run_both(stand, {"sandbox", "refresh", "shop/one"}, {"sandbox", "discard", "shop/one"});
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
