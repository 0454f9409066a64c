#include "adapters/postgres/capture.hpp"

#include <fmt/core.h>

#include "adapters/postgres/overlay_names.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "database/described_tables.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

using database::quote_name;

constexpr std::string_view kUtc =
    "to_char(c.at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')";

/// "t"."a"::text, ...
std::string image_of(const CapturedTable& table, std::string_view alias) {
  std::string list;
  for (const std::string& column : table.shape->columns) {
    list += fmt::format("{}{}.{}::text", list.empty() ? "" : ", ", alias, quote_name(column));
  }
  return fmt::format("ARRAY[{}]", list);
}

std::string key_of(const CapturedTable& table, std::string_view alias) {
  std::string list;
  for (const std::size_t index : table.shape->key) {
    list += fmt::format("{}{}.{}::text", list.empty() ? "" : ", ", alias,
                        quote_name(table.shape->columns[index]));
  }
  return fmt::format("ARRAY[{}]", list);
}

/// (c.image[1])::integer AS "a", ...
std::string columns_from_image(const CapturedTable& table) {
  std::string list;
  for (std::size_t i = 0; i < table.shape->columns.size(); ++i) {
    list += fmt::format("{}(c.image[{}])::{} AS {}", list.empty() ? "" : ", ", i + 1,
                        table.types[i], quote_name(table.shape->columns[i]));
  }
  return list;
}

std::string columns_of(const CapturedTable& table, std::string_view alias) {
  std::string list;
  for (const std::string& column : table.shape->columns) {
    list += fmt::format("{}{}.{}", list.empty() ? "" : ", ", alias, quote_name(column));
  }
  return list;
}

/// By value, for the index, and by text: 1.0 and 1.00 are two keys here, as in a diff.
std::string same_row(const CapturedTable& table) {
  std::string condition;
  for (std::size_t i = 0; i < table.shape->key.size(); ++i) {
    const std::size_t column = table.shape->key[i];
    const std::string name = quote_name(table.shape->columns[column]);
    if (!condition.empty()) condition += " AND ";
    if (table.nullable[column]) {
      condition += fmt::format("t.{}::text IS NOT DISTINCT FROM c.key[{}]", name, i + 1);
      continue;
    }
    condition += fmt::format("t.{0} = (c.key[{1}])::{2} AND t.{0}::text = c.key[{1}]", name, i + 1,
                             table.types[column]);
  }
  return condition;
}

/// The values of one column of many rows as one parameter of type text[].
std::string column_array(std::size_t rows, const auto& value_at) {
  std::string array = "{";
  for (std::size_t i = 0; i < rows; ++i) {
    if (i > 0) array += ',';
    const std::optional<std::string> text = text_of(value_at(i));
    if (!text) {
      array += "NULL";
      continue;
    }
    array += '"';
    for (const char c : *text) {
      if (c == '"' || c == '\\') array += '\\';
      array += c;
    }
    array += '"';
  }
  return array + "}";
}

/// Each captured row is looked up by its key, however little the planner knows of how few they are:
/// else it would read the whole table.
std::string captured_sql(const CapturedTable& table) {
  return fmt::format(
      "SELECT c.image IS NOT NULL, t.doppel_there IS NOT NULL, c.by, {}, {}, {} FROM "
      "doppel_capture AS c LEFT JOIN LATERAL (SELECT true AS doppel_there, t.* FROM {} AS t "
      "WHERE {} OFFSET 0) AS t ON true WHERE c.tbl = {} AND "
      "c.image IS DISTINCT FROM CASE WHEN t.doppel_there IS NOT NULL THEN {} END",
      kUtc, columns_from_image(table), columns_of(table, "t"), table.own, same_row(table),
      table.number, image_of(table, "t"));
}

void take_captured(const CapturedTable& table, const PGresult* result,
                   std::vector<database::CapturedChange>& changes) {
  const std::size_t width = table.shape->columns.size();
  for (int i = 0; i < PQntuples(result); ++i) {
    Row row = row_of(result, i);
    const auto images = std::make_move_iterator(row.begin() + 4);
    const auto middle = images + static_cast<std::ptrdiff_t>(width);
    std::optional<Row> before;
    std::optional<Row> after;
    if (row[0] == Value(1)) before.emplace(images, middle);
    if (row[1] == Value(1)) after.emplace(middle, std::make_move_iterator(row.end()));
    Key key = table.shape->key_of(before ? *before : *after);
    changes.push_back({{table.shape, std::move(key), std::move(before), std::move(after)},
                       row[2].text(),
                       row[3].text()});
  }
}

}  // namespace

std::vector<CapturedTable> read_captured_tables(Connection& connection) {
  std::vector<CapturedTable> tables;
  for (database::TrackedTable& described :
       database::described_tables(read_mark(connection, "tables"), connection.place())) {
    CapturedTable table;
    table.number = tables.size();
    table.view = described.kind == database::TrackedTable::Kind::kData;
    table.types.resize(described.shape->columns.size());
    table.nullable.resize(described.shape->columns.size());
    table.shape = std::move(described.shape);
    tables.push_back(std::move(table));
  }
  std::vector<std::string> names;
  for (const CapturedTable& table : tables) names.push_back(table.shape->name);
  const Value array(text_array(names));
  const auto columns =
      rows_of(connection
                  .run("SELECT c.relname, a.attname, format_type(a.atttypid, "
                       "a.atttypmod), a.attnotnull, c.relkind = 'r' AND c.relhassubclass "
                       "FROM pg_class c "
                       "JOIN pg_attribute a ON a.attrelid = c.oid "
                       "WHERE c.relnamespace = $2::regnamespace "
                       "AND c.relname = ANY ($1::text[]) "
                       "AND a.attnum > 0 AND NOT a.attisdropped",
                       std::vector<Value>{array, quote_name(tables_schema(connection.path()))})
                  .get());
  std::map<std::pair<std::string, std::string>, const Row*> known;
  for (const Row& row : columns) known.emplace(std::pair(row[0].text(), row[1].text()), &row);
  for (CapturedTable& table : tables) {
    for (std::size_t i = 0; i < table.types.size(); ++i) {
      const auto found = known.find({table.shape->name, table.shape->columns[i]});
      if (found == known.end()) {
        throw Error(ErrorCode::kSchemaChanged, "the sandbox no longer has the column",
                    {.place = table.shape->name + "." + table.shape->columns[i]});
      }
      table.types[i] = (*found->second)[2].text();
      table.nullable[i] = !table.view && (*found->second)[3] != Value(1);
      if (!table.own.empty()) continue;
      table.own = (*found->second)[4] == Value(1) ? "ONLY " : "";
      table.own += quote_name(table.shape->name);
    }
  }
  return tables;
}

std::vector<database::CapturedChange> read_captured(Connection& connection,
                                                    const std::vector<CapturedTable>& tables) {
  const auto touched =
      rows_of(connection.run("SELECT DISTINCT tbl FROM doppel_capture ORDER BY tbl").get());
  std::vector<const CapturedTable*> read;
  std::vector<Statement> statements;
  for (const Row& row : touched) {
    read.push_back(&tables.at(static_cast<std::size_t>(row[0].integer())));
    statements.push_back({.sql = captured_sql(*read.back())});
  }
  std::vector<database::CapturedChange> changes;
  const auto results = connection.link().run_all(statements);
  for (std::size_t i = 0; i < read.size(); ++i) take_captured(*read[i], results[i].get(), changes);
  return changes;
}

void rebase_captured(Connection& connection, const CapturedTable& table,
                     std::span<const RowChange* const> bases) {
  std::vector<Value> parameters;
  std::string places;
  std::string names;
  std::string key;
  std::string image;
  const auto add = [&](const std::string& name, const std::string& type, std::string& list,
                       std::string array) {
    parameters.emplace_back(std::move(array));
    places += fmt::format("{}${}::text[]", places.empty() ? "" : ", ", parameters.size());
    names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
    list += fmt::format("{}(u.{})::{}::text", list.empty() ? "" : ", ", name, type);
  };
  for (std::size_t i = 0; i < table.shape->key.size(); ++i) {
    add(fmt::format("k{}", i), table.types[table.shape->key[i]], key,
        column_array(bases.size(), [&](std::size_t row) { return bases[row]->key[i]; }));
  }
  for (std::size_t i = 0; i < table.types.size(); ++i) {
    add(fmt::format("c{}", i), table.types[i], image,
        column_array(bases.size(), [&](std::size_t row) {
          return bases[row]->after ? (*bases[row]->after)[i] : Value();
        }));
  }
  std::string unused;
  add("existed", "boolean", unused, column_array(bases.size(), [&](std::size_t row) {
        return Value(bases[row]->after ? 1 : 0);
      }));
  connection.run(
      fmt::format("INSERT INTO doppel_capture (tbl, key, image, by, at) SELECT {}, ARRAY[{}], CASE "
                  "WHEN u.existed = '1' THEN ARRAY[{}] END, coalesce(current_setting('doppel.author"
                  "', true), ''), clock_timestamp() FROM unnest({}) AS u ({}) "
                  "ON CONFLICT ({}tbl, key) DO UPDATE SET image = excluded.image",
                  table.number, key, image, places, names, key_lead(connection.path())),
      parameters);
}

void stamp_captured(Connection& connection, const CapturedTable& table,
                    std::span<const database::CapturedChange* const> touched) {
  std::vector<Value> parameters{
      column_array(touched.size(), [&](std::size_t row) { return Value(touched[row]->by); }),
      column_array(touched.size(), [&](std::size_t row) {
        return touched[row]->at.empty() ? Value() : Value(touched[row]->at);
      })};
  std::string places = "$1::text[], $2::text[]";
  std::string names = "by, at";
  std::string key;
  for (std::size_t i = 0; i < table.shape->key.size(); ++i) {
    parameters.emplace_back(
        column_array(touched.size(), [&](std::size_t row) { return touched[row]->change.key[i]; }));
    places += fmt::format(", ${}::text[]", parameters.size());
    names += fmt::format(", k{}", i);
    key +=
        fmt::format("{}(u.k{})::{}::text", i > 0 ? ", " : "", i, table.types[table.shape->key[i]]);
  }
  connection.run(fmt::format("UPDATE doppel_capture AS c SET by = u.by, at = coalesce("
                             "u.at::timestamptz, c.at) FROM unnest({}) AS u ({}) "
                             "WHERE c.tbl = {} AND c.key = ARRAY[{}]",
                             places, names, table.number, key),
                 parameters);
}

std::vector<Row> read_base(Connection& connection, const CapturedTable& table,
                           const database::Matching& matching) {
  std::string condition = "true";
  std::vector<Value> parameters;
  for (std::size_t i = 0; i < matching.columns.size(); ++i) {
    const std::string column = "b." + quote_name(matching.columns[i]);
    const ColumnFacts& facts = connection.facts(table.shape->name).column(matching.columns[i]);
    if (matching.values[i].is_null()) {
      condition += fmt::format(" AND {} IS NULL", column);
      continue;
    }
    if (!could_equal(facts.type, matching.values[i])) return {};
    parameters.push_back(matching.values[i]);
    condition += facts.compared_as_text
                     ? fmt::format(" AND {}::text = ${}::text", column, parameters.size())
                     : fmt::format(" AND {} = ${}{}", column, parameters.size(), facts.cast);
  }
  return rows_of(
      connection
          .run(fmt::format("SELECT {} FROM (SELECT {} FROM {} AS t WHERE NOT EXISTS (SELECT FROM "
                           "doppel_capture AS c WHERE c.tbl = {} AND c.key = {}) UNION ALL SELECT "
                           "{} FROM doppel_capture AS c WHERE c.tbl = {} AND c.image IS NOT NULL) "
                           "AS b WHERE {}",
                           columns_of(table, "b"), columns_of(table, "t"), table.own, table.number,
                           key_of(table, "t"), columns_from_image(table), table.number, condition),
               parameters)
          .get());
}

std::string capture_state(Connection& connection) {
  const auto rows = rows_of(
      connection
          .run("SELECT (SELECT count(*)::text || '.' || coalesce(sum(xmin::text::numeric), 0) || "
               "'.' || coalesce(max(xmin::text::bigint), 0) FROM doppel_capture) || '/' || "
               "(SELECT coalesce(sum(xmin::text::numeric), 0) FROM doppel_mark)")
          .get());
  return rows.at(0).at(0).text();
}

std::optional<std::string> read_mark(Connection& connection, const std::string& name) {
  const auto rows = rows_of(
      connection
          .run("SELECT value FROM doppel_mark WHERE name = $1", std::vector<Value>{Value(name)})
          .get());
  if (rows.empty() || rows[0][0].is_null()) return std::nullopt;
  return rows[0][0].text();
}

void write_mark(Connection& connection, const std::string& name, const std::string& text) {
  connection.run(fmt::format("INSERT INTO doppel_mark (name, value) VALUES ($1, $2) "
                             "ON CONFLICT ({}name) DO UPDATE SET value = excluded.value",
                             key_lead(connection.path())),
                 std::vector<Value>{Value(name), Value(text)});
}

}  // namespace doppel::postgres
