#include "bench/flush_meter.hpp"

#include <chrono>

#include <sys/syscall.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;
Clock::duration flushed{};

int timed(long call, int descriptor) {
  const auto start = Clock::now();
  const long result = ::syscall(call, descriptor);
  flushed += Clock::now() - start;
  return static_cast<int>(result);
}

}  // namespace

extern "C" int fsync(int descriptor) { return timed(SYS_fsync, descriptor); }
extern "C" int fdatasync(int descriptor) { return timed(SYS_fdatasync, descriptor); }

namespace doppel::bench {

double flushed_milliseconds() { return std::chrono::duration<double, std::milli>(flushed).count(); }

}  // namespace doppel::bench
