#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "bench/runner.hpp"

/// doppel_bench [[--filter] TEXT] [--json]: one table of all measures. Exit code 1 when a result is
/// wrong or a benchmark fails; a target that isn't met is no failure.
int main(int argc, char** argv) {
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  std::string filter;
  bool as_json = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--json") {
      as_json = true;
    } else if (arguments[i] == "--filter" && i + 1 < arguments.size()) {
      filter = arguments[++i];
    } else if (!arguments[i].starts_with('-')) {
      filter = arguments[i];
    } else {
      fmt::print(stderr, "usage: doppel_bench [[--filter] TEXT] [--json]\n");
      return 2;
    }
  }
  doppel::bench::Report report;
  int exit_code = 0;
  for (const doppel::bench::Benchmark& benchmark : doppel::bench::all_benchmarks()) {
    if (benchmark.name.find(filter) == std::string::npos) continue;
    try {
      fmt::print(stderr, "\n{} ", benchmark.name);
      benchmark.run(report);
    } catch (const std::exception& failure) {
      fmt::print(stderr, "FAILED: {}\n", failure.what());
      exit_code = 1;
    }
  }
  fmt::print(stderr, "\n\n");
  fmt::print("{}", as_json ? json_document(report.lines()) : table(report.lines()));
  return exit_code;
}
