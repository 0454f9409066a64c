// The real program is stopped before each of its file operations; there the application commits
// something in live and in the sandbox by connections that it had open all along, and the program
// goes on. No edit that was committed is ever lost: not live's, not the sandbox's.
#include <algorithm>
#include <cstdlib>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/sqlite/connection.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "commands.hpp"

namespace doppel::testing {
namespace {

namespace fs = std::filesystem;

/// Points tried of each command and kind of edit, spread evenly.
constexpr long kPoints = 11;

/// What the application writes while the program stands still.
struct Edits {
  std::string name;
  std::string in_live;
  std::string live_question;  ///< answers kLeft where the edit stands
  std::string in_sandbox;
  std::string sandbox_question;
};

constexpr const char* kLeft = "left by the application";

std::vector<Edits> edits() {
  const std::string counter = "settings SET value = '" + std::string(kLeft) + "' WHERE name = ";
  const std::string name = "queues SET name = '" + std::string(kLeft) + "' WHERE id = ";
  return {
      {"of_rows_apart", "UPDATE " + counter + "'counter'",
       "SELECT value FROM settings WHERE name = 'counter'", "UPDATE " + name + "3",
       "SELECT name FROM queues WHERE id = 3"},
      {"of_the_same_field", "UPDATE " + name + "2", "SELECT name FROM queues WHERE id = 2",
       "UPDATE " + name + "2", "SELECT name FROM queues WHERE id = 2"},
      {"of_what_is_added", "INSERT INTO rules VALUES (70, 1, '" + std::string(kLeft) + "', 1)",
       "SELECT name FROM rules WHERE id = 70",
       "INSERT INTO rules VALUES (2000070, 1, '" + std::string(kLeft) + "', 1)",
       "SELECT name FROM rules WHERE id = 2000070"},
  };
}

/// A connection of the application's own that waits for nobody.
std::unique_ptr<sqlite::Connection> connect(const fs::path& file) {
  auto connection = sqlite::open(
      {.path = file.string(), .access = database::Access::kReadWrite, .busy_timeout_ms = 0});
  connection->sql()->query("SELECT count(*) FROM queues", {});
  return connection;
}

/// Whether it could be committed: a lock, or a sandbox that has ended, is told to who writes.
bool commits(sqlite::Connection& application, const std::string& sql) {
  try {
    application.sql()->execute(sql, {});
    return true;
  } catch (const Error&) {
    return false;
  }
}

bool stands(const fs::path& file, const std::string& question) {
  const auto rows = Stand::query(file, question);
  return !rows.empty() && rows.front().front() == Value(kLeft);
}

/// In the sandbox, or, where that has ended or is suspended, in live or in the bundle of its work.
bool is_kept(const Stand& stand, const Edits& edits) {
  const auto doppel = stand.open();
  try {
    doppel->status(kQa);
    return stands(stand.file_of(kQa.text()), edits.sandbox_question);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kWrongState) {
      for (const auto& kept : fs::directory_iterator(stand.home() / "suspended" / "shop")) {
        if (read_file(kept.path()).find(kLeft) != std::string::npos) return true;
      }
      return false;
    }
    EXPECT_EQ(error.code(), ErrorCode::kNotFound) << error.what();
  }
  if (stands(stand.live(), edits.sandbox_question)) return true;
  for (const auto& bundle : fs::directory_iterator(stand.home() / "bundles" / "shop")) {
    EXPECT_TRUE(bundle.is_regular_file()) << "its files were kept instead of its work";
    if (bundle.is_directory()) return stands(bundle.path() / "data.db", edits.sandbox_question);
    if (read_file(bundle.path()).find(kLeft) != std::string::npos) return true;
  }
  return false;
}

struct Variant {
  std::string name;
  Journal journal;
  Carrier carrier;
};

void PrintTo(const Variant& variant, std::ostream* out) { *out << variant.name; }

class Between : public ::testing::TestWithParam<std::tuple<Command, Variant>> {
 protected:
  struct Made {
    bool in_live = false;
    bool in_sandbox = false;
  };

  long count(const Stand& stand, const Arguments& arguments) {
    const fs::path counter = stand.folder().parent_path() / "count";
    const Finished whole =
        stand.run(arguments, watched(stand.folder(), "DOPPEL_TEST_COUNT_FILE", counter));
    EXPECT_EQ(whole.exit, 0) << whole.err;
    return std::atol(read_file(counter).c_str());
  }

  /// Runs the command with the edits made before its operation number `point`.
  Made run(const Stand& stand, const Arguments& arguments, const Edits& edits, long point) {
    const auto live = connect(stand.live());
    std::unique_ptr<sqlite::Connection> sandbox;
    const auto known = stand.open()->sandboxes("shop");
    const bool is_there = !known.empty() && known.front().state == environment::State::kReady;
    if (is_there) sandbox = connect(stand.file_of(kQa.text()));
    Running running = stand.start(
        arguments, watched(stand.folder(), "DOPPEL_TEST_STOP_AT", std::to_string(point)));
    Made made;
    if (running.wait_for_stop()) {
      made.in_live = commits(*live, edits.in_live);
      made.in_sandbox = sandbox != nullptr && commits(*sandbox, edits.in_sandbox);
      running.go_on();
    }
    const Finished finished = running.wait();
    EXPECT_LE(finished.exit, 4) << finished.err;
    if (finished.exit > 1) {
      EXPECT_THAT(finished.err, ::testing::HasSubstr("\n  ")) << "no remedy";
    }
    return made;
  }
};

TEST_P(Between, NoCommittedEditIsLost) {
  const auto& [command, variant] = GetParam();
  const Stand stand(variant.journal, variant.carrier);
  const Arguments arguments = prepared(stand, command);
  const long operations = count(stand, arguments);
  int in_live = 0;
  for (const Edits& edits : edits()) {
    for (const long point : points(operations, kPoints)) {
      SCOPED_TRACE(
          fmt::format("edits {} before operation {} of {}", edits.name, point, operations));
      stand.restore();
      const Made made = run(stand, arguments, edits, point);
      in_live += made.in_live ? 1 : 0;
      if (made.in_live) {
        EXPECT_TRUE(stands(stand.live(), edits.live_question)) << Stand::content(stand.live());
      }
      // A reset is there to drop what it finds.
      if (made.in_sandbox && command.name != "reset") {
        EXPECT_TRUE(is_kept(stand, edits));
      }
      EXPECT_EQ(Stand::damage(stand.live()), "");
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(in_live, 0);
}

std::vector<Command> tried_commands() {
  std::vector<Command> all = commands();
  std::erase_if(all, [](const Command& command) {
    return command.name == "init" || command.name == "manifest_set" || command.name == "sql" ||
           command.name == "sql_data" || command.name == "suspend" || command.name == "resume" ||
           command.name == "adapt";
  });
  return all;
}

const std::vector<Variant> kVariants{
    {"file", Journal::kRollback, Carrier::kFile},
    {"file_wal", Journal::kWal, Carrier::kFile},
    {"split_wal", Journal::kWal, Carrier::kSplit},
};

INSTANTIATE_TEST_SUITE_P(Commands, Between,
                         ::testing::Combine(::testing::ValuesIn(tried_commands()),
                                            ::testing::ValuesIn(kVariants)),
                         [](const auto& tested) {
                           return std::get<0>(tested.param).name + "_" +
                                  std::get<1>(tested.param).name;
                         });

}  // namespace
}  // namespace doppel::testing
