#include "base/json.hpp"

#include <algorithm>
#include <unordered_set>

#include "base/error.hpp"
#include "changeset/changeset.hpp"
#include "changeset/shape_json.hpp"

namespace doppel::changeset {
namespace {

constexpr std::string_view kFormat = "doppel-changeset-1";
/// SQLite has at most 32,767 columns in a table, PostgreSQL fewer.
constexpr std::size_t kTableLimit = 100'000;
constexpr std::size_t kColumnLimit = 32'767;
constexpr std::size_t kNameLimit = 1'000;

[[noreturn]] void refuse(const std::string& message, const std::string& place) {
  throw Error(ErrorCode::kInvalidInput, message, {.place = place, .remedy = {}});
}

const json::array& list_member(const json::value& object, std::string_view name,
                               const std::string& place) {
  const json::value& found = member(object, name, place);
  if (!found.is_array()) refuse("'" + std::string(name) + "' must be a list", place);
  return found.get_array();
}

std::size_t index_from_json(const json::value& value, std::size_t size, const std::string& place) {
  if (!value.is_int64() || value.get_int64() < 0 ||
      static_cast<std::uint64_t>(value.get_int64()) >= size) {
    refuse("an index below " + std::to_string(size) + " is expected", place);
  }
  return static_cast<std::size_t>(value.get_int64());
}

std::string name_from_json(const json::value& value, const std::string& place) {
  if (!value.is_string() || value.get_string().empty() || value.get_string().size() > kNameLimit) {
    refuse("a name of 1 to " + std::to_string(kNameLimit) + " bytes is expected", place);
  }
  return std::string(value.get_string());
}

json::value shape_to_json(const TableShape& shape) {
  json::object object;
  object.emplace("name", shape.name);
  json::array columns;
  for (const std::string& column : shape.columns) columns.emplace_back(column);
  object.emplace("columns", std::move(columns));
  json::array key;
  for (const std::size_t index : shape.key) key.emplace_back(static_cast<std::int64_t>(index));
  object.emplace("key", std::move(key));
  return object;
}

std::optional<Row> image_from_json(const json::value& change, std::string_view name,
                                   const TableShape& shape, const std::string& place) {
  const json::value* stored = change.get_object().if_contains(name);
  if (stored == nullptr) return std::nullopt;
  Row row = values_from_json(*stored, place);
  if (row.size() != shape.columns.size()) {
    refuse("'" + std::string(name) + "' must have " + std::to_string(shape.columns.size()) +
               " values, one for each column of " + shape.name,
           place);
  }
  return row;
}

RowChange change_from_json(const json::value& stored, const std::vector<TableShapePtr>& shapes,
                           const std::string& place) {
  RowChange change;
  change.table = shapes[index_from_json(member(stored, "table", place), shapes.size(), place)];
  change.before = image_from_json(stored, "before", *change.table, place);
  change.after = image_from_json(stored, "after", *change.table, place);
  if (!change.before && !change.after) refuse("a change needs 'before' or 'after'", place);
  change.key = change.table->key_of(change.before ? *change.before : *change.after);
  if (change.after && change.table->key_of(*change.after) != change.key) {
    refuse("'before' and 'after' have different keys", place);
  }
  return change;
}

/// The tables of a changeset in the order in which they come first.
class ShapeList {
 public:
  std::size_t index_of(const TableShape& shape) {
    // Changes of one table mostly share the shape; comparing pointers first keeps this linear.
    auto known = by_pointer_.find(&shape);
    if (known == by_pointer_.end()) {
      const auto equal =
          std::ranges::find_if(shapes_, [&](const TableShape* other) { return *other == shape; });
      const auto index = static_cast<std::size_t>(equal - shapes_.begin());
      if (equal == shapes_.end()) shapes_.push_back(&shape);
      known = by_pointer_.emplace(&shape, index).first;
    }
    return known->second;
  }

  json::array to_json() const {
    json::array tables;
    for (const TableShape* shape : shapes_) tables.push_back(shape_to_json(*shape));
    return tables;
  }

 private:
  std::vector<const TableShape*> shapes_;
  std::map<const TableShape*, std::size_t> by_pointer_;
};

}  // namespace

TableShapePtr shape_from_json(const json::value& stored, std::string_view name,
                              const std::string& place) {
  auto shape = std::make_shared<TableShape>();
  shape->name = name_from_json(member(stored, name, place), place);
  const json::array& columns = list_member(stored, "columns", place);
  if (columns.size() > kColumnLimit) refuse("too many columns", place);
  std::unordered_set<std::string> seen;
  for (const json::value& column : columns) {
    shape->columns.push_back(name_from_json(column, place));
    if (!seen.insert(shape->columns.back()).second) {
      refuse("the column '" + shape->columns.back() + "' stands twice", place);
    }
  }
  const json::array& key = list_member(stored, "key", place);
  if (key.empty() || key.size() > shape->columns.size()) refuse("the key is no key", place);
  std::unordered_set<std::size_t> seen_key;
  for (const json::value& index : key) {
    shape->key.push_back(index_from_json(index, shape->columns.size(), place));
    if (!seen_key.insert(shape->key.back()).second) refuse("a key column stands twice", place);
  }
  return shape;
}

json::value to_json(const ChangeSet& changes) {
  ShapeList shapes;
  json::array rows;
  rows.reserve(changes.size());
  for (const RowChange& change : changes.changes) {
    json::object row;
    row.emplace("table", static_cast<std::int64_t>(shapes.index_of(*change.table)));
    if (change.before) row.emplace("before", doppel::to_json(*change.before));
    if (change.after) row.emplace("after", doppel::to_json(*change.after));
    rows.emplace_back(std::move(row));
  }
  json::object stored;
  stored.emplace("format", kFormat);
  stored.emplace("tables", shapes.to_json());
  stored.emplace("changes", std::move(rows));
  return stored;
}

std::string to_stored_text(const ChangeSet& changes) {
  ShapeList shapes;
  std::string rows;
  for (const RowChange& change : changes.changes) {
    rows += rows.empty() ? "{\"table\":" : ",{\"table\":";
    rows += std::to_string(shapes.index_of(*change.table));
    if (change.before) {
      rows += ",\"before\":";
      append_json(*change.before, rows);
    }
    if (change.after) {
      rows += ",\"after\":";
      append_json(*change.after, rows);
    }
    rows += '}';
  }
  std::string stored = "{\"format\":";
  append_json(kFormat, stored);
  stored += ",\"tables\":" + write_json(shapes.to_json(), JsonStyle::kCompact);
  stored += ",\"changes\":[" + rows + "]}";
  return stored;
}

ChangeSet from_json(const json::value& stored, std::string_view source) {
  const std::string place(source);
  if (text_member(stored, "format", place) != kFormat) {
    refuse("not a changeset of format " + std::string(kFormat), place);
  }
  const json::array& tables = list_member(stored, "tables", place);
  if (tables.size() > kTableLimit) refuse("too many tables", place);
  std::vector<TableShapePtr> shapes;
  for (const json::value& table : tables) {
    shapes.push_back(
        shape_from_json(table, "name", place + ": tables[" + std::to_string(shapes.size()) + "]"));
  }
  ChangeSet changes;
  const json::array& rows = list_member(stored, "changes", place);
  changes.changes.reserve(rows.size());
  for (const json::value& row : rows) {
    changes.changes.push_back(
        change_from_json(row, shapes, place + ": changes[" + std::to_string(changes.size()) + "]"));
  }
  return changes;
}

}  // namespace doppel::changeset
