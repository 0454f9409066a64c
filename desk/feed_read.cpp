#include <algorithm>

#include <fmt/core.h>

#include "base/csv.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "desk/custom.hpp"
#include "desk/feed.hpp"
#include "desk/rows.hpp"

/// What a feed is, and the rows of a file for it.
namespace doppel::desk {
namespace {

constexpr std::string_view kCustomField = "field:";

[[noreturn]] void unusable(const std::string& message, const std::string& place,
                           const std::string& remedy) {
  throw Error(ErrorCode::kWrongState, message, {.place = place, .remedy = remedy});
}

[[noreturn]] void unreadable(const std::string& message, const std::string& place) {
  throw Error(ErrorCode::kInvalidInput, message, {.place = place, .remedy = "mend the file"});
}

char separator_of(const std::string& word) {
  return word == "semicolon" ? ';' : word == "tab" ? '\t' : word == "bar" ? '|' : ',';
}

FeedRule rule_of(const std::string& word) {
  return word == "create"   ? FeedRule::kCreate
         : word == "update" ? FeedRule::kUpdate
                            : FeedRule::kUpdateOrCreate;
}

std::map<std::string, std::string, std::less<>> map_of(const std::string& text) {
  std::map<std::string, std::string, std::less<>> map;
  const json::value document = parse_json(text, "value_map");
  if (!document.is_object()) return map;
  for (const auto& member : document.get_object()) {
    if (member.value().is_string()) {
      map.emplace(member.key(), std::string(member.value().get_string()));
    }
  }
  return map;
}

/// Finds what a mapping fills. Throws Error(kWrongState) for what is gone by now.
void bind(Workplace& place, const Feed& feed, FeedMapping& mapping) {
  if (mapping.target.starts_with(kCustomField)) {
    const auto rows = place.connection.sql()->query(
        "SELECT code, kind FROM custom_fields WHERE id = $1 AND object = $2",
        {Value(mapping.target.substr(kCustomField.size())), Value(feed.object->name)});
    if (rows.empty()) {
      unusable("a mapping fills a custom field that isn't there", mapping.target,
               "remove the mapping, or choose another target");
    }
    mapping.target = "custom." + rows[0][0].text();
    mapping.custom_kind = rows[0][1].text();
    return;
  }
  mapping.field = feed.object->field(mapping.target);
  if (mapping.field == nullptr || (!mapping.field->writable && mapping.target != "number")) {
    unusable(feed.object->name + " has no such field to fill", mapping.target,
             "choose another target");
  }
}

FeedRow json_row(std::string_view text, std::size_t line) {
  const std::string place = fmt::format("line {}", line);
  const json::value document = parse_json(text, place);
  if (!document.is_object()) unreadable("the line is no JSON object", place);
  FeedRow row{.line = line, .cells = {}};
  for (const auto& member : document.get_object()) {
    const json::value& value = member.value();
    if (value.is_null()) continue;
    row.cells[std::string(member.key())] = value.is_string()
                                               ? std::string(value.get_string())
                                               : write_json(value, JsonStyle::kCompact);
  }
  return row;
}

void add(std::vector<FeedRow>& rows, FeedRow row) {
  if (rows.size() == kMostFeedRows) {
    unreadable(fmt::format("the file has more than {} rows", kMostFeedRows),
               fmt::format("line {}", row.line));
  }
  rows.push_back(std::move(row));
}

std::vector<FeedRow> json_rows(std::string_view text) {
  std::vector<FeedRow> rows;
  std::size_t number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    if (!trim(line).empty()) add(rows, json_row(line, number));
  }
  return rows;
}

std::vector<FeedRow> csv_rows(const Feed& feed, std::string_view text) {
  CsvReader reader(text, feed.separator);
  const auto header = reader.next();
  if (!header) unreadable("the file has no line with the names of its columns", "line 1");
  std::vector<std::string> columns;
  for (const std::string& cell : header->cells) columns.emplace_back(trim(cell));
  for (const FeedMapping& mapping : feed.mappings) {
    if (mapping.source.empty() || std::ranges::find(columns, mapping.source) != columns.end()) {
      continue;
    }
    const auto near = nearest(mapping.source, columns);
    unreadable("the file has no column '" + printable(mapping.source, 40) + "'" +
                   (near ? ", but '" + printable(*near, 40) + "'" : ""),
               "line 1");
  }
  std::vector<FeedRow> rows;
  while (auto record = reader.next()) {
    if (record->cells.size() != columns.size()) {
      unreadable(fmt::format("the line has {} cells and the first one {}", record->cells.size(),
                             columns.size()),
                 fmt::format("line {}", record->line));
    }
    FeedRow row{.line = record->line, .cells = {}};
    for (std::size_t i = 0; i < columns.size(); ++i) {
      row.cells[columns[i]] = std::move(record->cells[i]);
    }
    add(rows, std::move(row));
  }
  return rows;
}

}  // namespace

Feed read_feed(Workplace& place, const std::string& id) {
  database::SqlRunner& sql = *place.connection.sql();
  const auto feeds = sql.query(
      "SELECT name, object, format, separator, rule, is_enabled FROM data_feeds WHERE id = $1",
      {Value(id)});
  if (feeds.empty()) {
    throw Error(ErrorCode::kNotFound, "there is no such data feed", {.place = id, .remedy = {}});
  }
  const Row& row = feeds[0];
  if (row[5] != Value(1)) unusable("the feed " + row[0].text() + " is off", id, "enable it");
  Feed feed{.id = id,
            .name = row[0].text(),
            .format = row[2].text(),
            .object = &require_collection(place.collections, row[1].text()),
            .separator = separator_of(row[3].text()),
            .rule = rule_of(row[4].text()),
            .mappings = {}};
  require_module(place, *feed.object);
  std::size_t keys = 0;
  for (const Row& said :
       sql.query("SELECT source, target, kind, look_up, default_value, value_map, is_key FROM "
                 "feed_mappings WHERE feed_id = $1 ORDER BY position, id",
                 {Value(id)})) {
    FeedMapping mapping{.source = said[0].text(),
                        .target = said[1].text(),
                        .kind = said[2].text(),
                        .look_up = said[3].text(),
                        .default_value = said[4],
                        .value_map = map_of(said[5].text()),
                        .custom_kind = {}};
    bind(place, feed, mapping);
    if (said[6] == Value(1)) {
      feed.key = feed.mappings.size();
      ++keys;
    }
    feed.mappings.push_back(std::move(mapping));
  }
  if (keys != 1) {
    unusable("the feed has to have one mapping that is its key", id,
             "say `is_key` of the mapping by which records are found");
  }
  return feed;
}

std::vector<FeedRow> read_feed_file(const Feed& feed, std::string_view text) {
  if (!is_valid_utf8(text)) unreadable("the file isn't UTF-8", "file");
  return feed.format == "csv" ? csv_rows(feed, text) : json_rows(text);
}

}  // namespace doppel::desk
