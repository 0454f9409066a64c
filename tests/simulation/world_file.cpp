#include "world_file.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/text.hpp"
#include "database/quote.hpp"
#include "ground.hpp"

namespace doppel::testing {
namespace {

using changeset::ChangeSet;
using changeset::State;
using database::quote_name;
using database::quote_names;
using manifest::TableModel;

std::string literal(const Value& value) {
  switch (value.kind()) {
    case ValueKind::kText: {
      std::string quoted = "'";
      for (const char c : value.text()) quoted += c == '\'' ? "''" : std::string(1, c);
      return quoted + "'";
    }
    case ValueKind::kBlob:
      return "x'" + to_hex(value.blob()) + "'";
    default:
      return display(value);
  }
}

std::string condition(const TableShape& shape, const Key& key) {
  std::string all;
  for (std::size_t i = 0; i < shape.key.size(); ++i) {
    all += fmt::format("{}{} = {}", i ? " AND " : "", quote_name(shape.columns[shape.key[i]]),
                       literal(key[i]));
  }
  return all;
}

std::string insert(const TableShape& shape, const Row& row, const char* verb) {
  std::string values;
  for (const Value& value : row) values += (values.empty() ? "" : ", ") + literal(value);
  return fmt::format("{} INTO {} ({}) VALUES ({});\n", verb, quote_name(shape.name),
                     quote_names(shape.columns), values);
}

std::string remove(const TableShape& shape, const Key& key) {
  return fmt::format("DELETE FROM {} WHERE {};\n", quote_name(shape.name), condition(shape, key));
}

const char* defer(Dialect dialect) {
  return dialect == Dialect::kSqlite ? "PRAGMA defer_foreign_keys = ON;\n"
                                     : "SET CONSTRAINTS ALL DEFERRED;\n";
}

/// One column only, so that neither unique keys nor other columns are touched on the way. Empty
/// where more is to be changed.
std::string update_one(const RowChange& change) {
  std::vector<std::size_t> changed;
  for (std::size_t i = 0; i < change.before->size(); ++i) {
    if ((*change.before)[i] != (*change.after)[i]) changed.push_back(i);
  }
  if (changed.size() != 1) return {};
  const std::string& column = change.table->columns[changed[0]];
  if (column == "name" || column == "code") return {};
  return fmt::format("UPDATE {} SET {} = {} WHERE {};\n", quote_name(change.table->name),
                     quote_name(column), literal((*change.after)[changed[0]]),
                     condition(*change.table, change.key));
}

}  // namespace

namespace {

/// Of a column in the worlds that tests/support makes, by its name.
const char* type_of(const std::string& column) {
  const bool text = column == "name" || column == "value" || column == "note" ||
                    column == "named" || column == "parts" || column == "extra";
  return text ? " text" : " integer";
}

bool is_given(const TableModel& table) { return table.key_source == database::KeySource::kReused; }

/// References by name, which the database doesn't declare.
std::string references_text(const TableModel& table) {
  std::string text;
  for (const auto& reference : table.references) {
    if (reference.declared()) continue;
    text += fmt::format("      {}: {{table: {}, by: [name]}}\n",
                        table.shape->columns[reference.columns.front()],
                        reference.targets.front().table);
  }
  return text.empty() ? text : "    references:\n" + text;
}

std::string columns_text(const TableModel& table) {
  constexpr std::array kUnits{"whole", "json", "set", "list", "text"};
  std::string text;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const manifest::ColumnModel& column = table.columns[i];
    const std::string begin = "      " + table.shape->columns[i] + ": {plain: true, ";
    if (column.is_volatile) text += begin + "volatile: true}\n";
    const auto unit = static_cast<std::size_t>(column.merge);
    if (unit > 0) text += fmt::format("{}merge: {}}}\n", begin, kUnits[unit]);
  }
  return text.empty() ? text : "    columns:\n" + text;
}

std::string list_text(const TableModel& table) {
  std::vector<std::string> within;
  for (const std::size_t column : table.list->within) {
    within.push_back(table.shape->columns[column]);
  }
  const std::string part = within.empty() ? "" : fmt::format(", within: [{}]", join(within, ", "));
  return fmt::format("    list: {{order: {}{}}}\n", table.shape->columns[table.list->order], part);
}

}  // namespace

Dialect dialect_of(const std::string& where) {
  return where.starts_with("postgresql:") ? Dialect::kPostgresql : Dialect::kSqlite;
}

std::string schema_sql(const manifest::Model& model, Dialect dialect) {
  const bool typed = dialect == Dialect::kPostgresql;
  std::string sql;
  std::string references;
  for (std::size_t number = 0; number < model.tables.size(); ++number) {
    const TableModel& table = model.tables[number];
    std::string body;
    for (std::size_t i = 0; i < table.shape->columns.size(); ++i) {
      const bool key = std::ranges::count(table.shape->key, i) > 0;
      const char* what = !key ? "" : is_given(table) ? " INTEGER PRIMARY KEY" : " NOT NULL";
      body += quote_name(table.shape->columns[i]);
      if (typed) {
        body += type_of(table.shape->columns[i]);
        what = !key              ? ""
               : is_given(table) ? " GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
                                 : " NOT NULL";
      }
      body += std::string(what) + ", ";
    }
    std::vector<std::string> key;
    for (const std::size_t column : table.shape->key) key.push_back(table.shape->columns[column]);
    body += is_given(table) ? "CHECK (1 = 1)" : "PRIMARY KEY (" + quote_names(key) + ")";
    for (const auto& unique : table.unique_keys) {
      std::vector<std::string> columns;
      for (const std::size_t column : unique.columns)
        columns.push_back(table.shape->columns[column]);
      body += ", UNIQUE (" + quote_names(columns) + ")";
    }
    for (const auto& reference : table.references) {
      if (!reference.declared()) continue;
      std::vector<std::string> columns;
      for (const std::size_t column : reference.columns) {
        columns.push_back(table.shape->columns[column]);
      }
      std::vector<std::string> target;
      for (const std::size_t column : model.require(reference.targets.at(0).table).shape->key) {
        target.push_back(model.require(reference.targets.at(0).table).shape->columns[column]);
      }
      const std::string foreign =
          fmt::format("FOREIGN KEY ({}) REFERENCES {} ({})", quote_names(columns),
                      quote_name(reference.targets.at(0).table), quote_names(target));
      // PostgreSQL wants the other table to be there.
      if (typed) {
        references +=
            fmt::format("ALTER TABLE {} ADD {} DEFERRABLE;\n", quote_name(table.name()), foreign);
      } else {
        body += ", " + foreign;
      }
    }
    const bool without_rowid = number % 2 == 1 && !is_given(table) && !typed;
    const std::string create = fmt::format("CREATE TABLE {} ({}){};\n", quote_name(table.name()),
                                           body, without_rowid ? " WITHOUT ROWID" : "");
    sql += create;
  }
  return sql + references + "CREATE TABLE entries (id INTEGER PRIMARY KEY, text TEXT);\n";
}

std::string manifest_text(const manifest::Model& model, const std::string& carrier) {
  std::string text = "doppel: 1\napplication: world\nversion: \"1\"\ncarrier: " + carrier +
                     "\ntables:\n  entries: {role: data, shared_write: true, plain: [text]}\n";
  for (const TableModel& table : model.tables) {
    text += "  " + table.name() + ":\n    role: config\n    label: name\n";
    if (!table.natural_key.empty()) text += "    natural_key: [name]\n";
    if (table.list) text += list_text(table);
    text += references_text(table) + columns_text(table) + "    plain: all\n";
  }
  return text;
}

void make_world_file(const std::string& where, const World& world) {
  const auto application = connect_any(where);
  application->sql()->execute_script(schema_sql(world.model, dialect_of(where)));
  const auto transaction = application->begin(database::TransactionKind::kWrite);
  application->sql()->execute_script(defer(dialect_of(where)));
  for (const TableModel& table : world.model.tables) {
    const auto rows = world.base.tables.find(table.name());
    if (rows == world.base.tables.end()) continue;
    for (const auto& [key, row] : rows->second.rows) {
      application->sql()->execute_script(insert(*table.shape, row, "INSERT"));
    }
  }
  transaction->commit();
}

std::string edit_sql(const State& from, const State& to, Random& random, Dialect dialect) {
  const ChangeSet changes = changeset::diff(from, to);
  if (changes.empty()) return {};
  std::string script = std::string("BEGIN;\n") + defer(dialect);
  std::vector<const RowChange*> added;
  for (const RowChange& change : changes.changes) {
    if (change.before && change.after && random.below(2) == 0) {
      const std::string update = update_one(change);
      script += update;
      if (!update.empty()) continue;
    }
    if (change.before) script += remove(*change.table, change.key);
    if (change.after) added.push_back(&change);
  }
  for (const RowChange* change : added) {
    const bool replace = random.below(3) == 0 && dialect == Dialect::kSqlite;
    script += insert(*change->table, *change->after, replace ? "REPLACE" : "INSERT");
  }
  return script + "COMMIT;\n";
}

void run_sql(const std::string& where, const std::string& sql) {
  connect_any(where)->sql()->execute_script(sql);
}

Entries read_entries(const std::string& where) {
  Entries entries;
  for (const Row& row : connect_any(where)->sql()->query("SELECT id, text FROM entries", {})) {
    entries.emplace(row[0].integer(), row[1].text());
  }
  return entries;
}

State read_state(const std::string& where, const manifest::Model& model) {
  const auto application = connect_any(where);
  State state;
  for (const TableModel& table : model.tables) {
    auto& rows = state.tables[table.name()];
    rows.shape = table.shape;
    for (Row& row : application->sql()->query(
             fmt::format("SELECT {} FROM {}", quote_names(table.shape->columns),
                         quote_name(table.name())),
             {})) {
      Key key = table.shape->key_of(row);
      rows.rows.emplace(std::move(key), std::move(row));
    }
  }
  return state;
}

std::string damage_of(const std::string& where) {
  if (dialect_of(where) == Dialect::kPostgresql) return left_over(where);
  const auto application = connect_any(where);
  std::string found;
  for (const Row& row : application->sql()->query("PRAGMA quick_check", {})) {
    if (row[0] != Value("ok")) found += display(row) + "\n";
  }
  for (const Row& row : application->sql()->query("PRAGMA foreign_key_check", {})) {
    found += display(row) + "\n";
  }
  return found;
}

State without_volatile(const manifest::Model& model, State state) {
  for (auto& [name, table] : state.tables) {
    const TableModel& about = model.require(name);
    for (auto& [key, row] : table.rows) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (about.columns[i].is_volatile) row[i] = Value();
      }
    }
  }
  return state;
}

std::string differences(const State& expected, const State& seen) {
  std::string text;
  for (const RowChange& change : changeset::diff(expected, seen).changes) {
    text += fmt::format("  {} {}: expected {}, saw {}\n", change.table->name, display(change.key),
                        change.before ? display(*change.before) : "no row",
                        change.after ? display(*change.after) : "no row");
  }
  return text;
}

}  // namespace doppel::testing
