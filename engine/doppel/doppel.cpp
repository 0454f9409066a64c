#include "doppel.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "database/dsn.hpp"
#include "doppel/bundle.hpp"
#include "doppel/coding.hpp"
#include "doppel/planning.hpp"
#include "doppel/restoring.hpp"
#include "doppel/tracking.hpp"
#include "doppel/workspace.hpp"
#include "overlay/facts.hpp"

namespace doppel {
namespace {

using database::Access;
using environment::Environment;
using environment::Event;

std::string valid_name(std::string_view name, std::string_view whole) {
  constexpr std::size_t kLongestName = 63;
  const bool valid =
      !name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
      });
  if (!valid) {
    throw Error(
        ErrorCode::kUsage, "'" + printable(whole, 0) + "' is no name of an environment",
        {.place = {}, .remedy = "TENANT or TENANT/SANDBOX, of a-z, 0-9, - and _, 63 at most each"});
  }
  return std::string(name);
}

/// What people are shown is kept in documents that hold no other text.
void require_utf8(std::string_view what, std::string_view text) {
  if (is_valid_utf8(text)) return;
  throw Error(ErrorCode::kUsage, std::string(what) + " isn't UTF-8",
              {.place = printable(text, 80), .remedy = "write it in UTF-8"});
}

Settings checked(Settings settings) {
  require_utf8("the name of who does this", settings.author);
  return settings;
}

void refuse_live(const EnvironmentName& name) {
  if (!name.live()) return;
  throw Error(ErrorCode::kUsage, "'" + name.tenant + "' is live; this is done to a sandbox",
              {.place = {}, .remedy = "name one as " + name.tenant + "/SANDBOX"});
}

/// Rows of config that live has otherwise than the base. Where a table holds data rows, too, each
/// side's row says itself what it is.
std::size_t count_moved(const manifest::Model& model, database::Overlay& sandbox,
                        database::Connection& live) {
  changeset::State base;
  changeset::State now;
  const auto add_to = [](changeset::State::TableState& rows) {
    return [&rows](Row&& row) {
      Key key = rows.shape->key_of(row);
      rows.rows.emplace(std::move(key), std::move(row));
    };
  };
  for (const manifest::TableModel& table : model.tables) {
    if (!table.may_hold_config()) continue;
    base.tables[table.name()].shape = table.shape;
    now.tables[table.name()].shape = table.shape;
    sandbox.scan_base(*table.shape, {}, add_to(base.tables[table.name()]));
    live.scan_rows(*table.shape, {}, add_to(now.tables[table.name()]));
  }
  const auto is_config = [&](const changeset::State& side, const std::string& name,
                             const std::optional<Row>& row) {
    const manifest::RowLookup lookup = [&](const std::string& table, const Key& key) {
      const auto rows = side.tables.find(table);
      if (rows == side.tables.end()) {
        return live.read_rows(*model.require(table).shape, {&key, 1}).front();
      }
      const auto found = rows->second.rows.find(key);
      return found == rows->second.rows.end() ? std::nullopt : std::optional<Row>(found->second);
    };
    return row &&
           manifest::role_of(model, model.require(name), *row, lookup) == manifest::Role::kConfig;
  };
  const changeset::ChangeSet moved = changeset::diff(base, now);
  return static_cast<std::size_t>(std::ranges::count_if(moved.changes, [&](const RowChange& row) {
    return !plan::changes_only_volatile(model, row) &&
           (is_config(base, row.table->name, row.before) ||
            is_config(now, row.table->name, row.after));
  }));
}

}  // namespace

namespace {

/// The sandbox's name, by what stands in its mark.
std::string sandbox_of(const database::EndedSession& session) {
  return text_member(parse_json(session.sandbox, session.role), "sandbox", session.role);
}

/// What carries a new sandbox: of a shadow there is one way only.
std::string carrier_of(const CreateOptions& options, const Attached& attached) {
  const database::OverlayBuilder& builder = attached.database->overlays();
  if (options.kind == environment::kOverlay) {
    if (!options.carrier.empty()) return options.carrier;
    return attached.model.carrier.empty() ? builder.default_carrier() : attached.model.carrier;
  }
  if (options.kind != environment::kShadow) {
    throw Error(ErrorCode::kUnsupported, "there are no sandboxes of kind '" + options.kind + "'",
                {.place = "--kind", .remedy = "kinds: overlay, shadow"});
  }
  const std::string carrier = builder.shadow_carrier();
  if (!options.carrier.empty() && options.carrier != carrier) {
    throw Error(
        ErrorCode::kUnsupported,
        "carrier '" + options.carrier + "' can't carry a sandbox that writes all data",
        {.place = "--carrier", .remedy = "a shadow of this database has carrier " + carrier});
  }
  return carrier;
}

}  // namespace

EnvironmentName parse_environment(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {valid_name(text, text), ""};
  return {valid_name(text.substr(0, slash), text), valid_name(text.substr(slash + 1), text)};
}

class Doppel::Impl {
 public:
  explicit Impl(Settings settings) : workspace(std::move(settings)), planning(workspace) {}
  Workspace workspace;
  Planning planning;
};

Doppel::Doppel(Settings settings) : impl_(std::make_unique<Impl>(checked(std::move(settings)))) {}
Doppel::~Doppel() = default;

void Doppel::act_for(const access::Actor& actor) { impl_->workspace.act_for(actor); }

std::vector<access::AuditRow> Doppel::audit(const std::string& tenant,
                                            const access::AuditFilter& filter) {
  return access::list_audit(impl_->workspace.access_store(tenant), filter);
}

void Doppel::export_audit(const std::string& tenant,
                          const std::function<bool(const access::AuditRow&)>& sink) {
  access::scan_audit(impl_->workspace.access_store(tenant), sink);
}

access::Verification Doppel::verify_audit(const std::string& tenant,
                                          const std::optional<access::AuditHead>& known) {
  return access::verify_audit(impl_->workspace.access_store(tenant), known);
}

environment::Tenant Doppel::init(const std::string& tenant, const std::string& dsn,
                                 const std::string& manifest_file,
                                 const std::string& manifest_text) {
  if (!parse_environment(tenant).live()) {
    throw Error(ErrorCode::kUsage, "a tenant's name has no '/'", {.place = tenant});
  }
  const bool is_file = database::parse_dsn(dsn).scheme == database::Scheme::kSqlite;
  if (is_file && !impl_->workspace.settings().shared_store.empty()) {
    throw Error(ErrorCode::kUnsupported,
                "a SQLite database is a file of one machine, and the control store is shared",
                {.place = dsn, .remedy = "set DOPPEL_HOME to a folder of that machine for it"});
  }
  environment::Tenant made{.name = tenant,
                           .dsn = impl_->workspace.settings().connect(dsn)->dsn(),
                           .manifest_file = manifest_file,
                           .manifest = manifest_text,
                           .created_at = {},
                           .created_by = impl_->workspace.settings().author};
  impl_->workspace.attach(made);
  impl_->workspace.store().add_tenant(made);
  return impl_->workspace.store().tenant(tenant);
}

environment::Tenant Doppel::set_manifest(const std::string& tenant,
                                         const std::string& manifest_file,
                                         const std::string& manifest_text) {
  environment::Tenant known = impl_->workspace.store().tenant(tenant);
  known.manifest_file = manifest_file;
  known.manifest = manifest_text;
  impl_->workspace.attach(known);
  impl_->workspace.store().set_manifest(tenant, manifest_file, manifest_text,
                                        impl_->workspace.settings().author);
  return known;
}

std::vector<environment::Tenant> Doppel::tenants() { return impl_->workspace.store().tenants(); }

manifest::Model Doppel::model(const std::string& tenant) {
  return impl_->workspace.attach(tenant).model;
}

Checked Doppel::check(const std::string& tenant, const CreateOptions& options) {
  const Attached attached = impl_->workspace.attach(tenant);
  Environment environment;
  environment.id = "check";
  environment.tenant = tenant;
  environment.kind = options.kind;
  environment.carrier = carrier_of(options, attached);
  Checked checked{.kind = environment.kind, .carrier = environment.carrier, .findings = {}};
  checked.findings = attached.database->examine(impl_->workspace.spec(environment, attached.model),
                                                overlay::promotion_lookups(attached.model));
  std::ranges::stable_sort(checked.findings,
                           [](const auto& a, const auto& b) { return a.weight > b.weight; });
  return checked;
}

std::vector<std::string> Doppel::track(const std::string& tenant, Track what) {
  Attached attached = impl_->workspace.attach(tenant);
  std::vector<std::string> tables = track_live(attached, what);
  impl_->workspace.store().tell_audit(
      tenant, {.who = impl_->workspace.settings().author,
               .verb = what == Track::kOn ? "track" : "track_end",
               .resource = "tenant",
               .outcome = access::Outcome::kDone,
               .reason = tables.empty() ? "" : "tables: " + join(tables, ", ")});
  return tables;
}

std::vector<database::EndedSession> Doppel::guard(const std::string& tenant) {
  const environment::Tenant known = impl_->workspace.store().tenant(tenant);
  // The schema needn't fit: a migration is when live waits.
  const manifest::Manifest manifest = manifest::load_or_throw(known.manifest, known.manifest_file);
  std::vector<database::EndedSession> ended =
      impl_->workspace.settings().connect(known.dsn)->end_harmful_sessions(manifest.limits);
  for (const database::EndedSession& session : ended) {
    impl_->workspace.store().tell_audit(tenant, {.who = impl_->workspace.settings().author,
                                                 .environment = sandbox_of(session),
                                                 .verb = "end_session",
                                                 .resource = "session",
                                                 .key = std::to_string(session.process),
                                                 .outcome = access::Outcome::kDone,
                                                 .reason = session.reason});
  }
  return ended;
}

Created Doppel::create(const EnvironmentName& name, const CreateOptions& options) {
  refuse_live(name);
  require_utf8("the purpose", options.purpose);
  Workspace& workspace = impl_->workspace;
  Attached attached = workspace.attach(name.tenant);
  const std::string carrier = carrier_of(options, attached);
  workspace.ready_if_any(name, attached);
  Environment environment;
  environment.id = workspace.new_id();
  environment.tenant = name.tenant;
  environment.name = name.sandbox;
  environment.kind = options.kind;
  environment.carrier = carrier;
  environment.follow = options.follow_live ? "live" : "";
  environment.base = workspace.new_id();
  environment.purpose = options.purpose;
  const Hold held = workspace.lock(environment, "create");
  environment = workspace.store().add_environment(environment, workspace.settings().author);
  const database::OverlaySpec spec = workspace.spec(environment, attached.model);
  Created created;
  try {
    created.tables = attached.database->overlays().create(spec);
    workspace.require_hold(environment);
  } catch (const std::exception& failure) {
    attached.database->overlays().remove(spec);
    workspace.move(environment, Event::kCreationFailed, {.reason = failure.what()});
    throw;
  }
  created.environment = workspace.move(environment, Event::kCreated);
  return created;
}

std::vector<Environment> Doppel::sandboxes(const std::string& tenant) {
  impl_->workspace.store().tenant(tenant);
  return impl_->workspace.store().environments(tenant);
}

Status Doppel::status(const EnvironmentName& name) {
  refuse_live(name);
  Workspace& workspace = impl_->workspace;
  Attached attached = workspace.attach(name.tenant);
  Status status;
  status.environment = workspace.ready(name, attached);
  status.transitions = workspace.store().transitions(status.environment.id);
  const auto sandbox = attached.database->overlays().open(
      workspace.spec(status.environment, attached.model), Access::kReadWrite);
  status.schema_differences = sandbox->schema_differences(attached.schema);
  status.checkpoints = overlay::checkpoints(*sandbox);
  const overlay::Defaults none;
  const overlay::Changes changes = overlay::read_changes(attached.model, *sandbox, &none);
  status.changes = changes.config.size();
  status.data_changes = changes.data.size();
  // Rows of two schemas aren't compared: a refresh comes first.
  if (!status.schema_differences.empty()) return status;
  const auto live = attached.database->open(Access::kReadOnly);
  const auto snapshot = live->begin(database::TransactionKind::kRead);
  status.live_moved = count_moved(attached.model, *sandbox, *live);
  const merge::Result merged = merge::merge_with(
      attached.model, changes.config, changes.lists, overlay::facts_from(attached.model, *live),
      workspace.store().answers(status.environment.title()));
  status.collisions = static_cast<std::size_t>(std::ranges::count_if(
      merged.conflicts,
      [](const merge::Conflict& conflict) { return !conflict.answered.has_value(); }));
  return status;
}

database::ApplicationAccess Doppel::access(const EnvironmentName& name) {
  Workspace& workspace = impl_->workspace;
  Attached attached = workspace.attach(name.tenant);
  if (name.live()) return {attached.database->dsn(), {"this is live"}};
  impl_->planning.follow(name, attached);
  const Environment environment = workspace.ready(name, attached);
  return attached.database->overlays().access_for_application(
      workspace.spec(environment, attached.model));
}

std::unique_ptr<database::SqlSession> Doppel::open_sql(const EnvironmentName& name) {
  return impl_->planning.open_sql(name);
}

std::unique_ptr<OpenEnvironment> Doppel::open(const EnvironmentName& name) {
  return impl_->planning.open(name);
}

overlay::Refreshed Doppel::refresh(const EnvironmentName& name, bool drop_data) {
  refuse_live(name);
  Attached attached = impl_->workspace.attach(name.tenant);
  return impl_->planning.refresh(name, attached, drop_data);
}

void Doppel::checkpoint(const EnvironmentName& name, const std::string& mark) {
  refuse_live(name);
  require_utf8("the checkpoint's name", mark);
  Workspace& workspace = impl_->workspace;
  Attached attached = workspace.attach(name.tenant);
  const auto [held, environment] = workspace.hold(name, attached, "checkpoint");
  const auto sandbox = attached.database->overlays().open(
      workspace.spec(environment, attached.model), Access::kReadWrite);
  overlay::checkpoint(attached.model, *sandbox, mark);
}

std::size_t Doppel::reset(const EnvironmentName& name, const std::optional<std::string>& mark) {
  refuse_live(name);
  Workspace& workspace = impl_->workspace;
  Attached attached = workspace.attach(name.tenant);
  const auto [held, environment] = workspace.hold(name, attached, "reset");
  const auto sandbox = attached.database->overlays().open(
      workspace.spec(environment, attached.model), Access::kReadWrite);
  sandbox->set_author(workspace.settings().author);
  return overlay::reset(attached.model, *sandbox, mark);
}

std::filesystem::path Doppel::discard(const EnvironmentName& name) {
  refuse_live(name);
  Workspace& workspace = impl_->workspace;
  Attached attached = workspace.attach(name.tenant);
  const auto [held, environment] = workspace.hold_to_end(name, attached, "discard");
  return workspace.end(workspace.move(environment, Event::kDiscard), attached);
}

Environment Doppel::suspend(const EnvironmentName& name) {
  refuse_live(name);
  Workspace& workspace = impl_->workspace;
  Attached attached = workspace.attach(name.tenant);
  const auto [held, environment] = workspace.hold(name, attached, "suspend");
  // Read first: one that can't be read stays where it is.
  OpenSandbox sandbox = workspace.open_sandbox(environment, attached);
  const Environment suspending = workspace.move(environment, Event::kSuspend);
  return workspace.suspend(suspending, attached, "", std::move(sandbox));
}

Restored Doppel::resume(const EnvironmentName& name, const ResumeOptions& options) {
  refuse_live(name);
  return resume_sandbox(impl_->workspace, name, options);
}

Adapted Doppel::adapt(const EnvironmentName& name) {
  refuse_live(name);
  return impl_->planning.adapt(name);
}

std::vector<BundleInfo> Doppel::bundles(const std::string& tenant) {
  impl_->workspace.store().tenant(tenant);
  return list_bundles(*impl_->workspace.bundles(tenant));
}

Restored Doppel::restore_sandbox(const EnvironmentName& name, const RestoreOptions& options) {
  refuse_live(name);
  if (!options.name.empty()) valid_name(options.name, options.name);
  return doppel::restore_sandbox(impl_->workspace, name, options);
}

code::Files Doppel::export_config(const EnvironmentName& name, code::Keys keys) {
  if (!name.live()) {
    Attached attached = impl_->workspace.attach(name.tenant);
    impl_->planning.follow(name, attached);
  }
  return doppel::export_config(impl_->workspace, name, keys);
}

Applied Doppel::apply_config(const EnvironmentName& name, const code::Files& files,
                             const ApplyOptions& options) {
  if (!name.live()) {
    Attached attached = impl_->workspace.attach(name.tenant);
    impl_->planning.follow(name, attached);
  }
  return doppel::apply_config(impl_->workspace, name, files, options);
}

plan::Diff Doppel::diff(const EnvironmentName& name) {
  refuse_live(name);
  Workspace& workspace = impl_->workspace;
  Attached attached = workspace.attach(name.tenant);
  const Environment environment = workspace.ready(name, attached);
  // The sandbox is closed before live is opened: one connection to a server does for both.
  const overlay::Changes changes = overlay::read_changes(
      attached.model, *attached.database->overlays().open(
                          workspace.spec(environment, attached.model), Access::kReadWrite));
  const auto live = attached.database->open(Access::kReadOnly);
  const auto snapshot = live->begin(database::TransactionKind::kRead);
  plan::Diff diff = plan::make_diff(attached.model, environment.title(), changes, *live);
  add_live_touches(attached, diff);
  return diff;
}

plan::Plan Doppel::plan(const EnvironmentName& name, const PlanOptions& options) {
  refuse_live(name);
  return impl_->planning.plan(name, options);
}

plan::Plan Doppel::resolve(const EnvironmentName& name, const std::vector<Resolution>& resolutions,
                           const PlanOptions& options) {
  refuse_live(name);
  return impl_->planning.resolve(name, resolutions, options);
}

plan::Promoted Doppel::promote(const EnvironmentName& name, const std::string& plan_hash) {
  refuse_live(name);
  return impl_->planning.promote(name, plan_hash);
}

std::vector<plan::Promotion> Doppel::history(const std::string& tenant) {
  const environment::Tenant known = impl_->workspace.store().tenant(tenant);
  const auto live = impl_->workspace.settings().connect(known.dsn)->open(Access::kReadOnly);
  return plan::list_promotions(*live->sql());
}

std::vector<plan::Promotion> Doppel::wait_for_promotion(const std::string& tenant,
                                                        std::int64_t after,
                                                        std::int64_t timeout_ms) {
  const environment::Tenant known = impl_->workspace.store().tenant(tenant);
  // Listened to first, so that nothing is missed between the look and the wait.
  const auto listener = impl_->workspace.settings().connect(known.dsn)->listen();
  if (listener == nullptr) {
    throw Error(ErrorCode::kUnsupported, "this database tells nobody of promotions",
                {.place = tenant, .remedy = "look again from time to time"});
  }
  const auto newer = [&] {
    std::vector<plan::Promotion> promotions = history(tenant);
    std::erase_if(promotions, [&](const auto& promotion) { return promotion.number <= after; });
    return promotions;
  };
  std::vector<plan::Promotion> found = newer();
  while (found.empty() && listener->wait(timeout_ms)) found = newer();
  return found;
}

plan::Plan Doppel::plan_rollback(const std::string& tenant, std::int64_t promotion,
                                 const PlanOptions& options) {
  return impl_->planning.plan_rollback(tenant, promotion, options);
}

plan::Plan Doppel::resolve_rollback(const std::string& tenant, std::int64_t promotion,
                                    const std::vector<Resolution>& resolutions,
                                    const PlanOptions& options) {
  return impl_->planning.resolve_rollback(tenant, promotion, resolutions, options);
}

plan::Promoted Doppel::rollback(const std::string& tenant, std::int64_t promotion,
                                const std::string& plan_hash) {
  return impl_->planning.rollback(tenant, promotion, plan_hash);
}

plan::Promoted Doppel::restore_previous(const std::string& tenant, LaterEdits later_edits) {
  return impl_->planning.restore_previous(tenant, later_edits);
}

std::vector<plan::SnapshotInfo> Doppel::snapshots(const std::string& tenant) {
  std::set<std::string> recorded;
  for (const plan::Promotion& promotion : history(tenant)) {
    recorded.insert(plan::snapshot_name(promotion.number, promotion.id));
  }
  auto snapshots = plan::list_snapshots(*impl_->workspace.snapshots(tenant));
  for (plan::SnapshotInfo& snapshot : snapshots) {
    snapshot.promoted = recorded.contains(snapshot.name);
  }
  return snapshots;
}

plan::Plan Doppel::plan_restore(const std::string& tenant, const std::string& snapshot,
                                const PlanOptions& options) {
  return impl_->planning.plan_restore(tenant, snapshot, options);
}

plan::Promoted Doppel::restore(const std::string& tenant, const std::string& snapshot,
                               const std::string& plan_hash) {
  return impl_->planning.restore(tenant, snapshot, plan_hash);
}

}  // namespace doppel
