#include <algorithm>

#include <fmt/core.h>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/sql_text.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::sqlite {
namespace {

using database::IndexProbe;
using database::quote_name;

/// More rows than this in the way are of no use to anybody.
constexpr int kRowsLimit = 10;

/// A unique index as its definition says it, in SQL.
struct IndexText {
  std::vector<std::string> parts;      ///< what it compares, each with its collation
  std::vector<std::string> canonical;  ///< the same, equal bytes for what it takes for equal
  std::string condition;               ///< empty: it holds all rows
};

/// The parts between the brackets of CREATE INDEX, and what follows WHERE.
struct Clauses {
  std::vector<std::string> parts;
  std::string condition;
};

Clauses clauses_of(const std::string& definition) {
  Clauses clauses;
  std::size_t depth = 0;
  std::size_t begin = 0;
  const auto text = [&](std::size_t from, std::size_t to) {
    return std::string(trim(std::string_view(definition).substr(from, to - from)));
  };
  for (const Token& token : tokens_of(definition)) {
    if (is_symbol(definition, token, '(') && depth++ == 0 && clauses.parts.empty()) {
      begin = token.end;
    } else if (is_symbol(definition, token, ')') && --depth == 0) {
      clauses.parts.push_back(text(begin, token.begin));
      begin = std::string::npos;
    } else if (depth == 1 &&
               (is_symbol(definition, token, ',') || is_word(definition, token, "ASC") ||
                is_word(definition, token, "DESC"))) {
      // An expression can't hold ASC or DESC outside of brackets: they are a part's last word.
      clauses.parts.push_back(text(begin, token.begin));
      begin = token.end;
    } else if (depth == 0 && is_word(definition, token, "WHERE")) {
      clauses.condition = text(token.end, definition.size());
      break;
    }
  }
  std::erase(clauses.parts, std::string());
  return clauses;
}

std::string canonical(const std::string& part, const std::string& collation) {
  const char* function = collation == "nocase" ? "lower" : collation == "rtrim" ? "rtrim" : nullptr;
  if (function == nullptr) return part;
  return fmt::format("CASE typeof({0}) WHEN 'text' THEN {1}({0}) ELSE {0} END", part, function);
}

/// Nothing where it compares by a collation that only the application knows.
std::optional<IndexText> read_index(Connection& connection, const std::string& index) {
  database::SqlRunner& sql = *connection.sql();
  const auto definition = sql.query(
      "SELECT sql FROM main.sqlite_schema WHERE type = 'index' AND name = $1", {Value(index)});
  if (definition.empty()) return std::nullopt;
  Clauses clauses;
  // Indexes of table constraints have no statement of their own.
  if (!definition[0][0].is_null()) clauses = clauses_of(definition[0][0].text());
  IndexText text;
  text.condition = clauses.condition;
  std::size_t position = 0;
  for (const Row& row : sql.query("SELECT cid, name, coll FROM pragma_index_xinfo($1, 'main') "
                                  "WHERE \"key\" = 1 ORDER BY seqno",
                                  {Value(index)})) {
    const std::size_t at = position++;
    if (row[1].is_null() && at >= clauses.parts.size()) return std::nullopt;
    const std::string part =
        row[1].is_null() ? "(" + clauses.parts[at] + ")" : quote_name(row[1].text());
    const std::string collation = row[2].is_null() ? "binary" : to_lower_ascii(row[2].text());
    if (collation != "binary" && collation != "nocase" && collation != "rtrim") return std::nullopt;
    text.parts.push_back(part + " COLLATE " + collation);
    text.canonical.push_back(canonical(part, collation));
  }
  return text;
}

std::string given_condition(const IndexText& text) {
  return text.condition.empty() ? "" : " WHERE (" + text.condition + ")";
}

/// A table like the one in question with one row at a time: there SQLite says what its expressions
/// and its condition make of a row that may be nowhere yet.
class Bench {
 public:
  Bench(Connection& original, const TableShape& table, const IndexText& text)
      : memory_(sqlite::open({.path = ":memory:",
                              .access = database::Access::kReadWrite,
                              .creation = Creation::kCreateIfMissing})),
        table_(quote_name(table.name)) {
    memory_->run_script("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON");
    memory_->run_script(original.sql()
                            ->query("SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND "
                                    "name = $1",
                                    {Value(table.name)})
                            .at(0)
                            .at(0)
                            .text());
    std::string marks;
    for (std::size_t i = 1; i <= table.columns.size(); ++i) {
      marks += fmt::format("{}${}", i > 1 ? ", " : "", i);
    }
    insert_ = fmt::format("INSERT OR IGNORE INTO {} ({}) VALUES ({})", table_,
                          database::quote_names(table.columns), marks);
    select_ = fmt::format("SELECT {} FROM {}{}", join(text.canonical, ", "), table_,
                          given_condition(text));
  }

  /// What the index compares of the row; empty where it doesn't hold it.
  std::vector<Value> values_of(const Row& row) {
    database::SqlRunner& sql = *memory_->sql();
    sql.execute("DELETE FROM " + table_, {});
    sql.execute(insert_, row);
    std::vector<Row> rows = sql.query(select_, {});
    if (rows.empty() || std::ranges::any_of(rows[0], &Value::is_null)) return {};
    return std::move(rows[0]);
  }

 private:
  std::unique_ptr<Connection> memory_;
  std::string table_;
  std::string insert_;
  std::string select_;
};

std::string look_up(const TableShape& table, const IndexText& text) {
  // Behind the table's name: a lone quoted name that is no column would be a text.
  std::vector<std::string> columns;
  for (const std::string& column : table.columns) {
    columns.push_back(quote_name(table.name) + "." + quote_name(column));
  }
  std::string sql =
      fmt::format("SELECT {} FROM main.{}", join(columns, ", "), quote_name(table.name));
  sql += text.condition.empty() ? " WHERE " : given_condition(text) + " AND ";
  for (std::size_t i = 0; i < text.parts.size(); ++i) {
    sql += fmt::format("{}{} = ${}", i > 0 ? " AND " : "", text.parts[i], i + 1);
  }
  return sql + fmt::format(" LIMIT {}", kRowsLimit);
}

}  // namespace

std::vector<IndexProbe> Connection::probe_index(const TableShape& table, const std::string& index,
                                                std::span<const Row> rows) {
  std::vector<IndexProbe> probes(rows.size());
  const auto text = read_index(*this, index);
  if (!text) return probes;
  try {
    Bench bench(*this, table, *text);
    const std::string sql = look_up(table, *text);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      probes[i].values = bench.values_of(rows[i]);
      if (!probes[i].values.empty()) probes[i].rows = query(sql, probes[i].values);
    }
  } catch (const Error& error) {
    // The definition needs what only the application's own connections have (a function, say).
    if (error.code() != ErrorCode::kSql) throw;
    return std::vector<IndexProbe>(rows.size());
  }
  return probes;
}

}  // namespace doppel::sqlite
