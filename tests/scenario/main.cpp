#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "stage.hpp"

// The runner: each file under tests/scenarios is a test of each database that it is for, named by
// the database, its folder and its own name.

namespace doppel::scenario {
namespace {

namespace fs = std::filesystem;

/// A folder for one scenario. It stays where DOPPEL_KEEP is set, to be looked into.
class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "doppel-scenario-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw Error(ErrorCode::kIo, "no temporary folder");
    path_ = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    if (std::getenv("DOPPEL_KEEP") == nullptr) fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

Scenario read(const fs::path& file) { return parse(text_of(file), file.string()); }

class ScenarioTest : public testing::Test {
 public:
  ScenarioTest(fs::path file, Database database, std::string carrier)
      : file_(std::move(file)), database_(database), carrier_(std::move(carrier)) {}

  void TestBody() override {
    try {
      play(read(file_));
    } catch (const Error& error) {
      GTEST_FAIL() << error.place() << ": " << error.what();
    }
  }

 private:
  void play(const Scenario& scenario) const {
    const Folder folder;
    Stage stage{{DOPPEL_BINARY, HELPDESK_MANIFEST, carrier_}, database_, folder.path()};
    for (const Step& step : scenario.steps) {
      if (const auto problem = stage.run(step)) {
        GTEST_FAIL() << scenario.file << ":" << step.line << ": " << step.text << "\n  "
                     << *problem;
      }
    }
  }

  fs::path file_;
  Database database_;
  std::string carrier_;
};

std::vector<fs::path> scenario_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(DOPPEL_SCENARIOS)) {
    if (entry.path().extension() == ".scenario") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

/// One that can't be read is played, and fails then.
bool is_for(const fs::path& file, Database database) try {
  return read(file).is_for(database);
} catch (const Error&) {
  return true;
}

std::string suite_of(const fs::path& file, Database database) {
  return std::string{name_of(database)} + "/" + file.parent_path().filename().string();
}

/// Counted from the files and from the tests that there are, not from how these were made.
TEST(runner, every_scenario_is_played_on_both_databases_or_says_why_not) {
  std::map<std::string, int> tests;
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); ++i) {
    const testing::TestSuite& suite = *all.GetTestSuite(i);
    for (int j = 0; j < suite.total_test_count(); ++j) {
      ++tests[std::string(suite.name()) + "." + suite.GetTestInfo(j)->name()];
    }
  }
  const std::vector<fs::path> files = scenario_files();
  EXPECT_GT(files.size(), 200U);
  for (const fs::path& file : files) {
    const Scenario scenario = read(file);
    EXPECT_EQ(scenario.only.has_value(), !scenario.reason.empty()) << file;
    for (const Database database : kDatabases) {
      const std::string name = suite_of(file, database) + "." + file.stem().string();
      EXPECT_EQ(tests[name], scenario.is_for(database) ? 1 : 0) << name;
    }
  }
}

void register_scenario(const fs::path& file, Database database, const std::string& suite,
                       const std::string& carrier) {
  const std::string name = file.stem().string();
  testing::RegisterTest(suite.c_str(), name.c_str(), nullptr, nullptr, file.c_str(), 1,
                        [file, database, carrier]() -> testing::Test* {
                          return new ScenarioTest(file, database, carrier);
                        });
}

/// The life of a sandbox, from its making to a roll back, is the same with another carrier. What is
/// about one carrier names it; the rest of the folders is about what no carrier has to do with.
bool is_for_any_carrier(const fs::path& file) {
  constexpr std::array<std::string_view, 11> kLife{"conflicts", "discard", "migration", "plan",
                                                   "promote",   "refresh", "reset",     "restore",
                                                   "rollback",  "status",  "values"};
  // It looks into a table that is carrier copy's.
  if (file.stem() == "leaves_live_and_a_bundle") return false;
  // A sandbox that writes all of its data has a carrier of its own.
  if (text_of(file).find(" kind shadow") != std::string::npos) return false;
  return std::ranges::find(kLife, file.parent_path().filename().string()) != kLife.end();
}

void register_scenarios() {
  for (const fs::path& file : scenario_files()) {
    for (const Database database : kDatabases) {
      if (!is_for(file, database)) continue;
      register_scenario(file, database, suite_of(file, database), "");
      if (database != Database::kPostgresql || !is_for_any_carrier(file)) continue;
      register_scenario(file, database, "rows/" + suite_of(file, database), "rows");
    }
  }
}

}  // namespace
}  // namespace doppel::scenario

int main(int count, char** words) {
  testing::InitGoogleTest(&count, words);
  doppel::scenario::register_scenarios();
  return RUN_ALL_TESTS();
}
