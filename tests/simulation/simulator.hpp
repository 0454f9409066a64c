#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "doppel.hpp"
#include "tests/support/world.hpp"

/// A seeded random life of an application and its sandboxes, held against a model in memory that
/// shares no code with what it checks: three whole states merged cell by cell.
namespace doppel::testing {

/// What the model knows of a sandbox.
struct ModelSandbox {
  changeset::State base;
  changeset::State shown;
};

/// Each cell of the sandbox where it differs from the base, else live's: what a sandbox shows after
/// a refresh, and what live holds after the sandbox was promoted with its side taken everywhere.
changeset::State cell_by_cell(const changeset::State& base, const changeset::State& live,
                              const changeset::State& shown);

/// Whether some cell or row was changed on both sides to different ends.
bool meet(const changeset::State& base, const changeset::State& live,
          const changeset::State& shown);

class Simulator {
 public:
  explicit Simulator(std::uint64_t seed);
  ~Simulator();
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  /// Does something and checks everything. What is wrong; empty: nothing.
  std::string step();
  /// What was done, a line a step.
  const std::string& log() const { return log_; }

 private:
  std::string pick_and_do();
  std::string create();
  std::string edit_live();
  std::string edit_sandbox(const std::string& name);
  std::string refresh(const std::string& name);
  std::string reset(const std::string& name);
  std::string checkpoint(const std::string& name);
  std::string promote(const std::string& name);
  std::string promote_part(const std::string& name);
  std::string roll_back();
  std::string discard(const std::string& name);

  plan::Plan answered_plan(const std::string& name, const PlanOptions& options);
  std::string check();
  std::string compare(const std::string& what, const changeset::State& expected,
                      const changeset::State& seen);
  changeset::State live();
  changeset::State sandbox(const std::string& name);
  std::filesystem::path file_of(const std::string& name);
  EnvironmentName full(const std::string& name) const { return {"world", name}; }

  SeededRandom random_;
  ManualClock clock_;
  std::filesystem::path folder_;
  World world_;
  std::unique_ptr<Doppel> doppel_;
  changeset::State live_;
  std::map<std::string, ModelSandbox> sandboxes_;
  std::map<std::string, changeset::State> marks_;  ///< checkpoints, by sandbox
  std::map<std::string, std::filesystem::path> files_;
  std::int64_t next_key_ = 1000;
  int made_ = 0;
  std::string log_;
};

}  // namespace doppel::testing
