#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

/// The few file operations that must survive a crash. Errors carry the path: Error(kNotFound),
/// Error(kReadOnly), Error(kNoSpace), Error(kIo).
namespace doppel {

std::string read_file(const std::filesystem::path& path);

/// The file is the old or the new one after a crash, never something between: written beside,
/// flushed, renamed, the folder flushed.
void write_file(const std::filesystem::path& path, std::string_view content);

void make_folders(const std::filesystem::path& path);

/// rename, with both folders flushed.
void move_file(const std::filesystem::path& from, const std::filesystem::path& to);

/// Nothing there is fine.
void remove_tree(const std::filesystem::path& path);

void flush_file(const std::filesystem::path& path);
void flush_folder(const std::filesystem::path& path);

/// Makes the new file `to` share the blocks of `from` (reflink), in milliseconds whatever its size.
/// False, and no file, where the file system can't.
bool share_blocks(const std::filesystem::path& from, const std::filesystem::path& to);

/// Copies `from` into the new file `to` inside the kernel. The caller keeps writers away meanwhile.
void copy_blocks(const std::filesystem::path& from, const std::filesystem::path& to);

/// A lock between processes, gone with the process that holds it however that ends.
class FileLock {
 public:
  /// Nothing when another process holds it.
  static std::optional<FileLock> try_lock(const std::filesystem::path& path);
  ~FileLock();
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace doppel
