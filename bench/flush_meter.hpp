#pragma once

/// How long this process has waited for files to reach the disk. A disk's flush says nothing about
/// doppel and differs a hundredfold between machines, so it is measured apart: flush_meter.cpp puts
/// its own fsync and fdatasync in front of the C library's, for SQLite's library too.
namespace doppel::bench {

/// Since the start of the process.
double flushed_milliseconds();

}  // namespace doppel::bench
