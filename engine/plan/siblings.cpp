#include "plan/siblings.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "plan/diff.hpp"

namespace doppel::plan {
namespace {

using manifest::Model;
using manifest::TableModel;
using overlay::RowId;
using overlay::Siblings;

/// More names than these are counted, not listed.
constexpr std::size_t kNamesLimit = 3;

std::string described(const TableModel& table, const RowChange& change) {
  const char* what = change.kind() == ChangeKind::kInsert   ? " (added)"
                     : change.kind() == ChangeKind::kDelete ? " (removed)"
                                                            : "";
  return table.name() + " '" +
         manifest::label_of(table, change.after ? *change.after : *change.before) + "'" + what;
}

bool is_config(const Model& model, const TableModel& table, const Row& row,
               database::Connection& live) {
  if (table.role.by.empty() && table.role.of.empty()) return true;
  const manifest::RowLookup lookup = [&](const std::string& name, const Key& key) {
    return live.read_rows(*model.require(name).shape, {&key, 1}).front();
  };
  return manifest::role_of(model, table, row, lookup) == manifest::Role::kConfig;
}

/// What live has otherwise among the children that the sandbox left alone.
std::vector<std::string> changed_in_live(const Model& model, const Siblings& siblings,
                                         const std::set<RowId>& own, database::Connection& live) {
  const TableModel& table = model.require(siblings.table);
  std::vector<std::string> columns;
  for (const std::size_t column : table.references[siblings.reference].columns) {
    columns.push_back(table.shape->columns[column]);
  }
  std::map<Key, Row> now;
  live.scan_rows(*table.shape, {columns, siblings.owner}, [&](Row&& row) {
    Key key = table.shape->key_of(row);
    if (!own.contains({table.name(), key})) now.emplace(std::move(key), std::move(row));
  });
  std::vector<std::string> changed;
  const auto compare = [&](const Key& key, std::optional<Row> before, std::optional<Row> after) {
    const RowChange change{table.shape, key, std::move(before), std::move(after)};
    if (change.changes_nothing() || changes_only_volatile(model, change)) return;
    const Row& row = change.after ? *change.after : *change.before;
    if (is_config(model, table, row, live)) changed.push_back(described(table, change));
  };
  for (const auto& [key, row] : siblings.rows) {
    const auto here = now.find(key);
    compare(key, row, here == now.end() ? std::nullopt : std::optional(here->second));
  }
  for (const auto& [key, row] : now) {
    if (!siblings.rows.contains(key)) compare(key, std::nullopt, row);
  }
  return changed;
}

std::string owner_name(const Model& model, const Siblings& siblings, database::Connection& live) {
  const manifest::Reference::Target& target =
      model.require(siblings.table).references[siblings.reference].targets.front();
  const TableModel* owner = model.table(target.table);
  std::string name = target.table + " " + display(siblings.owner);
  if (owner == nullptr) return name;
  const auto rows = live.find_rows(*owner->shape, target.columns, {&siblings.owner, 1}, 1);
  if (rows.front().empty()) return name;
  return target.table + " '" + manifest::label_of(*owner, rows.front().front()) + "'";
}

}  // namespace

std::vector<merge::Warning> sibling_warnings(const Model& model,
                                             const std::vector<Siblings>& siblings,
                                             const changeset::ChangeSet& changes,
                                             database::Connection& live) {
  std::set<RowId> own;
  for (const RowChange& change : changes.changes) own.insert({change.table->name, change.key});
  std::map<std::pair<RowId, std::string>, std::vector<std::string>> by_owner;
  for (const Siblings& of_table : siblings) {
    // Left out of the selection: then nothing of the sandbox meets live's change.
    if (!own.contains(of_table.touched)) continue;
    std::vector<std::string> changed = changed_in_live(model, of_table, own, live);
    if (changed.empty()) continue;
    auto& all = by_owner[{of_table.touched, owner_name(model, of_table, live)}];
    all.insert(all.end(), changed.begin(), changed.end());
  }
  std::vector<merge::Warning> warnings;
  for (const auto& [owner, changed] : by_owner) {
    std::vector<std::string> names(
        changed.begin(),
        changed.begin() + static_cast<std::ptrdiff_t>(std::min(changed.size(), kNamesLimit)));
    std::string list = join(names, ", ");
    if (changed.size() > names.size()) {
      list += " and " + std::to_string(changed.size() - names.size()) + " more";
    }
    warnings.push_back({owner.first.first, owner.first.second,
                        "other parts of " + owner.second + " changed in live meanwhile: " + list +
                            "; look at them together"});
  }
  return warnings;
}

}  // namespace doppel::plan
