// The real program is killed just before each of its file operations; whatever it was doing, the
// next command finds everything as before or as after, and a second run ends it.
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <set>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "stand.hpp"

namespace doppel::testing {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

constexpr int kKilled = 128 + 9;
/// Points tried of each command; DOPPEL_KILL_POINTS says another number, `all` all of them.
constexpr long kPointsByDefault = 16;

struct Command {
  std::string name;
  /// Brings the stand to where the command begins; what is to be run and killed.
  std::function<Arguments(const Stand&, Doppel&)> prepare;
  /// The second run, where it isn't the same again.
  std::vector<int> second_run = {0};
};

void PrintTo(const Command& command, std::ostream* out) { *out << command.name; }

/// What matters of the stand: live's rows, each sandbox's rows and changes, history.
struct Picture {
  std::string live;
  std::map<std::string, std::string> sandboxes;
  std::size_t promotions = 0;
  friend bool operator==(const Picture&, const Picture&) = default;
};

Picture picture(const Stand& stand) {
  Picture seen;
  seen.live = Stand::content(stand.live());
  const auto doppel = stand.open();
  if (doppel->tenants().empty()) return seen;
  seen.promotions = doppel->history("shop").size();
  for (const auto& environment : doppel->sandboxes("shop")) {
    const EnvironmentName name{environment.tenant, environment.name};
    Status status;
    try {
      status = doppel->status(name);
    } catch (const Error& error) {
      // What was interrupted on the way in or out of being is gone once it is asked for.
      EXPECT_EQ(error.code(), ErrorCode::kNotFound) << error.what();
      continue;
    }
    EXPECT_EQ(status.environment.state, environment::State::kReady);
    const fs::path file = stand.file_of(name.text());
    EXPECT_EQ(Stand::damage(file), "");
    std::string marks;
    for (const std::string& mark : status.checkpoints) marks += mark + " ";
    seen.sandboxes[name.text()] =
        fmt::format("{}changes {} data {} moved {} checkpoints {}", Stand::content(file),
                    status.changes, status.data_changes, status.live_moved.value_or(0), marks);
  }
  return seen;
}

/// The files under the home with ids made alike: what a command leaves behind.
std::multiset<std::string> files(const Stand& stand) {
  std::multiset<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(stand.home())) {
    std::string name = entry.path().lexically_relative(stand.home()).string();
    // Locks stay, and SQLite clears its own files when it next needs their place.
    const auto ends = [&](const char* suffix) { return name.ends_with(suffix); };
    if (name.starts_with("locks") || ends("-shm") || ends("-wal") || ends("-journal")) continue;
    std::string alike;
    for (const char c : name) {
      const bool id = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-';
      if (!id) alike += c;
      if (id && !alike.ends_with('#')) alike += '#';
    }
    names.insert(alike);
  }
  return names;
}

std::string text(const std::multiset<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += "  " + name + "\n";
  return all;
}

std::string text(const Picture& picture) {
  std::string all = fmt::format("{} promotions, live:\n{}", picture.promotions, picture.live);
  for (const auto& [name, content] : picture.sandboxes) all += name + ":\n" + content + "\n";
  return all;
}

Variables watched(const Stand& stand, const std::string& name, const std::string& value) {
  return {{"LD_PRELOAD", KILL_AT_LIBRARY},
          {"DOPPEL_TEST_KILL_UNDER", stand.folder().string() + "/"},
          {name, value}};
}

std::vector<long> points(long operations) {
  const char* given = std::getenv("DOPPEL_KILL_POINTS");
  const std::string wanted = given == nullptr ? "" : given;
  const long count = wanted == "all"  ? operations
                     : wanted.empty() ? kPointsByDefault
                                      : std::atol(given);
  std::vector<long> chosen;
  const long tried = std::min(count, operations);
  for (long i = 0; i < tried; ++i) chosen.push_back(1 + i * operations / tried);
  return chosen;
}

class Kill : public ::testing::TestWithParam<std::tuple<Command, Journal>> {};

TEST_P(Kill, LeavesOldOrNewAndIsFinishedByTheNextCommand) {
  const auto& [command, journal] = GetParam();
  const Stand stand(journal);
  Arguments arguments;
  {
    const auto doppel = command.name == "init" ? stand.open() : stand.with_tenant();
    arguments = command.prepare(stand, *doppel);
  }
  stand.save();
  const Picture before = picture(stand);
  stand.restore();

  const fs::path counter = stand.folder().parent_path() / "count";
  const Finished whole = stand.run(arguments, watched(stand, "DOPPEL_TEST_COUNT_FILE", counter));
  ASSERT_EQ(whole.exit, 0) << whole.err;
  const long operations = std::atol(read_file(counter).c_str());
  ASSERT_GT(operations, 3);
  const std::multiset<std::string> files_after = files(stand);
  const Picture after = picture(stand);

  for (const long point : points(operations)) {
    SCOPED_TRACE(fmt::format("killed before operation {} of {}", point, operations));
    stand.restore();
    const Finished killed =
        stand.run(arguments, watched(stand, "DOPPEL_TEST_KILL_AT", std::to_string(point)));
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
    const Picture finished = picture(stand);
    EXPECT_TRUE(finished == after) << text(finished) << "after:\n" << text(after) << again.err;
    EXPECT_EQ(text(files(stand)), text(files_after));
    if (HasFailure()) break;
  }
}

const EnvironmentName kQa{"shop", "qa"};

void make_qa(const Stand& stand, Doppel& doppel) {
  doppel.create(kQa, {});
  stand.edit_sandbox(
      "shop/qa",
      "UPDATE queues SET name = 'Vetted', rank = 7 WHERE id = 2;"
      "INSERT INTO queues VALUES (9, 'New', 9, 'now');"
      "INSERT INTO rules (queue_id, name, weight) VALUES (9, 'first', 1);"
      "DELETE FROM rules WHERE id = 3; UPDATE settings SET value = 'red' WHERE name = 'colour'");
}

void move_live(const Stand& stand) {
  stand.edit_live(
      "UPDATE queues SET rank = 11 WHERE id = 1; UPDATE settings SET value = 'Bazaar' "
      "WHERE name = 'title'; INSERT INTO rules (queue_id, name, weight) VALUES (1, 'live', 5)");
}

std::string planned(Doppel& doppel, PlanOptions options = {}) {
  const plan::Plan plan = doppel.plan(kQa, options);
  EXPECT_TRUE(plan.promotable());
  return plan.hash.text;
}

void promote_qa(const Stand& stand, Doppel& doppel) {
  make_qa(stand, doppel);
  move_live(stand);
  doppel.promote(kQa, planned(doppel));
}

std::vector<Command> commands_of_sandboxes() {
  return {
      {"init",
       [](const Stand& stand, Doppel&) -> Arguments {
         return {"init", "shop", "sqlite:" + stand.live().string(), "--manifest",
                 stand.manifest().string()};
       },
       {0, 3}},
      {"create",
       [](const Stand&, Doppel&) -> Arguments { return {"sandbox", "create", "shop/qa"}; },
       {0, 3}},
      {"sql",
       [](const Stand& stand, Doppel& doppel) -> Arguments {
         make_qa(stand, doppel);
         return {"sql", "shop/qa",
                 "BEGIN; UPDATE queues SET rank = 70 WHERE id = 3; INSERT OR REPLACE INTO settings "
                 "VALUES ('title', 'Other'); COMMIT"};
       }},
      {"refresh",
       [](const Stand& stand, Doppel& doppel) -> Arguments {
         make_qa(stand, doppel);
         move_live(stand);
         return {"sandbox", "refresh", "shop/qa"};
       }},
      {"checkpoint",
       [](const Stand& stand, Doppel& doppel) -> Arguments {
         make_qa(stand, doppel);
         return {"sandbox", "checkpoint", "shop/qa", "here"};
       }},
      {"reset",
       [](const Stand& stand, Doppel& doppel) -> Arguments {
         make_qa(stand, doppel);
         return {"sandbox", "reset", "shop/qa"};
       }},
  };
}

std::vector<Command> commands_of_live() {
  return {
      {"promote",
       [](const Stand& stand, Doppel& doppel) -> Arguments {
         make_qa(stand, doppel);
         move_live(stand);
         return {"promote", "shop/qa", "--plan", planned(doppel)};
       },
       {0, 3}},
      {"promote_part",
       [](const Stand& stand, Doppel& doppel) -> Arguments {
         make_qa(stand, doppel);
         move_live(stand);
         PlanOptions part;
         part.select.push_back({"queues", "2"});
         return {"promote", "shop/qa", "--plan", planned(doppel, part)};
       },
       {0, 3}},
      {"plan",
       [](const Stand& stand, Doppel& doppel) -> Arguments {
         make_qa(stand, doppel);
         move_live(stand);
         return {"plan", "shop/qa"};
       }},
      {"rollback",
       [](const Stand& stand, Doppel& doppel) -> Arguments {
         promote_qa(stand, doppel);
         return {"rollback", "shop", "1", "--plan", doppel.plan_rollback("shop", 1, {}).hash.text};
       },
       {0, 3}},
      {"restore",
       [](const Stand& stand, Doppel& doppel) -> Arguments {
         promote_qa(stand, doppel);
         return {"snapshot", "restore", "shop",
                 "1",        "--plan",  doppel.plan_restore("shop", "1").hash.text};
       },
       {0, 3}},
      {"discard",
       [](const Stand& stand, Doppel& doppel) -> Arguments {
         make_qa(stand, doppel);
         return {"sandbox", "discard", "shop/qa"};
       },
       {0, 3}},
  };
}

std::vector<Command> commands() {
  std::vector<Command> all = commands_of_sandboxes();
  for (Command& command : commands_of_live()) all.push_back(std::move(command));
  return all;
}

INSTANTIATE_TEST_SUITE_P(Commands, Kill,
                         ::testing::Combine(::testing::ValuesIn(commands()),
                                            ::testing::Values(Journal::kRollback, Journal::kWal)),
                         [](const auto& tested) {
                           return std::get<0>(tested.param).name +
                                  (std::get<1>(tested.param) == Journal::kWal ? "_wal" : "");
                         });

}  // namespace
}  // namespace doppel::testing
