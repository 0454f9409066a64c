#include "adapters/postgres/overlay_registry.hpp"

#include "adapters/postgres/values.hpp"

namespace doppel::postgres {
namespace {

bool has(Connection& connection, const char* what) {
  const auto rows = rows_of(connection.run(std::string("SELECT ") + what + " IS NOT NULL").get());
  return rows.at(0).at(0) == Value(1);
}

constexpr const char* kTable = "to_regclass('doppel.sandbox')";

}  // namespace

void make_registry(Connection& connection) {
  if (has(connection, kTable)) return;
  // IF NOT EXISTS fails where two do it at once.
  connection.run("SELECT pg_advisory_xact_lock(1684762736, -1)");
  if (has(connection, kTable)) return;
  if (!has(connection, "to_regnamespace('doppel')")) connection.run_script("CREATE SCHEMA doppel");
  connection.run_script(
      "CREATE TABLE doppel.sandbox (schema text PRIMARY KEY, role text NOT NULL, "
      "reader text NOT NULL, mark text NOT NULL, made_at timestamptz NOT NULL DEFAULT now())");
}

std::optional<Registered> find_registered(Connection& connection, const std::string& schema) {
  const auto there = rows_of(connection
                                 .run("SELECT to_regnamespace(quote_ident($1::text)) IS NOT NULL",
                                      std::vector<Value>{Value(schema)})
                                 .get());
  return there.at(0).at(0) == Value(1) ? find_entry(connection, schema) : std::nullopt;
}

std::optional<Registered> find_entry(Connection& connection, const std::string& schema) {
  if (!has(connection, kTable)) return std::nullopt;
  const auto rows =
      rows_of(connection
                  .run("SELECT schema, role, reader, mark FROM doppel.sandbox WHERE schema = $1",
                       std::vector<Value>{Value(schema)})
                  .get());
  if (rows.empty()) return std::nullopt;
  return Registered{.schema = rows[0][0].text(),
                    .role = rows[0][1].text(),
                    .reader = rows[0][2].text(),
                    .mark = rows[0][3].text()};
}

void add_registered(Connection& connection, const Registered& sandbox) {
  connection.run(
      "INSERT INTO doppel.sandbox (schema, role, reader, mark) VALUES ($1, $2, $3, $4) "
      "ON CONFLICT (schema) DO UPDATE SET role = excluded.role, reader = excluded.reader, "
      "mark = excluded.mark, made_at = now()",
      std::vector<Value>{Value(sandbox.schema), Value(sandbox.role), Value(sandbox.reader),
                         Value(sandbox.mark)});
}

void remove_registered(Connection& connection, const std::string& schema) {
  if (!has(connection, kTable)) return;
  connection.run("DELETE FROM doppel.sandbox WHERE schema = $1", std::vector<Value>{Value(schema)});
}

void rename_registered(Connection& connection, const std::string& next, const std::string& schema) {
  remove_registered(connection, schema);
  connection.run("UPDATE doppel.sandbox SET schema = $2 WHERE schema = $1",
                 std::vector<Value>{Value(next), Value(schema)});
}

}  // namespace doppel::postgres
