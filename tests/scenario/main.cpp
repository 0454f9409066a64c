#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "stage.hpp"

// The runner: each file under tests/scenarios is a test, named by its folder and its own name.

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

class ScenarioTest : public testing::Test {
 public:
  explicit ScenarioTest(fs::path file) : file_(std::move(file)) {}

  void TestBody() override {
    std::ostringstream text;
    text << std::ifstream(file_, std::ios::binary).rdbuf();
    try {
      play(parse(text.str(), file_.string()));
    } catch (const Error& error) {
      GTEST_FAIL() << error.place() << ": " << error.what();
    }
  }

 private:
  static void play(const Scenario& scenario) {
    const Folder folder;
    Stage stage{{DOPPEL_BINARY, HELPDESK_MANIFEST}, folder.path()};
    for (const Step& step : scenario.steps) {
      if (const auto problem = stage.run(step)) {
        GTEST_FAIL() << scenario.file << ":" << step.line << ": " << step.text << "\n  "
                     << *problem;
      }
    }
  }

  fs::path file_;
};

void register_scenarios() {
  const fs::path root = DOPPEL_SCENARIOS;
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".scenario") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const fs::path& file : files) {
    const std::string suite = file.parent_path().filename().string();
    const std::string name = file.stem().string();
    testing::RegisterTest(suite.c_str(), name.c_str(), nullptr, nullptr, file.c_str(), 1,
                          [file]() -> testing::Test* { return new ScenarioTest(file); });
  }
}

}  // namespace
}  // namespace doppel::scenario

int main(int count, char** words) {
  testing::InitGoogleTest(&count, words);
  doppel::scenario::register_scenarios();
  return RUN_ALL_TESTS();
}
