#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/shelf.hpp"
#include "doppel.hpp"
#include "doppel/hold.hpp"
#include "plan/plan_json.hpp"

/// What the parts of the face share: the store, attached tenants, where things stand.
namespace doppel {

/// A tenant's database with the model of today: one per call, so that nothing is stale.
struct Attached {
  environment::Tenant tenant;
  std::unique_ptr<database::Database> database;
  std::optional<std::string> fingerprint;  ///< of live, before its schema was read
  database::Schema schema;
  manifest::Model model;
};

/// An environment with what keeps other processes from working on it.
struct HeldEnvironment {
  Hold lock;
  environment::Environment environment;
};

/// An open sandbox with what it held when it was read: good for several steps of a command while
/// nobody writes to it.
struct OpenSandbox {
  std::unique_ptr<database::Overlay> overlay;
  overlay::Changes changes;
  std::string state;  ///< that `changes` are of; empty: nobody knows
};

/// Whether what is done can be done to a suspended sandbox.
enum class Suspended { kRefused, kAllowed };

class Workspace {
 public:
  explicit Workspace(Settings settings);

  const Settings& settings() const { return settings_; }
  environment::ControlStore& store() { return store_; }
  /// See Doppel::act_for.
  void act_for(const access::Actor& actor);
  /// What engine/access keeps of a tenant. Throws Error(kNotFound).
  access::Store access_store(const std::string& tenant);

  /// Throws Error(kMarkedSandbox) when the database is a sandbox [E5].
  Attached attach(const std::string& tenant);
  Attached attach(const environment::Tenant& tenant);

  database::OverlaySpec spec(const environment::Environment& environment,
                             const manifest::Model& model) const;
  /// The same with another base: what a refresh makes beside the sandbox.
  database::OverlaySpec spec(const environment::Environment& environment,
                             const manifest::Model& model, const std::string& base,
                             const std::string& folder_suffix) const;

  /// The environment, made whole first if a process died at it. Throws Error(kBusy) while another
  /// process works on it, Error(kWrongState) while it is suspended.
  environment::Environment ready(const EnvironmentName& name, Attached& attached);

  /// The same and held, as it is once nobody else works on it. `what` is to be done, for others to
  /// read. Throws Error(kBusy), which says who works on it.
  HeldEnvironment hold(const EnvironmentName& name, Attached& attached, const std::string& what,
                       Suspended suspended = Suspended::kRefused);

  /// The same for a sandbox that is to end: also one whose suspension can't be ended, because what
  /// it holds can't be read.
  HeldEnvironment hold_to_end(const EnvironmentName& name, Attached& attached,
                              const std::string& what);

  /// Clears what a died process left under this name, if anything.
  void ready_if_any(const EnvironmentName& name, Attached& attached);

  /// Held while an environment is worked on. Throws Error(kBusy).
  Hold lock(const environment::Environment& environment, const std::string& what);

  /// Held while live is written. In a home live's own lock gives turns; in a shared store whoever
  /// comes second is told who writes. Throws Error(kBusy).
  Hold hold_live(const std::string& tenant, const std::string& what);

  /// What keeps this process from writing live once somebody else took the environment over.
  std::optional<plan::Fence> fence(const environment::Environment& environment) const;

  /// Throws Error(kBusy) when somebody else has taken over what this process held.
  void require_hold(const environment::Environment& environment);

  environment::Environment move(const environment::Environment& environment,
                                environment::Event event, const environment::Effects& effects = {});

  /// After a failure between two states: takes the environment to the end that the files and live
  /// tell, or leaves that to the next command.
  void recover_after(const std::exception& failure, const environment::Environment& environment,
                     Attached& attached);

  OpenSandbox open_sandbox(const environment::Environment& environment, Attached& attached);

  /// Keeps with the plan what the sandbox's changes are when their promotion begins, so that what
  /// is changed meanwhile can be told from what was promoted. For a plan that has others so far.
  void keep_own(const std::string& plan_hash, const environment::Environment& environment,
                const changeset::ChangeSet& own);

  /// Ends a sandbox: its work goes into a bundle, its files go. Returns the bundle.
  /// One whose files can't be read any more is ended, too: they are put beside the bundles.
  std::filesystem::path end(const environment::Environment& environment, Attached& attached,
                            std::optional<OpenSandbox> sandbox = std::nullopt);

  /// Keeps a sandbox's work in the home and takes everything of it out of the database.
  environment::Environment suspend(const environment::Environment& environment, Attached& attached,
                                   const std::string& reason = "",
                                   std::optional<OpenSandbox> sandbox = std::nullopt);

  /// What a promotion that is recorded in live means for its sandbox.
  void finish_promotion(const environment::Environment& environment, Attached& attached,
                        const plan::Promotion& promotion, const plan::StoredPlan& stored,
                        std::optional<OpenSandbox> sandbox = std::nullopt);

  /// The plan with this hash, or a beginning of it, that was made for this source.
  plan::StoredPlan stored_plan(const std::string& hash, const std::string& source);

  std::unique_ptr<Shelf> snapshots(const std::string& tenant);
  std::unique_ptr<Shelf> bundles(const std::string& tenant);
  /// Bundles of suspended sandboxes: one that is there has all of its sandbox's work.
  std::unique_ptr<Shelf> suspended(const std::string& tenant);
  std::filesystem::path passing() const { return settings_.home / "passing"; }
  std::string new_id() { return make_uuid7(*settings_.clock, *settings_.random); }
  /// By the store, as all agree on it who share one.
  const Clock& clock() const { return clock_; }
  std::string now() const { return to_text(clock_.now()); }

 private:
  void recover(const environment::Environment& environment, Attached& attached,
               const std::string& why);
  /// The promotion that is under way, if live has it; if not, nobody puts it there any more.
  std::optional<plan::Promotion> find_promotion(const environment::Environment& environment,
                                                Attached& attached);
  void recover_refresh(const environment::Environment& environment, Attached& attached,
                       const std::string& why);
  void recover_suspension(const environment::Environment& environment, Attached& attached,
                          const std::string& why);
  void recover_resume(const environment::Environment& environment, Attached& attached,
                      const std::string& why);
  /// Writes all of the sandbox's work into a bundle and seals it: nobody writes after that.
  void write_bundle(Shelf& shelf, const environment::Environment& environment, Attached& attached,
                    std::optional<OpenSandbox> sandbox);
  /// What a promotion left of its sandbox.
  enum class Remainder {
    kNothing,           ///< all was promoted; it is sealed
    kRest,              ///< it goes on
    kWrittenMeanwhile,  ///< not known: somebody wrote while it was looked at
  };
  Remainder settle(OpenSandbox& sandbox, Attached& attached, const plan::Promotion& promotion,
                   const plan::StoredPlan& stored);

  class StoreClock final : public Clock {
   public:
    explicit StoreClock(environment::ControlStore& store) : store_(store) {}
    Instant now() const override { return store_.now(); }

   private:
    environment::ControlStore& store_;
  };

  bool is_shared() const { return !settings_.shared_store.empty(); }
  std::unique_ptr<Shelf> shelf(const std::string& name);
  Hold take(const std::string& resource, const std::string& title, const std::string& what);

  Settings settings_;
  environment::ControlStore store_;
  StoreClock clock_{store_};
  std::unique_ptr<Shelf> secrets_;
};

}  // namespace doppel
