#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace doppel::scenario {

struct Finished {
  int exit = 0;  ///< 128 + the signal, where one ended it
  std::string out;
  std::string err;
};

/// Runs a program to its end, with `folder` as its working folder. Its streams go through files
/// there (.in, .out, .err), which stay to be looked at. Throws Error(kIo).
Finished run_process(const std::vector<std::string>& words, const std::string& input,
                     const std::filesystem::path& folder);

}  // namespace doppel::scenario
