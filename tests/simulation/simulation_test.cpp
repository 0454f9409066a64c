// Seeded lives of an application and its sandboxes. DOPPEL_SIMULATION_SEED and
// DOPPEL_SIMULATION_SEQUENCES choose others; a seed that failed once is named below for good.
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

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
bool live(std::uint64_t seed, const LifeOptions& options) {
  Simulator simulator(seed, options);
  for (int step = 0; step < kSteps; ++step) {
    const std::string wrong = simulator.step();
    if (wrong.empty()) continue;
    ADD_FAILURE() << "seed " << seed << ", step " << step << "\n" << simulator.log() << wrong;
    return false;
  }
  if (std::getenv("DOPPEL_SIMULATION_LOG") != nullptr) std::cerr << simulator.log();
  return true;
}

/// Lives of one kind, in parts which run beside each other.
struct Lives {
  std::string name;
  LifeOptions options;
  std::uint64_t count;  ///< in each part
  std::uint64_t part = 0;
};

void PrintTo(const Lives& lives, std::ostream* out) { *out << lives.name; }

class Simulation : public ::testing::TestWithParam<Lives> {};

TEST_P(Simulation, AgreesWithTheModel) {
  const Lives& lives = GetParam();
  const std::uint64_t count = number_from("DOPPEL_SIMULATION_SEQUENCES", lives.count);
  const std::uint64_t first = number_from("DOPPEL_SIMULATION_SEED", 1) + lives.part * count;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    if (!live(seed, lives.options)) break;
  }
}

std::vector<Lives> all_lives() {
  std::vector<Lives> all;
  for (std::uint64_t part = 0; part < 2; ++part) {
    for (const Carrier carrier :
         {Carrier::kFile, Carrier::kSplit, Carrier::kCopy, Carrier::kRows}) {
      const std::string end = "_" + carrier_name(carrier) + "_" + std::to_string(part);
      // On a server each step has many ways to go.
      const std::uint64_t count = is_sqlite(carrier) ? 40 : carrier == Carrier::kCopy ? 3 : 2;
      all.push_back({"plain" + end, {.plain = true, .carrier = carrier}, count, part});
      all.push_back({"rich" + end, {.plain = false, .carrier = carrier}, count, part});
      all.push_back({"killed" + end,
                     {.plain = part == 0, .carrier = carrier, .kills = true},
                     is_sqlite(carrier) ? std::uint64_t{10} : std::uint64_t{1},
                     part});
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Lives, Simulation, ::testing::ValuesIn(all_lives()),
                         [](const auto& tested) { return tested.param.name; });

/// Lives that went wrong once.
struct NamedSeed {
  std::string name;
  LifeOptions options;
  std::uint64_t seed;
};

void PrintTo(const NamedSeed& named, std::ostream* out) { *out << named.name; }

class NamedLife : public ::testing::TestWithParam<NamedSeed> {};

TEST_P(NamedLife, GoesWellSince) { live(GetParam().seed, GetParam().options); }

std::vector<NamedSeed> named_seeds() {
  return {
      // The first refresh of these lives ran a statement on a connection that a backup was writing.
      {"a_look_at_the_state_while_the_content_is_exchanged", {.plain = true}, 1},
      {"the_same_of_carrier_split", {.plain = true, .carrier = Carrier::kSplit}, 1},
      // A killed promotion left a journal, and a reader that may not write it was told to stop.
      {"a_journal_that_only_a_writer_plays_back", {.plain = false, .kills = true}, 2102},
  };
}

INSTANTIATE_TEST_SUITE_P(Seeds, NamedLife, ::testing::ValuesIn(named_seeds()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace doppel::testing
