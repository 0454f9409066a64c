#include "adapters/postgres/catalogue.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "adapters/postgres/catalogue_queries.hpp"
#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/overlay_names.hpp"
#include "base/text.hpp"

namespace doppel::postgres {
namespace {

using database::Column;
using database::ForeignKey;
using database::KeySource;
using database::SchemaObject;
using database::Table;
using database::UniqueKey;

using Tables = std::map<std::int64_t, Table>;

/// The questions' answers, of all relations that count.
std::vector<ResultHandle> ask(Connection& connection, std::span<const std::string_view> questions) {
  std::vector<std::string> oids;
  std::vector<std::string> kinds;
  std::vector<std::string> names;
  for (const Row& row : rows_of(connection.run(std::string(kRelations)).get())) {
    oids.push_back(std::to_string(row[0].integer()));
    kinds.push_back(row[1].text());
    names.push_back(row[2].text());
  }
  const std::vector<Value> relations{Value(text_array(oids)), Value(text_array(kinds)),
                                     Value(text_array(names))};
  std::vector<Statement> statements;
  for (const std::string_view question : questions) {
    statements.push_back(
        {.sql = std::string(kKnownRelations) + std::string(question), .parameters = relations});
  }
  return connection.link().run_all(statements);
}

std::string text_or_empty(const Value& value) { return value.is_null() ? "" : value.text(); }

std::vector<std::string> texts_of(const Value& array) {
  std::vector<std::string> texts;
  if (array.is_null()) return texts;
  for (auto& text : parse_array(array.text())) texts.push_back(text.value_or(""));
  return texts;
}

bool is_true(const Value& value) { return !value.is_null() && value.integer() != 0; }

Tables read_tables(const std::vector<Row>& rows) {
  Tables tables;
  for (const Row& row : rows) {
    tables[row[0].integer()] = {.name = row[1].text(),
                                .columns = {},
                                .primary_key = {},
                                .unique_keys = {},
                                .foreign_keys = {},
                                .definition = text_or_empty(row[2])};
  }
  return tables;
}

void read_columns(const std::vector<Row>& rows, Tables& tables) {
  for (const Row& row : rows) {
    Table& table = tables.at(row[0].integer());
    Column column{.name = row[1].text(),
                  .type = row[2].text(),
                  .not_null = is_true(row[3]),
                  .generated = is_true(row[4]),
                  .default_sql = {}};
    if (!row[5].is_null()) column.default_sql = row[5].text();
    // How its values come about beside a default: generated, identity, a collation.
    if (!row[6].is_null()) table.definition += column.name + " " + row[6].text() + "\n";
    table.columns.push_back(std::move(column));
  }
}

void read_keys(const std::vector<Row>& rows, Tables& tables) {
  for (const Row& row : rows) {
    Table& table = tables.at(row[0].integer());
    std::vector<std::string> columns = texts_of(row[3]);
    if (is_true(row[2])) {
      table.primary_key = std::move(columns);
      if (is_true(row[7])) table.key_source = KeySource::kCounted;
      continue;
    }
    const bool expressions = is_true(row[4]);
    UniqueKey key{.name = row[1].text(),
                  .columns = expressions ? std::vector<std::string>() : std::move(columns),
                  .plain = !expressions && !is_true(row[5]) && !is_true(row[8]),
                  .folded = expressions ? std::vector<std::string>() : texts_of(row[6]),
                  .partial = is_true(row[5]),
                  .made_of = texts_of(row[9])};
    table.unique_keys.push_back(std::move(key));
  }
}

void read_foreign_keys(const std::vector<Row>& rows, Tables& tables) {
  for (const Row& row : rows) {
    Table& table = tables.at(row[0].integer());
    table.foreign_keys.push_back({.columns = texts_of(row[1]),
                                  .target = row[2].text(),
                                  .target_columns = texts_of(row[3]),
                                  .on_delete = row[4].text()});
  }
  for (auto& [oid, table] : tables) {
    std::ranges::sort(table.foreign_keys, {}, [](const ForeignKey& reference) {
      return std::tie(reference.columns, reference.target, reference.target_columns);
    });
  }
}

std::vector<SchemaObject> read_objects(const std::vector<Row>& rows) {
  std::vector<SchemaObject> objects;
  for (const Row& row : rows) {
    objects.push_back({.kind = row[0].text(),
                       .name = row[1].text(),
                       .table = text_or_empty(row[2]),
                       .definition = text_or_empty(row[3])});
  }
  std::ranges::sort(objects, {}, [](const SchemaObject& object) {
    return std::tie(object.kind, object.name, object.table, object.definition);
  });
  return objects;
}

}  // namespace

database::Schema read_catalogue(Connection& connection) {
  constexpr std::array questions{kTables, kColumnsOfTables, kUniqueIndexes, kForeignKeys, kObjects};
  const std::vector<ResultHandle> answers = ask(connection, questions);
  Tables tables = read_tables(rows_of(answers[0].get()));
  read_columns(rows_of(answers[1].get()), tables);
  read_keys(rows_of(answers[2].get()), tables);
  read_foreign_keys(rows_of(answers[3].get()), tables);
  database::Schema schema{.tables = {}, .objects = read_objects(rows_of(answers[4].get()))};
  for (auto& [oid, table] : tables) schema.tables.push_back(std::move(table));
  std::ranges::sort(schema.tables, {}, &Table::name);
  return schema;
}

}  // namespace doppel::postgres
