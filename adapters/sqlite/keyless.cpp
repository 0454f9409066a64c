#include "adapters/sqlite/keyless.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/core.h>

#include "adapters/sqlite/capture.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

namespace doppel::sqlite {
namespace {

using database::quote_name;
using database::TrackedTable;

/// The columns that the table itself has.
std::vector<std::string> stored_columns(const TableShape& shape) {
  return {shape.columns.begin(), shape.columns.end() - 1};
}

/// A value as a text that no other value has: hex keeps bytes that quote() would end at.
std::string exactly(const std::string& value) {
  return fmt::format(
      "CASE typeof({0}) WHEN 'text' THEN 't' || hex({0}) WHEN 'blob' THEN 'b' || hex({0}) "
      "ELSE quote({0}) END",
      value);
}

std::string image_of(const TableShape& shape, const std::string& row) {
  std::string image;
  for (const std::string& column : stored_columns(shape)) {
    image += (image.empty() ? "" : " || ',' || ") + exactly(row + quote_name(column));
  }
  return image;
}

std::string values_of(const TableShape& shape, const std::string& row) {
  std::string values;
  for (const std::string& column : stored_columns(shape)) {
    values += (values.empty() ? "" : ", ") + row + quote_name(column);
  }
  return values;
}

std::string numbered(std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) list += fmt::format("{}c{}", i ? ", " : "", i);
  return list;
}

/// One more or one less of the row named OLD. or NEW.
std::string count_one(const TableShape& shape, std::size_t number, const std::string& row,
                      int delta) {
  const std::string image = image_of(shape, row);
  const std::string here = fmt::format("tbl = {} AND image = {}", number, image);
  return fmt::format(
      "INSERT INTO doppel_keyless (tbl, image, delta, {0}) SELECT {1}, {2}, 0, {3} "
      "WHERE NOT EXISTS (SELECT 1 FROM doppel_keyless WHERE {4});\n"
      "UPDATE doppel_keyless SET delta = delta + ({5}), at = {6}, by = {7} WHERE {4};\n",
      numbered(stored_columns(shape).size()), number, image, values_of(shape, row), here, delta,
      kCaptureTime, kCaptureAuthor);
}

/// The name by which a row can be picked out; nothing where columns hide all three.
std::optional<std::string> rowid_of(const TableShape& shape) {
  for (const char* name : {"rowid", "_rowid_", "oid"}) {
    const bool is_hidden = std::ranges::any_of(
        shape.columns, [&](const std::string& column) { return to_lower_ascii(column) == name; });
    if (!is_hidden) return name;
  }
  return std::nullopt;
}

/// Where the new row stands in the way of others: equal in a unique key.
std::string in_the_way(const database::Table& declared) {
  std::string any;
  for (const database::UniqueKey& unique : declared.unique_keys) {
    std::string all;
    for (const std::string& column : unique.columns) {
      all += fmt::format("{}o.{} = NEW.{}", all.empty() ? "" : " AND ", quote_name(column),
                         quote_name(column));
    }
    if (!all.empty()) any += fmt::format("{}({})", any.empty() ? "" : " OR ", all);
  }
  return any;
}

std::string keep_victims(const TableShape& shape, std::size_t number, const std::string& which) {
  return fmt::format(
      "DELETE FROM doppel_victims WHERE tbl = {0};\n"
      "INSERT INTO doppel_victims (tbl, image, {1}) SELECT {0}, {2}, {3} FROM {4} AS o WHERE "
      "{5};\n",
      number, numbered(stored_columns(shape).size()), image_of(shape, "o."), values_of(shape, "o."),
      quote_name(shape.name), which);
}

std::string count_victims(const TableShape& shape, std::size_t number) {
  return fmt::format(
      "INSERT INTO doppel_keyless (tbl, image, delta, {0}) SELECT DISTINCT tbl, image, 0, {0} "
      "FROM doppel_victims AS v WHERE tbl = {1} AND NOT EXISTS (SELECT 1 FROM doppel_keyless AS k "
      "WHERE k.tbl = {1} AND k.image = v.image);\n"
      "UPDATE doppel_keyless SET delta = delta - (SELECT count(*) FROM doppel_victims AS v WHERE "
      "v.tbl = {1} AND v.image = doppel_keyless.image), at = {2}, by = {3} WHERE tbl = {1} AND "
      "image IN (SELECT image FROM doppel_victims WHERE tbl = {1});\n"
      "DELETE FROM doppel_victims WHERE tbl = {1};\n",
      numbered(stored_columns(shape).size()), number, kCaptureTime, kCaptureAuthor);
}

/// What tells the change's row from others, as the triggers write it.
std::string image_of(Connection& connection, const Row& row) {
  std::string sql;
  for (std::size_t i = 1; i <= row.size(); ++i) {
    sql += (sql.empty() ? "SELECT " : " || ',' || ") + exactly("$" + std::to_string(i));
  }
  return connection.sql()->query(sql, row).at(0).at(0).text();
}

Row stored(const Row& row) { return {row.begin(), row.end() - 1}; }

void add_row(Connection& connection, const TableShape& shape, const Row& row) {
  std::string places;
  for (std::size_t i = 1; i <= row.size(); ++i) {
    places += (places.empty() ? "$" : ", $") + std::to_string(i);
  }
  connection.sql()->execute(fmt::format("INSERT INTO {} ({}) VALUES ({})", quote_name(shape.name),
                                        database::quote_names(stored_columns(shape)), places),
                            row);
}

/// Takes away as many rows of each content as it says: one look at every row of the table.
void take_rows(Connection& connection, const TableShape& shape,
               std::map<std::string, std::int64_t> wanted) {
  const std::string rowid = rowid_of(shape).value();
  const std::string name = quote_name(shape.name);
  std::vector<Value> found;
  for (const Row& row :
       connection.sql()->query(fmt::format("SELECT {0}, {1} FROM {2} ORDER BY {0} DESC", rowid,
                                           image_of(shape, ""), name),
                               {})) {
    const auto count = wanted.find(row[1].text());
    if (count == wanted.end() || count->second == 0) continue;
    --count->second;
    found.push_back(row[0]);
  }
  if (std::ranges::any_of(wanted, [](const auto& entry) { return entry.second > 0; })) {
    throw Error(ErrorCode::kStale, "a row that is to go isn't there: it was written meanwhile",
                {.place = shape.name, .remedy = {}});
  }
  for (const Value& row : found) {
    connection.sql()->execute(fmt::format("DELETE FROM {} WHERE {} = $1", name, rowid), {row});
  }
}

}  // namespace

std::vector<TrackedTable> keyless_tables(const database::Schema& schema,
                                         const std::vector<TrackedTable>& keyed) {
  std::vector<TrackedTable> found;
  for (const database::Table& table : schema.tables) {
    const bool is_known = std::ranges::any_of(
        keyed, [&](const TrackedTable& tracked) { return tracked.shape->name == table.name; });
    if (is_known || !table.primary_key.empty()) continue;
    TableShapePtr shape = database::keyless_shape(table);
    if (!rowid_of(*shape)) continue;
    found.push_back({.shape = std::move(shape), .kind = TrackedTable::Kind::kData});
  }
  return found;
}

std::vector<KeylessTrigger> keyless_triggers(const TrackedTable& table,
                                             const database::Table& declared, std::size_t number) {
  const TableShape& shape = *table.shape;
  const std::string which = in_the_way(declared);
  const std::string victims = which.empty() ? "" : count_victims(shape, number);
  std::string forget;
  if (!which.empty()) {
    forget = fmt::format("DELETE FROM doppel_victims WHERE tbl = {} AND image = {};\n", number,
                         image_of(shape, "OLD."));
  }
  std::vector<KeylessTrigger> triggers{
      {"AFTER INSERT", victims + count_one(shape, number, "NEW.", 1)},
      {"AFTER UPDATE",
       victims + count_one(shape, number, "OLD.", -1) + count_one(shape, number, "NEW.", 1)},
      // With recursive triggers a row that is pushed out comes here, too.
      {"AFTER DELETE", forget + count_one(shape, number, "OLD.", -1)},
  };
  if (which.empty()) return triggers;
  const std::string rowid = rowid_of(shape).value();
  triggers.push_back({"BEFORE INSERT", keep_victims(shape, number, which)});
  triggers.push_back(
      {"BEFORE UPDATE",
       keep_victims(shape, number, fmt::format("({}) AND o.{} <> OLD.{}", which, rowid, rowid))});
  return triggers;
}

void make_keyless_tables(Connection& connection, const std::vector<TrackedTable>& tables) {
  std::size_t columns = 1;
  for (const TrackedTable& table : tables) {
    if (!database::is_keyless(*table.shape)) continue;
    columns = std::max(columns, stored_columns(*table.shape).size());
  }
  connection.sql()->execute_script(
      fmt::format("CREATE TABLE doppel_keyless (tbl, image, delta, {0}, by, at);\n"
                  "CREATE UNIQUE INDEX doppel_keyless_image ON doppel_keyless (tbl, image);\n"
                  "CREATE TABLE doppel_victims (tbl, image, {0});\n",
                  numbered(columns)));
}

std::vector<database::CapturedChange> read_keyless(Connection& connection,
                                                   const TrackedTable& table, std::size_t number) {
  const std::size_t columns = stored_columns(*table.shape).size();
  std::vector<database::CapturedChange> changes;
  for (Row& row : connection.sql()->query(
           fmt::format("SELECT delta, by, at, {} FROM doppel_keyless WHERE tbl = $1 AND delta <> 0",
                       numbered(columns)),
           {static_cast<std::int64_t>(number)})) {
    const std::int64_t delta = row[0].integer();
    const auto text = [&](std::size_t i) {
      return row[i].kind() == ValueKind::kText ? row[i].text() : std::string();
    };
    for (std::int64_t i = 1; i <= std::abs(delta); ++i) {
      Row image(row.begin() + 3, row.end());
      image.emplace_back(delta > 0 ? i : -i);
      Key key = image;
      database::CapturedChange change{{table.shape, std::move(key), {}, {}}, text(1), text(2)};
      (delta > 0 ? change.change.after : change.change.before) = std::move(image);
      changes.push_back(std::move(change));
    }
  }
  return changes;
}

void write_keyless(Connection& connection, std::span<const RowChange> changes) {
  std::map<TableShapePtr, std::map<std::string, std::int64_t>> going;
  for (const RowChange& change : changes) {
    if (!change.before) continue;
    ++going[change.table][image_of(connection, stored(*change.before))];
  }
  for (auto& [shape, wanted] : going) take_rows(connection, *shape, std::move(wanted));
  for (const RowChange& change : changes) {
    if (change.after) add_row(connection, *change.table, stored(*change.after));
  }
  connection.sql()->execute("DELETE FROM doppel_keyless WHERE delta = 0", {});
}

}  // namespace doppel::sqlite
