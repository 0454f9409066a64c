#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "doppel.hpp"
#include "ground.hpp"
#include "model.hpp"
#include "program.hpp"
#include "tests/support/world.hpp"
#include "world_file.hpp"

/// A seeded random life of an application and its sandboxes, held against a model in memory.
namespace doppel::testing {

/// Of what kind a world is.
struct LifeOptions {
  /// Tables that merge cell by cell and no otherwise. Else there are lists, natural keys, keys that
  /// the database gives, references by name, values that merge inside and volatile columns, too.
  bool plain = true;
  Carrier carrier = Carrier::kFile;
  bool kills = false;  ///< the real process is killed now and then
};

/// What the model knows of a sandbox.
struct ModelSandbox {
  changeset::State base;
  changeset::State shown;
  /// Rows of data, where they aren't live's.
  Entries base_entries = {};
  Entries entries = {};
  bool answered = false;   ///< questions of it were answered: a refresh uses the answers
  bool suspended = false;  ///< base and shown are what its bundle has
};

struct ModelMark {
  changeset::State shown;
  Entries entries;
};

class Simulator {
 public:
  Simulator(std::uint64_t seed, const LifeOptions& options);
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
  std::string write_data(const std::string& name);
  std::string refresh(const std::string& name);
  std::string check_refresh(const std::string& name, const plan::Plan& told);
  std::string check_refusal(const std::string& name, const plan::Plan& told);
  std::string suspend(const std::string& name);
  /// `known`: what a plan told before, of live as it is still.
  std::string resume(const std::string& name, const plan::Plan* known = nullptr);
  /// Live gets another column, and all sandboxes come over.
  std::string migrate();
  std::string adapt(const std::string& name, const plan::Plan& told);
  std::string checkpoint(const std::string& name);
  std::string reset(const std::string& name);
  std::string promote(const std::string& name);
  std::string promote_part(const std::string& name);
  std::string roll_back();
  std::string discard(const std::string& name);

  std::string kill();
  /// Runs the real process to the end, then kills it at a point of chance on the same ground.
  std::string kill_at(const std::vector<std::string>& arguments);
  /// The same where the ground can't be taken back: killed first, then run to the end.
  std::string kill_on_server(const std::vector<std::string>& arguments);
  std::vector<std::string> command_of_chance();
  Finished run(const std::vector<std::string>& arguments, const Variables& variables);
  /// All that is seen of live and the sandboxes, once everything interrupted is recovered.
  std::string recovered();
  void take_over();

  /// What a sandbox shows once a part of it was promoted, and against which base.
  std::string check_left_out(const std::string& name, const plan::Plan& plan);
  /// Without trying, and without a look at what is selected.
  plan::Plan plan_of_all(const std::string& name);
  plan::Plan answered_plan(const std::string& name, const PlanOptions& options);
  std::string check();
  std::string compare(const std::string& what, const changeset::State& expected,
                      const changeset::State& seen);
  void open();
  void forget(const std::string& name);
  changeset::State live();
  changeset::State sandbox(const std::string& name);
  std::filesystem::path work() const { return folder_ / "work"; }
  /// What the application opens of a sandbox (see world_file.hpp).
  const std::string& place_of(const std::string& name);
  bool shares_data() const { return testing::shares_data(options_.carrier); }
  bool writes_data() const { return testing::writes_data(options_.carrier); }
  Dialect dialect() const { return dialect_of(ground_->live()); }
  EnvironmentName full(const std::string& name) const { return {"world", name}; }

  LifeOptions options_;
  SeededRandom random_;
  ManualClock clock_;
  std::filesystem::path folder_;
  std::unique_ptr<Ground> ground_;
  World world_;
  std::unique_ptr<Doppel> doppel_;
  changeset::State live_;
  Entries entries_;
  std::map<std::string, ModelSandbox> sandboxes_;
  std::map<std::string, ModelMark> marks_;  ///< checkpoints, by sandbox
  std::map<std::string, std::string> places_;
  std::int64_t next_key_ = 1000;
  int made_ = 0;
  bool migrated_ = false;
  std::string log_;
};

}  // namespace doppel::testing
