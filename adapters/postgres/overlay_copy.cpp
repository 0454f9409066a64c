#include <fmt/core.h>

#include "adapters/postgres/capture.hpp"
#include "adapters/postgres/overlay_build.hpp"
#include "adapters/postgres/overlay_carriers.hpp"
#include "adapters/postgres/overlay_login.hpp"
#include "adapters/postgres/overlay_names.hpp"
#include "adapters/postgres/overlay_registry.hpp"
#include "adapters/postgres/overlay_rights.hpp"
#include "adapters/postgres/values.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

using database::OverlaySpec;
using database::quote_name;

/// The carrier `copy`: see overlay_carriers.hpp.
class CopyOverlayBuilder final : public ServerOverlayBuilder {
 public:
  using ServerOverlayBuilder::ServerOverlayBuilder;

  std::string default_carrier() const override { return "copy"; }
  std::vector<database::RowCount> create(const OverlaySpec& spec) override;
  std::unique_ptr<database::Overlay> open(const OverlaySpec& spec,
                                          database::Access access) override;
  database::ApplicationAccess access_for_application(const OverlaySpec& spec) override;
  void replace(const OverlaySpec& spec, const OverlaySpec& next, const std::string& state) override;
  void remove(const OverlaySpec& spec) override;
};

std::vector<database::RowCount> CopyOverlayBuilder::create(const OverlaySpec& spec) {
  const SandboxNames names = names_of(spec);
  const std::vector<TableShapePtr> shapes = config_shapes(spec);
  const auto connection = connect(database::Access::kReadWrite);
  if (find_registered(*connection, names.schema)) {
    throw Error(ErrorCode::kAlreadyExists, "there is a sandbox of this name already",
                {.place = names.schema});
  }
  const std::string password = names.passing ? "" : new_password(*connection);
  // Live's own sessions never wait long behind it: nothing stronger than ACCESS SHARE is taken.
  connection->run_script(
      "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL lock_timeout = '2s'; "
      "SET LOCAL row_security = off; SET LOCAL check_function_bodies = off");
  prepare_folder(spec);
  try {
    build_copy(*connection, spec, password);
    std::vector<database::RowCount> counts = count_copies(*connection, shapes);
    if (!names.passing) keep_password(spec, password);
    connection->run_script("COMMIT");
    if (!names.passing) {
      test_login(dsn_of_role(*connection, names.role, password), names, shapes);
    }
    return counts;
  } catch (...) {
    if (connection->in_transaction()) connection->run_script("ROLLBACK");
    remove(spec);
    throw;
  }
}

std::unique_ptr<database::Overlay> CopyOverlayBuilder::open(const OverlaySpec& spec,
                                                            database::Access access) {
  const SandboxNames names = names_of(spec);
  auto connection = connect(access);
  const auto registered = find_registered(*connection, names.schema);
  if (!registered) {
    throw Error(ErrorCode::kNotFound, "the sandbox's schema is gone",
                {.place = names.schema, .remedy = "discard the sandbox"});
  }
  if (registered->mark != spec.mark) {
    throw Error(ErrorCode::kMarkedSandbox, "this is another sandbox: " + registered->mark,
                {.place = names.schema});
  }
  connection->stand_in(names.schema);
  std::string dsn;
  if (has_password(spec)) {
    dsn = dsn_of_role(*connection, names.role, read_password(spec));
  }
  return make_overlay(std::move(connection), std::move(dsn));
}

database::ApplicationAccess CopyOverlayBuilder::access_for_application(const OverlaySpec& spec) {
  const SandboxNames names = names_of(spec);
  const auto overlay = open(spec, database::Access::kReadOnly);
  const auto connection = connect(database::Access::kReadWrite);
  database::ApplicationAccess access;
  access.dsn = dsn_of_login(*connection, spec, names.role);
  access.remarks = {
      "connect as this role: its search_path shows the sandbox's config and live's data",
      "live's data is for reading: a write of it is refused"};
  const auto written = overlay->sql().query(
      "SELECT string_agg(c.relname, ', ' ORDER BY c.relname) FROM pg_trigger AS t JOIN pg_class AS "
      "c ON c.oid = t.tgrelid WHERE t.tgname = 'doppel_row' AND c.relnamespace = $1::regnamespace",
      {Value(quote_name(names.schema))});
  if (!written.at(0).at(0).is_null()) {
    access.remarks.back() =
        "it writes data over live's, which stays in the sandbox: " + written[0][0].text() +
        "; a write of other data is refused";
  }
  const auto kept =
      overlay->sql().query("SELECT value FROM doppel_mark WHERE name = 'remarks'", {});
  if (!kept.empty()) {
    const json::value remarks = parse_json(kept[0][0].text(), "doppel_mark");
    for (const json::value& remark : remarks.as_array()) {
      access.remarks.emplace_back(remark.as_string());
    }
  }
  return access;
}

/// Functions keep the search_path that they were made with; the schema has another name now.
void repin_functions(Connection& connection, const std::string& from, const std::string& to) {
  const auto pinned = rows_of(
      connection
          .run("SELECT format('ALTER ROUTINE %s SET search_path = %s', p.oid::regprocedure, "
               "replace(substr(c.setting, 13), $1, $2)) FROM pg_proc AS p, unnest(p.proconfig) AS "
               "c (setting) WHERE p.pronamespace IN ($3::regnamespace, to_regnamespace($4)) AND "
               "c.setting LIKE 'search\\_path=%'",
               std::vector<Value>{Value(from), Value(to), Value(quote_name(to)),
                                  Value(quote_name(to + std::string(kDeltaSuffix)))})
          .get());
  std::string script;
  for (const Row& row : pinned) script += row[0].text() + ";\n";
  if (!script.empty()) connection.run_script(script);
}

bool has_schema(Connection& connection, const std::string& name) {
  const auto found = rows_of(
      connection.run("SELECT FROM pg_namespace WHERE nspname = $1", std::vector<Value>{Value(name)})
          .get());
  return !found.empty();
}

/// Whoever works in it has ended or waits.
void lock_tables(Connection& connection, const SandboxNames& names) {
  const auto rows = rows_of(
      connection
          .run("SELECT 'LOCK TABLE ' || string_agg(format('%I.%I', n.nspname, c.relname), ', ' "
               "ORDER BY c.relname LIKE 'doppel\\_%', c.relname) || ' IN ACCESS EXCLUSIVE MODE' "
               "FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
               "WHERE n.nspname IN ($1, $2) AND c.relkind IN ('r', 'p')",
               std::vector<Value>{Value(names.schema), Value(names.delta)})
          .get());
  if (!rows.at(0).at(0).is_null()) connection.run_script(rows[0][0].text());
}

void CopyOverlayBuilder::replace(const OverlaySpec& spec, const OverlaySpec& next,
                                 const std::string& state) {
  const SandboxNames names = names_of(spec);
  const SandboxNames next_names = names_of(next);
  const std::string& schema = names.schema;
  const std::string& fresh = next_names.schema;
  try {
    const auto connection = connect(database::Access::kReadWrite);
    connection->run_script("BEGIN");
    lock_tables(*connection, names);
    connection->run_script("SET LOCAL search_path = " + quote_name(schema));
    if (capture_state(*connection) != state) {
      throw Error(ErrorCode::kBusy, "the sandbox was written to meanwhile",
                  {.place = schema, .remedy = "nothing was changed; try again"});
    }
    connection->run_script(fmt::format("DROP SCHEMA {0} CASCADE; ALTER SCHEMA {1} RENAME TO {0}",
                                       quote_name(schema), quote_name(fresh)));
    connection->run_script("DROP SCHEMA IF EXISTS " + quote_name(names.delta) + " CASCADE");
    if (has_schema(*connection, next_names.delta)) {
      connection->run_script(fmt::format("ALTER SCHEMA {} RENAME TO {}",
                                         quote_name(next_names.delta), quote_name(names.delta)));
    }
    repin_functions(*connection, fresh, schema);
    rename_registered(*connection, fresh, schema);
    connection->run_script("COMMIT");
  } catch (...) {
    remove(next);
    throw;
  }
  remove_folder(next);
}

void CopyOverlayBuilder::remove(const OverlaySpec& spec) {
  const SandboxNames names = names_of(spec);
  const auto connection = connect(database::Access::kReadWrite);
  const auto registered = find_entry(*connection, names.schema);
  if (!names.passing) end_sessions(*connection, names.role);
  constexpr std::size_t kBatch = 64;
  const auto relations =
      rows_of(connection
                  ->run("SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON "
                        "n.oid = c.relnamespace WHERE n.nspname IN ($1, $2) AND c.relkind IN "
                        "('r', 'p') AND NOT c.relispartition ORDER BY 1, 2",
                        std::vector<Value>{Value(names.schema), Value(names.delta)})
                  .get());
  // In several transactions: one that drops thousands of tables needs as many locks.
  std::vector<std::string> batch;
  for (std::size_t i = 0; i < relations.size(); ++i) {
    batch.push_back(quote_name(relations[i][0].text()) + "." + quote_name(relations[i][1].text()));
    if (batch.size() < kBatch && i + 1 < relations.size()) continue;
    connection->run_script("DROP TABLE IF EXISTS " + join(batch, ", ") + " CASCADE");
    batch.clear();
  }
  connection->run_script(fmt::format("DROP SCHEMA IF EXISTS {}, {} CASCADE",
                                     quote_name(names.schema), quote_name(names.delta)));
  if (!names.passing) {
    drop_role(*connection, names.role, registered ? registered->reader : "");
  }
  remove_registered(*connection, names.schema);
  remove_folder(spec);
}

}  // namespace

std::unique_ptr<database::OverlayBuilder> make_copy_builder(std::shared_ptr<Pool> pool) {
  return std::make_unique<CopyOverlayBuilder>(std::move(pool));
}

}  // namespace doppel::postgres
