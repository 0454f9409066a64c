#include "ground.hpp"

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/database.hpp"
#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/database.hpp"
#include "tests/support/cluster.hpp"

namespace doppel::testing {
namespace {

/// A role is this database's by its settings for it or by what it was granted there. With its own
/// rows of data a sandbox has a second schema, ..._d, and a role that writes them, ..._w.
constexpr std::string_view kLeftOver = R"(
WITH known (schema, role, reader) AS (SELECT schema, role, reader FROM doppel.sandbox),
here AS (SELECT oid FROM pg_database WHERE datname = current_database())
SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname LIKE 'zz\_doppel\_%'
  AND regexp_replace(nspname, '_d$', '') NOT IN (SELECT schema FROM known)
UNION ALL SELECT 'entry of ' || schema FROM known
  WHERE to_regnamespace(quote_ident(schema)) IS NULL OR to_regrole(quote_ident(role)) IS NULL
UNION ALL SELECT DISTINCT 'role ' || r.rolname FROM pg_roles AS r
  WHERE r.rolname LIKE 'doppel\_%' AND r.rolname NOT IN ('doppel_admin', 'doppel_owner')
  AND regexp_replace(r.rolname, '_w$', '') NOT IN
    (SELECT role FROM known UNION ALL SELECT reader FROM known)
  AND (EXISTS (SELECT FROM pg_db_role_setting AS s, here WHERE s.setdatabase = here.oid
               AND s.setrole = r.oid)
       OR EXISTS (SELECT FROM pg_shdepend AS d, here WHERE d.dbid = here.oid
                  AND d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid)))";

class SqliteGround final : public Ground {
 public:
  explicit SqliteGround(const std::filesystem::path& folder) : file_(folder / "live.db") {}
  std::string dsn() const override { return "sqlite:" + file_.string(); }
  std::string live() const override { return file_.string(); }

 private:
  std::filesystem::path file_;
};

class PostgresqlGround final : public Ground {
 public:
  explicit PostgresqlGround(const std::string& script) : database_(script) {}
  std::string dsn() const override { return database_.dsn(); }
  std::string live() const override { return database_.dsn("doppel_owner"); }

 private:
  TestDatabase database_;
};

}  // namespace

std::string carrier_name(Carrier carrier) {
  switch (carrier) {
    case Carrier::kFile:
      return "file";
    case Carrier::kSplit:
      return "split";
    case Carrier::kCopy:
      break;
  }
  return "copy";
}

std::unique_ptr<Ground> make_ground(Carrier carrier, const std::filesystem::path& folder,
                                    const std::string& server_script) {
  if (is_sqlite(carrier)) return std::make_unique<SqliteGround>(folder);
  return std::make_unique<PostgresqlGround>(server_script);
}

std::unique_ptr<database::Connection> connect_any(const std::string& where) {
  if (where.starts_with("postgresql:")) {
    return postgres::open({.dsn = where, .access = database::Access::kReadWrite});
  }
  return sqlite::open({.path = where,
                       .access = database::Access::kReadWrite,
                       .creation = sqlite::Creation::kCreateIfMissing});
}

std::string left_over(const std::string& live) {
  const auto connection = connect_any(live);
  database::SqlRunner& sql = *connection->sql();
  const bool any = sql.has_own_table("sandbox");
  std::string text(kLeftOver);
  constexpr std::string_view kKnown = "schema, role, reader FROM doppel.sandbox";
  if (!any) text.replace(text.find(kKnown), kKnown.size(), "'', '', '' WHERE false");
  std::string found;
  for (const Row& row : sql.query(text, {})) found += "left over: " + row[0].text() + "\n";
  return found;
}

std::unique_ptr<database::Database> attach_any(const std::string& dsn) {
  if (dsn.starts_with("postgresql:")) return postgres::attach(dsn);
  return sqlite::attach(dsn.substr(dsn.find(':') + 1));
}

}  // namespace doppel::testing
