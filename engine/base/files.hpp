#pragma once

#include <cstdint>
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

enum class Cloned {
  kShared,    ///< the file system shares the blocks (reflink): milliseconds whatever the size
  kCopied,    ///< copied inside the kernel
  kTooLarge,  ///< nothing was made: the blocks can't be shared and are too many to copy
};

/// Makes the new file `to` a clone of `from`. The caller keeps writers away meanwhile, by a lock on
/// `from`, say: what this process has open on it stays open, so that its locks stay, too.
Cloned clone_blocks(const std::filesystem::path& from, const std::filesystem::path& to,
                    std::int64_t copy_limit_bytes);

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
