#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "adapters/sqlite/connection.hpp"
#include "base/error.hpp"

namespace doppel::sqlite {

/// For tests: the path of a file in a folder of its own, both removed at the end. The file isn't
/// made.
class TestFile {
 public:
  TestFile() : TestFile(std::filesystem::temp_directory_path()) {}
  explicit TestFile(const std::filesystem::path& parent) : folder_(parent / "doppel_test_XXXXXX") {
    if (mkdtemp(folder_.data()) == nullptr) {
      throw Error(ErrorCode::kIo, "no folder for a test", {.place = folder_, .remedy = {}});
    }
    path_ = folder_ + "/test.sqlite3";
  }
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;
  ~TestFile() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  const std::string& path() const { return path_; }
  const std::string& folder() const { return folder_; }

  /// Runs statements on it by a connection of its own, making the file where there is none.
  void run(const std::string& sql) const {
    open({.path = path_,
          .access = database::Access::kReadWrite,
          .creation = Creation::kCreateIfMissing})
        ->run_script("PRAGMA synchronous = OFF;" + sql);
  }

 private:
  std::string folder_;
  std::string path_;
};

}  // namespace doppel::sqlite
