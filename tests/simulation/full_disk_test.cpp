// The disk is full from each of the program's file operations on: by kill_at, which answers ENOSPC
// from there, and, where the tests may mount, on a small file system that really is. The command
// says so and what to do, nothing is lost, and once there is room it does what it should.
#include <algorithm>
#include <cstdlib>
#include <fstream>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "commands.hpp"
#include "picture.hpp"

namespace doppel::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr long kPoints = 10;
constexpr int kFailed = 4;

auto says_what_to_do() {
  return AllOf(AnyOf(HasSubstr("disk"), HasSubstr("No space")), HasSubstr("\n  "));
}

class FullDisk : public ::testing::TestWithParam<std::tuple<Command, Carrier>> {};

TEST_P(FullDisk, IsToldAndNothingIsLost) {
  const auto& [command, carrier] = GetParam();
  const Stand stand(Journal::kRollback, carrier);
  const Arguments arguments = prepared(stand, command);
  const Picture before = picture(stand);
  stand.restore();
  const fs::path counter = stand.folder().parent_path() / "count";
  const Finished whole =
      stand.run(arguments, watched(stand.folder(), "DOPPEL_TEST_COUNT_FILE", counter));
  ASSERT_EQ(whole.exit, 0) << whole.err;
  const long operations = std::atol(read_file(counter).c_str());
  const std::multiset<std::string> files_after = files(stand);
  const Picture after = picture(stand);

  for (const long point : points(operations, kPoints)) {
    SCOPED_TRACE(fmt::format("full from operation {} of {} on", point, operations));
    stand.restore();
    const Finished full =
        stand.run(arguments, watched(stand.folder(), "DOPPEL_TEST_FULL_AT", std::to_string(point)));
    if (full.exit != 0) {
      EXPECT_EQ(full.exit, kFailed) << full.err;
      EXPECT_THAT(full.err, says_what_to_do());
    }
    const Picture recovered = picture(stand);
    EXPECT_EQ(Stand::damage(stand.live()), "");
    EXPECT_TRUE(recovered == before || recovered == after) << text(recovered) << "before:\n"
                                                           << text(before) << full.err;
    if (full.exit == 0) {
      EXPECT_TRUE(recovered == after) << text(recovered) << "after:\n" << text(after);
      continue;
    }
    const Finished again = stand.run(arguments);
    EXPECT_TRUE(std::ranges::count(command.second_run, again.exit)) << again.exit << again.err;
    const Picture finished = picture(stand);
    EXPECT_TRUE(finished == after) << text(finished) << "after:\n" << text(after) << again.err;
    EXPECT_EQ(text(files(stand)), text(files_after));
    if (HasFailure()) break;
  }
}

INSTANTIATE_TEST_SUITE_P(Commands, FullDisk,
                         ::testing::Combine(::testing::ValuesIn(commands()),
                                            ::testing::Values(Carrier::kFile, Carrier::kSplit)),
                         [](const auto& tested) {
                           return std::get<0>(tested.param).name +
                                  (std::get<1>(tested.param) == Carrier::kFile ? "_file"
                                                                               : "_split");
                         });

/// A file system of its own with this room left, over the stand's folder: seen only by the command
/// and gone with it. What it leaves is copied back.
constexpr const char* kOnSmallDisk = R"(
folder=$1 left=$2; shift 2
mkdir "$folder.small" "$folder.after" &&
mount -t tmpfs -o size=64m none "$folder.small" && cp -a "$folder/." "$folder.small" &&
mount --move "$folder.small" "$folder" && cd "$folder" || exit 99
room=$(($(stat -f -c '%a * %S' .) / 1024 - left))
head -c "${room}k" /dev/zero > filler
"$@"
result=$?
rm filler
cp -a . "$folder.after"
exit $result
)";

/// The command with that many kilobytes free; nothing where mounting isn't permitted.
std::optional<Finished> run_on_small_disk(const Stand& stand, int kilobytes,
                                          const Arguments& arguments) {
  const fs::path after = stand.folder().string() + ".after";
  fs::remove_all(after);
  fs::remove_all(stand.folder().string() + ".small");
  Arguments words{"/usr/bin/unshare",
                  "--mount",
                  "sh",
                  "-c",
                  kOnSmallDisk,
                  "sh",
                  stand.folder().string(),
                  std::to_string(kilobytes),
                  program().string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  Finished finished = stand.run_words(words);
  if (!fs::exists(after / "live.db")) return std::nullopt;
  fs::remove_all(stand.folder());
  fs::rename(after, stand.folder());
  return finished;
}

TEST(SmallDisk, IsToldAndNothingIsLost) {
  for (const Command& command : commands()) {
    const Stand stand;
    const Arguments arguments = prepared(stand, command);
    const Picture before = picture(stand);
    stand.restore();
    ASSERT_EQ(stand.run(arguments).exit, 0);
    const Picture after = picture(stand);
    int failed = 0;
    for (const int kilobytes : {0, 8, 24, 64, 128}) {
      SCOPED_TRACE(fmt::format("{} with {} kB free", command.name, kilobytes));
      stand.restore();
      const auto full = run_on_small_disk(stand, kilobytes, arguments);
      if (!full) {
        RecordProperty("mounted", "no");
        std::fputs("no small disk: mounting isn't permitted here; FullDisk stands for it\n",
                   stderr);
        return;
      }
      if (full->exit != 0) {
        ++failed;
        EXPECT_EQ(full->exit, kFailed) << full->err;
        EXPECT_THAT(full->err, says_what_to_do());
      }
      const Picture recovered = picture(stand);
      EXPECT_TRUE(recovered == after || (full->exit != 0 && recovered == before))
          << text(recovered) << full->err;
      const Finished again = stand.run(arguments);
      EXPECT_TRUE(std::ranges::count(command.second_run, again.exit) || full->exit == 0)
          << again.exit << again.err;
      if (full->exit != 0) {
        EXPECT_TRUE(picture(stand) == after) << again.err;
      }
    }
    EXPECT_GT(failed, 0) << command.name;
  }
  RecordProperty("mounted", "yes");
}

}  // namespace
}  // namespace doppel::testing
