#include "base/files.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what, const fs::path& path, int error_number) {
  ErrorCode code = ErrorCode::kIo;
  if (error_number == ENOENT || error_number == ENOTDIR) code = ErrorCode::kNotFound;
  if (error_number == EACCES || error_number == EROFS || error_number == EPERM) {
    code = ErrorCode::kReadOnly;
  }
  if (error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG) {
    code = ErrorCode::kNoSpace;
  }
  throw Error(code, what + ": " + std::strerror(error_number),
              {.place = path.string(), .remedy = {}});
}

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags, mode_t mode = 0600)
      : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {
    if (descriptor_ < 0) fail("can't open the file", path, errno);
  }
  ~Descriptor() { ::close(descriptor_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

void flush(const Descriptor& file, const fs::path& path) {
  if (::fsync(file.get()) != 0) fail("can't flush", path, errno);
}

void write_all(const Descriptor& file, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(file.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("can't write", path, errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

bool is_same_file(int descriptor, const struct stat& file) {
  struct stat about{};
  return ::fstat(descriptor, &about) == 0 && about.st_dev == file.st_dev &&
         about.st_ino == file.st_ino;
}

/// A file as something to copy from: through a descriptor that this process has of it anyway, where
/// there is one. POSIX lets a process that closes any descriptor of a file lose all of its locks.
class CopySource {
 public:
  explicit CopySource(const fs::path& path) : path_(path) {
    if (::stat(path.c_str(), &about_) != 0) fail("can't look at the file", path, errno);
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator("/proc/self/fd", failure)) {
      const int number =
          static_cast<int>(parse_integer(entry.path().filename().string()).value_or(-1));
      const int flags = ::fcntl(number, F_GETFL);
      if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY || (flags & O_PATH) != 0) continue;
      if (is_same_file(number, about_)) borrowed_ = number;
    }
    if (borrowed_ < 0) own_.emplace(path, O_RDONLY);
  }
  int get() const { return own_ ? own_->get() : borrowed_; }
  std::int64_t size() const { return about_.st_size; }
  /// REQUIRES: to be asked after the copy. Whoever else has it open may have closed it meanwhile.
  void require_still_open() const {
    if (is_same_file(get(), about_)) return;
    throw Error(ErrorCode::kBusy, "the file was closed while it was copied",
                {.place = path_.string(), .remedy = "try again"});
  }

 private:
  fs::path path_;
  struct stat about_{};
  int borrowed_ = -1;
  std::optional<Descriptor> own_;
};

void copy_in_kernel(const CopySource& from, const Descriptor& to, const fs::path& path) {
  constexpr std::size_t kChunk = std::size_t{1} << 30;
  loff_t offset = 0;  // Of its own: the descriptor's belongs to whoever opened it.
  while (true) {
    const ssize_t copied = ::copy_file_range(from.get(), &offset, to.get(), nullptr, kChunk, 0);
    if (copied < 0 && errno == EINTR) continue;
    if (copied < 0) fail("can't copy", path, errno);
    if (copied == 0) return;
  }
}

}  // namespace

std::string read_file(const fs::path& path) {
  const Descriptor file(path, O_RDONLY);
  std::string content;
  std::string buffer(std::size_t{1} << 16, '\0');
  while (true) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("can't read", path, errno);
    if (count == 0) return content;
    content.append(buffer, 0, static_cast<std::size_t>(count));
  }
}

void write_file(const fs::path& path, std::string_view content) {
  const fs::path beside = path.string() + ".part";
  {
    const Descriptor file(beside, O_WRONLY | O_CREAT | O_TRUNC);
    write_all(file, content, beside);
    flush(file, beside);
  }
  move_file(beside, path);
}

void make_folders(const fs::path& path) {
  std::error_code failure;
  fs::create_directories(path, failure);
  if (failure) fail("can't make the folder", path, failure.value());
}

void move_file(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail("can't rename to", to, errno);
  flush_folder(to.parent_path());
  if (from.parent_path() != to.parent_path()) flush_folder(from.parent_path());
}

void remove_tree(const fs::path& path) {
  std::error_code failure;
  fs::remove_all(path, failure);
  if (failure) fail("can't remove", path, failure.value());
}

void flush_file(const fs::path& path) { flush(Descriptor(path, O_RDONLY), path); }

void flush_folder(const fs::path& path) {
  const fs::path folder = path.empty() ? fs::path(".") : path;
  flush(Descriptor(folder, O_RDONLY | O_DIRECTORY), folder);
}

Cloned clone_blocks(const fs::path& from, const fs::path& to, std::int64_t copy_limit_bytes) {
  const CopySource source(from);
  const Descriptor target(to, O_WRONLY | O_CREAT | O_EXCL);
  try {
    Cloned cloned = Cloned::kShared;
    if (::ioctl(target.get(), FICLONE, source.get()) != 0) {
      cloned = source.size() > copy_limit_bytes ? Cloned::kTooLarge : Cloned::kCopied;
    }
    if (cloned == Cloned::kCopied) copy_in_kernel(source, target, to);
    source.require_still_open();
    if (cloned == Cloned::kTooLarge) ::unlink(to.c_str());
    return cloned;
  } catch (...) {
    ::unlink(to.c_str());
    throw;
  }
}

std::optional<FileLock> FileLock::try_lock(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) fail("can't open the lock", path, errno);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return FileLock(descriptor);
  const int reason = errno;
  ::close(descriptor);
  if (reason == EWOULDBLOCK) return std::nullopt;
  fail("can't lock", path, reason);
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

}  // namespace doppel
