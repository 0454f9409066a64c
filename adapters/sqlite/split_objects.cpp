#include "adapters/sqlite/split_objects.hpp"

#include <fmt/core.h>

#include "adapters/sqlite/ddl.hpp"
#include "adapters/sqlite/failure.hpp"
#include "adapters/sqlite/overlay.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::sqlite {
namespace {

using database::DataReference;
using database::OverlaySpec;
using database::quote_name;
using database::TrackedTable;

std::string quote_text(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return quoted + "'";
}

std::set<std::string> config_names(const OverlaySpec& spec) {
  std::set<std::string> names;
  for (const TrackedTable& table : own_tables(spec)) {
    names.insert(to_lower_ascii(table.shape->name));
  }
  return names;
}

/// Live's tables and views that the sandbox doesn't hold itself.
std::set<std::string> outside_names(Connection& connection, const std::set<std::string>& config) {
  std::set<std::string> names;
  for (const Row& row : connection.sql()->query(
           "SELECT name FROM live.sqlite_schema WHERE type IN ('table', 'view')", {})) {
    std::string name = to_lower_ascii(row[0].text());
    if (!config.contains(name)) names.insert(std::move(name));
  }
  return names;
}

[[noreturn]] void refuse_trigger(const std::string& table, const std::string& why) {
  throw Error(ErrorCode::kUnsupported, "a trigger can't be carried: " + why,
              {.place = table, .remedy = "use a sandbox of carrier file for this application"});
}

std::string check_name(std::size_t number, std::string_view event) {
  return fmt::format("doppel_check_{}_{}", number, event);
}

/// A value as SQL text: a trigger has no parameters.
std::string literal(Connection& connection, const Value& value) {
  return connection.sql()->query("SELECT quote($1)", {value}).at(0).at(0).text();
}

/// When the new row holds a reference of this kind, in SQL: "NEW.x IS NOT NULL AND ...".
std::string given_condition(Connection& connection, const DataReference& reference) {
  std::string given;
  for (const std::string& column : reference.columns) {
    given += fmt::format("NEW.{} IS NOT NULL AND ", quote_name(column));
  }
  for (const Value& none : reference.none) {
    given += fmt::format("NEW.{} IS NOT {} AND ", quote_name(reference.columns.front()),
                         literal(connection, none));
  }
  if (!reference.when) return given;
  const DataReference::When& when = *reference.when;
  const std::string value = literal(connection, when.value);
  if (when.via.empty()) {
    return given + fmt::format("NEW.{} = {} AND ", quote_name(when.column), value);
  }
  return given +
         fmt::format("EXISTS (SELECT 1 FROM {} AS v WHERE v.{} = NEW.{} AND v.{} = {}) AND ",
                     quote_name(when.via_table), quote_name(when.via_key), quote_name(when.via),
                     quote_name(when.column), value);
}

/// The columns of the table whose change may make a reference of it.
std::vector<std::string> judged_columns(const DataReference& reference) {
  std::vector<std::string> columns = reference.columns;
  if (reference.when) {
    columns.push_back(reference.when->via.empty() ? reference.when->column : reference.when->via);
  }
  return columns;
}

void make_check(Connection& connection, const OverlaySpec& spec, std::size_t number) {
  const DataReference& reference = spec.references[number];
  std::string same;
  for (std::size_t i = 0; i < reference.columns.size(); ++i) {
    same += fmt::format("{}t.{} = NEW.{}", i > 0 ? " AND " : "",
                        quote_name(reference.target_columns[i]), quote_name(reference.columns[i]));
  }
  const std::string given = given_condition(connection, reference);
  const std::string target = quote_name(reference.target);
  const std::string name = spec.name.empty() ? spec.folder.filename().string() : spec.name;
  const std::string message =
      fmt::format("{}.{} refers to a row of {} that{}{}", reference.table,
                  join(reference.columns, ", "), reference.target, kSandboxOnlyWords, name);
  const auto make = [&](std::string_view event, const std::string& of) {
    connection.run_script(fmt::format(
        "CREATE TEMP TRIGGER {} AFTER {}{} ON live.{} WHEN {}"
        "NOT EXISTS (SELECT 1 FROM live.{} AS t WHERE {}) AND "
        "EXISTS (SELECT 1 FROM main.{} AS t WHERE {}) BEGIN SELECT RAISE(ABORT, {}); END",
        quote_name(check_name(number, event)), event, of, quote_name(reference.table), given,
        target, same, target, same, quote_text(message)));
  };
  make("INSERT", "");
  make("UPDATE", " OF " + database::quote_names(judged_columns(reference)));
}

}  // namespace

void copy_objects(Connection& connection, const OverlaySpec& spec) {
  connection.run_script("CREATE TABLE doppel_temporary (kind TEXT, name TEXT, sql TEXT)");
  const std::set<std::string> config = config_names(spec);
  const std::set<std::string> outside = outside_names(connection, config);
  database::SqlRunner& sql = *connection.sql();
  // Views first: triggers may stand on them. In the order in which live made them.
  for (const Row& row : sql.query(
           "SELECT s.type, s.name, s.sql, s.tbl_name, t.type FROM live.sqlite_schema AS s LEFT "
           "JOIN live.sqlite_schema AS t ON t.name = s.tbl_name AND t.type IN ('table', 'view') "
           "WHERE s.type IN ('view', 'trigger') ORDER BY s.type = 'trigger', s.rowid",
           {})) {
    const std::string& definition = row[2].text();
    const bool trigger = row[0] == Value("trigger");
    if (trigger && row[4] == Value("table")) {
      if (!config.contains(to_lower_ascii(row[3].text()))) continue;  // It stays in live.
      if (!mentions(definition, outside)) {
        connection.run_script(definition);
        continue;
      }
    }
    sql.execute("INSERT INTO doppel_temporary (kind, name, sql) VALUES ($1, $2, $3)",
                {row[0], row[1], Value(as_temporary(definition))});
  }
}

std::set<std::string> make_temporary_objects(Connection& connection) {
  std::set<std::string> triggers;
  for (const Row& row :
       connection.sql()->query("SELECT kind, name, sql FROM doppel_temporary ORDER BY rowid", {})) {
    try {
      connection.run_script(row[2].text());
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kSql) throw;
      refuse_trigger(row[1].text(), error.what());
    }
    if (row[0] == Value("trigger")) triggers.insert(to_lower_ascii(row[1].text()));
  }
  return triggers;
}

void require_bearable_triggers(Connection& connection, const OverlaySpec& spec) {
  for (const TrackedTable& table : own_tables(spec)) {
    const std::string name = quote_name(table.shape->name);
    std::string all;
    for (const std::string& column : table.shape->columns) {
      all +=
          fmt::format("{}{} = {}", all.empty() ? "" : ", ", quote_name(column), quote_name(column));
    }
    for (const std::string& statement : {fmt::format("INSERT INTO main.{} DEFAULT VALUES", name),
                                         fmt::format("UPDATE main.{} SET {}", name, all),
                                         fmt::format("DELETE FROM main.{}", name)}) {
      try {
        connection.prepare(statement);
      } catch (const Error& error) {
        refuse_trigger(table.shape->name, error.what());
      }
    }
  }
}

void make_reference_checks(Connection& connection, const OverlaySpec& spec) {
  for (std::size_t i = 0; i < spec.references.size(); ++i) make_check(connection, spec, i);
}

}  // namespace doppel::sqlite
