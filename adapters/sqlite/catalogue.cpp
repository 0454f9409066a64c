#include "adapters/sqlite/catalogue.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/failure.hpp"
#include "adapters/sqlite/sql_text.hpp"
#include "base/text.hpp"

namespace doppel::sqlite {
namespace {

using database::Column;
using database::ForeignKey;
using database::KeySource;
using database::SchemaObject;
using database::Table;
using database::UniqueKey;

constexpr std::string_view kGeneratedSuffix = " generated always";

std::vector<Row> run_query(Connection& connection, const char* sql, const std::string& name) {
  auto statement = connection.prepare(sql);
  if (sqlite3_bind_parameter_count(statement->handle()) > 0) statement->bind(1, name);
  std::vector<Row> rows;
  while (statement->step()) rows.push_back(statement->row());
  return rows;
}

std::string text_or_empty(const Value& value) { return value.is_null() ? "" : value.text(); }

bool is_left_out(std::string_view name) {
  return name.starts_with("sqlite_") || database::is_own_name(name);
}

void read_columns(Connection& connection, Table& table) {
  std::vector<std::pair<std::int64_t, std::string>> key;
  for (const Row& row : run_query(connection,
                                  "SELECT name, type, \"notnull\", dflt_value, pk, hidden "
                                  "FROM pragma_table_xinfo(?1, 'main') ORDER BY cid",
                                  table.name)) {
    Column column{.name = row[0].text(), .type = text_or_empty(row[1]), .default_sql = {}};
    column.not_null = row[2].integer() != 0;
    column.generated = row[5].integer() >= 2;  // 2: computed when read, 3: stored.
    if (column.generated && to_lower_ascii(column.type).ends_with(kGeneratedSuffix)) {
      column.type.resize(column.type.size() - kGeneratedSuffix.size());
    }
    if (!row[3].is_null()) column.default_sql = row[3].text();
    if (row[4].integer() > 0) key.emplace_back(row[4].integer(), column.name);
    table.columns.push_back(std::move(column));
  }
  std::ranges::sort(key);
  for (auto& [position, name] : key) table.primary_key.push_back(std::move(name));
}

struct ColumnTraits {
  std::string collation;
  bool counted = false;  ///< AUTOINCREMENT
};

ColumnTraits traits_of(Connection& connection, const std::string& table,
                       const std::string& column) {
  const char* collation = nullptr;
  int counted = 0;
  const int result =
      sqlite3_table_column_metadata(connection.handle(), "main", table.c_str(), column.c_str(),
                                    nullptr, &collation, nullptr, nullptr, &counted);
  check(connection.handle(), result, connection.path());
  return {collation == nullptr ? "BINARY" : collation, counted != 0};
}

/// The columns that the brackets of an index on expressions name: words are compared, so that one
/// too many may be found where a function has a column's name.
void read_made_of(Connection& connection, const Table& table, UniqueKey& key) {
  const auto rows =
      run_query(connection, "SELECT sql FROM main.sqlite_schema WHERE type = 'index' AND name = ?1",
                key.name);
  if (rows.empty() || rows[0][0].is_null()) return;
  const std::string& definition = rows[0][0].text();
  std::size_t depth = 0;
  for (const Token& token : tokens_of(definition)) {
    if (is_symbol(definition, token, '(')) ++depth;
    if (is_symbol(definition, token, ')') && --depth == 0) return;
    if (depth == 0 || token.kind == TokenKind::kText) continue;
    const std::string name = to_lower_ascii(name_of(definition, token));
    for (const Column& column : table.columns) {
      const bool known = std::ranges::find(key.made_of, column.name) != key.made_of.end();
      if (!known && !column.generated && to_lower_ascii(column.name) == name) {
        key.made_of.push_back(column.name);
      }
    }
  }
}

/// Whether looking for equal columns finds exactly what the index finds: an index with a collation
/// of its own calls other texts equal than the column does.
void read_index_columns(Connection& connection, const Table& table, UniqueKey& key) {
  for (const Row& row : run_query(connection,
                                  "SELECT cid, name, coll FROM pragma_index_xinfo(?1, 'main') "
                                  "WHERE \"key\" = 1 ORDER BY seqno",
                                  key.name)) {
    if (row[0].integer() < 0 || row[1].is_null()) {
      key.columns.clear();
      key.folded.clear();
      key.plain = false;
      read_made_of(connection, table, key);
      return;
    }
    const std::string collation = to_lower_ascii(text_or_empty(row[2]));
    const ColumnTraits traits = traits_of(connection, table.name, row[1].text());
    if (to_lower_ascii(traits.collation) != collation) key.plain = false;
    if (collation == "nocase") key.folded.push_back(row[1].text());
    key.columns.push_back(row[1].text());
  }
}

/// Reads the unique keys; says whether an index stands behind the primary key.
bool read_unique_keys(Connection& connection, Table& table) {
  bool key_has_index = false;
  for (const Row& row : run_query(connection,
                                  "SELECT name, origin, partial FROM "
                                  "pragma_index_list(?1, 'main') WHERE \"unique\" = 1",
                                  table.name)) {
    if (row[1].text() == "pk") {
      key_has_index = true;
      continue;
    }
    UniqueKey key{.name = row[0].text(),
                  .columns = {},
                  .plain = row[2].integer() == 0,
                  .folded = {},
                  .partial = row[2].integer() != 0};
    read_index_columns(connection, table, key);
    table.unique_keys.push_back(std::move(key));
  }
  std::ranges::sort(table.unique_keys, {}, &UniqueKey::name);
  return key_has_index;
}

void read_key_source(Connection& connection, Table& table, bool without_rowid, bool key_has_index) {
  // A key of one column declared INTEGER is the rowid itself unless an index stands behind it
  // (that is how `INTEGER PRIMARY KEY DESC` differs).
  if (table.primary_key.size() != 1 || without_rowid || key_has_index) return;
  const std::string& name = table.primary_key.front();
  const auto column = std::ranges::find(table.columns, name, &Column::name);
  column->not_null = true;
  const ColumnTraits traits = traits_of(connection, table.name, name);
  table.key_source = traits.counted ? KeySource::kCounted : KeySource::kReused;
}

void read_foreign_keys(Connection& connection, Table& table) {
  std::map<std::int64_t, ForeignKey> by_id;
  for (const Row& row : run_query(connection,
                                  "SELECT id, \"table\", \"from\", \"to\", on_delete FROM "
                                  "pragma_foreign_key_list(?1, 'main') ORDER BY id, seq",
                                  table.name)) {
    ForeignKey& reference = by_id[row[0].integer()];
    reference.target = row[1].text();
    reference.on_delete = row[4].text();
    reference.columns.push_back(row[2].text());
    if (!row[3].is_null()) reference.target_columns.push_back(row[3].text());
  }
  for (auto& [id, reference] : by_id) table.foreign_keys.push_back(std::move(reference));
  std::ranges::sort(table.foreign_keys, {}, [](const ForeignKey& reference) {
    return std::tie(reference.columns, reference.target, reference.target_columns);
  });
}

void spell_as(std::string& name, const std::vector<Column>& columns) {
  for (const Column& column : columns) {
    if (to_lower_ascii(column.name) == to_lower_ascii(name)) name = column.name;
  }
}

/// Writes targets as the catalogue spells them and fills in the target's key where the declaration
/// names no columns. A target that isn't there or has no such key is taken by the columns' own
/// names, so that both lists are always of one length.
void resolve_targets(database::Schema& schema) {
  std::map<std::string, const Table*> by_name;
  for (const Table& table : schema.tables) by_name.emplace(to_lower_ascii(table.name), &table);
  for (Table& table : schema.tables) {
    for (ForeignKey& reference : table.foreign_keys) {
      const auto found = by_name.find(to_lower_ascii(reference.target));
      if (found != by_name.end()) {
        const Table& target = *found->second;
        reference.target = target.name;
        if (reference.target_columns.empty()) reference.target_columns = target.primary_key;
        for (std::string& column : reference.target_columns) spell_as(column, target.columns);
      }
      if (reference.target_columns.size() != reference.columns.size()) {
        reference.target_columns = reference.columns;
      }
    }
  }
}

void read_objects(Connection& connection, const std::set<std::string>& hidden_tables,
                  database::Schema& schema) {
  for (const Row& row : run_query(connection,
                                  "SELECT CASE WHEN type = 'table' THEN 'virtual table' ELSE type "
                                  "END, name, tbl_name, sql FROM main.sqlite_schema "
                                  "WHERE sql IS NOT NULL AND (type <> 'table' OR rootpage = 0) "
                                  "ORDER BY 1, 2",
                                  {})) {
    SchemaObject object{row[0].text(), row[1].text(), row[2].text(), row[3].text()};
    if (is_left_out(object.name) || is_left_out(object.table)) continue;
    if (hidden_tables.contains(object.table)) continue;
    schema.objects.push_back(std::move(object));
  }
}

}  // namespace

database::Schema read_catalogue(Connection& connection) {
  database::Schema schema;
  std::set<std::string> hidden_tables;
  for (const Row& row :
       run_query(connection,
                 "SELECT l.name, l.type, l.wr, s.sql FROM pragma_table_list AS l "
                 "JOIN main.sqlite_schema AS s ON s.name = l.name AND s.type = 'table' "
                 "WHERE l.schema = 'main' ORDER BY l.name",
                 {})) {
    if (row[1].text() == "shadow") hidden_tables.insert(row[0].text());
    if (row[1].text() != "table" || is_left_out(row[0].text())) continue;
    Table table{.name = row[0].text(),
                .columns = {},
                .primary_key = {},
                .unique_keys = {},
                .foreign_keys = {},
                .definition = text_or_empty(row[3])};
    read_columns(connection, table);
    const bool key_has_index = read_unique_keys(connection, table);
    read_key_source(connection, table, row[2].integer() != 0, key_has_index);
    read_foreign_keys(connection, table);
    schema.tables.push_back(std::move(table));
  }
  resolve_targets(schema);
  read_objects(connection, hidden_tables, schema);
  return schema;
}

}  // namespace doppel::sqlite
