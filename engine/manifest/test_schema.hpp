#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "database/schema.hpp"

/// Schemas written by hand, for this room's tests.
namespace doppel::manifest::test {

/// "id integer!" is an integer that is NOT NULL; "total int=" is computed by the database.
inline database::Table table(const std::string& name, const std::vector<std::string>& columns,
                             const std::vector<std::string>& primary_key = {"id"}) {
  database::Table made;
  made.name = name;
  made.primary_key = primary_key;
  for (const std::string& written : columns) {
    const std::size_t blank = written.find(' ');
    database::Column column;
    column.name = written.substr(0, blank);
    column.type = blank == std::string::npos ? "" : written.substr(blank + 1);
    column.not_null = column.type.ends_with('!');
    column.generated = column.type.ends_with('=');
    if (column.not_null || column.generated) column.type.pop_back();
    made.columns.push_back(column);
  }
  if (primary_key == std::vector<std::string>{"id"}) {
    made.key_source = database::KeySource::kReused;
  }
  return made;
}

}  // namespace doppel::manifest::test
