#include "world_file.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "adapters/sqlite/connection.hpp"
#include "database/quote.hpp"

namespace doppel::testing {
namespace {

using changeset::ChangeSet;
using changeset::State;
using database::quote_name;
using database::quote_names;
using manifest::TableModel;

std::unique_ptr<sqlite::Connection> connect(const std::filesystem::path& file) {
  return sqlite::open({.path = file.string(),
                       .access = database::Access::kReadWrite,
                       .creation = sqlite::Creation::kCreateIfMissing});
}

std::string key_condition(const TableShape& shape, std::size_t first) {
  std::string condition;
  for (std::size_t i = 0; i < shape.key.size(); ++i) {
    condition += fmt::format("{}{} = ${}", i ? " AND " : "",
                             quote_name(shape.columns[shape.key[i]]), first + i);
  }
  return condition;
}

void insert(database::SqlRunner& sql, const TableShape& shape, const Row& row, const char* verb) {
  std::string places;
  for (std::size_t i = 1; i <= row.size(); ++i)
    places += fmt::format("{}${}", i > 1 ? ", " : "", i);
  sql.execute(fmt::format("{} INTO {} ({}) VALUES ({})", verb, quote_name(shape.name),
                          quote_names(shape.columns), places),
              row);
}

void remove(database::SqlRunner& sql, const TableShape& shape, const Key& key) {
  sql.execute(
      fmt::format("DELETE FROM {} WHERE {}", quote_name(shape.name), key_condition(shape, 1)), key);
}

/// One column only, so that neither unique keys nor other columns are touched on the way.
bool update_one(database::SqlRunner& sql, const RowChange& change) {
  std::vector<std::size_t> changed;
  for (std::size_t i = 0; i < change.before->size(); ++i) {
    if ((*change.before)[i] != (*change.after)[i]) changed.push_back(i);
  }
  if (changed.size() != 1) return false;
  const std::string& column = change.table->columns[changed[0]];
  if (column == "name" || column == "code") return false;
  std::vector<Value> values{(*change.after)[changed[0]]};
  values.insert(values.end(), change.key.begin(), change.key.end());
  sql.execute(fmt::format("UPDATE {} SET {} = $1 WHERE {}", quote_name(change.table->name),
                          quote_name(column), key_condition(*change.table, 2)),
              values);
  return true;
}

}  // namespace

std::string schema_sql(const manifest::Model& model) {
  std::string sql;
  for (std::size_t number = 0; number < model.tables.size(); ++number) {
    const TableModel& table = model.tables[number];
    std::string body;
    for (std::size_t i = 0; i < table.shape->columns.size(); ++i) {
      const bool key = std::ranges::count(table.shape->key, i) > 0;
      body += quote_name(table.shape->columns[i]) + (key ? " NOT NULL, " : ", ");
    }
    std::vector<std::string> key;
    for (const std::size_t column : table.shape->key) key.push_back(table.shape->columns[column]);
    body += "PRIMARY KEY (" + quote_names(key) + ")";
    for (const auto& unique : table.unique_keys) {
      std::vector<std::string> columns;
      for (const std::size_t column : unique.columns)
        columns.push_back(table.shape->columns[column]);
      body += ", UNIQUE (" + quote_names(columns) + ")";
    }
    for (const auto& reference : table.references) {
      std::vector<std::string> columns;
      for (const std::size_t column : reference.columns) {
        columns.push_back(table.shape->columns[column]);
      }
      std::vector<std::string> target;
      for (const std::size_t column : model.require(reference.targets.at(0).table).shape->key) {
        target.push_back(model.require(reference.targets.at(0).table).shape->columns[column]);
      }
      body += fmt::format(", FOREIGN KEY ({}) REFERENCES {} ({})", quote_names(columns),
                          quote_name(reference.targets.at(0).table), quote_names(target));
    }
    sql += fmt::format("CREATE TABLE {} ({}){};\n", quote_name(table.name()), body,
                       number % 2 == 1 ? " WITHOUT ROWID" : "");
  }
  return sql;
}

std::string manifest_text(const manifest::Model& model) {
  std::string text = "doppel: 1\napplication: world\nversion: \"1\"\ntables:\n";
  for (const TableModel& table : model.tables) {
    text += "  " + table.name() + ":\n    role: config\n    label: name\n";
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (!table.columns[i].is_volatile) continue;
      text +=
          "    columns:\n      " + table.shape->columns[i] + ": {plain: true, volatile: true}\n";
    }
    text += "    plain: all\n";
  }
  return text;
}

void make_world_file(const std::filesystem::path& file, const World& world) {
  const auto application = connect(file);
  application->run_script(schema_sql(world.model));
  const auto transaction = application->begin(database::TransactionKind::kWrite);
  application->run_script("PRAGMA defer_foreign_keys = ON");
  for (const TableModel& table : world.model.tables) {
    const auto rows = world.base.tables.find(table.name());
    if (rows == world.base.tables.end()) continue;
    for (const auto& [key, row] : rows->second.rows) {
      insert(*application->sql(), *table.shape, row, "INSERT");
    }
  }
  transaction->commit();
}

void write_edit(const std::filesystem::path& file, const State& from, const State& to,
                Random& random) {
  const ChangeSet changes = changeset::diff(from, to);
  if (changes.empty()) return;
  const auto application = connect(file);
  database::SqlRunner& sql = *application->sql();
  const auto transaction = application->begin(database::TransactionKind::kWrite);
  application->run_script("PRAGMA defer_foreign_keys = ON");
  std::vector<const RowChange*> added;
  for (const RowChange& change : changes.changes) {
    if (change.before && change.after && random.below(2) == 0) {
      if (update_one(sql, change)) continue;
    }
    if (change.before) remove(sql, *change.table, change.key);
    if (change.after) added.push_back(&change);
  }
  for (const RowChange* change : added) {
    insert(sql, *change->table, *change->after, random.below(3) == 0 ? "REPLACE" : "INSERT");
  }
  transaction->commit();
}

State read_state(const std::filesystem::path& file, const manifest::Model& model) {
  const auto application = connect(file);
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

std::string damage_of(const std::filesystem::path& file) {
  const auto application = connect(file);
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
