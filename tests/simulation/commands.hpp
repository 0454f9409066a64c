#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "stand.hpp"

/// Every command that writes, each where it has something to do: for tests that kill it, stop it
/// or take its disk away.
namespace doppel::testing {

using Arguments = std::vector<std::string>;

inline const EnvironmentName kQa{"shop", "qa"};

struct Command {
  std::string name;
  /// Brings the stand to where the command begins; what is to be run.
  std::function<Arguments(const Stand&, Doppel&)> prepare;
  /// How a run ends after one that was interrupted.
  std::vector<int> second_run = {0};
};

void PrintTo(const Command& command, std::ostream* out);

std::vector<Command> commands();

/// A sandbox `qa` with changes of every kind, and live moved beside them.
void make_qa(const Stand& stand, Doppel& doppel);
void move_live(const Stand& stand);

/// The stand ready for the command, and saved there.
Arguments prepared(const Stand& stand, const Command& command);

/// The numbers of operations to try: `count` of them, spread evenly; all where `count` is 0.
/// DOPPEL_KILL_POINTS says another number, or `all`.
std::vector<long> points(long operations, long count);

}  // namespace doppel::testing
