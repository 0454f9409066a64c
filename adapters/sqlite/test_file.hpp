#pragma once

#include <string>

/// For tests of this room and of those that need a database file.
namespace doppel::sqlite {

/// The path of a file in a folder of its own, both removed at the end. The file isn't made.
class TestFile {
 public:
  TestFile();
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;
  ~TestFile();

  const std::string& path() const { return path_; }
  const std::string& folder() const { return folder_; }
  /// Runs statements on it by a connection of its own, making the file where there is none.
  void run(const std::string& sql) const;

 private:
  std::string folder_;
  std::string path_;
};

}  // namespace doppel::sqlite
