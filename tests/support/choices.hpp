#pragma once

#include <cstdint>
#include <vector>

#include "base/random.hpp"

namespace doppel::testing {

/// Chance from a list of choices, zeros once it is used up. A property test generates the list:
/// then shrinking the list shrinks whatever was built from it.
class Choices final : public Random {
 public:
  explicit Choices(std::vector<std::uint32_t> choices) : choices_(std::move(choices)) {}
  std::uint64_t next() override {
    return kDull + (used_ == choices_.size() ? 0 : choices_[used_++]);
  }

 private:
  /// A multiple of all bounds that generators use (1 to 40, 100), so that a choice n gives
  /// n % bound and a list that is used up gives 0.
  static constexpr std::uint64_t kDull = 5'342'931'457'063'200ULL * 3'000;
  std::vector<std::uint32_t> choices_;
  std::size_t used_ = 0;
};

}  // namespace doppel::testing
