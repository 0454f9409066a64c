#include "database/described_tables.hpp"

#include "base/error.hpp"
#include "base/json.hpp"

namespace doppel::database {

std::string describe_tables(std::span<const TrackedTable> tables) {
  json::array list;
  for (const TrackedTable& table : tables) {
    json::object entry;
    entry["name"] = table.shape->name;
    entry["config"] = table.kind == TrackedTable::Kind::kConfig;
    json::array columns;
    for (const std::string& column : table.shape->columns) columns.emplace_back(column);
    entry["columns"] = std::move(columns);
    json::array key;
    for (const std::size_t index : table.shape->key) key.emplace_back(index);
    entry["key"] = std::move(key);
    list.emplace_back(std::move(entry));
  }
  return write_json(list, JsonStyle::kCompact);
}

std::vector<TrackedTable> described_tables(const std::optional<std::string>& description,
                                           const std::string& place) {
  if (!description) {
    throw Error(
        ErrorCode::kNotADatabase, "the sandbox doesn't say what it keeps",
        {.place = place, .remedy = "discard the sandbox: something emptied its table doppel_mark"});
  }
  std::vector<TrackedTable> tables;
  const json::value list = parse_json(*description, "doppel_mark");
  for (const json::value& entry : list.as_array()) {
    auto shape = std::make_shared<TableShape>();
    shape->name = text_member(entry, "name", "doppel_mark");
    for (const json::value& column : entry.at("columns").as_array()) {
      shape->columns.emplace_back(column.as_string());
    }
    for (const json::value& index : entry.at("key").as_array()) {
      shape->key.push_back(static_cast<std::size_t>(index.as_int64()));
    }
    tables.push_back({.shape = std::move(shape),
                      .kind = entry.at("config").as_bool() ? TrackedTable::Kind::kConfig
                                                           : TrackedTable::Kind::kData});
  }
  return tables;
}

}  // namespace doppel::database
