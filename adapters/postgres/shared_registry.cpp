#include "adapters/postgres/shared_registry.hpp"

#include <fmt/core.h>

#include "adapters/postgres/overlay_names.hpp"
#include "adapters/postgres/values.hpp"

namespace doppel::postgres {
namespace {

/// "dopp", as doppel's other locks.
constexpr std::string_view kLock = "(1684762736, -2)";

bool is_there(Connection& connection, const std::string& what) {
  return rows_of(connection.run("SELECT " + what + " IS NOT NULL").get()).at(0).at(0) == Value(1);
}

constexpr const char* kTable = "to_regclass('doppel.shared_sandbox')";

/// A sandbox's role is told by its name and by nothing that it could set; a role of a sandbox of
/// another database, where this one was restored from its dump, finds none here. Everybody else
/// says it by a setting, which fails where there is none: after SET LOCAL it is empty.
constexpr std::string_view kSandboxFunction = R"(
CREATE OR REPLACE FUNCTION doppel.sandbox() RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE
AS $doppel$ SELECT CASE WHEN starts_with(session_user::text, 'doppel_s_')
  THEN CASE WHEN current_database() = {0} THEN split_part(session_user::text, '_', 3)
       ELSE 'a sandbox of another database' END
  ELSE current_setting('doppel.sandbox') END::integer $doppel$;
CREATE OR REPLACE FUNCTION doppel.copying() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
AS $doppel$ SELECT coalesce(current_setting('doppel.copying', true), '') = 'on'
  AND NOT starts_with(session_user::text, 'doppel_s_') $doppel$;
)";

}  // namespace

void make_shared_registry(Connection& connection) {
  if (!is_there(connection, "to_regnamespace('doppel')")) {
    connection.run_script("CREATE SCHEMA doppel");
  }
  const auto where = rows_of(connection.run("SELECT current_database()").get());
  connection.run_script(fmt::format(kSandboxFunction, quote_text(where.at(0).at(0).text())));
  if (is_there(connection, kTable)) return;
  connection.run_script(
      "CREATE TABLE doppel.shared_generation (generation integer PRIMARY KEY, "
      "fingerprint text NOT NULL, made_at timestamptz NOT NULL DEFAULT now());\n"
      "CREATE TABLE doppel.shared_sandbox (number integer PRIMARY KEY GENERATED ALWAYS AS "
      "IDENTITY, id text NOT NULL UNIQUE, generation integer NOT NULL, role text NOT NULL DEFAULT "
      "'', mark text NOT NULL, sealed boolean NOT NULL DEFAULT false, "
      "made_at timestamptz NOT NULL DEFAULT now())");
}

std::optional<int> find_generation(Connection& connection, const std::string& fingerprint) {
  if (!is_there(connection, kTable)) return std::nullopt;
  const auto rows = rows_of(
      connection
          .run("SELECT max(generation) FROM doppel.shared_generation WHERE fingerprint = $1",
               std::vector<Value>{Value(fingerprint)})
          .get());
  if (rows.at(0).at(0).is_null()) return std::nullopt;
  return static_cast<int>(rows[0][0].integer());
}

int add_generation(Connection& connection, const std::string& fingerprint) {
  const auto rows = rows_of(
      connection
          .run("INSERT INTO doppel.shared_generation (generation, fingerprint) SELECT 1 + greatest("
               "(SELECT coalesce(max(generation), 0) FROM doppel.shared_generation), "
               "(SELECT coalesce(max(generation), 0) FROM doppel.shared_sandbox)), $1 "
               "RETURNING generation",
               std::vector<Value>{Value(fingerprint)})
          .get());
  return static_cast<int>(rows.at(0).at(0).integer());
}

std::optional<SharedSandbox> find_shared(Connection& connection, const std::string& id) {
  if (!is_there(connection, kTable)) return std::nullopt;
  const auto rows = rows_of(
      connection
          .run("SELECT number, id, generation, role, mark FROM doppel.shared_sandbox WHERE id = $1",
               std::vector<Value>{Value(id)})
          .get());
  if (rows.empty()) return std::nullopt;
  return SharedSandbox{.number = static_cast<std::int32_t>(rows[0][0].integer()),
                       .id = rows[0][1].text(),
                       .generation = static_cast<int>(rows[0][2].integer()),
                       .role = rows[0][3].text(),
                       .mark = rows[0][4].text()};
}

SharedSandbox add_shared(Connection& connection, const std::string& id, int generation,
                         const std::string& mark) {
  const auto rows = rows_of(connection
                                .run("INSERT INTO doppel.shared_sandbox (id, generation, mark) "
                                     "VALUES ($1, $2, $3) RETURNING number",
                                     std::vector<Value>{Value(id), Value(generation), Value(mark)})
                                .get());
  return {.number = static_cast<std::int32_t>(rows.at(0).at(0).integer()),
          .id = id,
          .generation = generation,
          .role = {},
          .mark = mark};
}

void let_leave(Connection& connection, std::int32_t number) {
  connection.run(
      "UPDATE doppel.shared_sandbox SET id = 'leaving ' || number, role = '' WHERE number = $1",
      std::vector<Value>{Value(number)});
}

bool is_known(Connection& connection, std::int32_t number) {
  return rows_of(connection
                     .run("SELECT EXISTS (SELECT FROM doppel.shared_sandbox WHERE number = $1)",
                          std::vector<Value>{Value(number)})
                     .get())
             .at(0)
             .at(0) == Value(1);
}

std::vector<SharedSandbox> find_leaving(Connection& connection) {
  std::vector<SharedSandbox> leaving;
  for (const Row& row :
       rows_of(connection
                   .run("SELECT number, id, generation FROM doppel.shared_sandbox WHERE "
                        "starts_with(id, 'leaving ') ORDER BY number FOR UPDATE SKIP LOCKED")
                   .get())) {
    leaving.push_back({.number = static_cast<std::int32_t>(row[0].integer()),
                       .id = row[1].text(),
                       .generation = static_cast<int>(row[2].integer()),
                       .role = {},
                       .mark = {}});
  }
  return leaving;
}

std::vector<int> unused_generations(Connection& connection) {
  std::vector<int> unused;
  for (const Row& row : rows_of(
           connection
               .run("SELECT generation FROM doppel.shared_generation AS g WHERE NOT EXISTS (SELECT "
                    "FROM doppel.shared_sandbox AS s WHERE s.generation = g.generation AND NOT "
                    "starts_with(s.id, 'leaving '))")
               .get())) {
    unused.push_back(static_cast<int>(row[0].integer()));
  }
  return unused;
}

void forget_leaving(Connection& connection, int generation) {
  connection.run(
      "DELETE FROM doppel.shared_sandbox WHERE generation = $1 AND starts_with(id, 'leaving ')",
      std::vector<Value>{Value(generation)});
}

SharedUse shared_use(Connection& connection, int generation) {
  const auto rows =
      rows_of(connection
                  .run("SELECT EXISTS (SELECT FROM doppel.shared_sandbox WHERE generation = $1), "
                       "EXISTS (SELECT FROM doppel.shared_sandbox)",
                       std::vector<Value>{Value(generation)})
                  .get());
  return {.generation = rows.at(0).at(0) == Value(1), .any = rows[0][1] == Value(1)};
}

void lock_shared(Connection& connection, SharedLock lock) {
  connection.run(fmt::format("SELECT pg_advisory_lock{}{}",
                             lock == SharedLock::kShared ? "_shared" : "", kLock));
}

void unlock_shared(Connection& connection, SharedLock lock) {
  connection.run(fmt::format("SELECT pg_advisory_unlock{}{}",
                             lock == SharedLock::kShared ? "_shared" : "", kLock));
}

void unlock_all_shared(Connection& connection) {
  connection.run("SELECT pg_advisory_unlock_all()");
}

}  // namespace doppel::postgres
