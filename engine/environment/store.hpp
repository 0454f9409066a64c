#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/audit.hpp"
#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/shelf.hpp"
#include "database/connection.hpp"
#include "environment/lease.hpp"
#include "environment/state.hpp"
#include "merge/merge.hpp"

/// The control store: what tenants and environments there are, in what state, since when and by
/// whom. A small schema of its own; every call is one transaction. What moves is told to the
/// tenant's audit by the same transaction.
namespace doppel::environment {

struct Tenant {
  std::string name;
  std::string dsn;
  std::string manifest_file;  ///< where the manifest was read from
  std::string manifest;       ///< its text
  std::string created_at, created_by;
};

/// Kinds of sandboxes [E1].
inline constexpr const char* kOverlay = "overlay";  ///< own config; data as the manifest says
inline constexpr const char* kShadow = "shadow";    ///< own config, and all data to be written

struct Environment {
  std::string id;  ///< UUID
  std::string tenant, name;
  std::string kind;     ///< kOverlay, kShadow
  std::string carrier;  ///< file, split, copy, rows
  std::string follow;   ///< live, or empty: pinned on its base
  State state = State::kCreating;
  int ordinal = 1;
  std::string base;     ///< UUID of the base that it stands on
  std::string base_at;  ///< since when
  std::string pending;  ///< the base of a refresh, or the plan of a promotion under way
  std::string created_at, created_by;
  std::string purpose;

  std::string title() const { return tenant + "/" + name; }
};

struct TransitionRecord {
  std::string event, from, to, at, by, reason;
};

/// What an event changes besides the state.
struct Effects {
  std::optional<std::string> base = {}, base_at = {}, pending = {};
  std::string reason = {};
};

class ControlStore {
 public:
  /// Migrates. Throws Error(kNewerStore) for one that a newer doppel wrote. `place`: for messages.
  ControlStore(std::unique_ptr<database::Connection> connection, const Clock& clock,
               std::string place = "control.db");

  /// For what other rooms keep in the store. It stays the store's.
  database::Connection& connection() { return *connection_; }

  /// By which request and from where what follows is asked for: what the audit says of it.
  void set_origin(const std::string& request, const std::string& address);

  /// Of what no transition tells. Request and address are filled in, and live where nothing is
  /// said of the environment.
  void tell_audit(const std::string& tenant, const access::AuditEntry& entry);

  /// By the server of the store where it has one, so that all who share it agree.
  Instant now() { return store_time(sql(), clock_); }

  /// From now until it is ended, transitions of that environment are refused once somebody else
  /// has taken it over. Throws as take_lease does.
  Lease take(const LeaseRequest& request);
  void end(const Lease& lease);
  /// Of what this one holds.
  std::optional<Lease> lease(const std::string& resource) const;
  /// Throws Error(kBusy) when somebody else has taken over what this one holds.
  void require(const Lease& lease, const std::string& title);

  /// Texts in the store itself, for one that several machines share. Borrows the store.
  std::unique_ptr<Shelf> shelf(const std::string& name);

  void add_tenant(const Tenant& tenant);
  std::vector<Tenant> tenants();
  Tenant tenant(const std::string& name);  ///< throws Error(kNotFound), naming what there is
  void set_manifest(const std::string& tenant, const std::string& file, const std::string& text,
                    const std::string& by);

  /// Gives it its ordinal. Throws Error(kAlreadyExists).
  Environment add_environment(Environment environment, const std::string& by);
  std::vector<Environment> environments(const std::string& tenant);  ///< those not discarded
  std::optional<Environment> find_environment(const std::string& tenant, const std::string& name);
  Environment environment(const std::string& tenant, const std::string& name);
  std::vector<TransitionRecord> transitions(const std::string& environment_id);

  /// Moves it on by the table, stored before anything is done. Throws Error(kWrongState) when the
  /// state is another than `environment` says, or the event can't happen in it.
  Environment move(const Environment& environment, Event event, const std::string& by,
                   const Effects& effects);

  void keep_plan(const std::string& hash, const std::string& source, const std::string& by,
                 const std::string& document);
  /// By the whole hash or a beginning of at least eight digits that only one plan has.
  std::string plan(const std::string& hash, const std::string& source);

  void keep_answer(const std::string& source, const merge::Answer& answer, const std::string& by);
  std::vector<merge::Answer> answers(const std::string& source);

 private:
  void migrate();
  /// Keeps a transition, and tells the audit. REQUIRES: an open write transaction.
  void record(const Environment& environment, std::string_view event, std::string_view from,
              std::string_view to, const std::string& by, const std::string& reason);
  void audit(const std::string& tenant, Instant at, access::AuditEntry entry);
  void forget_plans(const std::string& source);
  database::SqlRunner& sql() { return *connection_->sql(); }

  std::unique_ptr<database::Connection> connection_;
  const Clock& clock_;
  std::string place_;
  std::map<std::string, Lease> leases_;  ///< held, by resource
  std::string request_, address_;
};

/// The resource of a lease.
std::string resource_of(const Environment& environment);

}  // namespace doppel::environment
