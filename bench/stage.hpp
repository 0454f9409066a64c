#pragma once

#include <memory>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "bench/data.hpp"
#include "doppel.hpp"

/// A tenant `app` of its own on a copy of a data set, with a home beside it, as a user has it.
namespace doppel::bench {

class Stage {
 public:
  /// Everything stands in a fresh folder of this name.
  Stage(const std::string& name, const fs::path& database, const std::string& manifest);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  Doppel& doppel() { return *doppel_; }
  const fs::path& live() const { return live_; }
  /// Makes the sandbox app/NAME and returns its file (of carrier split: the one with the config).
  fs::path create(const std::string& name, const std::string& carrier = "file");

 private:
  fs::path folder_, live_;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<Doppel> doppel_;
};

/// One edit of `count` rows of CFG, spread over all tables: another note and amount.
std::string edit_cfg(int count);

}  // namespace doppel::bench
