#pragma once

#include <string>

namespace doppel {

/// A process as others can tell it from all that ever ran.
struct ProcessId {
  std::string host;     ///< for people
  std::string machine;  ///< one start of one machine, or one container on it
  int number = 0;
  std::string started;  ///< in ticks since the machine's start: numbers are given again

  friend bool operator==(const ProcessId&, const ProcessId&) = default;
};

ProcessId this_process();

/// Whether it is certain that the process has ended: only of this very machine. A stopped one
/// hasn't.
bool has_surely_ended(const ProcessId& process);

}  // namespace doppel
