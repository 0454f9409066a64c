#include <algorithm>

#include "base/error.hpp"
#include "overlay/overlay.hpp"

namespace doppel::overlay {
namespace {

using manifest::Model;
using manifest::Reference;
using manifest::TableModel;

/// More children than this of one owner are no part of it that anybody reviews by hand.
constexpr std::size_t kChildrenLimit = 1000;

/// An owner as its children name it.
struct Owner {
  std::string table;
  std::vector<std::string> columns;
  std::vector<Value> values;
  friend auto operator<=>(const Owner&, const Owner&) = default;
};

const Reference* way_to_owner(const TableModel& table) {
  if (!table.part_of) return nullptr;
  const Reference& reference = table.references[*table.part_of];
  return reference.plain() && reference.targets.size() == 1 ? &reference : nullptr;
}

/// The owners of whose children the sandbox changed some, each with the first of these.
std::map<Owner, RowId> touched_owners(const Model& model, const changeset::ChangeSet& config) {
  std::map<Owner, RowId> owners;
  for (const RowChange& change : config.changes) {
    const Reference* way = way_to_owner(model.require(change.table->name));
    if (way == nullptr) continue;
    for (const auto& image : {change.before, change.after}) {
      if (!image) continue;
      Owner owner{way->targets.front().table, way->targets.front().columns,
                  TableShape::project(*image, way->columns)};
      if (std::ranges::any_of(owner.values, &Value::is_null)) continue;
      owners.try_emplace(std::move(owner), change.table->name, change.key);
    }
  }
  return owners;
}

/// Rows of the children's table by owner; none where the sandbox's table has other columns than
/// live's by now: a refresh comes first, and says so.
std::vector<std::vector<Row>> children_of(const TableModel& table, const Reference& way,
                                          const std::vector<std::vector<Value>>& owners,
                                          database::Connection& connection) {
  std::vector<std::string> columns;
  for (const std::size_t column : way.columns) columns.push_back(table.shape->columns[column]);
  try {
    return connection.find_rows(*table.shape, columns, owners, kChildrenLimit);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kSql) throw;
    return {};
  }
}

}  // namespace

std::vector<Siblings> read_siblings(const Model& model, const changeset::ChangeSet& config,
                                    database::Overlay& sandbox) {
  const std::map<Owner, RowId> owners = touched_owners(model, config);
  std::vector<Siblings> found;
  if (owners.empty()) return found;
  std::map<RowId, bool> own;
  for (const RowChange& change : config.changes) own[{change.table->name, change.key}] = true;
  for (const TableModel& table : model.tables) {
    const Reference* way = way_to_owner(table);
    if (way == nullptr || !table.may_hold_config()) continue;
    std::vector<std::vector<Value>> asked;
    std::vector<RowId> touched;
    for (const auto& [owner, row] : owners) {
      if (owner.table != way->targets.front().table) continue;
      if (owner.columns != way->targets.front().columns) continue;
      asked.push_back(owner.values);
      touched.push_back(row);
    }
    auto children = children_of(table, *way, asked, sandbox.connection());
    for (std::size_t i = 0; i < children.size(); ++i) {
      Siblings siblings{.table = table.name(),
                        .reference = *table.part_of,
                        .owner = std::move(asked[i]),
                        .touched = std::move(touched[i]),
                        .rows = {}};
      for (Row& row : children[i]) {
        Key key = table.shape->key_of(row);
        if (!own.contains({table.name(), key}))
          siblings.rows.emplace(std::move(key), std::move(row));
      }
      found.push_back(std::move(siblings));
    }
  }
  return found;
}

}  // namespace doppel::overlay
