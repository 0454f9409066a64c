#pragma once

#include <cstdint>
#include <string>

namespace doppel {

/// Where the engine gets chance from.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;
  /// A number in [0, bound), without bias. REQUIRES: bound > 0.
  std::uint64_t below(std::uint64_t bound);
};

/// The operating system's: for ids and keys.
class SystemRandom final : public Random {
 public:
  std::uint64_t next() override;
};

/// Same seed, same numbers on every machine (SplitMix64): for tests, generators and the simulator.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override;

 private:
  std::uint64_t state_;
};

}  // namespace doppel
