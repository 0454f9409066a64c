#include "doppel/planning.hpp"

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "doppel/answering.hpp"
#include "doppel/tracking.hpp"
#include "manifest/pointed_at.hpp"
#include "merge/answer_json.hpp"
#include "plan/plan_json.hpp"

namespace doppel {
namespace {

using database::Access;
using environment::Environment;
using environment::Event;

/// A throw-away copy for a rehearsal may cost this much reading and writing: about half a second.
constexpr std::int64_t kRehearsalCopyBytes = std::int64_t{1} << 30;
constexpr std::size_t kSnapshotsKept = 20;
constexpr std::int64_t kSnapshotsKeptMicroseconds = std::int64_t{90} * 24 * 3600 * 1'000'000;

/// Promotes, and again where somebody had a lock, or two waited for each other: as often as
/// somebody of that patience would who has only the usual attempts.
plan::Promoted write_live(const plan::Request& request, const plan::Plan& plan, Attached& attached,
                          const plan::PromotionContext& context, int patience_s) {
  const auto live = attached.database->open(Access::kReadWrite);
  for (int attempt = 1;; ++attempt) {
    try {
      return plan::promote(attached.model, request, plan, *live, context);
    } catch (const Error& error) {
      const int asked = attempt * Settings::kUsualPatience / patience_s;
      if (!live->may_try_again(error, std::max(asked, 1))) throw;
    }
  }
}

/// Nothing of live has changed; where the store can't be written either, the caller's own error
/// says more.
void tell_refusal(environment::ControlStore& store, const std::string& tenant,
                  access::AuditEntry entry, const Error& error) {
  constexpr int kFailedExit = 4;
  const ErrorInfo& info = error_info(error.code());
  entry.outcome =
      info.exit_code == kFailedExit ? access::Outcome::kFailed : access::Outcome::kRefused;
  entry.reason = std::string(info.name) + ": " + error.what();
  try {
    store.tell_audit(tenant, entry);
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch)
  }
}

void tell_done(environment::ControlStore& store, const std::string& tenant,
               access::AuditEntry entry, const plan::Promotion& promotion) {
  entry.outcome = access::Outcome::kDone;
  entry.key = std::to_string(promotion.number);
  try {
    store.tell_audit(tenant, entry);
  } catch (const Error& error) {
    throw Error(error.code(),
                "live has it, as promotion " + entry.key +
                    ", but the audit couldn't be told: " + error.what(),
                {.place = error.place(),
                 .remedy = promotion.kind == plan::PromotionKind::kPromotion
                               ? "nothing is lost; the next command on the sandbox ends this"
                               : "see `doppel history " + tenant + "`"});
  }
}

/// Tells a request from others: of what in the sandbox or in history, read by which manifest.
std::string origin_of(const plan::Request& request, const environment::Tenant& tenant,
                      const std::string& state) {
  Sha256 hash;
  hash.add_framed(kVersion);
  hash.add_framed(request.source);
  hash.add_framed(state);
  hash.add_framed(tenant.manifest);
  hash.add_framed(write_json(merge::to_json(request.answers), JsonStyle::kCompact));
  return hash.finish();
}

/// The row that a reference points to and live deleted, as `rows` still has it: what a `restore`
/// brings back.
std::vector<Value> missing_row(const manifest::Model& model, const merge::Conflict& conflict,
                               const FindRow& find) {
  const manifest::RowLookup by_key = [&](const std::string& name, const Key& key) {
    return find(name, model.require(name).shape->key, key);
  };
  const manifest::TableModel& table = model.require(conflict.table->name);
  for (const manifest::Reference& reference : table.references) {
    if (reference.columns != conflict.columns || !conflict.sandbox) continue;
    const auto target = manifest::pointed_at(model, table, reference, *conflict.sandbox, by_key);
    if (!target) continue;
    if (auto row = find(target->table->name(), target->columns, target->values)) {
      return std::move(*row);
    }
  }
  return {};
}

changeset::ChangeSet with_shapes(const manifest::Model& model, changeset::ChangeSet changes) {
  for (RowChange& change : changes.changes) {
    const manifest::TableModel& table = model.require(change.table->name);
    if (*table.shape != *change.table) {
      throw Error(ErrorCode::kSchemaChanged,
                  "the table has other columns than at that promotion, which can't be taken back",
                  {.place = table.name(), .remedy = "change the rows in a sandbox and promote it"});
    }
    change.table = table.shape;
  }
  return changes;
}

/// The defaults of columns that live's tables got since the sandbox was made.
overlay::Defaults defaults_of(Attached& attached, database::Connection& sandbox) {
  overlay::Defaults defaults;
  const database::Schema then = sandbox.read_schema();
  const auto live = attached.database->open(Access::kReadOnly);
  for (const database::Table& table : attached.schema.tables) {
    const database::Table* own = then.table(table.name);
    if (own == nullptr) continue;
    for (const database::Column& column : table.columns) {
      if (own->column(column.name) != nullptr || !column.default_sql || column.generated) continue;
      // The text is the schema's own, as the database keeps it.
      const auto value = live->sql()->query("SELECT " + *column.default_sql, {});
      defaults[table.name][column.name] = value.at(0).at(0);
    }
  }
  return defaults;
}

std::string rollback_source(std::int64_t promotion) {
  return "promotion " + std::to_string(promotion);
}

/// A change in words, for the list of edits that a restore would lose.
std::string in_words(const manifest::Model& model, const RowChange& change) {
  const manifest::TableModel& table = model.require(change.table->name);
  const char* what = change.kind() == ChangeKind::kInsert   ? " was added"
                     : change.kind() == ChangeKind::kDelete ? " was deleted"
                                                            : " was changed";
  return table.name() + " '" +
         manifest::label_of(table, change.after ? *change.after : *change.before) + "'" + what;
}

/// What live takes back is its own: its addresses and credentials come back like anything else.
void merge_bindings(manifest::Model& model) {
  for (manifest::TableModel& table : model.tables) {
    for (manifest::ColumnModel& column : table.columns) column.travels = true;
  }
}

struct QuietChanges {
  overlay::Changes changes;
  std::string state;
};

/// The sandbox's changes with the state that they are of.
QuietChanges read_quietly(const manifest::Model& model, database::Overlay& sandbox,
                          const overlay::Defaults& defaults) {
  constexpr int kAttempts = 20;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    QuietChanges quiet;
    quiet.state = sandbox.state();
    quiet.changes = overlay::read_changes(model, sandbox, &defaults);
    if (sandbox.state() == quiet.state) return quiet;
  }
  throw Error(ErrorCode::kBusy, "the sandbox is written to without a pause",
              {.place = {}, .remedy = "try again when its application rests"});
}

std::string columns_gone(const TableShape& before, const database::Table& after) {
  std::vector<std::string> gone;
  for (const std::string& column : before.columns) {
    if (after.column(column) == nullptr) gone.push_back("column " + column + " is gone");
  }
  return gone.empty() ? "" : "table " + after.name + ": " + join(gone, ", ");
}

/// Own work in tables whose rows of then don't simply go on in today's.
void refuse_unfit(const Attached& attached, const EnvironmentName& name,
                  database::Overlay& sandbox) {
  const database::Schema then = sandbox.connection().read_schema();
  std::map<std::string, TableShapePtr> tables;
  for (const database::CapturedChange& own : sandbox.read_changes()) {
    tables.emplace(own.change.table->name, own.change.table);
  }
  std::vector<std::string> reasons;
  for (const auto& [table, shape] : tables) {
    const database::Table* before = then.table(table);
    const database::Table* after = attached.schema.table(table);
    if (after == nullptr) {
      reasons.push_back("table " + table + " is gone");
      continue;
    }
    // Data that a sandbox writes aside is no table of its own there.
    const std::string reason =
        before == nullptr ? columns_gone(*shape, *after) : database::what_shrank(*before, *after);
    if (!reason.empty()) reasons.push_back(reason);
  }
  if (reasons.empty()) return;
  throw Error(
      ErrorCode::kSchemaChanged,
      "live's schema has no place for the sandbox's own changes:\n  " + join(reasons, "\n  "),
      {.place = name.text(),
       .remedy = "`doppel diff " + name.text() + "` shows them; `doppel sandbox refresh " +
                 name.text() + "` goes on without the columns that are gone"});
}

}  // namespace

std::unique_ptr<database::SqlSession> Planning::open_sql(const EnvironmentName& name) {
  Attached attached = workspace_.attach(name.tenant);
  if (name.live()) return attached.database->open_session();
  follow(name, attached);
  const Environment environment = workspace_.ready(name, attached);
  auto sandbox = attached.database->overlays().open(workspace_.spec(environment, attached.model),
                                                    Access::kReadWrite);
  // The session is a view of the sandbox; both live as long as the session.
  class Held final : public database::SqlSession {
   public:
    Held(std::unique_ptr<database::Overlay> overlay, const std::string& author)
        : overlay_(std::move(overlay)), session_(overlay_->open_session(author)) {}
    void run(std::string_view sql, const database::StatementSink& sink) override {
      session_->run(sql, sink);
    }
    bool in_transaction() const override { return session_->in_transaction(); }
    bool is_complete(std::string_view sql) const override { return session_->is_complete(sql); }

   private:
    std::unique_ptr<database::Overlay> overlay_;
    std::unique_ptr<database::SqlSession> session_;
  };
  return std::make_unique<Held>(std::move(sandbox), workspace_.settings().author);
}

overlay::Refreshed Planning::refresh(const EnvironmentName& name, Attached& attached,
                                     bool drop_data) {
  auto [held, environment] = workspace_.hold(name, attached, "refresh");
  database::OverlayBuilder& builder = attached.database->overlays();
  const database::OverlaySpec current = workspace_.spec(environment, attached.model);
  // Open to the end, so that its state tells of whoever writes meanwhile.
  const auto sandbox = builder.open(current, Access::kReadWrite);
  const overlay::Defaults defaults = defaults_of(attached, sandbox->connection());
  const auto [own, state] = read_quietly(attached.model, *sandbox, defaults);
  if (!own.data.empty() && !drop_data) {
    throw Error(ErrorCode::kWrongState,
                "the sandbox has " + counted(static_cast<std::int64_t>(own.data.size()), "row") +
                    " of data of its own, which a refresh replaces by live's",
                {.place = name.text(), .remedy = "say --drop-data if they may go"});
  }
  const std::string base = workspace_.new_id();
  environment = workspace_.move(environment, Event::kRefresh, {.pending = base});
  const database::OverlaySpec next = workspace_.spec(environment, attached.model, base, ".next");
  overlay::Refreshed refreshed;
  try {
    builder.remove(next);
    builder.create(next);
    {
      const auto fresh = builder.open(next, Access::kReadWrite);
      fresh->set_author(workspace_.settings().author);
      refreshed = overlay::rebase(attached.model, own,
                                  workspace_.store().answers(environment.title()), *fresh);
    }
    builder.replace(current, next, state);
  } catch (const std::exception& failure) {
    workspace_.recover_after(failure, environment, attached);
    throw;
  }
  workspace_.move(environment, Event::kRefreshed,
                  {.base = base, .base_at = workspace_.now(), .pending = "", .reason = {}});
  return refreshed;
}

Adapted Planning::adapt(const EnvironmentName& name) {
  Attached attached = workspace_.attach(name.tenant);
  const Environment environment = workspace_.ready(name, attached);
  Adapted adapted;
  {
    const auto sandbox = attached.database->overlays().open(
        workspace_.spec(environment, attached.model), Access::kReadWrite);
    adapted.differences = sandbox->schema_differences(attached.schema);
    if (adapted.differences.empty()) return adapted;
    refuse_unfit(attached, name, *sandbox);
  }
  adapted.refreshed = refresh(name, attached, false);
  return adapted;
}

void Planning::follow(const EnvironmentName& name, Attached& attached) {
  const Environment environment = workspace_.ready(name, attached);
  if (environment.follow != "live") return;
  try {
    refresh(name, attached, false);
  } catch (const Error& error) {
    // It stays on its base when it has data of its own or a question that must be asked first.
    if (error.code() != ErrorCode::kWrongState && error.code() != ErrorCode::kConflicts) throw;
  }
}

plan::Request Planning::sandbox_request(const Environment& environment, Attached& attached,
                                        overlay::Changes changes, const std::string& state) {
  plan::Request request;
  request.source = environment.title();
  request.changes = std::move(changes.config);
  request.lists = std::move(changes.lists);
  request.touches = std::move(changes.touches);
  request.answers = workspace_.store().answers(environment.title());
  if (!state.empty()) request.origin = origin_of(request, attached.tenant, environment.id + state);
  return request;
}

plan::Request Planning::rollback_request(const std::string& tenant, std::int64_t promotion,
                                         Attached& attached) {
  merge_bindings(attached.model);
  const auto live = attached.database->open(Access::kReadOnly);
  const plan::Promotion done = plan::read_promotion(*live->sql(), promotion);
  plan::Request request;
  request.source = tenant + " " + rollback_source(promotion);
  request.changes = with_shapes(attached.model, changeset::invert(done.config));
  request.data = with_shapes(attached.model, changeset::invert(done.data));
  request.answers = workspace_.store().answers(request.source);
  request.origin = origin_of(request, attached.tenant, done.id);
  return request;
}

plan::Request Planning::restore_request(const std::string& tenant, const std::string& snapshot,
                                        Attached& attached) {
  merge_bindings(attached.model);
  const auto live = attached.database->open(Access::kReadOnly);
  const plan::SnapshotInfo info = find_snapshot(tenant, snapshot, *live->sql());
  const auto moment = live->begin(database::TransactionKind::kRead);
  plan::Request request;
  request.source = tenant + " snapshot " + info.name;
  request.changes = with_shapes(
      attached.model, changeset::diff(plan::read_config(attached.model, *live),
                                      plan::read_snapshot(*workspace_.snapshots(tenant), info)));
  request.answers = workspace_.store().answers(request.source);
  request.origin = origin_of(request, attached.tenant, info.hash);
  return request;
}

plan::Plan Planning::make(plan::Request request, const PlanOptions& options, Attached& attached) {
  request.select = options.select;
  request.mappings = options.mappings;
  const auto live = attached.database->open(Access::kReadOnly);
  plan::Plan made;
  {
    const auto moment = live->begin(database::TransactionKind::kRead);
    made = plan::make_plan(attached.model, request, *live);
  }
  made.inputs = plan::inputs_of(request, attached.fingerprint);
  add_live_touches(attached, made);
  if (options.rehearse && !made.changes.empty()) {
    const auto copy = attached.database->throw_away_copy(workspace_.passing(), kRehearsalCopyBytes);
    if (copy != nullptr) {
      made.rehearsal = plan::rehearse(attached.model, made, *copy, *workspace_.settings().clock);
    }
  }
  workspace_.store().keep_plan(made.hash.text, request.source, workspace_.settings().author,
                               write_json(plan::to_stored(made, request), JsonStyle::kCompact));
  return made;
}

plan::Plan Planning::answer(plan::Request request, const std::vector<Resolution>& resolutions,
                            const PlanOptions& options, Attached& attached,
                            const FindRow& sandbox_row) {
  PlanOptions quick = options;
  quick.rehearse = false;
  const plan::Plan open = make(request, quick, attached);
  for (const Resolution& resolution : resolutions) {
    std::vector<const merge::Conflict*> meant;
    for (const merge::Conflict& conflict : open.conflicts) {
      if (means(conflict, resolution)) meant.push_back(&conflict);
    }
    if (meant.empty() || (meant.size() > 1 && resolution.conflict != "all")) {
      throw Error(ErrorCode::kNotFound,
                  (meant.empty() ? "there is no conflict '" : "several conflicts begin with '") +
                      resolution.conflict + "'",
                  {.place = request.source, .remedy = "`doppel plan` lists them"});
    }
    for (const merge::Conflict* conflict : meant) {
      merge::Answer given = answer_for(*conflict, resolution);
      if (conflict->kind == merge::ConflictKind::kReferenceGone &&
          given.kind == merge::AnswerKind::kRestore && given.values.empty()) {
        given.values = missing_row(attached.model, *conflict, sandbox_row);
      }
      workspace_.store().keep_answer(request.source, given, workspace_.settings().author);
    }
  }
  request.answers = workspace_.store().answers(request.source);
  return make(std::move(request), options, attached);
}

plan::PromotionContext Planning::context(const std::string& tenant, plan::PromotionKind kind) {
  plan::PromotionContext made;
  made.tenant = tenant;
  made.by = workspace_.settings().author;
  made.kind = kind;
  made.clock = &workspace_.clock();
  made.random = workspace_.settings().random;
  return made;
}

plan::Promoted Planning::apply(plan::Request request, const plan::StoredPlan& stored,
                               Attached& attached, plan::PromotionContext context) {
  const auto snapshots = workspace_.snapshots(context.tenant);
  context.snapshots = snapshots.get();
  request.select = stored.select;
  request.mappings = stored.mappings;
  access::AuditEntry entry{.who = context.by,
                           .verb = std::string(to_text(context.kind)),
                           .resource = "promotion",
                           .outcome = access::Outcome::kBegun,
                           .reason = "plan " + stored.plan.hash.text};
  // Of a promotion the sandbox's transition says so.
  if (context.kind != plan::PromotionKind::kPromotion) {
    workspace_.store().tell_audit(context.tenant, entry);
  }
  plan::Promoted promoted;
  try {
    promoted =
        write_live(request, stored.plan, attached, context, workspace_.settings().patience_s);
  } catch (const Error& error) {
    tell_refusal(workspace_.store(), context.tenant, std::move(entry), error);
    throw;
  }
  tell_done(workspace_.store(), context.tenant, entry, promoted.promotion);
  try {
    const Instant now = workspace_.clock().now();
    plan::prune_snapshots(*snapshots, kSnapshotsKept,
                          to_text(Instant{now.microseconds - kSnapshotsKeptMicroseconds}));
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch)
    // Live has it. The next promotion prunes.
  }
  return promoted;
}

plan::Plan Planning::plan(const EnvironmentName& name, const PlanOptions& options) {
  Attached attached = workspace_.attach(name.tenant);
  follow(name, attached);
  const Environment environment = workspace_.ready(name, attached);
  OpenSandbox sandbox = workspace_.open_sandbox(environment, attached);
  auto siblings = overlay::read_siblings(attached.model, sandbox.changes.config, *sandbox.overlay);
  sandbox.overlay.reset();  // Live's reader takes over its connection.
  plan::Request request =
      sandbox_request(environment, attached, std::move(sandbox.changes), sandbox.state);
  request.siblings = std::move(siblings);
  return make(std::move(request), options, attached);
}

plan::Plan Planning::resolve(const EnvironmentName& name,
                             const std::vector<Resolution>& resolutions,
                             const PlanOptions& options) {
  Attached attached = workspace_.attach(name.tenant);
  const Environment environment = workspace_.ready(name, attached);
  OpenSandbox sandbox = workspace_.open_sandbox(environment, attached);
  auto siblings = overlay::read_siblings(attached.model, sandbox.changes.config, *sandbox.overlay);
  plan::Request request =
      sandbox_request(environment, attached, std::move(sandbox.changes), sandbox.state);
  request.siblings = std::move(siblings);
  return answer(std::move(request), resolutions, options, attached,
                [&](const std::string& table, const std::vector<std::size_t>& columns,
                    const std::vector<Value>& values) -> std::optional<Row> {
                  const TableShape& shape = *attached.model.require(table).shape;
                  std::vector<std::string> names;
                  for (const std::size_t column : columns) names.push_back(shape.columns[column]);
                  auto rows =
                      sandbox.overlay->connection().find_rows(shape, names, {&values, 1}, 1);
                  if (rows.front().empty()) return std::nullopt;
                  return std::move(rows.front().front());
                });
}

plan::Promoted Planning::promote(const EnvironmentName& name, const std::string& plan_hash) {
  Attached attached = workspace_.attach(name.tenant);
  auto [held, environment] = workspace_.hold(name, attached, "promote");
  plan::StoredPlan stored = workspace_.stored_plan(plan_hash, environment.title());
  OpenSandbox sandbox = workspace_.open_sandbox(environment, attached);
  if (stored.own != sandbox.changes.config) {
    workspace_.keep_own(stored.plan.hash.text, environment, sandbox.changes.config);
    stored.own = sandbox.changes.config;
  }
  // Who touched what is no part of what is promoted.
  plan::Request request = sandbox_request(
      environment, attached,
      {.config = stored.own, .data = {}, .touches = {}, .lists = sandbox.changes.lists},
      sandbox.state);
  plan::PromotionContext how = context(name.tenant, plan::PromotionKind::kPromotion);
  how.id = workspace_.new_id();
  how.base = environment.base;
  how.fence = workspace_.fence(environment);
  const Hold live = workspace_.hold_live(name.tenant, "promote " + name.text());
  environment = workspace_.move(environment, Event::kPromote, {.pending = how.id});
  plan::Promoted promoted;
  try {
    promoted = apply(std::move(request), stored, attached, how);
  } catch (const std::exception& failure) {
    workspace_.recover_after(failure, environment, attached);
    throw;
  }
  try {
    workspace_.finish_promotion(environment, attached, promoted.promotion, stored,
                                std::move(sandbox));
  } catch (const Error& error) {
    throw Error(error.code(),
                "live has it, as promotion " + std::to_string(promoted.promotion.number) +
                    ", but the sandbox isn't up to date: " + error.what(),
                {.place = error.place().empty() ? name.text() : error.place(),
                 .remedy = "nothing is lost; the next command on the sandbox ends this"});
  }
  return promoted;
}

plan::Plan Planning::plan_rollback(const std::string& tenant, std::int64_t promotion,
                                   const PlanOptions& options) {
  Attached attached = workspace_.attach(tenant);
  return make(rollback_request(tenant, promotion, attached), options, attached);
}

plan::Plan Planning::resolve_rollback(const std::string& tenant, std::int64_t promotion,
                                      const std::vector<Resolution>& resolutions,
                                      const PlanOptions& options) {
  Attached attached = workspace_.attach(tenant);
  return answer(rollback_request(tenant, promotion, attached), resolutions, options, attached,
                [](const std::string&, const std::vector<std::size_t>&, const std::vector<Value>&) {
                  return std::optional<Row>();
                });
}

plan::Promoted Planning::rollback(const std::string& tenant, std::int64_t promotion,
                                  const std::string& plan_hash) {
  Attached attached = workspace_.attach(tenant);
  plan::PromotionContext how = context(tenant, plan::PromotionKind::kRollback);
  how.reverts = promotion;
  const Hold live = workspace_.hold_live(tenant, "roll back");
  plan::Request request = rollback_request(tenant, promotion, attached);
  const plan::StoredPlan stored = workspace_.stored_plan(plan_hash, request.source);
  return apply(std::move(request), stored, attached, how);
}

plan::SnapshotInfo Planning::find_snapshot(const std::string& tenant, const std::string& name,
                                           database::SqlRunner& live) {
  // Snapshots of promotions that never came to be may have the same number.
  std::vector<plan::SnapshotInfo> found;
  const auto number = parse_integer(name);
  std::string id;
  if (number) {
    for (const plan::Promotion& promotion : plan::list_promotions(live)) {
      if (promotion.number == *number) id = promotion.id;
    }
  }
  for (plan::SnapshotInfo& info : plan::list_snapshots(*workspace_.snapshots(tenant))) {
    const bool by_number = number == info.promotion && !id.empty() &&
                           info.name == plan::snapshot_name(info.promotion, id);
    if (info.name == name || by_number) found.push_back(std::move(info));
  }
  // A promoter that was killed leaves a snapshot of a promotion that never was; the one that took
  // its number came later.
  const auto newest = std::ranges::max_element(found, {}, &plan::SnapshotInfo::at);
  if (newest != found.end()) return *newest;
  throw Error(ErrorCode::kNotFound, "there is no snapshot '" + name + "'",
              {.place = tenant, .remedy = "`doppel snapshot list " + tenant + "` lists them"});
}

plan::Plan Planning::plan_restore(const std::string& tenant, const std::string& snapshot,
                                  const PlanOptions& options) {
  Attached attached = workspace_.attach(tenant);
  return make(restore_request(tenant, snapshot, attached), options, attached);
}

plan::Promoted Planning::restore(const std::string& tenant, const std::string& snapshot,
                                 const std::string& plan_hash) {
  Attached attached = workspace_.attach(tenant);
  const Hold live = workspace_.hold_live(tenant, "restore");
  plan::Request request = restore_request(tenant, snapshot, attached);
  const plan::StoredPlan stored = workspace_.stored_plan(plan_hash, request.source);
  return apply(std::move(request), stored, attached,
               context(tenant, plan::PromotionKind::kRestore));
}

plan::Promoted Planning::restore_previous(const std::string& tenant, LaterEdits later_edits) {
  Attached attached = workspace_.attach(tenant);
  std::vector<plan::Promotion> promotions;
  changeset::State now;
  {
    const auto live = attached.database->open(Access::kReadOnly);
    const auto moment = live->begin(database::TransactionKind::kRead);
    promotions = plan::list_promotions(*live->sql());
    now = plan::read_config(attached.model, *live);
  }
  // What was taken back stands again where that was taken back, too.
  const std::function<bool(const plan::Promotion&)> taken_back =
      [&](const plan::Promotion& promotion) {
        return std::ranges::any_of(promotions, [&](const plan::Promotion& other) {
          return other.reverts == promotion.number && !taken_back(other);
        });
      };
  const auto newest = std::ranges::find_if(
      promotions.rbegin(), promotions.rend(), [&](const plan::Promotion& promotion) {
        return promotion.kind != plan::PromotionKind::kRollback && !taken_back(promotion);
      });
  if (newest == promotions.rend()) {
    throw Error(
        ErrorCode::kNotFound, "there is no promotion to take back",
        {.place = tenant, .remedy = "`doppel history " + tenant + "` lists what was promoted"});
  }
  // What live would be, had nobody edited it since: the snapshot with the promotions after it.
  const auto live = attached.database->open(Access::kReadOnly);
  changeset::State expected =
      plan::read_snapshot(*workspace_.snapshots(tenant),
                          find_snapshot(tenant, std::to_string(newest->number), *live->sql()));
  for (auto promotion = newest.base() - 1; promotion != promotions.end(); ++promotion) {
    expected = changeset::apply(std::move(expected),
                                plan::read_promotion(*live->sql(), promotion->number).config);
  }
  std::vector<std::string> edits;
  for (const RowChange& change : changeset::diff(expected, now).changes) {
    if (plan::changes_only_volatile(attached.model, change)) continue;
    edits.push_back(in_words(attached.model, change));
  }
  if (!edits.empty() && later_edits == LaterEdits::kRefuse) {
    throw Error(
        ErrorCode::kStale,
        "live's config was edited since promotion " + std::to_string(newest->number) + ":\n  " +
            join(edits, "\n  "),
        {.place = tenant,
         .remedy = "say --keep-edits or --discard-edits, or plan it with `doppel rollback " +
                   tenant + " " + std::to_string(newest->number) + "`"});
  }
  if (later_edits == LaterEdits::kDiscard) {
    const std::string name = std::to_string(newest->number);
    const plan::Plan restored = plan_restore(tenant, name, {});
    plan::PromotionContext how = context(tenant, plan::PromotionKind::kRollback);
    how.reverts = newest->number;
    const Hold writing = workspace_.hold_live(tenant, "roll back");
    plan::Request request = restore_request(tenant, name, attached);
    const plan::StoredPlan stored = workspace_.stored_plan(restored.hash.text, request.source);
    return apply(std::move(request), stored, attached, how);
  }
  plan::Plan planned = plan_rollback(tenant, newest->number, {});
  const bool asks = std::ranges::any_of(planned.conflicts, [](const merge::Conflict& conflict) {
    return !conflict.answered.has_value();
  });
  if (asks && later_edits == LaterEdits::kKeep) {
    planned = resolve_rollback(tenant, newest->number,
                               {{.conflict = "all", .use_default = true, .values = {}}}, {});
  }
  return rollback(tenant, newest->number, planned.hash.text);
}

}  // namespace doppel
