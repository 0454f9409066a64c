#include <algorithm>

#include "base/text.hpp"
#include "manifest/binder.hpp"
#include "manifest/format.hpp"
#include "manifest/ids.hpp"

namespace doppel::manifest {
namespace {

bool may_hold_config(const RoleRule& rule) {
  TableModel model;
  model.role = rule;
  return model.may_hold_config();
}

bool is_required(const database::Table& table, const std::string& column) {
  const database::Column* found = table.column(column);
  return found != nullptr && found->not_null && !found->generated;
}

/// The unique keys that can stand for a primary key.
std::vector<std::string> usable_keys(const database::Table& table) {
  std::vector<std::string> usable;
  for (const database::UniqueKey& key : table.unique_keys) {
    const bool required = std::ranges::all_of(
        key.columns, [&](const std::string& column) { return is_required(table, column); });
    if (key.plain && required && !key.columns.empty()) {
      usable.push_back("key: [" + join(key.columns, ", ") + "]");
    }
  }
  return usable;
}

bool contains_all(const std::vector<std::string>& whole, const std::vector<std::string>& part) {
  return std::ranges::all_of(
      part, [&](const std::string& name) { return std::ranges::find(whole, name) != whole.end(); });
}

/// Whether rows are told apart by these columns.
bool is_unique(const database::Table& table, const std::vector<std::string>& columns) {
  if (!table.primary_key.empty() && contains_all(columns, table.primary_key)) return true;
  return std::ranges::any_of(table.unique_keys, [&](const database::UniqueKey& key) {
    return key.plain && !key.columns.empty() && contains_all(columns, key.columns);
  });
}

bool check_key(Binder& binder, const TableEntry& entry, const database::Table& table) {
  bool usable = true;
  for (const std::string& name : entry.key) {
    const database::Column* column = table.column(name);
    if (column == nullptr || column->generated) {
      std::vector<std::string> known;
      for (const database::Column& one : table.columns) known.push_back(one.name);
      binder.error(
          entry.place.text(),
          "the key of " + table.name + " names " + printable(name, 80) +
              (column == nullptr ? ", which is no column of it" : ", which the database computes"),
          remedy_for_unknown(name, known));
      usable = false;
    } else if (!column->not_null &&
               std::ranges::find(table.primary_key, name) == table.primary_key.end()) {
      binder.error(entry.place.text(), "the key column " + table.name + "." + name + " may be NULL",
                   "name columns that are NOT NULL");
      usable = false;
    }
  }
  if (usable && !is_unique(table, entry.key)) {
    const auto candidates = usable_keys(table);
    binder.error(entry.place.text(),
                 "the key of " + table.name + " is neither its primary key nor unique",
                 candidates.empty() ? "add a unique index on these columns to the database"
                                    : "say " + join(candidates, " or "));
    usable = false;
  }
  return usable;
}

void refuse_keyless(Binder& binder, const TableEntry& entry, const database::Table& table) {
  const auto candidates = usable_keys(table);
  binder.error(entry.place.text(), "config table " + table.name + " has no key",
               candidates.empty()
                   ? "add a unique index on columns that are NOT NULL and name them in `key:`"
                   : "name a unique key: say " + join(candidates, " or "));
}

bool bind_key(Binder& binder, const TableEntry& entry, const database::Table& table,
              TableModel& model) {
  if (!entry.key.empty() && !check_key(binder, entry, table)) return false;
  const std::vector<std::string> key = key_columns(entry, table);
  if (key.empty()) {
    if (may_hold_config(entry.role)) refuse_keyless(binder, entry, table);
    return false;
  }
  const bool computed = std::ranges::any_of(key, [&](const std::string& name) {
    const database::Column* column = table.column(name);
    return column == nullptr || column->generated;
  });
  if (computed) {
    binder.error(entry.place.text(), "the key of " + table.name + " is computed by the database",
                 "name a unique key of stored columns in `key:`");
    return false;
  }
  model.shape = database::shape_of(table, key);
  return true;
}

void bind_unique_keys(const database::Table& table, TableModel& model) {
  const TableShape& shape = *model.shape;
  const auto add = [&](const database::UniqueKey& declared) {
    UniqueKeyModel key{.name = declared.name, .columns = {}, .partial = declared.partial};
    const auto is_stored = [&](const std::string& column) {
      return shape.column(column).has_value();
    };
    key.computed = declared.columns.empty() || !std::ranges::all_of(declared.columns, is_stored) ||
                   (!declared.plain && !declared.partial && declared.folded.empty());
    const auto& made_of = declared.made_of.empty() ? declared.columns : declared.made_of;
    for (const std::string& column : made_of) {
      const auto index = shape.column(column);
      if (!index) continue;
      key.columns.push_back(*index);
      if (!declared.folded.empty() && !key.computed) {
        key.folded.push_back(std::ranges::find(declared.folded, column) != declared.folded.end());
      }
    }
    const bool is_key = key.columns.size() == shape.key.size() &&
                        std::ranges::is_permutation(key.columns, shape.key);
    if (key.judged() || (!key.columns.empty() && !is_key)) {
      model.unique_keys.push_back(std::move(key));
    }
  };
  if (!table.primary_key.empty()) add({.name = "primary key", .columns = table.primary_key});
  for (const database::UniqueKey& key : table.unique_keys) add(key);
  const bool own_key = std::ranges::equal(table.primary_key, shape.key, {}, {},
                                          [&](std::size_t index) { return shape.columns[index]; });
  model.key_source = own_key ? table.key_source : database::KeySource::kApplication;
}

void bind_role(Binder& binder, const BoundTable& bound) {
  const RoleRule& rule = bound.entry->role;
  bound.model->role = rule;
  if (rule.by.empty()) return;
  if (!find_column(binder, bound, rule.by, "the role", bound.entry->place)) return;
  const TypeFamily family = family_in(*bound.table, rule.by);
  for (auto& [value, role] : bound.model->role.cases) value = stored_as(value, family);
}

void bind_list(Binder& binder, const BoundTable& bound) {
  const OrderedList& list = *bound.entry->list;
  ListModel made;
  const auto order = find_column(binder, bound, list.order, "the list", bound.entry->place);
  for (const std::string& name : list.within) {
    const auto index = find_column(binder, bound, name, "the list", bound.entry->place);
    if (index) made.within.push_back(*index);
  }
  if (!order) return;
  const TypeFamily family = family_in(*bound.table, list.order);
  if (family == TypeFamily::kUnknown || can_equal(family, TypeFamily::kInteger)) {
    made.order = *order;
    bound.model->list = std::move(made);
    return;
  }
  binder.error(
      bound.entry->place.text(),
      "the list of " + bound.table->name + " is ordered by " + list.order + ", which is no number",
      "name the column that holds the position");
}

void bind_column(Binder& binder, const BoundTable& bound, const ColumnEntry& entry) {
  const database::Table& table = *bound.table;
  const database::Column* column = table.column(entry.name);
  // A computed column is classified, but it is no part of a row.
  if (column != nullptr && column->generated) return;
  const auto index = find_column(binder, bound, entry.name, "a column entry", entry.place);
  if (!index) return;
  const std::string name = table.name + "." + entry.name;
  if (entry.is_volatile &&
      std::ranges::find(bound.model->shape->key, *index) != bound.model->shape->key.end()) {
    binder.error(entry.place.text(), name + " is volatile and part of the key",
                 "leave volatile out, or choose another key");
  }
  if (!entry.ids.empty() && !holds_text(family_in(table, entry.name))) {
    binder.error(entry.place.text(), name + " holds no text in which ids could stand",
                 "write it as a reference");
  }
  ColumnModel& model = bound.model->columns[*index];
  model = {entry.merge, entry.is_volatile, entry.secret, entry.binding,
           entry.ids,   nullptr,           entry.arrays};
  for (EmbeddedIds& ids : model.ids) {
    for (auto& [when, value] : ids.when) {
      if (!find_column(binder, bound, when, "`when`", ids.place)) continue;
      value = stored_as(value, family_in(table, when));
    }
  }
  model.id_search = compile_ids(model.ids);
}

/// What the table's entry names in one word each.
void bind_names(Binder& binder, const BoundTable& bound) {
  const TableEntry& entry = *bound.entry;
  TableModel& model = *bound.model;
  for (const NaturalKeyPart& part : entry.natural_key) {
    const auto index = find_column(binder, bound, part.column, "the natural key", entry.place);
    if (index) model.natural_key.push_back({*index, part.fold});
  }
  if (!entry.label.empty()) {
    model.label = find_column(binder, bound, entry.label, "the label", entry.place);
  }
  if (!entry.born.empty()) {
    model.born = find_column(binder, bound, entry.born, "`born`", entry.place);
  }
}

/// Only a warning: one manifest may stand for an application on two databases.
void check_triggers(Binder& binder, const BoundTable& bound) {
  for (const auto& [name, use] : bound.entry->triggers) {
    const bool known =
        std::ranges::any_of(binder.schema().objects, [&](const database::SchemaObject& object) {
          return object.kind == "trigger" && object.table == bound.table->name &&
                 object.name == name;
        });
    if (known) continue;
    binder.warning(bound.entry->place.text(),
                   bound.table->name + " has no trigger '" + printable(name, 60) + "'",
                   "take it out of `triggers:`, or write the name as the database has it");
  }
}

}  // namespace

std::vector<std::string> key_columns(const TableEntry& entry, const database::Table& table) {
  return entry.key.empty() ? table.primary_key : entry.key;
}

TypeFamily family_in(const database::Table& table, std::string_view column) {
  const database::Column* found = table.column(column);
  return found == nullptr ? TypeFamily::kUnknown : family_of(found->type);
}

std::optional<std::size_t> find_column(Binder& binder, const BoundTable& bound,
                                       const std::string& name, const std::string& what,
                                       const Place& place) {
  const auto index = bound.model->shape->column(name);
  if (index) return index;
  const bool computed = bound.table->column(name) != nullptr;
  binder.error(
      place.text(),
      what + " of " + bound.table->name + " names " + printable(name, 80) +
          (computed ? ", which the database computes" : ", which is no column of it"),
      computed ? "name a stored column" : remedy_for_unknown(name, bound.model->shape->columns));
  return {};
}

bool bind_table(Binder& binder, const TableEntry& entry, const database::Table& table,
                TableModel& model) {
  if (!bind_key(binder, entry, table, model)) return false;
  const BoundTable bound{&entry, &table, &model};
  model.columns.resize(model.shape->columns.size());
  model.rebuild = entry.rebuild;
  model.shared_write = entry.shared_write;
  model.triggers = entry.triggers;
  check_triggers(binder, bound);
  bind_unique_keys(table, model);
  bind_role(binder, bound);
  bind_names(binder, bound);
  if (entry.list) bind_list(binder, bound);
  for (const ColumnEntry& column : entry.columns) bind_column(binder, bound, column);
  return true;
}

}  // namespace doppel::manifest
