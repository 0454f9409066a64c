// What went wrong once, by name. More of it stands elsewhere: names of another case in
// tests/scenarios/merge, an older equal plan as the command promote_again of the kill tests, a
// refresh that lost what was written meanwhile in two_test.cpp and between_test.cpp, locks that
// were let go of in adapters/sqlite/connection_test.cpp.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/sqlite/connection.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "commands.hpp"
#include "picture.hpp"

namespace doppel::testing {
namespace {

std::unique_ptr<sqlite::Connection> application(const std::filesystem::path& file) {
  return sqlite::open({.path = file.string(), .access = database::Access::kReadWrite});
}

std::string text_of(const std::filesystem::path& file, const std::string& sql) {
  std::string text;
  for (const Row& row : Stand::query(file, sql)) text += display(row);
  return text;
}

std::string sandbox_text(const Stand& stand, const std::string& sql) {
  return text_of(stand.file_of(kQa.text()), sql);
}

/// An application that had the file open went on writing into what was deleted.
TEST(Regression, ASandboxThatHasEndedRefusesWrites) {
  for (const Journal journal : {Journal::kRollback, Journal::kWal}) {
    for (const bool promoted : {false, true}) {
      const Stand stand(journal);
      const auto doppel = stand.with_tenant();
      make_qa(stand, *doppel);
      const auto writer = application(stand.file_of(kQa.text()));
      writer->sql()->query("SELECT * FROM queues", {});
      if (promoted) {
        doppel->promote(kQa, doppel->plan(kQa, {}).hash.text);
      } else {
        doppel->discard(kQa);
      }
      for (const char* sql :
           {"UPDATE queues SET rank = 34 WHERE id = 3", "INSERT INTO settings VALUES ('a', 'b')",
            "REPLACE INTO settings VALUES ('title', 'b')", "DELETE FROM rules WHERE id = 1",
            "INSERT OR IGNORE INTO tickets VALUES (77, 1, 'Lost')"}) {
        EXPECT_THROW(writer->sql()->execute(sql, {}), Error) << sql;
      }
    }
  }
}

/// The rest of the sandbox had deleted what a promoted row of live refers to: the promotion stood
/// in live, and its sandbox could be opened no more.
TEST(Regression, APartialPromotionEndsWhereLivesRowsDontFitItsSandbox) {
  const Stand stand;
  const auto doppel = stand.with_tenant();
  doppel->create(kQa, {});
  stand.edit_sandbox(
      "shop/qa",
      "UPDATE rules SET queue_id = 1 WHERE queue_id = 2; UPDATE tickets SET queue_id "
      "= 1; DELETE FROM queues WHERE id = 2; UPDATE rules SET weight = 99 WHERE id = 1");
  stand.edit_live("UPDATE rules SET queue_id = 2 WHERE id = 1");
  PlanOptions part;
  part.select.push_back({"rules", "1"});
  doppel->promote(kQa, doppel->plan(kQa, part).hash.text);
  EXPECT_EQ(text_of(stand.live(), "SELECT queue_id, weight FROM rules WHERE id = 1"), "(2, 99)");
  EXPECT_EQ(doppel->status(kQa).environment.state, environment::State::kReady);
  EXPECT_EQ(sandbox_text(stand, "SELECT count(*) FROM queues WHERE id = 2"), "0");
}

/// Work that was put away more than thirty days ago went with the discard that was to keep it.
TEST(Regression, WorkThatWasSuspendedForLongIsKeptByADiscard) {
  const Stand stand;
  const auto doppel = stand.with_tenant();
  make_qa(stand, *doppel);
  doppel->suspend(kQa);
  for (const auto& bundle :
       std::filesystem::directory_iterator(stand.home() / "suspended" / "shop")) {
    std::string text = read_file(bundle.path());
    const std::string member = R"("ended_at":")";
    text.replace(text.find(member) + member.size(), 4, "2001");
    write_file(bundle.path(), text);
  }
  EXPECT_TRUE(std::filesystem::exists(doppel->discard(kQa)));
  EXPECT_EQ(doppel->restore_sandbox(kQa, {}).refreshed.kept, 5U);
}

/// Rows that REPLACE pushes out by a unique name are deletions that no trigger is told of.
TEST(Regression, RowsThatReplacePushesOutAreSeen) {
  const Stand stand;
  const auto doppel = stand.with_tenant();
  doppel->create(kQa, {});
  stand.edit_sandbox("shop/qa", "REPLACE INTO queues VALUES (8, 'Spam', 80, 'now')");
  const plan::Diff diff = doppel->diff(kQa);
  ASSERT_EQ(diff.rows.size(), 2U);
  EXPECT_EQ(diff.rows[0].key, Key{3});
  EXPECT_EQ(diff.rows[0].kind, plan::DiffKind::kRemoved);
  EXPECT_EQ(diff.rows[1].key, Key{8});
}

/// A journal that a killed writer left beside live kept every reader out.
TEST(Regression, AHotJournalBesideLiveIsPlayedBack) {
  const std::vector<Command> all = commands();
  const Command& promotion = *std::ranges::find(all, "promote", &Command::name);
  const Stand stand;
  const Arguments arguments = prepared(stand, promotion);
  const std::string before = Stand::content(stand.copy_of_live());
  int hot = 0;
  for (int point = 60; point < 120; point += 3) {
    stand.restore();
    stand.run(arguments, watched(stand.folder(), "DOPPEL_TEST_KILL_AT", std::to_string(point)));
    const std::filesystem::path journal = stand.live().string() + "-journal";
    if (!std::filesystem::exists(journal) || std::filesystem::file_size(journal) == 0) continue;
    ++hot;
    const Finished seen = stand.run({"plan", "shop/qa"});
    EXPECT_EQ(seen.exit, 0) << point << seen.err;
    EXPECT_EQ(Stand::content(stand.copy_of_live()), before);
  }
  EXPECT_GT(hot, 0) << "no kill left a journal";
}

}  // namespace
}  // namespace doppel::testing
