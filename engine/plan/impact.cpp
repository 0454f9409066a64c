#include "plan/impact.hpp"

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "plan/closure.hpp"

namespace doppel::plan {
namespace {

using manifest::Model;
using manifest::Reference;
using manifest::TableModel;

/// More rows than this are mapped in steps that a person plans himself.
constexpr std::size_t kMappedRowsLimit = 1'000'000;

const Row& image_of(const RowChange& change) {
  return change.before ? *change.before : *change.after;
}

/// One way in which data refer to a table.
struct DataReference {
  const TableModel* table = nullptr;
  const Reference* reference = nullptr;
  const Reference::Target* target = nullptr;

  /// The referring columns, those of the scope and the discriminator among them.
  std::vector<std::size_t> columns() const {
    std::vector<std::size_t> columns = reference->columns;
    for (const auto& [here, there] : reference->scope) columns.push_back(here);
    if (reference->discriminator) columns.push_back(*reference->discriminator);
    return columns;
  }
  std::vector<std::string> column_names() const {
    std::vector<std::string> names;
    for (const std::size_t column : columns()) names.push_back(table->shape->columns[column]);
    return names;
  }
  /// What those columns hold in rows that refer to `row`.
  std::vector<Value> values(const TableShape& shape, const Row& row) const {
    std::vector<Value> values;
    for (const std::string& column : target->columns) values.push_back(row[*shape.column(column)]);
    for (const auto& [here, there] : reference->scope) {
      values.push_back(row[*shape.column(there)]);
    }
    if (reference->discriminator) values.push_back(target->discriminator);
    return values;
  }
};

std::vector<DataReference> references_to(const Model& model, const TableModel& target,
                                         std::vector<std::string>& uncounted) {
  std::vector<DataReference> found;
  const auto referrers = model.referrers.find(target.name());
  if (referrers == model.referrers.end()) return found;
  for (const manifest::Referrer& referrer : referrers->second) {
    const TableModel& table = model.require(referrer.table);
    // References from config are the merge's business: it sees the rows themselves.
    if (table.may_hold_config()) continue;
    // Derived rows are made anew in the promotion's transaction.
    if (table.role.role == manifest::Role::kDerived) continue;
    const Reference& reference = table.references[referrer.reference];
    for (const Reference::Target& candidate : reference.targets) {
      if (candidate.table != target.name()) continue;
      if (reference.via) {
        uncounted.push_back(table.name() + "." + table.shape->columns[reference.columns.front()]);
        continue;
      }
      found.push_back({&table, &reference, &candidate});
    }
  }
  return found;
}

/// Whether a change leaves rows that refer to the old row without one.
bool cuts_references(const RowChange& change, const DataReference& reference) {
  if (change.kind() == ChangeKind::kDelete) return true;
  return reference.values(*change.table, *change.before) !=
         reference.values(*change.table, *change.after);
}

class Mapper {
 public:
  Mapper(const Model& model, const changeset::ChangeSet& changes,
         const std::vector<Mapping>& mappings, database::Connection& live)
      : model_(model), changes_(changes), mappings_(mappings), live_(live) {
    check();
  }

  const Mapping* mapping_of(const RowChange& change) const {
    const TableModel& table = model_.require(change.table->name);
    for (const Mapping& mapping : mappings_) {
      if (mapping.table != table.name()) continue;
      if (change.before && names_row(table, *change.before, mapping.from)) return &mapping;
    }
    return nullptr;
  }

  /// The row that takes over, as it will be after the plan.
  std::optional<Row> heir(const Mapping& mapping) const {
    if (!mapping.to) return std::nullopt;
    const TableModel& table = model_.require(mapping.table);
    std::vector<Row> named;
    for (const RowChange& change : changes_.changes) {
      if (change.table->name != table.name() || !change.after) continue;
      if (names_row(table, *change.after, *mapping.to)) named.push_back(*change.after);
    }
    if (named.empty()) {
      live_.scan_rows(*table.shape, {}, [&](Row&& row) {
        if (names_row(table, row, *mapping.to) && !is_deleted(table, row)) {
          named.push_back(std::move(row));
        }
      });
    }
    if (named.size() == 1) return named.front();
    throw Error(ErrorCode::kNotFound,
                named.empty() ? "no row is named '" + *mapping.to + "' after the plan"
                              : "several rows are named '" + *mapping.to + "'",
                {.place = "--map " + mapping.table + ":" + mapping.from,
                 .remedy = "name the row by its key"});
  }

 private:
  bool is_deleted(const TableModel& table, const Row& row) const {
    const Key key = table.shape->key_of(row);
    return std::ranges::any_of(changes_.changes, [&](const RowChange& change) {
      return change.table->name == table.name() && change.key == key && !change.after;
    });
  }

  void check() const {
    for (const Mapping& mapping : mappings_) {
      model_.require(mapping.table);
      const bool used = std::ranges::any_of(changes_.changes, [&](const RowChange& change) {
        return change.table->name == mapping.table && mapping_of(change) == &mapping;
      });
      if (used) continue;
      throw Error(ErrorCode::kNotFound, "the plan doesn't change a row '" + mapping.from + "'",
                  {.place = "--map " + mapping.table + ":" + mapping.from,
                   .remedy = "map rows that the plan deletes; `doppel plan` lists them"});
    }
  }

  const Model& model_;
  const changeset::ChangeSet& changes_;
  const std::vector<Mapping>& mappings_;
  database::Connection& live_;
};

/// The referring rows, moved to the heir (or to nothing).
void move_rows(const DataReference& reference, const TableShape& target,
               const std::vector<Value>& from, const std::optional<Row>& heir,
               database::Connection& live, changeset::ChangeSet& moved) {
  const TableShape& shape = *reference.table->shape;
  std::vector<Value> to;
  if (heir) to = reference.values(target, *heir);
  // Only the name is written: the row that takes over must be where the rows look for it.
  for (std::size_t i = reference.reference->columns.size(); heir && i < to.size(); ++i) {
    if (to[i] == from[i]) continue;
    throw Error(ErrorCode::kConstraint,
                "rows of " + shape.name + " can't refer to it: its " + reference.column_names()[i] +
                    " is another",
                {.place = "--map " + target.name,
                 .remedy = "map to a row with the same " + reference.column_names()[i]});
  }
  auto rows = live.find_rows(shape, reference.column_names(), {&from, 1}, kMappedRowsLimit);
  for (Row& row : rows.front()) {
    Row after = row;
    for (std::size_t i = 0; i < reference.reference->columns.size(); ++i) {
      const auto& none = reference.reference->none;
      after[reference.reference->columns[i]] =
          heir ? to[i] : (none.empty() ? Value() : none.front());
    }
    moved.changes.push_back(
        {reference.table->shape, shape.key_of(row), std::move(row), std::move(after)});
  }
}

/// How many data rows refer to each changed row of one table. All rows are asked for at once: where
/// the referring column has no index, its table is then read once and not once for every row.
struct ReferringRows {
  std::vector<std::size_t> changes;  ///< indices of the table's changes
  std::vector<DataReference> references;
  std::vector<std::vector<std::int64_t>> counts;  ///< by reference, then as `changes`

  void count(const changeset::ChangeSet& all, database::Connection& live) {
    for (const DataReference& reference : references) {
      std::vector<std::vector<Value>> values;
      values.reserve(changes.size());
      for (const std::size_t i : changes) {
        const RowChange& change = all.changes[i];
        values.push_back(reference.values(*change.table, *change.before));
      }
      counts.push_back(live.count_rows(reference.table->name(), reference.column_names(), values));
    }
  }
};

std::string heir_name(const Mapping& mapping) { return mapping.to ? *mapping.to : "null"; }

}  // namespace

ImpactResult find_impact(const Model& model, const changeset::ChangeSet& changes,
                         const std::vector<Mapping>& mappings, database::Connection& live) {
  ImpactResult result;
  const Mapper mapper(model, changes, mappings, live);
  std::map<std::string, ReferringRows> tables;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (changes.changes[i].before) tables[changes.changes[i].table->name].changes.push_back(i);
  }
  for (auto& [name, rows] : tables) {
    rows.references = references_to(model, model.require(name), result.uncounted);
    rows.count(changes, live);
  }
  std::map<std::string, std::size_t> place;  // Of the next change among those of its table.
  for (const RowChange& change : changes.changes) {
    if (!change.before) continue;
    const ReferringRows& rows = tables.at(change.table->name);
    const std::size_t nth = place[change.table->name]++;
    for (std::size_t r = 0; r < rows.references.size(); ++r) {
      const DataReference& reference = rows.references[r];
      if (rows.counts[r][nth] == 0) continue;
      Impact impact{
          .table = change.table->name,
          .key = change.key,
          .label = manifest::label_of(model.require(change.table->name), image_of(change)),
          .kind = cuts_references(change, reference) ? ChangeKind::kDelete : ChangeKind::kUpdate,
          .referrer = reference.table->name(),
          .column = reference.column_names().front(),
          .rows = rows.counts[r][nth],
          .mapped_to = {}};
      if (const Mapping* mapping = mapper.mapping_of(change);
          mapping != nullptr && impact.kind == ChangeKind::kDelete) {
        move_rows(reference, *change.table, reference.values(*change.table, *change.before),
                  mapper.heir(*mapping), live, result.moved);
        impact.mapped_to = heir_name(*mapping);
      }
      result.impact.push_back(std::move(impact));
    }
  }
  // A row that refers to two deleted rows is moved once, in both columns.
  result.moved = changeset::normalise(std::move(result.moved));
  return result;
}

}  // namespace doppel::plan
