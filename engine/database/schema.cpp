#include "database/schema.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace doppel::database {
namespace {

std::string describe(const Column& column) {
  std::string text = column.type.empty() ? "untyped" : column.type;
  if (column.not_null) text += " not null";
  if (column.generated) text += " generated";
  if (column.default_sql) text += " default " + *column.default_sql;
  return text;
}

void compare_columns(const Table& before, const Table& after, std::vector<std::string>& found) {
  const std::string place = "table " + after.name + ": ";
  for (const Column& column : before.columns) {
    const Column* now = after.column(column.name);
    if (now == nullptr) {
      found.push_back(place + "column " + column.name + " is gone");
    } else if (*now != column) {
      found.push_back(place + "column " + column.name + " was " + describe(column) + ", is " +
                      describe(*now));
    }
  }
  for (const Column& column : after.columns) {
    if (before.column(column.name) == nullptr) {
      found.push_back(place + "column " + column.name + " is new (" + describe(column) + ")");
    }
  }
}

void compare_tables(const Table& before, const Table& after, std::vector<std::string>& found) {
  const std::size_t count = found.size();
  compare_columns(before, after, found);
  const std::string place = "table " + after.name + ": ";
  if (before.primary_key != after.primary_key) found.push_back(place + "its key is another");
  if (before.unique_keys != after.unique_keys) {
    found.push_back(place + "its unique keys are others");
  }
  if (before.foreign_keys != after.foreign_keys) {
    found.push_back(place + "its foreign keys are others");
  }
  if (found.size() == count && before.definition != after.definition) {
    found.push_back(place + "its definition is another");
  }
}

}  // namespace

const Column* Table::column(std::string_view column_name) const {
  const auto found = std::ranges::find(columns, column_name, &Column::name);
  return found == columns.end() ? nullptr : &*found;
}

const Table* Schema::table(std::string_view name) const {
  const auto found = std::ranges::find(tables, name, &Table::name);
  return found == tables.end() ? nullptr : &*found;
}

std::string what_shrank(const Table& before, const Table& after) {
  const std::string place = "table " + after.name + ": ";
  for (const Column& column : before.columns) {
    const Column* now = after.column(column.name);
    if (now == nullptr) return place + "column " + column.name + " is gone";
    if (now->type != column.type || now->generated != column.generated) {
      return place + "column " + column.name + " was " + describe(column) + ", is " +
             describe(*now);
    }
  }
  for (const Column& column : after.columns) {
    const bool has_value = !column.not_null || column.default_sql || column.generated;
    if (before.column(column.name) == nullptr && !has_value) {
      return place + "column " + column.name + " is new, not null and without a default";
    }
  }
  return before.primary_key == after.primary_key ? "" : place + "its key is another";
}

bool is_own_name(std::string_view name) { return name.starts_with("doppel_"); }

std::vector<std::string> differences(const Schema& before, const Schema& after) {
  std::vector<std::string> found;
  for (const Table& table : before.tables) {
    const Table* now = after.table(table.name);
    if (now == nullptr) {
      found.push_back("table " + table.name + " is gone");
    } else {
      compare_tables(table, *now, found);
    }
  }
  for (const Table& table : after.tables) {
    if (before.table(table.name) == nullptr) found.push_back("table " + table.name + " is new");
  }
  const auto list_missing = [&](const Schema& from, const Schema& in, const std::string& what) {
    for (const SchemaObject& object : from.objects) {
      if (std::ranges::find(in.objects, object) == in.objects.end()) {
        found.push_back(object.kind + " " + object.name + what);
      }
    }
  };
  list_missing(before, after, " is gone or another");
  list_missing(after, before, " is new or another");
  return found;
}

TableShapePtr shape_of(const Table& table, const std::vector<std::string>& key) {
  auto shape = std::make_shared<TableShape>();
  shape->name = table.name;
  for (const Column& column : table.columns) {
    if (!column.generated) shape->columns.push_back(column.name);
  }
  for (const std::string& name : key) {
    const auto index = shape->column(name);
    if (!index) {
      throw Error(ErrorCode::kInvalidManifest, "the key column '" + name + "' is no stored column",
                  {.place = table.name, .remedy = "name columns of the table in its key"});
    }
    shape->key.push_back(*index);
  }
  return shape;
}

}  // namespace doppel::database
