// The real program is killed just before each of its file operations; whatever it was doing, the
// next command finds everything as before or as after, and a second run ends it.
#include <algorithm>
#include <cstdlib>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "commands.hpp"
#include "picture.hpp"

namespace doppel::testing {
namespace {

namespace fs = std::filesystem;
constexpr int kKilled = 128 + 9;

/// How an application keeps its database, and how its sandboxes are held.
struct Variant {
  std::string name;
  Journal journal;
  Carrier carrier;
  long points;  ///< tried of each command, spread evenly; 0: all
};

void PrintTo(const Variant& variant, std::ostream* out) { *out << variant.name; }

class Kill : public ::testing::TestWithParam<std::tuple<Command, Variant>> {};

TEST_P(Kill, LeavesOldOrNewAndIsFinishedByTheNextCommand) {
  const auto& [command, variant] = GetParam();
  const Stand stand(variant.journal, variant.carrier);
  const Arguments arguments = prepared(stand, command);
  const Picture before = picture(stand);
  stand.restore();

  const fs::path counter = stand.folder().parent_path() / "count";
  const Finished whole =
      stand.run(arguments, watched(stand.folder(), "DOPPEL_TEST_COUNT_FILE", counter));
  ASSERT_EQ(whole.exit, 0) << whole.err;
  const long operations = std::atol(read_file(counter).c_str());
  ASSERT_GT(operations, 3);
  const std::multiset<std::string> files_after = files(stand);
  const Picture after = picture(stand);

  for (const long point : points(operations, variant.points)) {
    SCOPED_TRACE(fmt::format("killed before operation {} of {}", point, operations));
    stand.restore();
    const Finished killed =
        stand.run(arguments, watched(stand.folder(), "DOPPEL_TEST_KILL_AT", std::to_string(point)));
    if (killed.exit == 0) continue;  // Fewer operations than when they were counted.
    ASSERT_EQ(killed.exit, kKilled) << killed.err;

    const fs::path copy = stand.copy_of_live();
    EXPECT_EQ(Stand::damage(copy), "");
    const std::string live = Stand::content(copy);
    EXPECT_TRUE(live == before.live || live == after.live) << live;

    const Picture recovered = picture(stand);
    EXPECT_TRUE(recovered == before || recovered == after) << text(recovered) << "before:\n"
                                                           << text(before);
    if (live == after.live) {
      EXPECT_EQ(recovered.promotions, after.promotions);
    }

    const Finished again = stand.run(arguments);
    EXPECT_TRUE(std::ranges::count(command.second_run, again.exit)) << again.exit << again.err;
    if (again.exit != 0) {
      EXPECT_THAT(again.err, ::testing::HasSubstr("\n  ")) << "no remedy";
    }
    // A copy that a rehearsal died with goes with the next rehearsal.
    if (again.exit != 0 && command.name == "resolve") stand.run({"plan", "shop/qa"});
    const Picture finished = picture(stand);
    EXPECT_TRUE(finished == after) << text(finished) << "after:\n" << text(after) << again.err;
    EXPECT_EQ(text(files(stand)), text(files_after));
    if (HasFailure()) break;
  }
}

const std::vector<Variant> kVariants{
    {"file", Journal::kRollback, Carrier::kFile, 0},
    {"file_wal", Journal::kWal, Carrier::kFile, 6},
    {"split", Journal::kRollback, Carrier::kSplit, 6},
    {"split_wal", Journal::kWal, Carrier::kSplit, 12},
};

INSTANTIATE_TEST_SUITE_P(Commands, Kill,
                         ::testing::Combine(::testing::ValuesIn(commands()),
                                            ::testing::ValuesIn(kVariants)),
                         [](const auto& tested) {
                           return std::get<0>(tested.param).name + "_" +
                                  std::get<1>(tested.param).name;
                         });

}  // namespace
}  // namespace doppel::testing
