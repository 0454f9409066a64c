#include "plan/snapshot.hpp"

#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "changeset/shape_json.hpp"

namespace doppel::plan {
namespace {

using changeset::State;

constexpr std::string_view kFormat = "doppel snapshot 1";
constexpr const char* kSuffix = ".snapshot.json";

bool all_config(const manifest::TableModel& table) {
  return table.role.by.empty() && table.role.of.empty();
}

json::object table_head(const TableShape& shape) {
  json::object head;
  head["table"] = shape.name;
  json::array columns;
  for (const std::string& column : shape.columns) columns.emplace_back(column);
  head["columns"] = std::move(columns);
  json::array key;
  for (const std::size_t index : shape.key) key.emplace_back(index);
  head["key"] = std::move(key);
  return head;
}

void add_line(const Row& row, std::string& lines) {
  append_json(row, lines);
  lines += '\n';
}

/// Whether a row may stand behind another in a snapshot.
bool in_order(const TableShape& shape, const Row& before, const Row& row) {
  for (const std::size_t index : shape.key) {
    const auto order = before[index] <=> row[index];
    if (order != 0) return order < 0;
  }
  return true;
}

/// Writes rows as they come, which is fast; false where the database's key order isn't ours.
bool stream_lines(const TableShape& shape, database::Connection& live, ConfigText& config) {
  Row last;
  bool sorted = true;
  live.scan_rows(shape, {}, [&](Row&& row) {
    if (!sorted || (!last.empty() && !in_order(shape, last, row))) {
      sorted = false;
      return;
    }
    add_line(row, config.lines);
    ++config.rows;
    last = std::move(row);
  });
  return sorted;
}

json::object head_of(const SnapshotInfo& info) {
  json::object head;
  head["format"] = kFormat;
  head["tenant"] = info.tenant;
  head["at"] = info.at;
  head["promotion"] = info.promotion;
  head["rows"] = info.rows;
  head["hash"] = info.hash;
  return head;
}

/// Takes the next line off `text`.
std::string_view next_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::int64_t count_member(const json::value& head, std::string_view name,
                          const std::string& place) {
  const json::value& count = member(head, name, place);
  if (!count.is_int64() || count.get_int64() < 0) {
    throw Error(ErrorCode::kInvalidInput, "'" + std::string(name) + "' must be a number",
                {.place = place, .remedy = {}});
  }
  return count.get_int64();
}

SnapshotInfo read_head(const Shelf& shelf, const std::string& place, std::string_view line) {
  const json::value head = parse_json(line, place);
  if (text_member(head, "format", place) != kFormat) {
    throw Error(ErrorCode::kInvalidInput, "not a snapshot of this format", {.place = place});
  }
  SnapshotInfo info;
  info.name = place.substr(0, place.size() - std::string(kSuffix).size());
  info.tenant = text_member(head, "tenant", place);
  info.at = text_member(head, "at", place);
  info.hash = text_member(head, "hash", place);
  info.promotion = count_member(head, "promotion", place);
  info.rows = count_member(head, "rows", place);
  info.file = shelf.where(place);
  return info;
}

bool is_snapshot(const Shelf::Item& item) { return item.name.ends_with(kSuffix); }

std::string item_name(const SnapshotInfo& info) { return info.name + kSuffix; }

/// The config rows of one table.
State::TableState read_table(const manifest::Model& model, const manifest::TableModel& table,
                             database::Connection& live) {
  const manifest::RowLookup lookup = [&](const std::string& other, const Key& key) {
    return live.read_rows(*model.require(other).shape, {&key, 1}).front();
  };
  State::TableState state;
  state.shape = table.shape;
  std::vector<Row> rows;
  live.scan_rows(*table.shape, {}, [&](Row&& row) { rows.push_back(std::move(row)); });
  for (Row& row : rows) {
    if (!all_config(table) &&
        manifest::role_of(model, table, row, lookup) != manifest::Role::kConfig) {
      continue;
    }
    Key key = table.shape->key_of(row);
    // The database gives rows in its key order, which mostly is ours.
    state.rows.emplace_hint(state.rows.end(), std::move(key), std::move(row));
  }
  return state;
}

}  // namespace

std::string snapshot_name(std::int64_t promotion, const std::string& id) {
  // The last digits: the first ones of ids made in one second are the same.
  constexpr std::size_t kDigits = 8;
  return fmt::format("{:06}-{}", promotion, id.substr(id.size() - std::min(kDigits, id.size())));
}

State read_config(const manifest::Model& model, database::Connection& live) {
  State config;
  for (const manifest::TableModel& table : model.tables) {
    if (table.may_hold_config()) config.tables[table.name()] = read_table(model, table, live);
  }
  return config;
}

ConfigText read_config_text(const manifest::Model& model, database::Connection& live) {
  std::map<std::string_view, const manifest::TableModel*> tables;
  for (const manifest::TableModel& table : model.tables) {
    if (table.may_hold_config()) tables.emplace(table.name(), &table);
  }
  ConfigText config;
  for (const auto& [name, table] : tables) {
    config.lines += write_json(table_head(*table->shape), JsonStyle::kCompact) + "\n";
    const std::size_t size = config.lines.size();
    const std::int64_t rows = config.rows;
    if (all_config(*table) && stream_lines(*table->shape, live, config)) continue;
    config.lines.resize(size);
    const State::TableState sorted = read_table(model, *table, live);
    for (const auto& [key, row] : sorted.rows) add_line(row, config.lines);
    config.rows = rows + static_cast<std::int64_t>(sorted.rows.size());
  }
  config.hash = sha256(config.lines);
  return config;
}

SnapshotInfo write_snapshot(Shelf& shelf, SnapshotInfo info, const ConfigText& config) {
  info.rows = config.rows;
  info.hash = config.hash;
  info.file = shelf.where(item_name(info));
  shelf.put(item_name(info), write_json(head_of(info), JsonStyle::kCompact) + "\n" + config.lines);
  return info;
}

void remove_snapshot(Shelf& shelf, const SnapshotInfo& info) { shelf.remove(item_name(info)); }

void remove_leftovers(Shelf& shelf, const SnapshotInfo& written) {
  const std::string number = snapshot_name(written.promotion, "");
  shelf.clear_leftovers();
  for (const Shelf::Item& item : shelf.list()) {
    if (!item.name.starts_with(number) || !is_snapshot(item)) continue;
    const SnapshotInfo other = read_head(shelf, item.name, item.head);
    if (other.name != written.name && other.promotion == written.promotion &&
        other.hash == written.hash) {
      shelf.remove(item.name);
    }
  }
}

std::vector<SnapshotInfo> list_snapshots(Shelf& shelf) {
  std::vector<SnapshotInfo> snapshots;
  for (const Shelf::Item& item : shelf.list()) {
    if (is_snapshot(item)) snapshots.push_back(read_head(shelf, item.name, item.head));
  }
  std::ranges::sort(snapshots, std::ranges::greater{}, &SnapshotInfo::name);
  return snapshots;
}

State read_snapshot(Shelf& shelf, const SnapshotInfo& info) {
  const std::string place = item_name(info);
  const std::string content = shelf.get(place);
  std::string_view text = content;
  next_line(text);
  if (sha256(text) != info.hash) {
    throw Error(ErrorCode::kInvalidInput, "the snapshot is damaged: its content has another hash",
                {.place = info.file.string(), .remedy = "use an older snapshot or a backup of it"});
  }
  return read_config_lines(text, place);
}

State read_config_lines(std::string_view lines, const std::string& place) {
  const auto check = [&](bool holds, const char* message) {
    if (!holds) throw Error(ErrorCode::kInvalidInput, message, {.place = place, .remedy = {}});
  };
  State config;
  State::TableState* table = nullptr;
  while (!lines.empty()) {
    const json::value line = parse_json(next_line(lines), place);
    if (line.is_object()) {
      TableShapePtr shape = changeset::shape_from_json(line, "table", place);
      const auto [added, is_new] = config.tables.try_emplace(shape->name);
      check(is_new, "a table stands twice in it");
      table = &added->second;
      table->shape = std::move(shape);
      continue;
    }
    check(table != nullptr, "a row stands before its table");
    Row row = values_from_json(line, place);
    check(row.size() == table->shape->columns.size(), "a row has too many or too few values");
    Key key = table->shape->key_of(row);
    const std::size_t before = table->rows.size();
    table->rows.emplace_hint(table->rows.end(), std::move(key), std::move(row));
    check(table->rows.size() > before, "a row stands twice in it");
  }
  return config;
}

void prune_snapshots(Shelf& shelf, std::size_t keep_count, const std::string& keep_since) {
  const std::vector<SnapshotInfo> snapshots = list_snapshots(shelf);
  for (std::size_t i = keep_count; i < snapshots.size(); ++i) {
    if (snapshots[i].at < keep_since) remove_snapshot(shelf, snapshots[i]);
  }
}

}  // namespace doppel::plan
