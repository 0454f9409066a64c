#include "ground.hpp"

#include <set>

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/database.hpp"
#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/database.hpp"
#include "tests/support/cluster.hpp"

namespace doppel::testing {
namespace {

/// A role is this database's by its settings for it or by what it was granted there.
constexpr std::string_view kRoles = R"(
SELECT DISTINCT 'role ' || r.rolname FROM pg_roles AS r, pg_database AS here
WHERE here.datname = current_database()
  AND r.rolname LIKE 'doppel\_%' AND r.rolname NOT IN ('doppel_admin', 'doppel_owner')
  AND regexp_replace(r.rolname, '_w$', '') <> ALL ($1::text[])
  AND (EXISTS (SELECT FROM pg_db_role_setting AS s
               WHERE s.setdatabase = here.oid AND s.setrole = r.oid)
       OR EXISTS (SELECT FROM pg_shdepend AS d WHERE d.dbid = here.oid
                  AND d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid)))";

/// What should be there, by each carrier's registry: ('role' or 'schema', name). With its own rows
/// of data a sandbox of carrier copy has a second schema, ..._d, and a role that writes them,
/// ..._w.
constexpr std::string_view kCopies = R"(
SELECT 'schema', schema FROM doppel.sandbox
UNION ALL SELECT 'role', role FROM doppel.sandbox
UNION ALL SELECT 'reader', reader FROM doppel.sandbox)";

constexpr std::string_view kShared = R"(
WITH used AS (SELECT DISTINCT generation AS n FROM doppel.shared_sandbox),
-- Roles are the cluster's: this database's end as the owner of its tables does.
ours AS (SELECT n, substr(o.rolname, length('doppel_owner_') + 1) AS ending FROM used
         JOIN pg_namespace AS s ON s.nspname = 'zz_doppel_rows_' || n
         JOIN pg_roles AS o ON o.oid = s.nspowner)
SELECT 'schema', unnest(ARRAY['zz_doppel_rows_' || n, 'zz_doppel_view_' || n]) FROM used
UNION ALL SELECT 'role', role FROM doppel.shared_sandbox WHERE role <> ''
UNION ALL SELECT DISTINCT 'role', unnest(ARRAY['doppel_owner_' || ending, 'doppel_view_' || ending,
                                               'doppel_rows_' || n || '_' || ending]) FROM ours
UNION ALL SELECT DISTINCT 'role', g.rolname FROM ours
  JOIN pg_roles AS r ON r.rolname = 'doppel_rows_' || n || '_' || ending
  JOIN pg_auth_members AS m ON m.member = r.oid JOIN pg_roles AS g ON g.oid = m.roleid)";

/// Rows of shared tables whose sandbox isn't there: 0 is what all have in common.
constexpr std::string_view kRowCounts = R"(
SELECT format('SELECT %L, count(*) FROM %I.%I WHERE doppel_sandbox <> 0 AND doppel_sandbox NOT IN '
              '(SELECT number FROM doppel.shared_sandbox WHERE generation = %s)',
              'rows of ' || c.relname, n.nspname, c.relname, substr(n.nspname, 16))
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname LIKE 'zz\_doppel\_rows\_%' AND c.relkind = 'r')";

/// Names that should be there, with what is missing of them in `found`.
void read_known(database::SqlRunner& sql, std::string_view registry, std::set<std::string>& schemas,
                std::set<std::string>& roles, std::string& found) {
  for (const Row& row : sql.query(std::string(registry), {})) {
    const bool schema = row[0] == Value("schema");
    (schema ? schemas : roles).insert(row[1].text());
    const Row there = sql.query(schema ? "SELECT to_regnamespace(quote_ident($1)) IS NOT NULL"
                                       : "SELECT to_regrole(quote_ident($1)) IS NOT NULL",
                                {row[1]})
                          .at(0);
    if (there[0] != Value(1)) found += "entry without " + display(row) + "\n";
  }
}

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
      return "copy";
    case Carrier::kRows:
      break;
  }
  return "rows";
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
  std::set<std::string> schemas;
  std::set<std::string> roles;
  std::string found;
  if (sql.has_own_table("sandbox")) read_known(sql, kCopies, schemas, roles, found);
  if (sql.has_own_table("shared_sandbox")) {
    read_known(sql, kShared, schemas, roles, found);
    for (const Row& count : sql.query(std::string(kRowCounts), {})) {
      const Row row = sql.query(count[0].text(), {}).at(0);
      if (row[1] != Value(0)) found += "left over: " + display(row) + "\n";
    }
  }
  for (const Row& row : sql.query(
           "SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'zz\\_doppel\\_%'", {})) {
    std::string schema = row[0].text();
    if (schema.ends_with("_d")) schema.resize(schema.size() - 2);
    if (!schemas.contains(schema)) found += "left over: schema " + row[0].text() + "\n";
  }
  std::string known;
  for (const std::string& role : roles) known += (known.empty() ? "" : ",") + role;
  for (const Row& row : sql.query(std::string(kRoles), {Value("{" + known + "}")})) {
    found += "left over: " + row[0].text() + "\n";
  }
  return found;
}

std::unique_ptr<database::Database> attach_any(const std::string& dsn) {
  if (dsn.starts_with("postgresql:")) return postgres::attach(dsn);
  return sqlite::attach(dsn.substr(dsn.find(':') + 1));
}

}  // namespace doppel::testing
