// Seeded lives of an application and its sandboxes. DOPPEL_SIMULATION_SEED and
// DOPPEL_SIMULATION_SEQUENCES choose others; a seed that failed once is named below for good.
#include <cstdlib>

#include <gtest/gtest.h>

#include "simulator.hpp"

namespace doppel::testing {
namespace {

constexpr int kSteps = 25;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* given = std::getenv(variable);
  return given == nullptr ? otherwise : std::strtoull(given, nullptr, 10);
}

/// Whether the life went well.
bool live(std::uint64_t seed) {
  Simulator simulator(seed);
  for (int step = 0; step < kSteps; ++step) {
    const std::string wrong = simulator.step();
    if (wrong.empty()) continue;
    ADD_FAILURE() << "seed " << seed << ", step " << step << "\n" << simulator.log() << wrong;
    return false;
  }
  return true;
}

/// In parts, which run beside each other.
class Simulation : public ::testing::TestWithParam<std::uint64_t> {};

constexpr std::uint64_t kParts = 6;

TEST_P(Simulation, AgreesWithTheModel) {
  const std::uint64_t count = number_from("DOPPEL_SIMULATION_SEQUENCES", 300) / kParts;
  const std::uint64_t first = number_from("DOPPEL_SIMULATION_SEED", 1) + GetParam() * count;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    if (!live(seed)) break;
  }
}

INSTANTIATE_TEST_SUITE_P(Part, Simulation, ::testing::Range(std::uint64_t{0}, kParts));

}  // namespace
}  // namespace doppel::testing
