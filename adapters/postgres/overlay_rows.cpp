#include <fmt/core.h>

#include "adapters/postgres/capture.hpp"
#include "adapters/postgres/overlay_build.hpp"
#include "adapters/postgres/overlay_carriers.hpp"
#include "adapters/postgres/overlay_login.hpp"
#include "adapters/postgres/overlay_names.hpp"
#include "adapters/postgres/overlay_rights.hpp"
#include "adapters/postgres/shared_build.hpp"
#include "adapters/postgres/values.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

using database::OverlaySpec;
using database::quote_name;

/// The role of a sandbox is its number: see doppel.sandbox().
std::string role_of(Connection& connection, std::int32_t number) {
  const std::string owner = shared_names(connection, 0).owner;
  return fmt::format("doppel_s_{}_{}", number, owner.substr(owner.rfind('_') + 1));
}

/// What overlay_rights and overlay_login take: the schema is the one that unqualified names mean.
SandboxNames login_names(const SharedNames& names, const std::string& role) {
  return {.schema = names.views, .role = role, .passing = false};
}

SharedSandbox require_shared(Connection& connection, const OverlaySpec& spec) {
  const std::string id = names_of(spec).schema;
  const auto found = find_shared(connection, id);
  if (!found) {
    throw Error(ErrorCode::kNotFound, "the sandbox's rows are gone",
                {.place = id, .remedy = "discard the sandbox"});
  }
  if (found->mark != spec.mark) {
    throw Error(ErrorCode::kMarkedSandbox, "this is another sandbox: " + found->mark,
                {.place = id});
  }
  return *found;
}

/// Names mean this sandbox from now on.
void stand_in(Connection& connection, const SharedSandbox& sandbox) {
  connection.stand_in(shared_names(connection, sandbox.generation).views);
  connection.run("SELECT set_config('doppel.sandbox', $1, false)",
                 std::vector<Value>{Value(std::to_string(sandbox.number))});
  connection.take_turns(sandbox.number);
}

/// The role that a sandbox's sessions log in as. Owners of live's tables are its members, so that
/// their pg_dump may read what it leaves in the database, large objects above all.
std::string make_login(Connection& connection, const SharedNames& names, std::int32_t number,
                       const std::string& password, const database::SessionLimits& limits) {
  const std::string role = role_of(connection, number);
  make_role(connection, login_names(names, role), names.group, password, limits);
  const auto owners = rows_of(
      connection
          .run("SELECT m.member::regrole::text FROM pg_auth_members m WHERE m.roleid = "
               "to_regrole($1) AND m.member::regrole <> current_user::regrole AND NOT EXISTS "
               "(SELECT FROM pg_roles r WHERE r.oid = m.member AND starts_with(r.rolname, "
               "'doppel_rows_'))",
               std::vector<Value>{Value(quote_name(names.owner))})
          .get());
  std::string script = fmt::format("GRANT {} TO CURRENT_USER;\n", quote_name(role));
  for (const Row& row : owners) {
    script += fmt::format("GRANT {} TO {};\n", quote_name(role), row[0].text());
  }
  connection.run_script(script);
  return role;
}

struct Generation {
  int number = 0;
  bool fresh = false;
};

/// The shared tables that fit live as it is now, made where there are none.
Generation require_generation(Connection& connection, const std::vector<TableShapePtr>& shapes) {
  lock_shared(connection, SharedLock::kShared);
  const std::string fingerprint = shared_fingerprint(connection, shapes);
  if (const auto found = find_generation(connection, fingerprint)) return {*found, false};
  unlock_shared(connection, SharedLock::kShared);
  lock_shared(connection, SharedLock::kAlone);
  auto generation = find_generation(connection, fingerprint);
  const bool fresh = !generation;
  if (fresh) {
    connection.run_script(
        "BEGIN; SET LOCAL lock_timeout = '2s'; SET LOCAL check_function_bodies = off");
    try {
      generation = make_generation(connection, shapes, fingerprint).generation;
      connection.run_script("COMMIT");
    } catch (...) {
      connection.run_script("ROLLBACK");
      throw;
    }
  }
  // First shared, then no longer alone: nobody drops it in between.
  lock_shared(connection, SharedLock::kShared);
  unlock_shared(connection, SharedLock::kAlone);
  return {*generation, fresh};
}

/// Generations without a sandbox go, and with the last one what they have in common.
void drop_unused(Connection& connection) {
  // Mostly there is none, and nobody waits for anybody.
  if (unused_generations(connection).empty()) return;
  lock_shared(connection, SharedLock::kAlone);
  for (const int generation : unused_generations(connection)) {
    forget_leaving(connection, generation);
    drop_generation(connection, generation);
  }
  unlock_shared(connection, SharedLock::kAlone);
}

/// Removes the rows of those that left where the server didn't: it went down, say.
void finish_leaving(Connection& connection) {
  connection.run_script("BEGIN");
  const std::vector<SharedSandbox> leaving = find_leaving(connection);
  if (!leaving.empty()) set_copying(connection);
  for (const SharedSandbox& sandbox : leaving) {
    clear_shared(connection, shared_names(connection, sandbox.generation), sandbox.number);
    connection.run("DELETE FROM doppel.shared_sandbox WHERE number = $1",
                   std::vector<Value>{Value(sandbox.number)});
  }
  connection.run_script("COMMIT");
}

/// The rows of `fresh` become `own`'s. REQUIRES: an open transaction.
void take_place(Connection& connection, const SharedSandbox& own, const SharedSandbox& fresh,
                const std::string& state) {
  const SharedNames before = shared_names(connection, own.generation);
  const SharedNames after = shared_names(connection, fresh.generation);
  // Whoever writes in it has ended or waits: doppel_guard.
  connection.run("SELECT FROM doppel.shared_sandbox WHERE number = $1 FOR UPDATE",
                 std::vector<Value>{Value(own.number)});
  connection.run_script(fmt::format("SET LOCAL search_path = {}; SET LOCAL doppel.sandbox = {}",
                                    quote_name(before.views), own.number));
  if (capture_state(connection) != state) {
    throw Error(ErrorCode::kBusy, "the sandbox was written to meanwhile",
                {.place = own.id, .remedy = "nothing was changed; try again"});
  }
  set_copying(connection);
  clear_shared(connection, before, own.number);
  hand_over_shared(connection, after, fresh.number, own.number);
  connection.run("DELETE FROM doppel.shared_sandbox WHERE number = $1",
                 std::vector<Value>{Value(fresh.number)});
  connection.run(
      "UPDATE doppel.shared_sandbox SET generation = $2, mark = $3, sealed = false "
      "WHERE number = $1",
      std::vector<Value>{Value(own.number), Value(fresh.generation), Value(fresh.mark)});
  if (own.generation == fresh.generation) return;
  move_role(connection, own.role, before.group, login_names(after, own.role), after.group);
}

/// Data that the manifest says sandboxes write, by its tables' names.
std::string written_by_manifest(const OverlaySpec& spec) {
  std::vector<std::string> names;
  for (const database::TrackedTable& table : spec.tables) {
    if (table.shared_write) names.push_back(table.shape->name);
  }
  return join(names, ", ");
}

bool has_registry(Connection& connection) {
  return rows_of(connection.run("SELECT to_regclass('doppel.shared_sandbox') IS NOT NULL").get())
             .at(0)
             .at(0) == Value(1);
}

/// The carrier `rows`: see overlay_carriers.hpp.
class RowsOverlayBuilder final : public ServerOverlayBuilder {
 public:
  using ServerOverlayBuilder::ServerOverlayBuilder;

  std::string default_carrier() const override { return "rows"; }
  std::vector<database::RowCount> create(const OverlaySpec& spec) override;
  std::unique_ptr<database::Overlay> open(const OverlaySpec& spec,
                                          database::Access access) override;
  database::ApplicationAccess access_for_application(const OverlaySpec& spec) override;
  void replace(const OverlaySpec& spec, const OverlaySpec& next, const std::string& state) override;
  void remove(const OverlaySpec& spec) override;

 private:
  static std::vector<database::RowCount> make(Connection& connection, const OverlaySpec& spec,
                                              int generation);
};

std::vector<database::RowCount> RowsOverlayBuilder::create(const OverlaySpec& spec) {
  const auto connection = connect(database::Access::kReadWrite);
  if (find_shared(*connection, names_of(spec).schema)) {
    throw Error(ErrorCode::kAlreadyExists, "there is a sandbox of this name already",
                {.place = names_of(spec).schema});
  }
  if (has_registry(*connection)) finish_leaving(*connection);
  prepare_folder(spec);
  try {
    const Generation generation = require_generation(*connection, config_shapes(spec));
    auto counts = make(*connection, spec, generation.number);
    // The server looks at tables that grow by itself, but not at once at new ones.
    if (generation.fresh) {
      analyze_shared(*connection, shared_names(*connection, generation.number));
    }
    return counts;
  } catch (...) {
    if (connection->in_transaction()) connection->run_script("ROLLBACK");
    // Whichever it was: to remove what was made takes the lock alone.
    unlock_all_shared(*connection);
    remove(spec);
    throw;
  }
}

std::vector<database::RowCount> RowsOverlayBuilder::make(Connection& connection,
                                                         const OverlaySpec& spec, int generation) {
  const SandboxNames own = names_of(spec);
  const SharedNames names = shared_names(connection, generation);
  const std::vector<TableShapePtr> shapes = config_shapes(spec);
  const std::string password = own.passing ? "" : new_password(connection);
  connection.run_script(
      "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL lock_timeout = '2s'; "
      "SET LOCAL row_security = off");
  set_copying(connection);
  check_reach(connection, names.group, {});
  const SharedSandbox sandbox = add_shared(connection, own.schema, generation, spec.mark);
  std::vector<database::RowCount> counts = fill_shared(connection, shapes, names, sandbox.number);
  write_shared_mark(connection, names, sandbox.number, "mark", spec.mark);
  write_shared_mark(connection, names, sandbox.number, "changed_rows",
                    std::to_string(spec.limits.changed_rows));
  write_shared_mark(connection, names, sandbox.number, "tables", describe_captured(shapes));
  std::string role;
  if (!own.passing) {
    role = make_login(connection, names, sandbox.number, password, spec.limits);
    connection.run("UPDATE doppel.shared_sandbox SET role = $2 WHERE number = $1",
                   std::vector<Value>{Value(sandbox.number), Value(role)});
    keep_password(spec, password);
  }
  connection.run_script("COMMIT");
  if (!own.passing) {
    test_login(dsn_of_role(connection, role, password), login_names(names, role), shapes);
  }
  return counts;
}

std::unique_ptr<database::Overlay> RowsOverlayBuilder::open(const OverlaySpec& spec,
                                                            database::Access access) {
  auto connection = connect(access);
  const SharedSandbox sandbox = require_shared(*connection, spec);
  stand_in(*connection, sandbox);
  std::string dsn;
  if (has_password(spec)) dsn = dsn_of_role(*connection, sandbox.role, read_password(spec));
  return make_overlay(std::move(connection), std::move(dsn));
}

database::ApplicationAccess RowsOverlayBuilder::access_for_application(const OverlaySpec& spec) {
  const auto connection = connect(database::Access::kReadWrite);
  const SharedSandbox sandbox = require_shared(*connection, spec);
  database::ApplicationAccess access;
  access.dsn = dsn_of_login(*connection, spec, sandbox.role);
  access.remarks = {
      "connect as this role: its search_path shows the sandbox's config and live's data",
      "live's data is for reading: a write of it is refused",
      "config is shown by views: ON CONFLICT names no columns, and COPY FROM, TRUNCATE and MERGE "
      "of config are refused"};
  if (const std::string asked = written_by_manifest(spec); !asked.empty()) {
    access.remarks[1] += ", also of " + asked +
                         ", which the manifest lets sandboxes write: only one of carrier copy "
                         "does (`doppel sandbox create --carrier copy`)";
  }
  const json::value remarks = parse_json(
      shared_remarks(*connection, shared_names(*connection, sandbox.generation)), "doppel_mark");
  for (const json::value& remark : remarks.as_array()) {
    access.remarks.emplace_back(remark.as_string());
  }
  return access;
}

void RowsOverlayBuilder::replace(const OverlaySpec& spec, const OverlaySpec& next,
                                 const std::string& state) {
  std::string moved_role;
  try {
    const auto connection = connect(database::Access::kReadWrite);
    const auto own = find_shared(*connection, names_of(spec).schema);
    const auto fresh = find_shared(*connection, names_of(next).schema);
    if (!own || !fresh) {
      throw Error(ErrorCode::kNotFound, "the sandbox's rows are gone",
                  {.place = names_of(spec).schema, .remedy = "discard the sandbox"});
    }
    connection->run_script("BEGIN");
    take_place(*connection, *own, *fresh, state);
    connection->run_script("COMMIT");
    if (own->generation != fresh->generation) moved_role = own->role;
  } catch (...) {
    remove(next);
    throw;
  }
  remove_folder(next);
  if (moved_role.empty()) return;
  const auto connection = connect(database::Access::kReadWrite);
  // Their search_path still names tables in which the sandbox has no rows any more.
  end_open_sessions(*connection, moved_role);
  drop_unused(*connection);
}

void RowsOverlayBuilder::remove(const OverlaySpec& spec) {
  const auto connection = connect(database::Access::kReadWrite);
  const auto sandbox = find_shared(*connection, names_of(spec).schema);
  if (sandbox && !sandbox->role.empty()) {
    end_sessions(*connection, sandbox->role);
    drop_role(*connection, sandbox->role, "");
  }
  if (sandbox) let_leave(*connection, sandbox->number);
  if (has_registry(*connection)) drop_unused(*connection);
  remove_folder(spec);
  // Of the last one the tables are gone. Of others each row that goes is looked for in all that
  // could refer to it: nobody has to wait for that, and nobody sees it.
  if (!sandbox || !is_known(*connection, sandbox->number)) return;
  connection->link().leave_behind(clearing_script(
      *connection, shared_names(*connection, sandbox->generation), sandbox->number));
}

}  // namespace

std::unique_ptr<database::OverlayBuilder> make_rows_builder(std::shared_ptr<Pool> pool) {
  return std::make_unique<RowsOverlayBuilder>(std::move(pool));
}

}  // namespace doppel::postgres
