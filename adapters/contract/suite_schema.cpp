#include "adapters/contract/backend.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::contract {
namespace {

using database::Column;
using database::ForeignKey;
using database::KeySource;
using database::Table;
using database::UniqueKey;

Column column(std::string name, std::string type) {
  return {.name = std::move(name), .type = std::move(type), .default_sql = {}};
}

Column required(std::string name, std::string type) {
  Column made = column(std::move(name), std::move(type));
  made.not_null = true;
  return made;
}

ForeignKey reference(std::vector<std::string> columns, std::string target,
                     std::vector<std::string> target_columns) {
  return {std::move(columns), std::move(target), std::move(target_columns), "NO ACTION"};
}

Table table(std::string name, std::vector<Column> columns, std::vector<std::string> key) {
  return {.name = std::move(name),
          .columns = std::move(columns),
          .primary_key = std::move(key),
          .unique_keys = {},
          .foreign_keys = {},
          .definition = {}};
}

std::string column_definition(const Table& table, const Column& column) {
  std::string text = database::quote_name(column.name) + " " + column.type;
  if (table.key_source != KeySource::kApplication && table.primary_key.front() == column.name) {
    return text + " PRIMARY KEY" +
           (table.key_source == KeySource::kCounted ? " AUTOINCREMENT" : "");
  }
  return column.not_null ? text + " NOT NULL" : text;
}

std::string create_statement(const Table& table) {
  std::vector<std::string> parts;
  for (const Column& column : table.columns) parts.push_back(column_definition(table, column));
  if (table.key_source == KeySource::kApplication && !table.primary_key.empty()) {
    parts.push_back("PRIMARY KEY (" + database::quote_names(table.primary_key) + ")");
  }
  for (const UniqueKey& key : table.unique_keys) {
    parts.push_back("UNIQUE (" + database::quote_names(key.columns) + ")");
  }
  for (const ForeignKey& foreign : table.foreign_keys) {
    parts.push_back("FOREIGN KEY (" + database::quote_names(foreign.columns) + ") REFERENCES " +
                    database::quote_name(foreign.target) + " (" +
                    database::quote_names(foreign.target_columns) + ")");
  }
  return "CREATE TABLE " + database::quote_name(table.name) + " (" + join(parts, ", ") + ")" +
         (table.primary_key.size() == 3 ? " WITHOUT ROWID" : "") + ";\n";
}

}  // namespace

database::Schema suite_schema() {
  Table areas = table(
      "areas", {required("id", "INTEGER"), required("name", "TEXT"), column("parent", "INTEGER")},
      {"id"});
  areas.key_source = KeySource::kReused;
  areas.unique_keys = {{.name = {}, .columns = {"name"}}};
  areas.foreign_keys = {reference({"parent"}, "areas", {"id"})};

  Table pairs = table(
      "pairs", {required("a", "INTEGER"), required("b", "TEXT"), column("value", "")}, {"b", "a"});

  Table queues = table("queues",
                       {required("id", "INTEGER"), column("area", "INTEGER"),
                        column("name", "TEXT"), column("anything", "")},
                       {"id"});
  queues.key_source = KeySource::kCounted;
  queues.unique_keys = {{.name = {}, .columns = {"area", "name"}}};
  queues.foreign_keys = {reference({"area"}, "areas", {"id"})};

  Table rights = table("rights",
                       {required("role", "TEXT"), required("a", "INTEGER"), required("b", "TEXT"),
                        column("allowed", "INTEGER")},
                       {"role", "a", "b"});
  rights.foreign_keys = {reference({"b", "a"}, "pairs", {"b", "a"})};

  Table hostile =
      table(kHostileTable, {required(kHostileColumn, "TEXT"), column("Mixed Case", "TEXT")},
            {kHostileColumn});
  hostile.unique_keys = {{.name = {}, .columns = {"Mixed Case"}}};

  return {.tables = {areas, pairs, queues, rights, hostile}, .objects = {}};
}

std::string create_statements(const database::Schema& schema) {
  std::string text;
  for (const Table& table : schema.tables) text += create_statement(table);
  return text;
}

}  // namespace doppel::contract
