#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/core.h>

#include "adapters/sqlite/ddl.hpp"
#include "adapters/sqlite/overlay.hpp"
#include "adapters/sqlite/overlay_folder.hpp"
#include "adapters/sqlite/split_objects.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::sqlite {
namespace {

namespace fs = std::filesystem;
using database::OverlaySpec;
using database::quote_name;
using database::TrackedTable;

/// A column by which the rowid can be named; empty where the table has none or hides it.
std::string rowid_of(Connection& connection, const TableShape& shape) {
  const auto without = connection.sql()->query(
      "SELECT 1 FROM pragma_table_list WHERE schema = 'live' AND name = $1 AND wr = 1",
      {Value(shape.name)});
  if (!without.empty()) return {};
  for (const char* alias : {"rowid", "_rowid_", "oid"}) {
    const bool hidden = std::ranges::any_of(
        shape.columns, [&](const std::string& column) { return to_lower_ascii(column) == alias; });
    if (!hidden) return alias;
  }
  return {};
}

void copy_table(Connection& connection, const TableShape& shape,
                const std::set<std::string>& config) {
  database::SqlRunner& sql = *connection.sql();
  const auto definition = sql.query(
      "SELECT sql FROM live.sqlite_schema WHERE type = 'table' AND name = $1", {Value(shape.name)});
  if (definition.empty()) {
    throw Error(ErrorCode::kSchemaChanged, "live no longer has the table", {.place = shape.name});
  }
  connection.run_script(without_foreign_keys(
      definition[0][0].text(),
      [&](const std::string& target) { return config.contains(to_lower_ascii(target)); }));
  std::string columns = database::quote_names(shape.columns);
  const std::string rowid = rowid_of(connection, shape);
  // Also rowids that are no key stay: SQL may ask for them.
  if (!rowid.empty()) columns = rowid + ", " + columns;
  const std::string name = quote_name(shape.name);
  sql.execute(
      fmt::format("INSERT INTO main.{} ({}) SELECT {} FROM live.{}", name, columns, columns, name),
      {});
  for (const Row& row : sql.query("SELECT sql FROM live.sqlite_schema WHERE type = 'index' AND "
                                  "tbl_name = $1 AND sql IS NOT NULL ORDER BY rowid",
                                  {Value(shape.name)})) {
    connection.run_script(row[0].text());
  }
}

/// The counters as live has them; install_overlay() raises them.
void copy_counters(Connection& connection, const std::vector<TrackedTable>& tables) {
  database::SqlRunner& sql = *connection.sql();
  const char* exists = "SELECT 1 FROM {}.sqlite_schema WHERE name = 'sqlite_sequence'";
  for (const char* file : {"main", "live"}) {
    if (sql.query(fmt::format(fmt::runtime(exists), file), {}).empty()) return;
  }
  for (const TrackedTable& table : tables) {
    const Value name(table.shape->name);
    sql.execute("DELETE FROM main.sqlite_sequence WHERE name = $1", {name});
    sql.execute(
        "INSERT INTO main.sqlite_sequence (name, seq) SELECT name, seq FROM "
        "live.sqlite_sequence WHERE name = $1",
        {name});
  }
}

GuardRules rules_of(const OverlaySpec& spec, database::Access access) {
  GuardRules rules{.environment = GuardRules::Environment::kSplit, .access = access};
  for (const TrackedTable& table : spec.tables) {
    if (table.kind == TrackedTable::Kind::kData && table.shared_write) {
      rules.shared_write.insert(to_lower_ascii(table.shape->name));
    }
  }
  rules.sandbox = spec.name;
  return rules;
}

/// Live is opened for writing only where something in it may be written.
database::Access live_access(const GuardRules& rules) {
  return rules.shared_write.empty() ? database::Access::kReadOnly : rules.access;
}

/// Of the columns of all tables in a file: what a reader or writer of them can notice.
using ColumnTexts = std::map<std::pair<std::string, std::string>, std::string>;

ColumnTexts columns_of(Connection& connection, const std::string& file) {
  ColumnTexts columns;
  for (const Row& row : connection.sql()->query(
           fmt::format("SELECT t.name, c.name, c.type || iif(c.\"notnull\", ' not null', '') || "
                       "iif(c.hidden >= 2, ' generated', '') || "
                       "coalesce(' default ' || c.dflt_value, '') "
                       "FROM {}.sqlite_schema AS t JOIN pragma_table_xinfo(t.name, '{}') AS c "
                       "WHERE t.type = 'table' AND t.name NOT LIKE 'doppel\\_%' ESCAPE '\\'",
                       file, file),
           {})) {
    columns.emplace(std::pair(row[0].text(), row[1].text()), row[2].text());
  }
  return columns;
}

/// SQL in a sandbox means its own tables, and they are as live's were when it was made. Where live
/// went on, data and config wouldn't fit each other any more.
void require_todays_columns(Connection& connection) {
  const ColumnTexts own = columns_of(connection, "main");
  const ColumnTexts live = columns_of(connection, "live");
  std::set<std::string> tables;
  for (const auto& [name, text] : own) tables.insert(name.first);
  std::vector<std::string> found;
  std::string place;
  const auto note = [&](const std::pair<std::string, std::string>& name, const std::string& what) {
    found.push_back(name.first + "." + name.second + what);
    if (place.empty()) place = name.first + "." + name.second;
  };
  for (const auto& [name, text] : own) {
    const auto now = live.find(name);
    if (now == live.end()) {
      note(name, " is gone");
    } else if (now->second != text) {
      note(name, " was " + text + ", is " + now->second);
    }
  }
  for (const auto& [name, text] : live) {
    if (tables.contains(name.first) && !own.contains(name)) note(name, " is new (" + text + ")");
  }
  if (found.empty()) return;
  throw Error(
      ErrorCode::kSchemaChanged,
      "live's config tables changed since the sandbox was made: " + join(found, ", "),
      {.place = place, .remedy = "`doppel sandbox refresh` takes the sandbox and its work along"});
}

std::unique_ptr<Connection> connect(const OverlaySpec& spec, const std::string& live_path,
                                    database::Access access, ConnectionUse use) {
  auto connection = sqlite::open({.path = (spec.folder / kDataFile).string(), .access = access});
  require_mark(*connection, spec);
  GuardRules rules = rules_of(spec, access);
  if (use == ConnectionUse::kOverlay) rules.own = GuardRules::Own::kAllowed;
  connection->attach_live(live_path, live_access(rules));
  if (use == ConnectionUse::kSession) require_todays_columns(*connection);
  rules.temporary_triggers = make_temporary_objects(*connection);
  make_reference_checks(*connection, spec);
  connection->install_guard(std::move(rules));
  return connection;
}

class SplitOverlayBuilder final : public FolderOverlayBuilder {
 public:
  using FolderOverlayBuilder::FolderOverlayBuilder;

  std::unique_ptr<database::Overlay> open(const OverlaySpec& spec,
                                          database::Access access) override;
  database::ApplicationAccess access_for_application(const OverlaySpec& spec) override;

 private:
  void make_data(const OverlaySpec& spec, const fs::path& data) override;
};

void SplitOverlayBuilder::make_data(const OverlaySpec& spec, const fs::path& data) {
  const Row encoding = sqlite::open({.path = live_path()})->sql()->query("PRAGMA encoding", {})[0];
  const auto connection = sqlite::open({.path = data.string(),
                                        .access = database::Access::kReadWrite,
                                        .creation = Creation::kCreateIfMissing});
  const std::vector<TrackedTable> tables = own_tables(spec);
  std::set<std::string> config;
  for (const TrackedTable& table : tables) config.insert(to_lower_ascii(table.shape->name));
  // Attached files have one encoding. Rows are taken as they are, whatever was added to the
  // constraints after them.
  connection->run_script(
      fmt::format("PRAGMA encoding = '{}'; PRAGMA synchronous = OFF; "
                  "PRAGMA foreign_keys = OFF; "
                  "PRAGMA ignore_check_constraints = ON",
                  encoding[0].text()));
  connection->attach_live(live_path(), database::Access::kReadOnly);
  {
    // One snapshot of live: a read transaction holds it for all that is copied.
    const auto transaction = connection->begin(database::TransactionKind::kWrite);
    for (const TrackedTable& table : tables) copy_table(*connection, *table.shape, config);
    copy_counters(*connection, tables);
    copy_objects(*connection, spec);
    transaction->commit();
  }
  GuardRules rules = rules_of(spec, database::Access::kReadWrite);
  rules.own = GuardRules::Own::kAllowed;
  rules.temporary_triggers = make_temporary_objects(*connection);
  connection->install_guard(std::move(rules));
  require_bearable_triggers(*connection, spec);
}

std::unique_ptr<database::Overlay> SplitOverlayBuilder::open(const OverlaySpec& spec,
                                                             database::Access access) {
  const auto make = [spec, access, live_path = live_path()](ConnectionUse use) {
    return connect(spec, live_path, access, use);
  };
  return make_overlay(make(ConnectionUse::kOverlay), spec, make);
}

database::ApplicationAccess SplitOverlayBuilder::access_for_application(const OverlaySpec& spec) {
  throw Error(ErrorCode::kUnsupported,
              "a sandbox of carrier split is two files, which an application can't open as one",
              {.place = spec.folder.string(),
               .remedy = "`doppel sql` and the library open it; for an application by itself make "
                         "a sandbox of carrier file"});
}

}  // namespace

std::unique_ptr<database::OverlayBuilder> make_split_builder(std::string live_path) {
  return std::make_unique<SplitOverlayBuilder>(std::move(live_path));
}

}  // namespace doppel::sqlite
