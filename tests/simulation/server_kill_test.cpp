// On a server: the real program dies before something that it sends or does to a file, or its
// connections are ended there. The next command finds everything as before or as after, a second
// run ends it, and neither schemas nor roles nor entries are left of what isn't there.
#include <algorithm>
#include <array>
#include <cstdlib>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "commands.hpp"
#include "picture.hpp"
#include "tests/support/cluster.hpp"

namespace doppel::testing {
namespace {

constexpr int kKilled = 128 + 9;
/// Of each command; DOPPEL_KILL_POINTS says more.
constexpr long kPoints = 3;

enum class Death { kOfTheProgram, kOfItsConnections };

/// Every connection to the database but this one.
void end_connections(const Stand& stand) {
  const std::string dsn = stand.dsn();
  const std::size_t begin = dsn.find("@/") + 2;
  Stand::query(cluster_dsn(dsn.substr(begin, dsn.find('?') - begin), "postgres"),
               "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = "
               "current_database() AND pid <> pg_backend_pid()");
}

Variables counting(const Stand& stand, const std::string& name, const std::string& value) {
  Variables variables = watched(stand.home(), name, value);
  variables.emplace_back("DOPPEL_TEST_KILL_SENDS", "1");
  return variables;
}

/// How often it does something that counts, and how things are before and after.
struct Whole {
  Picture before;
  Picture after;
  long operations = 0;
};

Whole run_whole(const Command& command, Carrier carrier) {
  const Stand stand(Journal::kRollback, carrier);
  const Arguments arguments = prepared(stand, command);
  Whole whole;
  whole.before = picture(stand);
  const auto counter = stand.folder().parent_path() / "count";
  const Finished done =
      stand.run(arguments, counting(stand, "DOPPEL_TEST_COUNT_FILE", counter.string()));
  EXPECT_EQ(done.exit, 0) << done.err;
  whole.operations = std::atol(read_file(counter).c_str());
  whole.after = picture(stand);
  return whole;
}

/// Runs the command until the point. Whether it came there.
bool interrupt(const Stand& stand, const Arguments& arguments, Death death, long point) {
  if (death == Death::kOfTheProgram) {
    const Finished killed =
        stand.run(arguments, counting(stand, "DOPPEL_TEST_KILL_AT", std::to_string(point)));
    EXPECT_TRUE(killed.exit == 0 || killed.exit == kKilled) << killed.exit << killed.err;
    return killed.exit != 0;
  }
  Running running =
      stand.start(arguments, counting(stand, "DOPPEL_TEST_STOP_AT", std::to_string(point)));
  const bool stopped = running.wait_for_stop();
  if (stopped) {
    end_connections(stand);
    running.go_on();
  }
  const Finished finished = running.wait();
  EXPECT_LT(finished.exit, 128) << finished.err;
  EXPECT_TRUE(finished.exit == 0 || finished.err.find("doppel: ") != std::string::npos);
  return stopped;
}

class ServerKill : public ::testing::TestWithParam<std::tuple<Command, Death, Carrier>> {};

TEST_P(ServerKill, LeavesOldOrNewAndIsFinishedByTheNextCommand) {
  const auto& [command, death, carrier] = GetParam();
  const Whole whole = run_whole(command, carrier);
  ASSERT_GT(whole.operations, 3);
  for (const long point : points(whole.operations, kPoints)) {
    SCOPED_TRACE(fmt::format("before operation {} of {}", point, whole.operations));
    const Stand stand(Journal::kRollback, carrier);
    const Arguments arguments = prepared(stand, command);
    if (!interrupt(stand, arguments, death, point)) continue;

    const std::string live = Stand::content(stand.live_place());
    EXPECT_TRUE(live == whole.before.live || live == whole.after.live) << live;
    const Picture recovered = picture(stand);
    EXPECT_TRUE(recovered == whole.before || recovered == whole.after)
        << text(recovered) << "before:\n"
        << text(whole.before) << "after:\n"
        << text(whole.after);

    const Finished again = stand.run(arguments);
    EXPECT_TRUE(std::ranges::count(command.second_run, again.exit)) << again.exit << again.err;
    const Picture finished = picture(stand);
    EXPECT_TRUE(finished == whole.after) << text(finished) << "after:\n"
                                         << text(whole.after) << again.err;
    if (HasFailure()) break;
  }
}

/// Those that have something of its own to do on a server: data is only read in a sandbox there,
/// and of a suspended one nothing is left there.
std::vector<Command> server_commands(Carrier carrier) {
  std::vector<Command> all = commands();
  std::erase_if(all, [](const Command& command) {
    return command.name == "sql_data" || command.name == "discard_suspended";
  });
  // What is done to live, or looked up, is the same whatever carries the sandbox.
  constexpr std::array<std::string_view, 7> kOfLive{
      "init", "manifest_set", "plan", "resolve", "promote_again", "rollback", "restore"};
  if (carrier == Carrier::kRows) {
    std::erase_if(all, [&](const Command& command) {
      return std::ranges::find(kOfLive, command.name) != kOfLive.end();
    });
  }
  return all;
}

std::vector<std::tuple<Command, Death, Carrier>> all_kills() {
  std::vector<std::tuple<Command, Death, Carrier>> all;
  for (const Carrier carrier : {Carrier::kCopy, Carrier::kRows}) {
    for (const Command& command : server_commands(carrier)) {
      all.emplace_back(command, Death::kOfTheProgram, carrier);
      all.emplace_back(command, Death::kOfItsConnections, carrier);
    }
  }
  return all;
}

std::string name_of(const std::tuple<Command, Death, Carrier>& tested) {
  const auto& [command, death, carrier] = tested;
  return command.name + "_" + carrier_name(carrier) +
         (death == Death::kOfTheProgram ? "_killed" : "_cut_off");
}

INSTANTIATE_TEST_SUITE_P(Commands, ServerKill, ::testing::ValuesIn(all_kills()),
                         [](const auto& tested) { return name_of(tested.param); });

}  // namespace
}  // namespace doppel::testing
