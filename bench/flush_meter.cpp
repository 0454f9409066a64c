#include "bench/flush_meter.hpp"

#include <ctime>

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;
Clock::duration flushed{};

struct Watched {
  dev_t device = 0;
  ino_t inode = 0;
  std::optional<doppel::bench::Moment> last;
};
Watched watched;

int timed(long call, int descriptor) {
  const auto start = Clock::now();
  const long result = ::syscall(call, descriptor);
  flushed += Clock::now() - start;
  struct stat status{};
  if (watched.inode != 0 && ::fstat(descriptor, &status) == 0 && status.st_ino == watched.inode &&
      status.st_dev == watched.device) {
    watched.last = doppel::bench::moment();
  }
  return static_cast<int>(result);
}

}  // namespace

extern "C" int fsync(int descriptor) { return timed(SYS_fsync, descriptor); }
extern "C" int fdatasync(int descriptor) { return timed(SYS_fdatasync, descriptor); }

namespace doppel::bench {

double flushed_milliseconds() { return std::chrono::duration<double, std::milli>(flushed).count(); }

Moment moment() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  const double cpu =
      static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
  return {Clock::now(), flushed_milliseconds(), cpu};
}

void watch_flushes(const std::filesystem::path& file) {
  struct stat status{};
  watched = {};
  if (::stat(file.c_str(), &status) != 0) return;
  watched.device = status.st_dev;
  watched.inode = status.st_ino;
}

std::optional<Moment> last_watched_flush() { return watched.last; }

}  // namespace doppel::bench
