#include "doppel/workspace.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "doppel/bundle.hpp"
#include "overlay/adapt.hpp"
#include "overlay/apply.hpp"
#include "plan/closure.hpp"

namespace doppel {
namespace {

namespace fs = std::filesystem;
using environment::Environment;
using environment::Event;
using environment::State;

constexpr const char* kStoreFile = "control.db";

fs::path prepared(const Settings& settings) {
  if (settings.shared_store.empty()) make_folders(settings.home);
  return settings.home / kStoreFile;
}

std::string mark_of(const Environment& environment, const std::string& base) {
  json::object mark;
  mark["doppel"] = 1;
  mark["tenant"] = environment.tenant;
  mark["sandbox"] = environment.name;
  mark["environment"] = environment.id;
  mark["base"] = base;
  return write_json(mark, JsonStyle::kCompact);
}

/// How long a sandbox's work can be restored after it ended [O7].
constexpr std::int64_t kBundlesKeptMicroseconds = std::int64_t{30} * 24 * 3600 * 1'000'000;

/// The note in a sandbox that says which promotion it was taken along with last.
constexpr const char* kSettled = "settled";

/// Live's row, with what the sandbox changed in its own after its promotion began.
std::optional<Row> with_later_edits(const std::optional<Row>& promoted,
                                    const std::optional<Row>& now, std::optional<Row> live) {
  if (now == promoted) return live;
  if (!now || !promoted || !live) return now;
  for (std::size_t i = 0; i < live->size(); ++i) {
    if ((*now)[i] != (*promoted)[i]) (*live)[i] = (*now)[i];
  }
  return live;
}

/// Takes the promoted rows to what live holds, with live's as their base. What was left out stays
/// own work, also where the promotion had to touch the row (its place in a list, say).
void settle_rows(const manifest::Model& model, const changeset::ChangeSet& own,
                 const plan::Closure& closure, const plan::Promotion& promotion,
                 database::Overlay& sandbox, database::Connection& live) {
  const auto id_of = [](const RowChange& change) {
    return overlay::RowId{change.table->name, change.key};
  };
  std::map<overlay::RowId, const RowChange*> own_rows;
  for (const RowChange& change : own.changes) own_rows.emplace(id_of(change), &change);
  const std::set<overlay::RowId> left_out(closure.left_out.begin(), closure.left_out.end());
  std::map<overlay::RowId, const RowChange*> promoted_rows;
  std::map<overlay::RowId, TableShapePtr> rows;
  for (const RowChange& change : closure.changes.changes) {
    promoted_rows.emplace(id_of(change), &change);
    rows.emplace(id_of(change), change.table);
  }
  for (const RowChange& change : promotion.config.changes) {
    rows.emplace(overlay::RowId{change.table->name, change.key},
                 model.require(change.table->name).shape);
  }
  changeset::ChangeSet way;
  std::vector<RowChange> bases;
  for (const auto& [row, shape] : rows) {
    auto now = sandbox.connection().read_rows(*shape, {&row.second, 1}).front();
    auto target = live.read_rows(*shape, {&row.second, 1}).front();
    if (left_out.contains(row) && own_rows.contains(row)) {
      const RowChange& own_change = *own_rows.at(row);
      overlay::Kept kept = overlay::keep_own(own_change, target);
      kept.base.before = own_change.before;
      bases.push_back(std::move(kept.base));
      target = std::move(kept.change.after);
    } else {
      const auto own_row = own_rows.find(row);
      bases.push_back(
          {shape, row.second, own_row == own_rows.end() ? now : own_row->second->before, target});
      // A row that the sandbox made has its bindings in live, too.
      if (own_row != own_rows.end() && own_row->second->before) {
        target = overlay::with_own_bindings(model.require(row.first), now, std::move(target));
      }
      const auto promoted = promoted_rows.find(row);
      if (promoted != promoted_rows.end()) {
        target = with_later_edits(promoted->second->after, now, std::move(target));
      }
    }
    if (now != target) {
      way.changes.push_back({shape, row.second, std::move(now), std::move(target)});
    }
  }
  overlay::apply_in_order(model, way, sandbox.connection());
  overlay::move_bases(bases, sandbox);
}

/// Where live's rows don't fit beside what was left out (it deleted what they refer to, say), the
/// promoted rows stay as they are and are no changes any more; a refresh brings live's.
void settle_bases(const changeset::ChangeSet& promoted, const plan::Promotion& promotion,
                  database::Overlay& sandbox) {
  const auto transaction = sandbox.connection().begin(database::TransactionKind::kWrite);
  std::vector<RowChange> bases;
  for (const RowChange& change : promoted.changes) {
    bases.push_back({change.table, change.key, change.before, change.after});
  }
  overlay::move_bases(bases, sandbox);
  sandbox.set_note(kSettled, promotion.id);
  transaction->commit();
}

/// What stays own work refers to the promoted rows by the keys that they have in live.
void follow_keys(const manifest::Model& model, const overlay::Changes& own,
                 const plan::Closure& closure, const std::vector<merge::Rekeyed>& moved,
                 database::Overlay& sandbox) {
  if (moved.empty()) return;
  const std::set<overlay::RowId> left_out(closure.left_out.begin(), closure.left_out.end());
  changeset::ChangeSet followed;
  const manifest::RowLookup lookup = [&](const std::string& table, const Key& key) {
    return sandbox.connection().read_rows(*model.require(table).shape, {&key, 1}).front();
  };
  const auto follow = [&](const RowChange& change) {
    if (database::is_keyless(*change.table)) return;  // References of such a table aren't known.
    const manifest::TableModel& table = model.require(change.table->name);
    auto now = lookup(table.name(), change.key);
    if (!now) return;
    Row after = overlay::following(model, table, *now, moved, lookup);
    if (after == *now) return;
    Key key = table.shape->key_of(after);
    if (key == change.key) {
      followed.changes.push_back({table.shape, change.key, std::move(now), std::move(after)});
      return;
    }
    followed.changes.push_back({table.shape, change.key, std::move(now), std::nullopt});
    followed.changes.push_back({table.shape, std::move(key), std::nullopt, std::move(after)});
  };
  for (const RowChange& change : own.config.changes) {
    if (left_out.contains({change.table->name, change.key})) follow(change);
  }
  for (const RowChange& change : own.data.changes) follow(change);
  overlay::apply_in_order(model, followed, sandbox.connection());
}

/// An application that writes all the time leaves a gap within as many looks.
constexpr int kLooks = 20;

[[noreturn]] void fail_restless(const Environment& environment) {
  throw Error(ErrorCode::kBusy, "the sandbox is written to without a pause",
              {.place = environment.title(), .remedy = "try again when its application rests"});
}

/// What was promoted; nothing where the sandbox has none of it any more: an interrupted end of the
/// promotion had come that far.
std::optional<plan::Closure> selected(const manifest::Model& model,
                                      const changeset::ChangeSet& changes,
                                      const std::vector<plan::Selector>& select) {
  try {
    return plan::close_over(model, changes, select);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
    return std::nullopt;
  }
}

std::string kept_by_discard(const Environment& environment) {
  return "`doppel sandbox discard " + environment.title() + "` ends it and keeps its files";
}

void refuse_suspended(const Environment& environment) {
  if (environment.state != State::kSuspended) return;
  throw Error(ErrorCode::kWrongState, "the sandbox is suspended",
              {.place = environment.title(),
               .remedy = "`doppel sandbox resume " + environment.title() + "` makes it again"});
}

/// Whether trying again later may do what couldn't be done.
bool passes(const Error& error) {
  return error.code() == ErrorCode::kBusy || error.code() == ErrorCode::kNoSpace;
}

/// Puts a sandbox's files beside its bundle, where some are. What is there of its work.
fs::path keep_files(const fs::path& folder, const fs::path& bundle) {
  fs::path files = bundle;
  files.replace_extension(".files");
  if (fs::exists(folder)) {
    make_folders(files.parent_path());
    move_file(folder, files);
  }
  return fs::exists(files) ? files : bundle;
}

/// A bundle as of a sandbox that ends now; one that can't be read stays as it is.
std::string ended_again(const std::string& bundle, const std::string& name, const std::string& at,
                        const std::string& by) {
  try {
    Bundle content = read_bundle(bundle, name);
    content.ended_at = at;
    content.ended_by = by;
    return write_bundle(content);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidInput) throw;
    return bundle;
  }
}

/// Reads the sandbox's changes unless they are known as they are now.
const overlay::Changes& read_again(const manifest::Model& model, OpenSandbox& sandbox) {
  const std::string state = sandbox.overlay->state();
  if (!sandbox.state.empty() && sandbox.state == state) return sandbox.changes;
  sandbox.changes = overlay::read_changes(model, *sandbox.overlay);
  // Reading settles the capture, which may be a write; whoever else wrote shows next time, too.
  sandbox.state = sandbox.overlay->state() == state ? state : "";
  return sandbox.changes;
}

}  // namespace

Workspace::Workspace(Settings settings)
    : settings_(std::move(settings)),
      store_(settings_.open_store(prepared(settings_)), *settings_.clock,
             is_shared() ? settings_.shared_store : kStoreFile) {
  if (is_shared()) secrets_ = store_.shelf("secrets");
}

Attached Workspace::attach(const std::string& tenant) { return attach(store_.tenant(tenant)); }

Attached Workspace::attach(const environment::Tenant& tenant) {
  Attached attached;
  attached.tenant = tenant;
  attached.database = settings_.connect(tenant.dsn);
  if (const auto mark = attached.database->sandbox_mark()) {
    throw Error(ErrorCode::kMarkedSandbox,
                "this database is a sandbox and never production: " + *mark,
                {.place = attached.database->dsn()});
  }
  const auto live = attached.database->open(database::Access::kReadOnly);
  attached.fingerprint = live->fingerprint();
  attached.schema = live->read_schema();
  attached.model = manifest::bind(manifest::load_or_throw(tenant.manifest, tenant.manifest_file),
                                  attached.schema);
  return attached;
}

database::OverlaySpec Workspace::spec(const Environment& environment,
                                      const manifest::Model& model) const {
  return spec(environment, model, environment.base, "");
}

database::OverlaySpec Workspace::spec(const Environment& environment, const manifest::Model& model,
                                      const std::string& base,
                                      const std::string& folder_suffix) const {
  database::OverlaySpec made;
  made.carrier = environment.carrier;
  made.folder =
      settings_.home / "sandboxes" / environment.tenant / (environment.id + folder_suffix);
  made.mark = mark_of(environment, base);
  made.ordinal = environment.ordinal;
  made.tables = overlay::tracked_tables(model);
  made.references = overlay::data_references(model);
  made.name = environment.title();
  made.data_writes = environment.kind == environment::kShadow ? database::DataWrites::kAll
                                                              : database::DataWrites::kDeclared;
  made.secrets = secrets_.get();
  made.limits = model.limits;
  return made;
}

std::unique_ptr<Shelf> Workspace::shelf(const std::string& name) {
  return is_shared() ? store_.shelf(name) : folder_shelf(settings_.home / name);
}

std::unique_ptr<Shelf> Workspace::snapshots(const std::string& tenant) {
  return shelf("snapshots/" + tenant);
}

std::unique_ptr<Shelf> Workspace::bundles(const std::string& tenant) {
  return shelf("bundles/" + tenant);
}

std::unique_ptr<Shelf> Workspace::suspended(const std::string& tenant) {
  return shelf("suspended/" + tenant);
}

Hold Workspace::take(const std::string& resource, const std::string& title,
                     const std::string& what) {
  const environment::Lease lease = store_.take({.resource = resource,
                                                .title = title,
                                                .what = what,
                                                .by = settings_.author,
                                                .process = settings_.process,
                                                .microseconds = settings_.lease_microseconds});
  std::shared_ptr<void> heartbeat;
  if (settings_.repeat) {
    // On a thread of its own, so with a connection of its own, once there is something to renew.
    constexpr std::int64_t kBeatsInALease = 3;
    const std::int64_t lasts = settings_.lease_microseconds;
    auto connection = std::make_shared<std::unique_ptr<database::Connection>>();
    const auto beat = [connection, lease, lasts, &settings = settings_] {
      try {
        if (!*connection) *connection = settings.open_store({});
        renew_lease(**connection, *settings.clock, lease, lasts);
      } catch (const Error&) {
        connection->reset();  // The next beat tries anew.
      }
    };
    heartbeat = settings_.repeat(lasts / kBeatsInALease, beat);
  }
  return {store_, lease, std::move(heartbeat)};
}

Hold Workspace::lock(const Environment& environment, const std::string& what) {
  if (is_shared()) return take(resource_of(environment), environment.title(), what);
  const fs::path folder = settings_.home / "locks";
  make_folders(folder);
  auto held = FileLock::try_lock(folder / (environment.id + ".lock"));
  if (held) return Hold(std::move(*held));
  throw Error(ErrorCode::kBusy, "another doppel works on this sandbox",
              {.place = environment.title(), .remedy = "wait until it has finished"});
}

Hold Workspace::hold_live(const std::string& tenant, const std::string& what) {
  if (!is_shared()) return {};
  return take("tenant " + tenant, tenant, what);
}

std::optional<plan::Fence> Workspace::fence(const Environment& environment) const {
  const auto lease = store_.lease(resource_of(environment));
  if (!lease) return std::nullopt;
  return plan::Fence{environment.id, lease->token};
}

void Workspace::require_hold(const Environment& environment) {
  const auto lease = store_.lease(resource_of(environment));
  if (lease) store_.require(*lease, environment.title());
}

void Workspace::act_for(const access::Actor& actor) {
  settings_.author = actor.who;
  store_.set_origin(actor.request, actor.address);
}

access::Store Workspace::access_store(const std::string& tenant) {
  return {store_.connection(), *settings_.clock, *settings_.random, store_.tenant(tenant).name};
}

Environment Workspace::move(const Environment& environment, Event event,
                            const environment::Effects& effects) {
  return store_.move(environment, event, settings_.author, effects);
}

Environment Workspace::ready(const EnvironmentName& name, Attached& attached) {
  ready_if_any(name, attached);
  Environment environment = store_.environment(name.tenant, name.sandbox);
  refuse_suspended(environment);
  return environment;
}

HeldEnvironment Workspace::hold(const EnvironmentName& name, Attached& attached,
                                const std::string& what, Suspended suspended) {
  ready_if_any(name, attached);
  const Environment seen = store_.environment(name.tenant, name.sandbox);
  if (suspended == Suspended::kRefused) refuse_suspended(seen);
  HeldEnvironment held{lock(seen, what), store_.environment(name.tenant, name.sandbox)};
  if (held.environment.id == seen.id && !environment::is_passing(held.environment.state)) {
    return held;
  }
  throw Error(ErrorCode::kBusy, "another doppel has just worked on this sandbox",
              {.place = name.text(), .remedy = "look at it and try again"});
}

HeldEnvironment Workspace::hold_to_end(const EnvironmentName& name, Attached& attached,
                                       const std::string& what) {
  try {
    return hold(name, attached, what, Suspended::kAllowed);
  } catch (const Error& error) {
    const auto seen = store_.find_environment(name.tenant, name.sandbox);
    if (passes(error) || !seen || seen->state != State::kSuspending) throw;
    HeldEnvironment held{lock(*seen, what), store_.environment(name.tenant, name.sandbox)};
    if (held.environment.id != seen->id || held.environment.state != seen->state) throw;
    return held;
  }
}

void Workspace::ready_if_any(const EnvironmentName& name, Attached& attached) {
  const auto environment = store_.find_environment(name.tenant, name.sandbox);
  if (!environment || !environment::is_passing(environment->state)) return;
  const Hold held = lock(*environment, "recover");
  // Whoever worked on it may have ended between the look and the lock.
  const auto again = store_.find_environment(name.tenant, name.sandbox);
  if (again && environment::is_passing(again->state))
    recover(*again, attached, "it was interrupted");
}

void Workspace::recover_after(const std::exception& failure, const Environment& environment,
                              Attached& attached) {
  try {
    recover(environment, attached, failure.what());
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    // Whatever stood in the way then may be gone when the next command recovers it.
  }
}

void Workspace::recover_refresh(const Environment& environment, Attached& attached,
                                const std::string& why) {
  database::OverlayBuilder& builder = attached.database->overlays();
  const auto next = spec(environment, attached.model, environment.pending, "");
  bool is_new = true;
  try {
    builder.open(next, database::Access::kReadWrite);
  } catch (const Error& error) {
    // Anything else, such as a lock, says nothing about which of the two it is.
    if (error.code() != ErrorCode::kMarkedSandbox && error.code() != ErrorCode::kNotFound) throw;
    is_new = false;
  }
  builder.remove(spec(environment, attached.model, environment.pending, ".next"));
  builder.recover(is_new ? next : spec(environment, attached.model));
  environment::Effects effects{.pending = "",
                               .reason = (is_new ? "finished after: " : "undone: ") + why};
  if (is_new) {
    effects.base = environment.pending;
    effects.base_at = now();
  }
  move(environment, Event::kRefreshed, effects);
}

void Workspace::recover(const Environment& environment, Attached& attached,
                        const std::string& why) {
  switch (environment.state) {
    case State::kCreating:
      attached.database->overlays().remove(spec(environment, attached.model));
      move(environment, Event::kCreationFailed, {.reason = why + "; nothing of it is left"});
      return;
    case State::kRefreshing:
      recover_refresh(environment, attached, why);
      return;
    case State::kPromoting: {
      const auto promotion = find_promotion(environment, attached);
      if (promotion) {
        finish_promotion(environment, attached, *promotion,
                         stored_plan(promotion->plan, environment.title()));
      } else {
        move(environment, Event::kPromotionEnded,
             {.pending = "", .reason = "nothing was promoted: " + why});
      }
      return;
    }
    case State::kDiscarding:
      end(environment, attached);
      return;
    case State::kSuspending:
      recover_suspension(environment, attached, why);
      return;
    case State::kResuming:
      recover_resume(environment, attached, why);
      return;
    case State::kReady:
    case State::kDiscarded:
    case State::kSuspended:
      return;
  }
}

std::optional<plan::Promotion> Workspace::find_promotion(const Environment& environment,
                                                         Attached& attached) {
  if (const auto raised = fence(environment)) {
    // What isn't in live from here on never will be, though its promoter may only sleep.
    const auto live = attached.database->open(database::Access::kReadWrite);
    const auto transaction = live->begin(database::TransactionKind::kWrite);
    plan::raise_fence(*live->sql(), *raised, environment.title());
    auto promotion = plan::find_promotion(*live->sql(), environment.pending);
    transaction->commit();
    return promotion;
  }
  const auto live = attached.database->open(database::Access::kReadOnly);
  return plan::find_promotion(*live->sql(), environment.pending);
}

OpenSandbox Workspace::open_sandbox(const Environment& environment, Attached& attached) {
  OpenSandbox sandbox;
  sandbox.overlay = attached.database->overlays().open(spec(environment, attached.model),
                                                       database::Access::kReadWrite);
  read_again(attached.model, sandbox);
  return sandbox;
}

void Workspace::keep_own(const std::string& plan_hash, const Environment& environment,
                         const changeset::ChangeSet& own) {
  json::value document = plan::parse_stored(store_.plan(plan_hash, environment.title()));
  document.as_object()["own"] = changeset::to_json(own);
  store_.keep_plan(plan_hash, environment.title(), settings_.author,
                   write_json(document, JsonStyle::kCompact));
}

void Workspace::write_bundle(Shelf& shelf, const Environment& environment, Attached& attached,
                             std::optional<OpenSandbox> sandbox) {
  if (!sandbox) sandbox = open_sandbox(environment, attached);
  Bundle content;
  content.environment = environment;
  content.ended_at = now();
  content.ended_by = settings_.author;
  content.answers = store_.answers(environment.title());
  for (int look = 0; look < kLooks; ++look) {
    content.changes = read_again(attached.model, *sandbox);
    if (sandbox->state.empty()) continue;
    content.checkpoints = overlay::read_checkpoints(*sandbox->overlay);
    shelf.put(bundle_name(environment), doppel::write_bundle(content));
    if (sandbox->overlay->seal(sandbox->state)) return;
  }
  fail_restless(environment);
}

void Workspace::recover_suspension(const Environment& environment, Attached& attached,
                                   const std::string& why) {
  try {
    suspend(environment, attached, "finished after: " + why);
  } catch (const Error& error) {
    if (passes(error)) throw;
    throw Error(error.code(),
                std::string("its suspension was interrupted and can't be ended: ") + error.what(),
                {.place = environment.title(),
                 .remedy = "once what is in the way is gone, the next command ends it; or " +
                           kept_by_discard(environment)});
  }
}

Environment Workspace::suspend(const Environment& environment, Attached& attached,
                               const std::string& reason, std::optional<OpenSandbox> sandbox) {
  const auto shelf = suspended(environment.tenant);
  try {
    // Also after an interruption: until it was sealed, its application may have written more.
    write_bundle(*shelf, environment, attached, std::move(sandbox));
  } catch (const Error& error) {
    // Its removal had begun, so that all of its work stands in the bundle.
    const bool is_gone =
        error.code() == ErrorCode::kNotFound && shelf->has(bundle_name(environment));
    if (!is_gone) throw;
  }
  attached.database->overlays().remove(spec(environment, attached.model));
  return move(environment, Event::kSuspended, {.reason = reason});
}

void Workspace::recover_resume(const Environment& environment, Attached& attached,
                               const std::string& why) {
  // The bundle goes when everything that it holds stands in the sandbox again.
  if (!suspended(environment.tenant)->has(bundle_name(environment))) {
    move(environment, Event::kResumed,
         {.base = environment.pending,
          .base_at = now(),
          .pending = "",
          .reason = "finished after: " + why});
    return;
  }
  attached.database->overlays().remove(spec(environment, attached.model, environment.pending, ""));
  move(environment, Event::kResumeFailed, {.pending = "", .reason = why});
}

fs::path Workspace::end(const Environment& environment, Attached& attached,
                        std::optional<OpenSandbox> sandbox) {
  const auto current = spec(environment, attached.model);
  const auto shelf = bundles(environment.tenant);
  const auto resting = suspended(environment.tenant);
  fs::path kept = shelf->where(bundle_name(environment));
  try {
    // Also after an interruption: until it was sealed, its application may have written more.
    const std::string bundle = bundle_name(environment);
    if (resting->has(bundle)) {
      // It is kept from now on, however long it was suspended.
      shelf->put(bundle, ended_again(resting->get(bundle), bundle, now(), settings_.author));
      // Of a suspension that couldn't be ended: they may have been written after the bundle.
      kept = keep_files(current.folder, kept);
      resting->remove(bundle);
    } else {
      write_bundle(*shelf, environment, attached, std::move(sandbox));
    }
    const Instant since{clock_.now().microseconds - kBundlesKeptMicroseconds};
    prune_bundles(*shelf, to_text(since));
  } catch (const Error& error) {
    if (passes(error)) throw;
    // Of what is gone there is nothing to keep.
    if (is_shared() && error.code() != ErrorCode::kNotFound) throw;
    kept = keep_files(current.folder, kept);
  }
  attached.database->overlays().remove(current);
  move(environment, Event::kDiscarded, {.reason = "its work is kept in " + kept.string()});
  return kept;
}

Workspace::Remainder Workspace::settle(OpenSandbox& sandbox, Attached& attached,
                                       const plan::Promotion& promotion,
                                       const plan::StoredPlan& stored) {
  const overlay::Changes& changes = read_again(attached.model, sandbox);
  if (sandbox.state.empty()) return Remainder::kWrittenMeanwhile;
  database::Overlay& opened = *sandbox.overlay;
  const auto closure = selected(attached.model, stored.own, stored.select);
  // Once only: a second time live's own later edits would look like the sandbox's.
  if (!closure || opened.note(kSettled) == promotion.id) return Remainder::kRest;
  if (closure->left_out.empty() && changes.config == stored.own) {
    if (!opened.seal(sandbox.state)) return Remainder::kWrittenMeanwhile;
    sandbox.state = opened.state();  // Nobody else writes any more.
    return Remainder::kNothing;
  }
  const auto live = attached.database->open(database::Access::kReadOnly);
  try {
    const auto transaction = opened.connection().begin(database::TransactionKind::kWrite);
    if (opened.state() != sandbox.state) return Remainder::kWrittenMeanwhile;
    settle_rows(attached.model, changes.config, *closure, promotion, opened, *live);
    follow_keys(attached.model, changes, *closure, stored.plan.rekeyed, opened);
    opened.set_note(kSettled, promotion.id);
    transaction->commit();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kConstraint) throw;
    settle_bases(closure->changes, promotion, opened);
  }
  return Remainder::kRest;
}

void Workspace::finish_promotion(const Environment& environment, Attached& attached,
                                 const plan::Promotion& promotion, const plan::StoredPlan& stored,
                                 std::optional<OpenSandbox> sandbox) {
  const std::string reason = "promoted as " + std::to_string(promotion.number);
  if (!sandbox) sandbox = open_sandbox(environment, attached);
  Remainder left = Remainder::kWrittenMeanwhile;
  for (int look = 0; look < kLooks && left == Remainder::kWrittenMeanwhile; ++look) {
    left = settle(*sandbox, attached, promotion, stored);
  }
  if (left == Remainder::kWrittenMeanwhile) fail_restless(environment);
  if (left == Remainder::kNothing) {
    end(move(environment, Event::kPromotedInFull, {.reason = reason}), attached,
        std::move(sandbox));
    return;
  }
  sandbox.reset();
  move(environment, Event::kPromotionEnded, {.pending = "", .reason = reason});
}

plan::StoredPlan Workspace::stored_plan(const std::string& hash, const std::string& source) {
  return plan::from_stored(plan::parse_stored(store_.plan(hash, source)));
}

}  // namespace doppel
