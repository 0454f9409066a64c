#pragma once

#include <cstddef>
#include <string>
#include <vector>

/// This program, started again beside itself: for work that is done to many sandboxes at a time.
namespace doppel::cli {

/// One that runs. Its two outputs go into files without names.
struct Program {
  int process = -1;
  int output = -1, error = -1;  ///< descriptors
};

struct Finished {
  int exit = -1;  ///< -1 where a signal ended it
  std::string output, error;
};

/// With these arguments and this process's environment. Throws Error(kIo).
Program start_again(const std::vector<std::string>& arguments);

/// The one that ends first, by its place in `running`. REQUIRES: there is one, and this process
/// has no other children.
std::size_t first_to_end(const std::vector<Program>& running);

Finished wait_for(Program program);

}  // namespace doppel::cli
