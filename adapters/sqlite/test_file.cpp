#include "adapters/sqlite/test_file.hpp"

#include <cstdlib>
#include <filesystem>

#include "adapters/sqlite/connection.hpp"
#include "base/error.hpp"

namespace doppel::sqlite {

TestFile::TestFile() {
  folder_ = (std::filesystem::temp_directory_path() / "doppel_test_XXXXXX").string();
  if (mkdtemp(folder_.data()) == nullptr) {
    throw Error(ErrorCode::kIo, "no folder for a test", {.place = folder_, .remedy = {}});
  }
  path_ = folder_ + "/test.sqlite3";
}

TestFile::~TestFile() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void TestFile::run(const std::string& sql) const {
  open({.path = path_,
        .access = database::Access::kReadWrite,
        .creation = Creation::kCreateIfMissing})
      ->run_script(sql);
}

}  // namespace doppel::sqlite
