#include "doppel/restoring.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "doppel/bundle.hpp"
#include "overlay/adapt.hpp"
#include "overlay/apply.hpp"

namespace doppel {
namespace {

namespace fs = std::filesystem;
using changeset::ChangeSet;
using environment::Environment;
using environment::Event;

BundleInfo find_bundle(const std::vector<BundleInfo>& bundles, const EnvironmentName& name,
                       const std::string& id) {
  std::vector<const BundleInfo*> found;
  for (const BundleInfo& bundle : bundles) {
    if (bundle.environment == name.text() && bundle.id.starts_with(id)) found.push_back(&bundle);
  }
  if (found.empty() || (found.size() > 1 && !id.empty())) {
    throw Error(
        ErrorCode::kNotFound,
        found.empty() ? "there is no bundle " + (id.empty() ? "" : "'" + id + "' ") +
                            "of a sandbox " + name.text()
                      : "several bundles begin with '" + id + "'",
        {.place = name.text(), .remedy = "`doppel sandbox ended " + name.tenant + "` lists them"});
  }
  return *found.front();
}

/// The defaults that live's tables have for columns which a bundle's rows don't.
overlay::Defaults defaults_for(const ChangeSet& changes, Attached& attached) {
  overlay::Defaults defaults;
  const auto live = attached.database->open(database::Access::kReadOnly);
  for (const RowChange& change : changes.changes) {
    const database::Table* table = attached.schema.table(change.table->name);
    if (table == nullptr || defaults.contains(table->name)) continue;
    auto& of_table = defaults[table->name];
    for (const database::Column& column : table->columns) {
      if (change.table->column(column.name) || !column.default_sql || column.generated) continue;
      // The text is the schema's own, as the database keeps it.
      of_table[column.name] = live->sql()->query("SELECT " + *column.default_sql, {}).at(0).at(0);
    }
  }
  return defaults;
}

/// Of a row without a key every column is what it is told by.
void fit_keyless(RowChange& change, const database::Schema& live) {
  const database::Table* table = live.table(change.table->name);
  if (table != nullptr && *database::keyless_shape(*table) == *change.table) return;
  throw Error(ErrorCode::kSchemaChanged, "live has another table by now, and its rows have no key",
              {.place = change.table->name,
               .remedy = "say --drop-data to leave the sandbox's own data behind"});
}

void fit(ChangeSet& changes, Attached& attached) {
  const overlay::Defaults defaults = defaults_for(changes, attached);
  for (RowChange& change : changes.changes) {
    if (database::is_keyless(*change.table)) {
      fit_keyless(change, attached.schema);
      continue;
    }
    const manifest::TableModel* table = attached.model.table(change.table->name);
    if (table == nullptr) {
      throw Error(ErrorCode::kSchemaChanged, "live has no such table any more",
                  {.place = change.table->name,
                   .remedy = "the bundle keeps the work; make it again in a new sandbox"});
    }
    if (*table->shape == *change.table) {
      change.table = table->shape;
      continue;
    }
    const auto of_table = defaults.find(table->name());
    change = overlay::fitted(
        change, table->shape,
        of_table == defaults.end() ? std::map<std::string, Value>{} : of_table->second);
  }
}

/// The bundle's own rows of data as they go into the fresh sandbox: references follow rows of
/// config that have another key by now. Throws Error(kStale) where live's row is another by now.
ChangeSet data_to_lay(const manifest::Model& model, const ChangeSet& own,
                      const std::vector<merge::Rekeyed>& rekeyed, database::Overlay& fresh) {
  const manifest::RowLookup lookup = [&](const std::string& table, const Key& key) {
    return fresh.connection().read_rows(*model.require(table).shape, {&key, 1}).front();
  };
  ChangeSet way;
  const std::vector<std::optional<Row>> now = overlay::rows_now(own, fresh.connection());
  std::int64_t moved = 0;
  for (std::size_t i = 0; i < own.size(); ++i) {
    RowChange change = own.changes[i];
    if (now[i] == change.after) continue;
    if (now[i] != change.before) ++moved;
    if (change.after && !rekeyed.empty()) {
      const manifest::TableModel& table = model.require(change.table->name);
      change.after = overlay::following(model, table, *change.after, rekeyed, lookup);
    }
    way.changes.push_back(std::move(change));
  }
  if (moved == 0) return way;
  throw Error(ErrorCode::kStale,
              "live has " + counted(moved, "row") + " of data otherwise by now than the sandbox " +
                  "began with",
              {.place = {}, .remedy = "say --drop-data to leave the sandbox's own data behind"});
}

void lay_data(const manifest::Model& model, const Bundle& bundle,
              const std::vector<merge::Rekeyed>& rekeyed, database::Overlay& fresh) {
  const auto is_keyless = [](const RowChange& change) {
    return database::is_keyless(*change.table);
  };
  const ChangeSet keyed = changeset::filter(
      bundle.changes.data, [&](const RowChange& change) { return !is_keyless(change); });
  const ChangeSet keyless = changeset::filter(bundle.changes.data, is_keyless);
  const ChangeSet way = data_to_lay(model, keyed, rekeyed, fresh);
  const auto transaction = fresh.connection().begin(database::TransactionKind::kWrite);
  overlay::apply_in_order(model, way, fresh.connection());
  std::vector<database::CapturedChange> touched;
  for (const RowChange& change : way.changes) {
    const auto touch = bundle.changes.touches.find({change.table->name, change.key});
    if (touch == bundle.changes.touches.end()) continue;
    touched.push_back({change, touch->second.by, touch->second.at});
  }
  fresh.restore_touches(touched);
  fresh.write_keyless(keyless.changes);
  transaction->commit();
}

void lay(const manifest::Model& model, const Bundle& bundle, const ResumeOptions& options,
         database::Overlay& fresh, Restored& restored) {
  {
    const auto transaction = fresh.connection().begin(database::TransactionKind::kWrite);
    restored.lost_checkpoints = overlay::restore_checkpoints(model, bundle.checkpoints, fresh);
    transaction->commit();
  }
  restored.refreshed =
      overlay::rebase(model, bundle.changes, bundle.answers, fresh,
                      options.leave_out ? overlay::NoRoom::kLeaveOut : overlay::NoRoom::kRefuse);
  if (options.drop_data || bundle.changes.data.empty()) return;
  lay_data(model, bundle, restored.refreshed.rekeyed, fresh);
  restored.data = bundle.changes.data.size();
}

Environment again(const Bundle& bundle, const EnvironmentName& name, Workspace& workspace) {
  Environment environment = bundle.environment;
  environment.id = workspace.new_id();
  environment.tenant = name.tenant;
  environment.base = workspace.new_id();
  environment.state = environment::State::kCreating;
  environment.pending.clear();
  return environment;
}

/// Says what to do about work that has no room beside live's.
[[noreturn]] void rethrow(const std::exception& failure, const fs::path& bundle) {
  const auto* error = dynamic_cast<const Error*>(&failure);
  if (error == nullptr || error->code() != ErrorCode::kConflicts) throw;
  throw Error(error->code(), error->what(),
              {.place = error->place(),
               .remedy = "say --leave-out to bring back the rest of it; the bundle stays: " +
                         bundle.string()});
}

}  // namespace

Restored restore_sandbox(Workspace& workspace, const EnvironmentName& name,
                         const RestoreOptions& options) {
  Attached attached = workspace.attach(name.tenant);
  const EnvironmentName wanted{name.tenant, options.name.empty() ? name.sandbox : options.name};
  workspace.ready_if_any(wanted, attached);
  const auto shelf = workspace.bundles(name.tenant);
  const BundleInfo info = find_bundle(list_bundles(*shelf), name, options.bundle);
  if (workspace.store().find_environment(wanted.tenant, wanted.sandbox)) {
    throw Error(ErrorCode::kAlreadyExists, "there is a sandbox '" + wanted.text() + "' already",
                {.place = wanted.text(), .remedy = "restore it by another name: --name NAME"});
  }
  Bundle bundle = read_bundle(*shelf, info);
  fit(bundle.changes.config, attached);
  if (!options.how.drop_data) fit(bundle.changes.data, attached);
  Restored restored;
  restored.bundle = info;
  Environment environment = again(bundle, wanted, workspace);
  environment.name = wanted.sandbox;
  const Hold held = workspace.lock(environment, "restore");
  environment = workspace.store().add_environment(environment, workspace.settings().author);
  const database::OverlaySpec spec = workspace.spec(environment, attached.model);
  database::OverlayBuilder& builder = attached.database->overlays();
  try {
    builder.create(spec);
    const auto fresh = builder.open(spec, database::Access::kReadWrite);
    fresh->set_author(workspace.settings().author);
    lay(attached.model, bundle, options.how, *fresh, restored);
    for (const merge::Answer& answer : bundle.answers) {
      workspace.store().keep_answer(environment.title(), answer, workspace.settings().author);
    }
    workspace.require_hold(environment);
  } catch (const std::exception& failure) {
    workspace.recover_after(failure, environment, attached);
    rethrow(failure, info.file);
  }
  restored.environment = workspace.move(environment, Event::kCreated,
                                        {.reason = "restored from " + info.file.string()});
  return restored;
}

Restored resume_sandbox(Workspace& workspace, const EnvironmentName& name,
                        const ResumeOptions& options) {
  Attached attached = workspace.attach(name.tenant);
  auto [held, environment] = workspace.hold(name, attached, "resume", Suspended::kAllowed);
  if (environment.state != environment::State::kSuspended) {
    throw Error(ErrorCode::kWrongState, "the sandbox isn't suspended", {.place = name.text()});
  }
  const auto shelf = workspace.suspended(name.tenant);
  const std::string source = bundle_name(environment);
  Bundle bundle = read_bundle(shelf->get(source), source);
  fit(bundle.changes.config, attached);
  if (!options.drop_data) fit(bundle.changes.data, attached);
  Restored restored;
  const std::string base = workspace.new_id();
  environment = workspace.move(environment, Event::kResume, {.pending = base});
  const database::OverlaySpec spec = workspace.spec(environment, attached.model, base, "");
  try {
    attached.database->overlays().create(spec);
    const auto fresh = attached.database->overlays().open(spec, database::Access::kReadWrite);
    fresh->set_author(workspace.settings().author);
    lay(attached.model, bundle, options, *fresh, restored);
    workspace.require_hold(environment);
  } catch (const std::exception& failure) {
    workspace.recover_after(failure, environment, attached);
    rethrow(failure, shelf->where(source));
  }
  shelf->remove(source);
  restored.environment =
      workspace.move(environment, Event::kResumed,
                     {.base = base, .base_at = workspace.now(), .pending = "", .reason = {}});
  return restored;
}

}  // namespace doppel
