#include "environment/store.hpp"

#include <algorithm>
#include <array>

#include "access/audit.hpp"
#include "access/migrations.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "environment/migrations.hpp"

namespace doppel::environment {
namespace {

using database::TransactionKind;

constexpr const char* kTenantColumns = "name, dsn, manifest_file, manifest, created_at, created_by";
constexpr const char* kEnvironmentColumns =
    "id, tenant, name, kind, carrier, follow, state, ordinal, base, base_at, pending, created_at, "
    "created_by, purpose";

Tenant tenant_from(const Row& row) {
  return {row[0].text(), row[1].text(), row[2].text(), row[3].text(), row[4].text(), row[5].text()};
}

Environment environment_from(const Row& row) {
  Environment made;
  made.id = row[0].text();
  made.tenant = row[1].text();
  made.name = row[2].text();
  made.kind = row[3].text();
  made.carrier = row[4].text();
  made.follow = row[5].text();
  made.state = parse_state(row[6].text());
  made.ordinal = static_cast<int>(row[7].integer());
  made.base = row[8].text();
  made.base_at = row[9].text();
  made.pending = row[10].text();
  made.created_at = row[11].text();
  made.created_by = row[12].text();
  made.purpose = row[13].text();
  return made;
}

/// What a step of its life means for who reads the audit.
access::Outcome outcome_of(std::string_view event, std::string_view to) {
  if (event == to_text(Event::kCreationFailed) || event == to_text(Event::kResumeFailed)) {
    return access::Outcome::kFailed;
  }
  // What is promoted in full has only to be cleared away.
  const bool begins = is_passing(parse_state(to)) && event != to_text(Event::kPromotedInFull);
  return begins ? access::Outcome::kBegun : access::Outcome::kDone;
}

std::string listed(const std::vector<std::string>& names) {
  return names.empty() ? "there are none yet" : "there are: " + join(names, ", ");
}

}  // namespace

ControlStore::ControlStore(std::unique_ptr<database::Connection> connection, const Clock& clock,
                           std::string place)
    : connection_(std::move(connection)), clock_(clock), place_(std::move(place)) {
  migrate();
}

void ControlStore::migrate() {
  const std::array sequences{
      database::MigrationSequence{"migration", &migrations()},
      database::MigrationSequence{access::kMigrationTable, &access::migrations()}};
  database::migrate(*connection_, clock_, place_, sequences);
}

void ControlStore::add_tenant(const Tenant& tenant) {
  const auto transaction = connection_->begin(TransactionKind::kWrite);
  if (!sql().query("SELECT 1 FROM tenant WHERE name = $1", {Value(tenant.name)}).empty()) {
    throw Error(ErrorCode::kAlreadyExists, "there is a tenant '" + tenant.name + "' already",
                {.place = tenant.name, .remedy = "choose another name"});
  }
  const Instant at = now();
  sql().execute(
      std::string("INSERT INTO tenant (") + kTenantColumns + ") VALUES ($1, $2, $3, $4, $5, $6)",
      {Value(tenant.name), Value(tenant.dsn), Value(tenant.manifest_file), Value(tenant.manifest),
       Value(to_text(at)), Value(tenant.created_by)});
  audit(tenant.name, at, {.who = tenant.created_by, .verb = "attach", .resource = "tenant"});
  transaction->commit();
}

std::vector<Tenant> ControlStore::tenants() {
  std::vector<Tenant> all;
  for (const Row& row : sql().query(std::string("SELECT ") + kTenantColumns + " FROM tenant", {})) {
    all.push_back(tenant_from(row));
  }
  // Databases order text each in its own way.
  std::ranges::sort(all, {}, &Tenant::name);
  return all;
}

Tenant ControlStore::tenant(const std::string& name) {
  const auto rows = sql().query(
      std::string("SELECT ") + kTenantColumns + " FROM tenant WHERE name = $1", {Value(name)});
  if (!rows.empty()) return tenant_from(rows[0]);
  std::vector<std::string> names;
  for (const Tenant& other : tenants()) names.push_back(other.name);
  throw Error(ErrorCode::kNotFound, "there is no tenant '" + name + "'",
              {.place = {}, .remedy = listed(names) + "; `doppel init` makes one"});
}

void ControlStore::set_manifest(const std::string& tenant, const std::string& file,
                                const std::string& text, const std::string& by) {
  const auto transaction = connection_->begin(TransactionKind::kWrite);
  sql().execute("UPDATE tenant SET manifest_file = $2, manifest = $3 WHERE name = $1",
                {Value(tenant), Value(file), Value(text)});
  audit(tenant, now(), {.who = by, .verb = "set_manifest", .resource = "tenant", .reason = file});
  transaction->commit();
}

Environment ControlStore::add_environment(Environment environment, const std::string& by) {
  const auto transaction = connection_->begin(TransactionKind::kWrite);
  if (find_environment(environment.tenant, environment.name)) {
    throw Error(ErrorCode::kAlreadyExists,
                "there is a sandbox '" + environment.title() + "' already",
                {.place = environment.title(),
                 .remedy = "choose another name, or `doppel sandbox discard` it"});
  }
  const auto last =
      sql().query("SELECT coalesce(max(ordinal), 0) FROM environment WHERE tenant = $1",
                  {Value(environment.tenant)});
  environment.ordinal = static_cast<int>(last.at(0).at(0).integer()) + 1;
  environment.state = State::kCreating;
  environment.created_at = to_text(now());
  environment.base_at = environment.created_at;
  environment.created_by = by;
  sql().execute(std::string("INSERT INTO environment (") + kEnvironmentColumns +
                    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
                {Value(environment.id), Value(environment.tenant), Value(environment.name),
                 Value(environment.kind), Value(environment.carrier), Value(environment.follow),
                 Value(to_text(environment.state)), Value(environment.ordinal),
                 Value(environment.base), Value(environment.base_at), Value(environment.pending),
                 Value(environment.created_at), Value(by), Value(environment.purpose)});
  record(environment, "create", "", to_text(State::kCreating), by, "");
  transaction->commit();
  return environment;
}

std::vector<Environment> ControlStore::environments(const std::string& tenant) {
  std::vector<Environment> all;
  for (const Row& row :
       sql().query(std::string("SELECT ") + kEnvironmentColumns +
                       " FROM environment WHERE tenant = $1 AND state <> 'discarded'",
                   {Value(tenant)})) {
    all.push_back(environment_from(row));
  }
  std::ranges::sort(all, {}, &Environment::name);
  return all;
}

std::optional<Environment> ControlStore::find_environment(const std::string& tenant,
                                                          const std::string& name) {
  const auto rows =
      sql().query(std::string("SELECT ") + kEnvironmentColumns +
                      " FROM environment WHERE tenant = $1 AND name = $2 AND state <> 'discarded'",
                  {Value(tenant), Value(name)});
  if (rows.empty()) return std::nullopt;
  return environment_from(rows[0]);
}

Environment ControlStore::environment(const std::string& tenant_name, const std::string& name) {
  auto found = find_environment(tenant_name, name);
  if (found) return *found;
  tenant(tenant_name);
  std::vector<std::string> names;
  for (const Environment& other : environments(tenant_name)) names.push_back(other.title());
  // Whoever runs an interrupted command again wants to know that it was done.
  const auto last = sql().query(
      "SELECT at, reason FROM transition WHERE event IN ('promoted_in_full', 'discarded') AND "
      "environment = (SELECT max(id) FROM environment WHERE tenant = $1 AND name = $2) "
      "ORDER BY number",
      {Value(tenant_name), Value(name)});
  std::string ended;
  for (const Row& row : last) {
    ended += ended.empty() ? "; the last one ended " + row[0].text() + ": " : ", ";
    ended += row[1].text();
  }
  throw Error(ErrorCode::kNotFound,
              "there is no sandbox '" + tenant_name + "/" + name + "'" + ended,
              {.place = {}, .remedy = listed(names) + "; `doppel sandbox create` makes one"});
}

std::vector<TransitionRecord> ControlStore::transitions(const std::string& environment_id) {
  std::vector<TransitionRecord> all;
  for (const Row& row :
       sql().query("SELECT event, from_state, to_state, at, by_whom, reason FROM transition "
                   "WHERE environment = $1 ORDER BY number",
                   {Value(environment_id)})) {
    all.push_back(
        {row[0].text(), row[1].text(), row[2].text(), row[3].text(), row[4].text(), row[5].text()});
  }
  return all;
}

Environment ControlStore::move(const Environment& environment, Event event, const std::string& by,
                               const Effects& effects) {
  const auto to = next(environment.state, event);
  if (!to) {
    throw Error(ErrorCode::kWrongState,
                "the sandbox is " + std::string(to_text(environment.state)) + ", which allows no " +
                    std::string(to_text(event)),
                {.place = environment.title()});
  }
  Environment moved = environment;
  moved.state = *to;
  if (effects.base) moved.base = *effects.base;
  if (effects.base_at) moved.base_at = *effects.base_at;
  if (effects.pending) moved.pending = *effects.pending;
  const auto transaction = connection_->begin(TransactionKind::kWrite);
  const auto held = leases_.find(resource_of(environment));
  if (held != leases_.end()) require_lease(sql(), held->second, environment.title());
  const auto changed = sql().execute(
      "UPDATE environment SET state = $3, base = $4, base_at = $5, pending = $6 "
      "WHERE id = $1 AND state = $2",
      {Value(environment.id), Value(to_text(environment.state)), Value(to_text(*to)),
       Value(moved.base), Value(moved.base_at), Value(moved.pending)});
  if (changed != 1) {
    throw Error(ErrorCode::kBusy, "another doppel works on this sandbox",
                {.place = environment.title()});
  }
  record(environment, to_text(event), to_text(environment.state), to_text(*to), by, effects.reason);
  // Another sandbox of this name begins without them.
  if (*to == State::kDiscarded) forget_plans(environment.title());
  transaction->commit();
  return moved;
}

void ControlStore::set_origin(const std::string& request, const std::string& address) {
  request_ = request;
  address_ = address;
}

void ControlStore::record(const Environment& environment, std::string_view event,
                          std::string_view from, std::string_view to, const std::string& by,
                          const std::string& reason) {
  const Instant at = now();
  sql().execute(
      "INSERT INTO transition (environment, event, from_state, to_state, at, by_whom, reason) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7)",
      {Value(environment.id), Value(event), Value(from), Value(to), Value(to_text(at)), Value(by),
       Value(reason)});
  audit(environment.tenant, at,
        {.who = by,
         .environment = environment.name,
         .verb = std::string(event),
         .resource = "environment",
         .key = environment.id,
         .outcome = outcome_of(event, to),
         .reason = reason});
}

void ControlStore::audit(const std::string& tenant, Instant at, access::AuditEntry entry) {
  if (entry.environment.empty()) entry.environment = "live";
  entry.request = request_;
  entry.address = address_;
  access::append_audit_within(sql(), at, tenant, {&entry, 1});
}

void ControlStore::tell_audit(const std::string& tenant, const access::AuditEntry& entry) {
  const auto transaction = connection_->begin(TransactionKind::kWrite);
  audit(tenant, now(), entry);
  transaction->commit();
}

std::string resource_of(const Environment& environment) { return "environment " + environment.id; }

Lease ControlStore::take(const LeaseRequest& request) {
  Lease lease = take_lease(*connection_, clock_, request);
  leases_.insert_or_assign(lease.resource, lease);
  return lease;
}

void ControlStore::end(const Lease& lease) {
  leases_.erase(lease.resource);
  end_lease(*connection_, lease);
}

std::optional<Lease> ControlStore::lease(const std::string& resource) const {
  const auto held = leases_.find(resource);
  return held == leases_.end() ? std::nullopt : std::optional(held->second);
}

void ControlStore::require(const Lease& lease, const std::string& title) {
  const auto transaction = connection_->begin(TransactionKind::kWrite);
  require_lease(sql(), lease, title);
}

void ControlStore::keep_plan(const std::string& hash, const std::string& source,
                             const std::string& by, const std::string& document) {
  const auto transaction = connection_->begin(TransactionKind::kWrite);
  sql().execute("DELETE FROM plan WHERE hash = $1 AND source = $2", {Value(hash), Value(source)});
  sql().execute(
      "INSERT INTO plan (hash, source, made_at, made_by, document) "
      "VALUES ($1, $2, $3, $4, $5)",
      {Value(hash), Value(source), Value(to_text(now())), Value(by), Value(document)});
  transaction->commit();
}

std::string ControlStore::plan(const std::string& hash, const std::string& source) {
  constexpr std::size_t kShortestHash = 8;
  const auto rows =
      sql().query("SELECT document FROM plan WHERE source = $2 AND substr(hash, 1, $3) = $1",
                  {Value(hash), Value(source), Value(static_cast<std::int64_t>(hash.size()))});
  if (rows.size() == 1 && hash.size() >= kShortestHash) return rows[0][0].text();
  throw Error(ErrorCode::kNotFound,
              rows.size() > 1 ? "several plans of " + source + " begin with '" + hash + "'"
                              : "there is no plan '" + printable(hash, 80) + "' of " + source,
              {.place = "--plan", .remedy = "make one with `doppel plan` and review it"});
}

void ControlStore::keep_answer(const std::string& source, const merge::Answer& answer,
                               const std::string& by) {
  const auto transaction = connection_->begin(TransactionKind::kWrite);
  sql().execute("DELETE FROM answer WHERE source = $1 AND conflict = $2",
                {Value(source), Value(answer.conflict)});
  sql().execute(
      "INSERT INTO answer (source, conflict, inputs, kind, given, at, by_whom) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7)",
      {Value(source), Value(answer.conflict), Value(answer.inputs),
       Value(merge::to_text(answer.kind)),
       Value(write_json(to_json(answer.values), JsonStyle::kCompact)), Value(to_text(now())),
       Value(by)});
  transaction->commit();
}

void ControlStore::forget_plans(const std::string& source) {
  sql().execute("DELETE FROM answer WHERE source = $1", {Value(source)});
  sql().execute("DELETE FROM plan WHERE source = $1", {Value(source)});
}

std::vector<merge::Answer> ControlStore::answers(const std::string& source) {
  std::vector<merge::Answer> all;
  for (const Row& row : sql().query(
           "SELECT conflict, inputs, kind, given FROM answer WHERE source = $1 ORDER BY conflict",
           {Value(source)})) {
    const auto kind = merge::parse_answer_kind(row[2].text());
    if (!kind) continue;
    all.push_back({row[0].text(), row[1].text(), *kind,
                   values_from_json(parse_json(row[3].text(), "answer"), "answer")});
  }
  return all;
}

}  // namespace doppel::environment
