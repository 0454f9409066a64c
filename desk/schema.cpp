#include "desk/schema.hpp"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "database/dsn.hpp"
#include "desk/embedded_texts.hpp"

namespace doppel::desk {
namespace {

constexpr std::string_view kFolder = "schema/";
constexpr std::string_view kSuffix = ".sql";

struct Step {
  std::string name;  ///< 0001_configuration
  std::string_view sql;
};

std::vector<Step> steps() {
  std::vector<Step> found;
  for (const EmbeddedText& file : embedded_texts()) {
    if (!file.path.starts_with(kFolder)) continue;
    const std::string_view name =
        file.path.substr(kFolder.size(), file.path.size() - kFolder.size() - kSuffix.size());
    found.push_back({std::string(name), file.text});
  }
  std::ranges::sort(found, {}, &Step::name);
  return found;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

/// The steps that stand. REQUIRES: an open transaction.
std::set<std::string> applied(database::Connection& connection) {
  const database::Schema schema = connection.read_schema();
  if (schema.table("desk_schema") == nullptr) {
    for (const char* name : {"cases", "users", "queues"}) {
      if (schema.table(name) == nullptr) continue;
      throw Error(ErrorCode::kUnsupported, "the database has tables of another application",
                  {.place = name, .remedy = "give the desk a database of its own"});
    }
    return {};
  }
  std::set<std::string> names;
  for (const Row& row : connection.sql()->query("SELECT name FROM desk_schema", {})) {
    names.insert(row[0].text());
  }
  return names;
}

}  // namespace

std::string_view embedded_text(std::string_view path) {
  for (const EmbeddedText& file : embedded_texts()) {
    if (file.path == path) return file.text;
  }
  throw Error(ErrorCode::kInternal, "the binary doesn't carry the file",
              {.place = std::string(path), .remedy = {}});
}

Dialect dialect_of(const std::string& dsn) {
  return database::parse_dsn(dsn).scheme == database::Scheme::kPostgresql ? Dialect::kPostgresql
                                                                          : Dialect::kSqlite;
}

std::string in_dialect(std::string_view sql, Dialect dialect) {
  std::string text(sql);
  if (dialect == Dialect::kSqlite) return text;
  return replaced(replaced(std::move(text), " TEXT", " TEXT COLLATE \"C\""), " BLOB", " BYTEA");
}

std::vector<std::string> apply_schema(database::Connection& connection, Dialect dialect,
                                      const Clock& clock) {
  // Those who read live don't wait for those who write it. Not within a transaction.
  if (dialect == Dialect::kSqlite) connection.sql()->query("PRAGMA journal_mode = WAL", {});
  const auto transaction = connection.begin(database::TransactionKind::kWrite);
  const std::set<std::string> standing = applied(connection);
  std::vector<std::string> missing;
  std::set<std::string> known;
  for (const Step& step : steps()) {
    known.insert(step.name);
    if (standing.contains(step.name)) continue;
    connection.sql()->execute_script(in_dialect(step.sql, dialect));
    connection.sql()->execute("INSERT INTO desk_schema (name, applied_at) VALUES ($1, $2)",
                              {Value(step.name), Value(instant_text(clock.now()))});
    missing.push_back(step.name);
  }
  for (const std::string& name : standing) {
    if (known.contains(name)) continue;
    throw Error(ErrorCode::kNewerStore, "the desk's tables were made by a newer doppel",
                {.place = "desk_schema " + name, .remedy = "use that doppel"});
  }
  transaction->commit();
  return missing;
}

std::string manifest_text(Dialect dialect) {
  std::string text(embedded_text("manifest.yaml"));
  if (dialect == Dialect::kSqlite) return text;
  return replaced(std::move(text), "\ncarrier: split\n", "\ncarrier: rows\n");
}

std::string instant_text(Instant instant) {
  constexpr std::int64_t kSecond = 1'000'000;
  const std::int64_t fraction = ((instant.microseconds % kSecond) + kSecond) % kSecond;
  const std::string whole = to_text(Instant{instant.microseconds - fraction});
  return fmt::format("{}.{:06}Z", whole.substr(0, whole.size() - 1), fraction);
}

}  // namespace doppel::desk
