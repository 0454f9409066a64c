#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/process.hpp"
#include "base/random.hpp"
#include "code/code.hpp"
#include "database/overlay.hpp"
#include "environment/store.hpp"
#include "plan/diff.hpp"
#include "plan/promote.hpp"

/// Start here: doppel as a library. Everything that the command line does, it does through this
/// class; examples/library shows a whole story.
namespace doppel {

inline constexpr std::string_view kVersion = "0.1.0";

/// `TENANT` is live, `TENANT/SANDBOX` a sandbox of it.
struct EnvironmentName {
  std::string tenant;
  std::string sandbox;  ///< empty: live
  bool live() const { return sandbox.empty(); }
  std::string text() const { return live() ? tenant : tenant + "/" + sandbox; }
};

/// Throws Error(kUsage) for what can't be a name (letters a-z, digits, `-` and `_`, 63 at most).
EnvironmentName parse_environment(std::string_view text);

/// What doppel is given of the world.
struct Settings {
  std::filesystem::path home;  ///< control store, sandboxes, snapshots; made where it is missing
  /// The name of a control store that several machines share, without secrets: what would be files
  /// of the home stands in it, and leases say who works on what. Empty: everything is in `home`.
  std::string shared_store = {};
  database::Connector connect;
  std::function<std::unique_ptr<database::Connection>(const std::filesystem::path&)> open_store;
  const Clock* clock = nullptr;
  Random* random = nullptr;
  std::string author;  ///< who does what is done through this object
  /// How long a promotion meets writers of its rows before it gives up, in seconds: about.
  int patience_s = kUsualPatience;
  static constexpr int kUsualPatience = 5;
  // For a shared store.
  ProcessId process = {};
  std::int64_t lease_microseconds = 30'000'000;
  /// Calls `beat` again and again, on a thread of its own, until what it returns is gone. Without
  /// it a command must be done within the time of a lease.
  std::function<std::shared_ptr<void>(std::int64_t every_microseconds, std::function<void()> beat)>
      repeat = {};
};

struct CreateOptions {
  std::string kind = "overlay";
  std::string carrier;  ///< empty: the manifest's, else the database's
  bool follow_live = false;
  std::string purpose;
};

enum class Track { kOn, kOff };

/// What is to be known before a sandbox is made.
struct Checked {
  std::string kind, carrier;
  std::vector<database::Finding> findings;  ///< the heaviest first
};

struct Created {
  environment::Environment environment;
  std::vector<database::RowCount> tables;
};

struct Status {
  environment::Environment environment;
  std::vector<environment::TransitionRecord> transitions;
  std::vector<std::string> checkpoints;
  std::size_t changes = 0;       ///< rows of config
  std::size_t data_changes = 0;  ///< rows of data that are the sandbox's own
  /// Config rows of live that changed since the base [O8], and conflicts that a plan would ask
  /// about now; not known while live's schema is another than the sandbox's.
  std::optional<std::size_t> live_moved, collisions;
  std::vector<std::string> schema_differences;
};

/// What an ended sandbox had changed: a bundle, as lists say it.
struct BundleInfo {
  std::string id;           ///< the sandbox's
  std::string environment;  ///< TENANT/SANDBOX
  std::string base_at, ended_at, ended_by, purpose;
  std::size_t changes = 0, data_changes = 0;
  std::filesystem::path file;
};

struct ResumeOptions {
  bool drop_data = false;  ///< its own rows of data don't come along
  bool leave_out = false;  ///< nor what can't stand beside today's live (else it is refused)
};

struct RestoreOptions {
  std::string name;    ///< the sandbox's from now on; empty: as it was called
  std::string bundle;  ///< id of the one that ended, or a beginning of it; empty: the newest
  ResumeOptions how;
};

struct Restored {
  environment::Environment environment;
  BundleInfo bundle;  ///< of a restored one
  overlay::Refreshed refreshed;
  std::size_t data = 0;                       ///< rows of data that are its own again
  std::vector<std::string> lost_checkpoints;  ///< live moved under them
};

/// A sandbox after live's schema changed.
struct Adapted {
  std::vector<std::string> differences;  ///< that there were; empty: nothing was to do
  overlay::Refreshed refreshed;
};

struct ApplyOptions {
  code::Missing missing = code::Missing::kKeep;  ///< rows that the folder doesn't name
  bool check_only = false;                       ///< nothing is written; live may be asked, too
};

struct Applied {
  plan::Diff diff;                                           ///< what the folder changes, or would
  std::vector<std::pair<std::string, std::string>> missing;  ///< see code::Read
  bool written = false;
};

struct PlanOptions {
  std::vector<plan::Selector> select;
  std::vector<plan::Mapping> mappings;
  bool rehearse = true;
};

/// How a conflict is answered.
struct Resolution {
  std::string conflict;  ///< id, or a beginning of it that is one; `all` for all open ones
  merge::AnswerKind kind = merge::AnswerKind::kKeepLive;
  bool use_default = false;
  std::vector<std::string> values = {};  ///< read as the column's present value is typed
};

/// What a restore of the previous config does with edits made in live since.
enum class LaterEdits { kRefuse, kKeep, kDiscard };

/// An environment as a connection, for programs that are built on the library: config is the
/// environment's, data live's where the manifest shares it. One that opened it keeps it for many
/// requests. Threads: as a Connection. It may outlive the Doppel that it came from.
class OpenEnvironment {
 public:
  virtual ~OpenEnvironment() = default;
  virtual database::Connection& connection() = 0;
  /// Bound to the schema as it was when this was opened.
  virtual const manifest::Model& model() const = 0;
  /// Live's, as it was then: what columns are is the same in every environment.
  virtual const database::Schema& schema() const = 0;
  /// Whose the changes of config are that are made from now on. Live keeps no such names.
  virtual void set_author(const std::string& author) = 0;
};

/// Threads: one thread uses one object; any number of processes share a home, and any number of
/// machines a control store. Errors are
/// doppel::Error; a call that throws has changed nothing, but for what its comment says.
class Doppel {
 public:
  explicit Doppel(Settings settings);
  ~Doppel();
  Doppel(const Doppel&) = delete;
  Doppel& operator=(const Doppel&) = delete;

  /// Who does what follows, by which request and from where: history, captures and the audit say
  /// so. Until then it is the author of the settings.
  void act_for(const access::Actor& actor);

  /// The audit [R2]: who did what where, and was refused what. Throws Error(kNotFound).
  std::vector<access::AuditRow> audit(const std::string& tenant, const access::AuditFilter& filter);
  /// All of it from the oldest row on; the sink says whether to go on.
  void export_audit(const std::string& tenant,
                    const std::function<bool(const access::AuditRow&)>& sink);
  /// Whether it is as it was written. `known`: an end of the chain that was noted earlier.
  access::Verification verify_audit(const std::string& tenant,
                                    const std::optional<access::AuditHead>& known);

  /// Attaches an application's database under a name. Throws Error(kMarkedSandbox) for a sandbox,
  /// Error(kUnclassified), Error(kInvalidManifest), Error(kUnsupported) for a database that is a
  /// file where several machines share the control store.
  environment::Tenant init(const std::string& tenant, const std::string& dsn,
                           const std::string& manifest_file, const std::string& manifest_text);
  /// The manifest of today, for an application that has gone on.
  environment::Tenant set_manifest(const std::string& tenant, const std::string& manifest_file,
                                   const std::string& manifest_text);
  std::vector<environment::Tenant> tenants();
  manifest::Model model(const std::string& tenant);

  /// What stands in the way of such a sandbox, what will be otherwise in it, and what would make
  /// its promotion slow. Nothing is made.
  Checked check(const std::string& tenant, const CreateOptions& options);
  Created create(const EnvironmentName& name, const CreateOptions& options);
  std::vector<environment::Environment> sandboxes(const std::string& tenant);
  Status status(const EnvironmentName& name);
  database::ApplicationAccess access(const EnvironmentName& name);
  std::unique_ptr<database::SqlSession> open_sql(const EnvironmentName& name);
  /// For reading and writing, also of live: an application's own door, where open_sql is a guest's.
  /// Nobody is kept from ending the sandbox meanwhile: what is written then is refused.
  std::unique_ptr<OpenEnvironment> open(const EnvironmentName& name);

  /// Rebases the sandbox on live as it is now. `drop_data`: rows of data of its own don't come
  /// along; without it a sandbox that has some is not refreshed.
  overlay::Refreshed refresh(const EnvironmentName& name, bool drop_data);
  void checkpoint(const EnvironmentName& name, const std::string& mark);
  std::size_t reset(const EnvironmentName& name, const std::optional<std::string>& mark);
  /// The sandbox's work stays as a bundle in the home; returns its file.
  std::filesystem::path discard(const EnvironmentName& name);

  /// What ended sandboxes of a tenant had changed: bundles, kept for 30 days.
  std::vector<BundleInfo> bundles(const std::string& tenant);
  /// Makes an ended sandbox again [O7]: of live as it is now, with its work laid over as a refresh
  /// does it; what both sides changed meanwhile is asked by a plan. The bundle stays.
  /// Throws Error(kAlreadyExists) when the name is taken, Error(kConflicts) for what the sandbox's
  /// real tables can't show beside live's rows, Error(kStale) for data that live changed, too.
  Restored restore_sandbox(const EnvironmentName& name, const RestoreOptions& options);

  /// Takes everything of a sandbox out of the database, so that nothing there depends on live's
  /// tables while the application migrates them. Its work stays in the home.
  environment::Environment suspend(const EnvironmentName& name);
  /// Makes it again on live as it is by then, in the way of restore_sandbox.
  Restored resume(const EnvironmentName& name, const ResumeOptions& options);
  /// Takes a sandbox over to live's schema of today. Throws Error(kSchemaChanged), with nothing
  /// done, where a table that it has changed lost or changed columns.
  Adapted adapt(const EnvironmentName& name);

  /// The environment's config as files of a folder [P10].
  code::Files export_config(const EnvironmentName& name, code::Keys keys);
  /// Makes a sandbox's config what a folder says, all of it or nothing. Throws
  /// Error(kInvalidInput) with every mistake in the files, Error(kLiveIsReadOnly) for live,
  /// Error(kConstraint) where the database refuses.
  Applied apply_config(const EnvironmentName& name, const code::Files& files,
                       const ApplyOptions& options);

  plan::Diff diff(const EnvironmentName& name);
  plan::Plan plan(const EnvironmentName& name, const PlanOptions& options);
  /// Returns the plan as it is with the answers.
  plan::Plan resolve(const EnvironmentName& name, const std::vector<Resolution>& resolutions,
                     const PlanOptions& options);
  plan::Promoted promote(const EnvironmentName& name, const std::string& plan_hash);

  /// Puts triggers on live's config tables that note who changes a row and when, for diffs and
  /// plans, or takes them and their notes away; the tables that have them then. Throws
  /// Error(kUnsupported) where the manifest doesn't say `track: triggers`, and on SQLite. The audit
  /// is told.
  std::vector<std::string> track(const std::string& tenant, Track what);
  /// Ends sessions of sandboxes that live waits for or that are beyond the manifest's limits
  /// [E9], and tells the audit of each. Throws Error(kUnsupported) where there is no server
  /// (SQLite).
  std::vector<database::EndedSession> guard(const std::string& tenant);

  std::vector<plan::Promotion> history(const std::string& tenant);
  /// What was promoted after the promotion of that number, as soon as there is any; none after the
  /// timeout. Throws Error(kUnsupported) where the database tells nobody (SQLite).
  std::vector<plan::Promotion> wait_for_promotion(const std::string& tenant, std::int64_t after,
                                                  std::int64_t timeout_ms);
  plan::Plan plan_rollback(const std::string& tenant, std::int64_t promotion,
                           const PlanOptions& options);
  plan::Plan resolve_rollback(const std::string& tenant, std::int64_t promotion,
                              const std::vector<Resolution>& resolutions,
                              const PlanOptions& options);
  plan::Promoted rollback(const std::string& tenant, std::int64_t promotion,
                          const std::string& plan_hash);
  /// Takes back the newest promotion that stands [P6].
  plan::Promoted restore_previous(const std::string& tenant, LaterEdits later_edits);

  std::vector<plan::SnapshotInfo> snapshots(const std::string& tenant);
  plan::Plan plan_restore(const std::string& tenant, const std::string& snapshot,
                          const PlanOptions& options = {});
  plan::Promoted restore(const std::string& tenant, const std::string& snapshot,
                         const std::string& plan_hash);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace doppel
