#include "stage.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace doppel::scenario {
namespace {

namespace fs = std::filesystem;

/// A stage on which doppel is a script that logs its arguments and plays one answer to each
/// command.
class StageTest : public testing::Test {
 protected:
  StageTest() {
    std::string pattern = (fs::temp_directory_path() / "doppel-stage-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    write("doppel",
          "#!/bin/sh\n"
          "echo \"$@\" >>calls\n"
          "case \"$1\" in\n"
          "plan) echo '{\"hash\": \"h1\", \"conflicts\": [{\"kind\": \"both_changed\", \"table\":"
          " \"queues\", \"columns\": [\"name\"], \"live\": {\"name\": \"B\"}}]}'; exit 1 ;;\n"
          "sql) echo '{\"rows\": [[\"a\", null, 2]]}' ;;\n"
          "diff) echo 'not here' >&2; exit 3 ;;\n"
          "esac\n");
    fs::permissions(folder_ / "doppel", fs::perms::owner_all);
    stage_.emplace(Stage::Programs{(folder_ / "doppel").string(), "helpdesk.yaml"},
                   Database::kSqlite, folder_);
  }
  ~StageTest() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  std::string calls() {
    std::ifstream file(folder_ / "calls");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  /// The first problem of a scenario, with its line; empty: it passed.
  std::string play(const std::string& text) {
    for (const Step& step : parse(text, "x").steps) {
      if (const auto problem = stage_->run(step)) {
        return std::to_string(step.line) + ": " + *problem;
      }
    }
    return {};
  }

  fs::path folder_;
  std::optional<Stage> stage_;
};

constexpr const char* kGiven =
    "given sql\n  create table t (a, b); insert into t values (1, null);\n";

TEST_F(StageTest, RunsShortCommandsAndKeepsThePlansHash) {
  EXPECT_EQ(play(std::string{kGiven} + "fork qa kind overlay\n"
                                       "plan qa -> live\n"
                                       "keep kind = json conflicts.0.kind\n"
                                       "promote qa\n"
                                       "checkpoint qa before\n"
                                       "rollback\n"
                                       "do doppel show {kind} {other}   exit 0\n"),
            "");
  EXPECT_EQ(calls(),
            "sandbox create acme/qa --kind overlay --json\n"
            "plan acme/qa --json\n"
            "promote acme/qa --plan h1 --json\n"
            "sandbox checkpoint acme/qa before --json\n"
            "rollback acme --json\n"
            "show both_changed {other}\n");
}

TEST_F(StageTest, PlaysOnARealDatabase) {
  EXPECT_EQ(play(std::string{kGiven} + "in live  update t set a = 7\n"
                                       "expect rows live \"select a, b from t\" = 7 | NULL\n"
                                       "expect rows live \"select a from t where a = 1\" = none\n"
                                       "expect rows qa \"select\" = a | NULL | 2\n"
                                       "in live  insert into nowhere values (1)   exit 1\n"
                                       "expect output \"no such table\"\n"),
            "");
  EXPECT_EQ(play("expect rows live \"select a from t\" = 8\n"),
            "1: expected rows:\n    8\n  saw rows:\n    7");
}

TEST_F(StageTest, MakesTheHelpdesk) {
  EXPECT_EQ(play("given helpdesk tickets=20 tenant=desk\n"
                 "expect rows desk \"select count(*) from tickets\" = 20\n"),
            "");
  EXPECT_EQ(calls(),
            "init desk sqlite:" + (folder_ / "desk.db").string() + " --manifest helpdesk.yaml\n");
}

TEST_F(StageTest, SaysWhatWasExpectedAndSeen) {
  EXPECT_EQ(play(std::string{kGiven} + "diff qa   exit 0\n"),
            "3: expected exit 0, saw exit 3\n  err: not here");
  EXPECT_EQ(play("plan qa   exit 0\n").substr(0, 32), "1: expected exit 0, saw exit 1\n ");
  EXPECT_EQ(play("plan qa\nexpect json conflicts.# = 2\n"), "2: expected conflicts.# = 2, saw 1");
  EXPECT_EQ(play("expect json hash contains \"x\"\n"),
            "1: expected hash contains \"x\", saw \"h1\"");
  EXPECT_EQ(play("expect output \"absent\"\n").substr(0, 34),
            "1: expected \"absent\" in the output");
}

TEST_F(StageTest, FindsAConflictByItsSides) {
  const std::string plan = std::string{kGiven} + "plan qa\n";
  EXPECT_EQ(play(plan + "expect conflict both_changed queues.name live=\"B\"\n"), "");
  EXPECT_NE(play("expect conflict both_changed queues.name live=\"C\"\n"), "");
  EXPECT_NE(play("expect conflict both_changed queues.max_open\n"), "");
  EXPECT_NE(play("expect conflict order queues\n"), "");
  EXPECT_NE(play("expect no conflicts\n"), "");
}

TEST_F(StageTest, NeedsSomethingGivenFirst) {
  EXPECT_EQ(play("plan qa   exit 0\n"), "1: nothing is given yet: begin with `given`");
}

}  // namespace
}  // namespace doppel::scenario
