#include <algorithm>

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/failure.hpp"
#include "adapters/postgres/statement_text.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

using database::IndexProbe;
using database::quote_name;

/// More rows than this in the way are of no use to anybody.
constexpr std::string_view kRowsLimit = "10";

/// Part, its type, whether equal values have equal bytes for all that its collation knows,
/// condition.
constexpr const char* kIndex = R"(
SELECT pg_get_indexdef(i.indexrelid, n, false), y.typname,
       coalesce(l.collisdeterministic, true) AND NOT i.indnullsnotdistinct,
       coalesce(pg_get_expr(i.indpred, i.indrelid), 'true')
FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
CROSS JOIN LATERAL generate_series(1, i.indnkeyatts) AS n
JOIN pg_attribute AS a ON a.attrelid = i.indexrelid AND a.attnum = n
JOIN pg_type AS y ON y.oid = a.atttypid
LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
WHERE i.indrelid = $1::oid AND c.relname = $2 ORDER BY n)";

constexpr const char* kComputed = R"(
SELECT a.attname, pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute AS a
JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = $1::oid AND a.attgenerated <> '')";

/// A unique index as the catalogue prints it, in SQL on the columns of its table.
struct IndexText {
  std::vector<std::string> parts;
  std::vector<std::string> canonical;  ///< of `parts`: equal text for what it takes for equal
  std::string condition;
  /// Rows that may be nowhere yet, with the columns that the database computes.
  std::string rows;
};

/// Equal numbers are written in several ways, and citext knows no case.
std::string canonical(const std::string& part, std::string_view type) {
  if (type == "citext") return "lower(" + part + "::text)";
  if (type == "numeric") return "trim_scale(" + part + ")::text";
  if (type == "bpchar") return "rtrim(" + part + "::text)";
  if (type == "float4" || type == "float8") return "(" + part + " + 0)::text";
  return part + "::text";
}

std::string rows_text(Connection& connection, const TableShape& table, const Value& oid) {
  const TableFacts& facts = connection.facts(table.name);
  std::string columns;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    columns += ", " + value_text(facts.column(table.columns[i]), i) + " AS " +
               quote_name(table.columns[i]);
  }
  std::string computed;
  const ResultHandle found = connection.run(kComputed, std::span(&oid, 1));
  for (const Row& row : rows_of(found.get())) {
    computed += ", (" + row[1].text() + ") AS " + quote_name(row[0].text());
  }
  return "(SELECT given.*" + computed + " FROM (SELECT w.n AS \"doppel number\"" + columns +
         " FROM " + wanted_text(table.columns.size()) + ") AS given) AS given";
}

/// Nothing where nobody but the index knows what it takes for equal.
std::optional<IndexText> read_index(Connection& connection, const TableShape& table,
                                    const std::string& index) {
  const Value parameters[]{Value(connection.facts(table.name).oid), Value(index)};
  const ResultHandle found = connection.run(kIndex, parameters);
  IndexText text;
  for (const Row& row : rows_of(found.get())) {
    if (row[2] != Value(1)) return std::nullopt;
    text.parts.push_back("(" + row[0].text() + ")");
    text.canonical.push_back(canonical(text.parts.back(), row[1].text()));
    text.condition = row[3].text();
  }
  if (text.parts.empty()) return std::nullopt;
  text.rows = rows_text(connection, table, parameters[0]);
  return text;
}

/// For each given row that the index holds its number and what is compared of it.
std::string values_sql(const IndexText& text) {
  std::string sql = "SELECT \"doppel number\", " + join(text.canonical, ", ") + " FROM " +
                    text.rows + " WHERE (" + text.condition + ")";
  for (const std::string& part : text.parts) sql += " AND " + part + " IS NOT NULL";
  return sql;
}

/// For each given row those of the table that stand in its way.
std::string in_the_way_sql(const IndexText& text, const TableShape& table,
                           const TableFacts& facts) {
  std::string compared;
  std::string equal;
  for (std::size_t i = 0; i < text.parts.size(); ++i) {
    const std::string name = "\"doppel part " + std::to_string(i) + "\"";
    compared += ", " + text.parts[i] + " AS " + name;
    equal += " AND " + text.parts[i] + " = wanted." + name;
  }
  return "SELECT wanted.\"doppel number\", " + columns_text(table.columns) +
         " FROM (SELECT \"doppel number\"" + compared + " FROM " + text.rows + " WHERE (" +
         text.condition + ")) AS wanted CROSS JOIN LATERAL (SELECT * FROM " + facts.own +
         " WHERE (" + text.condition + ")" + equal + " LIMIT " + std::string(kRowsLimit) +
         ") AS t ORDER BY 1, " + columns_text(key_columns(table));
}

void answer(Connection& connection, const TableShape& table, const IndexText& text,
            std::span<const Row> rows, std::vector<IndexProbe>& probes) {
  std::vector<const std::vector<Value>*> pointers;
  for (const Row& row : rows) pointers.push_back(&row);
  const std::vector<Value> arrays = arrays_of(table.columns.size(), pointers);
  const auto probe_of = [&](Row& row) -> IndexProbe& {
    const auto number = static_cast<std::size_t>(row[0].integer());
    row.erase(row.begin());
    return probes.at(number - 1);
  };
  const ResultHandle values = connection.run(values_sql(text), arrays);
  for (Row& row : rows_of(values.get())) {
    IndexProbe& probe = probe_of(row);
    probe.values = std::move(row);
  }
  const ResultHandle found =
      connection.run(in_the_way_sql(text, table, connection.facts(table.name)), arrays);
  for (Row& row : rows_of(found.get())) {
    IndexProbe& probe = probe_of(row);
    probe.rows.push_back(std::move(row));
  }
}

}  // namespace

std::vector<IndexProbe> Connection::probe_index(const TableShape& table, const std::string& index,
                                                std::span<const Row> rows) {
  std::vector<IndexProbe> probes(rows.size());
  try {
    guarded([&] {
      const auto text = read_index(*this, table, index);
      if (text) answer(*this, table, *text, rows, probes);
      return true;
    });
  } catch (const ServerError& error) {
    // What its expressions make of a row may fail, or they need more than the row.
    const std::string_view kind = std::string_view(error.problem().sqlstate).substr(0, 2);
    if (kind != "22" && kind != "42" && kind != "P0" && kind != "0A") throw;
    return std::vector<IndexProbe>(rows.size());
  }
  return probes;
}

}  // namespace doppel::postgres
