#include "overlay/adapt.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::overlay {
namespace {

using manifest::TableModel;

std::vector<std::string> key_names(const TableShape& shape) {
  std::vector<std::string> names;
  for (const std::size_t index : shape.key) names.push_back(shape.columns[index]);
  return names;
}

std::string plain_text(const Value& value) {
  return value.kind() == ValueKind::kText ? value.text() : display(value);
}

const merge::Rekeyed* moved(const std::vector<merge::Rekeyed>& rekeyed, std::string_view table,
                            const Key& key) {
  const auto found = std::ranges::find_if(
      rekeyed, [&](const merge::Rekeyed& row) { return row.table == table && row.from == key; });
  return found == rekeyed.end() ? nullptr : &*found;
}

void follow_ids(const TableModel& table, std::size_t column, Row& row,
                const std::vector<merge::Rekeyed>& rekeyed) {
  std::vector<manifest::FoundId> ids = manifest::find_ids(table, column, row);
  if (ids.empty()) return;
  std::string text = row[column].text();
  // From the end, so that what stands before keeps its place.
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
    const std::string written = text.substr(id->begin, id->length);
    for (const merge::Rekeyed& other : rekeyed) {
      if (other.table != id->table || plain_text(other.from.front()) != written) continue;
      text.replace(id->begin, id->length, plain_text(other.to.front()));
      break;
    }
  }
  row[column] = text;
}

}  // namespace

std::string misfit(const TableShape& sandbox, const TableShape& live) {
  std::vector<std::string> reasons;
  for (const std::string& column : live.columns) {
    if (!sandbox.column(column)) reasons.push_back("column " + column + " is new in live");
  }
  for (const std::string& column : sandbox.columns) {
    if (!live.column(column)) reasons.push_back("column " + column + " is gone from live");
  }
  if (key_names(sandbox) != key_names(live)) reasons.emplace_back("its key is another in live");
  if (reasons.empty() && sandbox != live)
    reasons.emplace_back("its columns stand in another order");
  return join(reasons, ", ");
}

RowChange fitted(const RowChange& change, const TableShapePtr& live,
                 const std::map<std::string, Value>& defaults) {
  if (key_names(*change.table) != key_names(*live)) {
    throw Error(ErrorCode::kSchemaChanged, "the table has another key in live than in the sandbox",
                {.place = live->name,
                 .remedy = "discard the sandbox and make it again; `doppel diff` shows its work"});
  }
  const auto fit = [&](const Row& row) {
    Row made;
    for (const std::string& column : live->columns) {
      if (const auto index = change.table->column(column)) {
        made.push_back(row[*index]);
      } else if (const auto value = defaults.find(column); value != defaults.end()) {
        made.push_back(value->second);
      } else {
        made.emplace_back();
      }
    }
    return made;
  };
  RowChange made{live, change.key, std::nullopt, std::nullopt};
  if (change.before) made.before = fit(*change.before);
  if (change.after) made.after = fit(*change.after);
  return made;
}

Row following(const manifest::Model& model, const TableModel& table, const Row& row,
              const std::vector<merge::Rekeyed>& rekeyed, const manifest::RowLookup& lookup) {
  Row made = row;
  for (const manifest::Reference& reference : table.references) {
    const auto referred = manifest::referred_by(model, table, reference, row, lookup);
    if (!referred) continue;
    const merge::Rekeyed* to = moved(rekeyed, referred->target->table, referred->values);
    if (to == nullptr) continue;
    for (std::size_t i = 0; i < reference.columns.size(); ++i) {
      made[reference.columns[i]] = to->to[i];
    }
  }
  for (std::size_t column = 0; column < made.size(); ++column) {
    if (made[column].kind() == ValueKind::kText) follow_ids(table, column, made, rekeyed);
  }
  return made;
}

}  // namespace doppel::overlay
