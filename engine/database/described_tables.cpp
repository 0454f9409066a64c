#include "database/described_tables.hpp"

#include "base/error.hpp"
#include "base/json.hpp"

namespace doppel::database {
namespace {

/// Who may write the sandbox may write its description, too: nothing of it is taken on trust.
void check(bool holds, const std::string& place) {
  if (holds) return;
  throw Error(ErrorCode::kNotADatabase, "what the sandbox says of its tables is damaged",
              {.place = place,
               .remedy = "discard the sandbox: something else wrote its table doppel_mark"});
}

const json::array& list_of(const json::value* value, const std::string& place) {
  check(value != nullptr && value->is_array(), place);
  return value->get_array();
}

TrackedTable described_table(const json::value& entry, const std::string& place) {
  check(entry.is_object(), place);
  const json::object& described = entry.get_object();
  const json::value* name = described.if_contains("name");
  const json::value* config = described.if_contains("config");
  check(name != nullptr && name->is_string() && config != nullptr && config->is_bool(), place);
  auto shape = std::make_shared<TableShape>();
  shape->name = std::string(name->get_string());
  for (const json::value& column : list_of(described.if_contains("columns"), place)) {
    check(column.is_string(), place);
    shape->columns.emplace_back(column.get_string());
  }
  for (const json::value& index : list_of(described.if_contains("key"), place)) {
    check(index.is_int64() && index.get_int64() >= 0 &&
              static_cast<std::uint64_t>(index.get_int64()) < shape->columns.size(),
          place);
    shape->key.push_back(static_cast<std::size_t>(index.get_int64()));
  }
  return {.shape = std::move(shape),
          .kind = config->get_bool() ? TrackedTable::Kind::kConfig : TrackedTable::Kind::kData};
}

}  // namespace

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
  json::value list;
  try {
    list = parse_json(*description, "doppel_mark");
  } catch (const Error&) {
    check(false, place);
  }
  std::vector<TrackedTable> tables;
  for (const json::value& entry : list_of(&list, place)) {
    tables.push_back(described_table(entry, place));
  }
  return tables;
}

}  // namespace doppel::database
