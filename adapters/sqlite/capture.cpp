#include "adapters/sqlite/capture.hpp"

#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "adapters/sqlite/failure.hpp"
#include "adapters/sqlite/keyless.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::sqlite {
namespace {

using database::quote_name;
using database::TrackedTable;

/// The columns k0, k1, ... or c0, c1, ...
std::string numbered(char letter, std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) list += fmt::format("{}{}{}", i ? ", " : "", letter, i);
  return list;
}

/// OLD."a", OLD."b" for all columns or some.
std::string columns_of(const TableShape& shape, std::string_view row) {
  std::string list;
  for (const std::string& column : shape.columns) {
    if (!list.empty()) list += ", ";
    list += fmt::format("{}.{}", row, quote_name(column));
  }
  return list;
}

std::string key_of(const TableShape& shape, std::string_view row) {
  std::string list;
  for (const std::size_t index : shape.key) {
    if (!list.empty()) list += ", ";
    list += fmt::format("{}.{}", row, quote_name(shape.columns[index]));
  }
  return list;
}

/// k0 IS OLD."a" AND k1 IS OLD."b": the capture's columns have no collation but BINARY.
std::string same_key(const TableShape& shape, std::string_view row) {
  std::string condition;
  for (std::size_t i = 0; i < shape.key.size(); ++i) {
    condition += fmt::format("{}k{} IS {}.{}", i ? " AND " : "", i, row,
                             quote_name(shape.columns[shape.key[i]]));
  }
  return condition;
}

std::string not_captured(const TableShape& shape, std::size_t number, std::string_view row) {
  return fmt::format("NOT EXISTS (SELECT 1 FROM doppel_capture WHERE tbl = {} AND {})", number,
                     same_key(shape, row));
}

/// Keeps the row named `row` (OLD, or an alias) as it is. A row that REPLACE pushes out gets no
/// other stamp than this one.
std::string keep_row(const TableShape& shape, std::size_t number, std::string_view row,
                     const std::string& from) {
  return fmt::format(
      "INSERT INTO doppel_capture (tbl, {}, existed, rebased, {}, at, by) "
      "SELECT {}, {}, 1, 0, {}, {}, {}{} WHERE ",
      numbered('k', shape.key.size()), numbered('c', shape.columns.size()), number,
      key_of(shape, row), columns_of(shape, row), kCaptureTime, kCaptureAuthor, from);
}

std::string keep_absence(const TableShape& shape, std::size_t number) {
  return fmt::format(
      "INSERT INTO doppel_capture (tbl, {}, existed, rebased) SELECT {}, {}, 0, 0 WHERE {};\n",
      numbered('k', shape.key.size()), number, key_of(shape, "NEW"),
      not_captured(shape, number, "NEW"));
}

std::string stamp(const TableShape& shape, std::size_t number, std::string_view row) {
  return fmt::format("UPDATE doppel_capture SET at = {}, by = {} WHERE tbl = {} AND {};\n",
                     kCaptureTime, kCaptureAuthor, number, same_key(shape, row));
}

/// Rows that the new row may push out: equal in a unique key and not the row itself.
std::string keep_victims(const TrackedTable& table, const database::Table& declared,
                         std::size_t number, std::string_view except_old) {
  std::string statements;
  const auto keep = [&](const std::vector<std::string>& columns) {
    std::string condition;
    for (const std::string& column : columns) {
      condition += fmt::format("{}o.{} = NEW.{}", condition.empty() ? "" : " AND ",
                               quote_name(column), quote_name(column));
    }
    statements += keep_row(*table.shape, number, "o",
                           fmt::format(" FROM {} AS o", quote_name(declared.name)));
    statements += fmt::format("{}{} AND {};\n", condition, except_old,
                              not_captured(*table.shape, number, "o"));
  };
  if (!declared.primary_key.empty()) keep(declared.primary_key);
  for (const database::UniqueKey& unique : declared.unique_keys) {
    if (!unique.columns.empty()) keep(unique.columns);
  }
  return statements;
}

struct Trigger {
  std::string name;
  std::string sql;
};

std::vector<Trigger> triggers_of(const TrackedTable& table, const database::Table& declared,
                                 std::size_t number) {
  const TableShape& shape = *table.shape;
  const std::string on = quote_name(shape.name);
  const auto trigger = [&](std::string_view when, const std::string& body) {
    std::string name = fmt::format("doppel_{}_{}", number, when);
    std::ranges::replace(name, ' ', '_');
    std::string sql =
        fmt::format("CREATE TRIGGER {} {} ON {} BEGIN\n{}END", quote_name(name), when, on, body);
    return Trigger{std::move(name), std::move(sql)};
  };
  if (database::is_keyless(shape)) {
    std::vector<Trigger> triggers;
    for (const KeylessTrigger& made : keyless_triggers(table, declared, number)) {
      triggers.push_back(trigger(made.when, made.body));
    }
    return triggers;
  }
  const std::string keep_old =
      keep_row(shape, number, "OLD", "") + not_captured(shape, number, "OLD") + ";\n";
  const std::string not_itself = fmt::format(" AND NOT ({})", [&] {
    std::string same;
    for (const std::size_t index : shape.key) {
      const std::string column = quote_name(shape.columns[index]);
      same += fmt::format("{}o.{} IS OLD.{}", same.empty() ? "" : " AND ", column, column);
    }
    return same;
  }());
  return {
      trigger("BEFORE INSERT", keep_victims(table, declared, number, "")),
      trigger("AFTER INSERT", keep_absence(shape, number) + stamp(shape, number, "NEW")),
      trigger("BEFORE UPDATE", keep_victims(table, declared, number, not_itself)),
      trigger("AFTER UPDATE", keep_old + keep_absence(shape, number) + stamp(shape, number, "OLD") +
                                  stamp(shape, number, "NEW")),
      trigger("AFTER DELETE", keep_old + stamp(shape, number, "OLD")),
  };
}

std::vector<Trigger> all_triggers(const std::vector<TrackedTable>& tables,
                                  const database::Schema& schema) {
  std::vector<Trigger> triggers;
  for (std::size_t number = 0; number < tables.size(); ++number) {
    const database::Table* declared = schema.table(tables[number].shape->name);
    if (declared == nullptr) {
      throw Error(ErrorCode::kSchemaChanged, "the table is gone",
                  {.place = tables[number].shape->name, .remedy = {}});
    }
    for (Trigger& trigger : triggers_of(tables[number], *declared, number)) {
      triggers.push_back(std::move(trigger));
    }
  }
  return triggers;
}

constexpr std::size_t kAuthorWidth = 96;

/// Filled up with spaces, which the triggers leave out again.
std::string padded(std::string_view author) {
  while (author.size() > kAuthorWidth || !is_valid_utf8(author)) author.remove_suffix(1);
  std::string slot(author);
  slot.resize(kAuthorWidth, ' ');
  return slot;
}

struct CloseBlob {
  void operator()(sqlite3_blob* blob) const noexcept { sqlite3_blob_close(blob); }
};

std::size_t widest(const std::vector<TrackedTable>& tables, auto&& width) {
  std::size_t widest_table = 1;
  for (const TrackedTable& table : tables) {
    if (database::is_keyless(*table.shape)) continue;
    widest_table = std::max(widest_table, width(*table.shape));
  }
  return widest_table;
}

std::string capture_columns(const TableShape& shape) {
  return fmt::format("tbl, {}, existed, rebased, {}", numbered('k', shape.key.size()),
                     numbered('c', shape.columns.size()));
}

void write_capture(Connection& connection, const TableShape& shape, std::size_t number,
                   const Key& key, const std::optional<Row>& image, bool rebased) {
  std::string where = "tbl = $1";
  std::vector<Value> parameters{static_cast<std::int64_t>(number)};
  for (std::size_t i = 0; i < key.size(); ++i) {
    where += fmt::format(" AND k{} IS ${}", i, i + 2);
    parameters.push_back(key[i]);
  }
  connection.sql()->execute("DELETE FROM doppel_capture WHERE " + where, parameters);

  parameters.emplace_back(image ? 1 : 0);
  parameters.emplace_back(rebased ? 1 : 0);
  for (std::size_t i = 0; i < shape.columns.size(); ++i) {
    parameters.push_back(image ? (*image)[i] : Value());
  }
  std::string places;
  for (std::size_t i = 1; i <= parameters.size(); ++i) {
    places += fmt::format("{}${}", i > 1 ? ", " : "", i);
  }
  connection.sql()->execute(
      fmt::format("INSERT INTO doppel_capture ({}) VALUES ({})", capture_columns(shape), places),
      parameters);
}

}  // namespace

void install_capture(Connection& connection, const std::vector<TrackedTable>& tables,
                     const database::Schema& schema) {
  const std::size_t keys = widest(tables, [](const TableShape& shape) { return shape.key.size(); });
  const std::size_t columns =
      widest(tables, [](const TableShape& shape) { return shape.columns.size(); });
  connection.sql()->execute_script(
      fmt::format("CREATE TABLE doppel_mark (name TEXT PRIMARY KEY, value TEXT);\n"
                  "CREATE TABLE doppel_capture (tbl, {}, existed, rebased, {}, by, at);\n"
                  "CREATE INDEX doppel_capture_key ON doppel_capture (tbl, {});\n",
                  numbered('k', keys), numbered('c', columns), numbered('k', keys)));
  make_keyless_tables(connection, tables);
  write_author(connection, "");
  reinstall_triggers(connection, tables, schema);
}

bool capture_is_whole(Connection& connection, const std::vector<TrackedTable>& tables,
                      const database::Schema& schema) {
  std::map<std::string, std::string> found;
  for (Row& row :
       connection.sql()->query("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND "
                               "name LIKE 'doppel\\_%' ESCAPE '\\'",
                               {})) {
    found.emplace(row[0].text(), row[1].text());
  }
  return std::ranges::all_of(all_triggers(tables, schema), [&](const Trigger& trigger) {
    const auto standing = found.find(trigger.name);
    return standing != found.end() && standing->second == trigger.sql;
  });
}

void reinstall_triggers(Connection& connection, const std::vector<TrackedTable>& tables,
                        const database::Schema& schema) {
  std::string script;
  for (const Trigger& trigger : all_triggers(tables, schema)) {
    script +=
        fmt::format("DROP TRIGGER IF EXISTS {};\n{};\n", quote_name(trigger.name), trigger.sql);
  }
  connection.sql()->execute_script(script);
}

void install_limit(Connection& connection, int changed_rows) {
  // Counted rows aren't fewer than the highest number says, which is known at once.
  connection.sql()->execute_script(fmt::format(
      "CREATE TRIGGER doppel_limit BEFORE INSERT ON doppel_capture "
      "WHEN (SELECT max(rowid) FROM doppel_capture) >= {0} "
      "AND (SELECT count(*) FROM doppel_capture) >= {0} BEGIN SELECT RAISE(ABORT, 'the sandbox "
      "would have changed more than {0} rows: go on in another one, with more changed_rows under "
      "limits: in the manifest where that is right'); END",
      changed_rows));
}

void install_seal(Connection& connection) {
  // The triggers write to the capture with every row that anybody writes.
  std::string script;
  for (const std::string table : {"doppel_capture", "doppel_keyless"}) {
    if (!connection.sql()->has_own_table(table)) continue;  // An older doppel made the sandbox.
    for (const char* verb : {"INSERT", "UPDATE"}) {
      script += fmt::format(
          "CREATE TRIGGER IF NOT EXISTS main.{0}_sealed_{1} BEFORE {1} ON {0} BEGIN "
          "SELECT RAISE(ABORT, 'the sandbox has ended: it was promoted or discarded'); END;\n",
          table, verb);
    }
  }
  connection.sql()->execute_script(script);
}

std::vector<CapturedRow> read_capture(Connection& connection, const TableShape& shape,
                                      std::size_t number) {
  const std::size_t keys = shape.key.size();
  const std::string sql =
      fmt::format("SELECT {}, existed, rebased, by, at, {} FROM doppel_capture WHERE tbl = $1",
                  numbered('k', keys), numbered('c', shape.columns.size()));
  std::vector<CapturedRow> captured;
  for (Row& row : connection.sql()->query(sql, {static_cast<std::int64_t>(number)})) {
    const auto text = [&](std::size_t i) {
      return row[i].kind() == ValueKind::kText ? row[i].text() : std::string();
    };
    CapturedRow made;
    made.key.assign(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(keys));
    made.rebased = row[keys + 1] == Value(1);
    made.by = text(keys + 2);
    made.at = text(keys + 3);
    if (row[keys] == Value(1)) {
      made.image.emplace(
          std::make_move_iterator(row.begin() + static_cast<std::ptrdiff_t>(keys) + 4),
          std::make_move_iterator(row.end()));
    }
    captured.push_back(std::move(made));
  }
  return captured;
}

void add_to_capture(Connection& connection, const TableShape& shape, std::size_t number,
                    const Key& key, const std::optional<Row>& image) {
  write_capture(connection, shape, number, key, image, false);
}

void rebase_in_capture(Connection& connection, const TableShape& shape, std::size_t number,
                       const Key& key, const std::optional<Row>& image) {
  write_capture(connection, shape, number, key, image, true);
}

void stamp_capture(Connection& connection, const TableShape& shape, std::size_t number,
                   const Key& key, const std::string& by, const std::string& at) {
  std::string where = "tbl = $1";
  std::vector<Value> parameters{static_cast<std::int64_t>(number)};
  for (std::size_t i = 0; i < key.size(); ++i) {
    where += fmt::format(" AND k{} IS ${}", i, i + 2);
    parameters.push_back(key[i]);
  }
  parameters.push_back(by.empty() ? Value() : Value(by));
  parameters.emplace_back(at);
  connection.sql()->execute(fmt::format("UPDATE doppel_capture SET by = ${}, at = ${} WHERE {}",
                                        shape.key.size() + 2, shape.key.size() + 3, where),
                            parameters);
}

std::optional<std::string> read_mark(Connection& connection, const std::string& name) {
  const auto rows =
      connection.sql()->query("SELECT value FROM doppel_mark WHERE name = $1", {Value(name)});
  if (rows.empty() || rows[0][0].kind() != ValueKind::kText) return std::nullopt;
  return rows[0][0].text();
}

std::optional<std::string> read_sandbox_mark(Connection& connection) {
  const auto tables = connection.sql()->query(
      "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = 'doppel_mark'", {});
  if (tables.empty()) return std::nullopt;
  return read_mark(connection, "mark");
}

void write_mark(Connection& connection, const std::string& name, const std::string& text) {
  connection.sql()->execute(
      "INSERT INTO doppel_mark (name, value) VALUES ($1, $2) "
      "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      {Value(name), Value(text)});
}

void write_author(Connection& connection, std::string_view author) {
  const std::string slot = padded(author);
  const auto standing = connection.sql()->query(
      "SELECT rowid, length(CAST(value AS BLOB)) FROM doppel_mark WHERE name = 'author'", {});
  // Another width stands where the database is UTF-16, or where there is no slot yet.
  if (standing.empty() || standing[0][1] != Value(static_cast<std::int64_t>(kAuthorWidth))) {
    write_mark(connection, "author", slot);
    return;
  }
  sqlite3_blob* opened = nullptr;
  const int result = sqlite3_blob_open(connection.handle(), "main", "doppel_mark", "value",
                                       standing[0][0].integer(), 1, &opened);
  std::unique_ptr<sqlite3_blob, CloseBlob> blob(opened);
  check(connection.handle(), result, connection.path());
  check(connection.handle(),
        sqlite3_blob_write(blob.get(), slot.data(), static_cast<int>(slot.size()), 0),
        connection.path());
}

}  // namespace doppel::sqlite
