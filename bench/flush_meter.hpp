#pragma once

#include <chrono>
#include <filesystem>
#include <optional>

/// How long this process has waited for files to reach the disk. A disk's flush says nothing about
/// doppel and differs a hundredfold between machines, so it is measured apart: flush_meter.cpp puts
/// its own fsync and fdatasync in front of the C library's, for SQLite's library too.
namespace doppel::bench {

/// Since the start of the process.
double flushed_milliseconds();

/// A point of a run, by three clocks.
struct Moment {
  std::chrono::steady_clock::time_point at;
  double flushed = 0;  ///< flushed_milliseconds()
  double cpu = 0;      ///< of this process, in milliseconds
};
Moment moment();

/// Keeps, from now on, the moment after the last flush of this file alone: when a transaction that
/// wrote it was safe, but for the removal of its journal. None so far: nothing.
void watch_flushes(const std::filesystem::path& file);
std::optional<Moment> last_watched_flush();

}  // namespace doppel::bench
