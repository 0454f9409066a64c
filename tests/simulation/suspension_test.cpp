// A sandbox that is to be suspended and can't be read: it says so, it is let go, and its files
// stay.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "commands.hpp"

namespace doppel::testing {
namespace {

namespace fs = std::filesystem;
using environment::State;
using ::testing::AllOf;
using ::testing::HasSubstr;

const Arguments kSuspend{"sandbox", "suspend", "shop/qa"};

State state_of_qa(const Stand& stand) { return stand.open()->sandboxes("shop").at(0).state; }

void damage_file(const fs::path& file) {
  std::ofstream(file, std::ios::in | std::ios::out | std::ios::binary).write("not a database", 14);
}

/// Kills a suspension while the sandbox's own file still stands. Whether there is such a point.
bool kill_before_removal(const Stand& stand) {
  for (long point = 1; point < 200; ++point) {
    stand.restore();
    stand.run(kSuspend, watched(stand.folder(), "DOPPEL_TEST_KILL_AT", std::to_string(point)));
    const bool begun = state_of_qa(stand) == State::kSuspending;
    if (begun && fs::exists(stand.file_of("shop/qa"))) return true;
  }
  return false;
}

TEST(Suspension, OfWhatCantBeReadIsRefusedAndChangesNothing) {
  const Stand stand;
  const auto doppel = stand.with_tenant();
  make_qa(stand, *doppel);
  const fs::path file = stand.file_of("shop/qa");
  fs::copy_file(file, stand.folder() / "kept.db");
  damage_file(file);
  const Finished refused = stand.run(kSuspend);
  EXPECT_EQ(refused.exit, 4);
  EXPECT_EQ(state_of_qa(stand), State::kReady);
  fs::copy_file(stand.folder() / "kept.db", file, fs::copy_options::overwrite_existing);
  EXPECT_EQ(stand.run(kSuspend).exit, 0);
}

class Interrupted : public ::testing::Test {
 protected:
  void SetUp() override {
    make_qa(stand_, *stand_.with_tenant());
    stand_.save();
    ASSERT_TRUE(kill_before_removal(stand_));
    fs::copy_file(file(), stand_.folder() / "kept.db");
    damage_file(file());
    const Finished stopped = stand_.run({"diff", "shop/qa"});
    EXPECT_EQ(stopped.exit, 4);
    EXPECT_THAT(stopped.err, AllOf(HasSubstr("suspension was interrupted"),
                                   HasSubstr("doppel sandbox discard shop/qa")));
    EXPECT_EQ(state_of_qa(stand_), State::kSuspending);
  }
  fs::path file() const { return stand_.file_of("shop/qa"); }

  Stand stand_;
};

TEST_F(Interrupted, SuspensionIsEndedOnceTheFileCanBeRead) {
  fs::copy_file(stand_.folder() / "kept.db", file(), fs::copy_options::overwrite_existing);
  EXPECT_EQ(stand_.run({"diff", "shop/qa"}).exit, 3);
  EXPECT_EQ(state_of_qa(stand_), State::kSuspended);
  EXPECT_EQ(stand_.run({"sandbox", "resume", "shop/qa"}).exit, 0);
  EXPECT_EQ(stand_.open()->diff(kQa).rows.size(), 5U);
}

TEST_F(Interrupted, SuspensionIsLetGoAndItsFilesStay) {
  const std::string damaged = read_file(file());
  const Finished discarded = stand_.run({"sandbox", "discard", "shop/qa", "--json"});
  EXPECT_EQ(discarded.exit, 0) << discarded.err;
  EXPECT_TRUE(stand_.open()->sandboxes("shop").empty());
  bool found = false;
  for (const auto& kept : fs::recursive_directory_iterator(stand_.home() / "bundles" / "shop")) {
    found = found || (kept.path().filename() == "data.db" && read_file(kept.path()) == damaged);
  }
  EXPECT_TRUE(found) << discarded.out;
  EXPECT_EQ(stand_.run({"sandbox", "create", "shop/qa"}).exit, 0);
}

}  // namespace
}  // namespace doppel::testing
