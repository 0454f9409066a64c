#include <algorithm>

#include "base/text.hpp"
#include "manifest/binder.hpp"
#include "manifest/format.hpp"

namespace doppel::manifest {
namespace {

std::string name_of(const BoundTable& bound, const std::vector<std::string>& columns) {
  return bound.table->name + "." + join(columns, ", ");
}

std::vector<std::string> names_at(const TableShape& shape, const std::vector<std::size_t>& at) {
  std::vector<std::string> names;
  for (const std::size_t index : at) names.push_back(shape.columns[index]);
  return names;
}

/// The columns of the target that a reference entry means: those of `by`, else its key.
std::vector<std::string> target_columns(Binder& binder, const BoundTable& bound,
                                        const ReferenceEntry& entry,
                                        const database::Table& target) {
  const std::string name = name_of(bound, entry.columns);
  const TableEntry* target_entry = binder.manifest().table(target.name);
  std::vector<std::string> columns = entry.by;
  if (columns.empty() && target_entry != nullptr) columns = key_columns(*target_entry, target);
  if (columns.empty()) {
    binder.error(entry.place.text(), name + " refers to " + target.name + ", which has no key",
                 "say by which column: {table: " + target.name + ", by: [COLUMN]}");
    return {};
  }
  if (columns.size() != entry.columns.size()) {
    binder.error(
        entry.place.text(),
        name + " can't refer to the key of " + target.name + " (" + join(columns, ", ") + ")",
        "name as many columns as the key has, or say `by:`");
    return {};
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const database::Column* column = target.column(columns[i]);
    if (column == nullptr) {
      binder.error(entry.place.text(),
                   name + " refers by " + printable(columns[i], 80) + ", which is no column of " +
                       target.name,
                   "name columns of " + target.name);
      return {};
    }
    const database::Column* here = bound.table->column(entry.columns[i]);
    if (here != nullptr && !can_equal(family_of(here->type), family_of(column->type))) {
      binder.error(entry.place.text(),
                   name + " is " + here->type + " and can't equal " + target.name + "." +
                       column->name + ", which is " + column->type,
                   "name another column or table, or leave the reference out");
      return {};
    }
  }
  return columns;
}

void bind_targets(Binder& binder, const BoundTable& bound, const ReferenceEntry& entry,
                  Reference& reference) {
  for (const ReferenceEntry::Case& one : entry.cases) {
    const database::Table* target = binder.schema().table(one.table);
    if (target == nullptr) {
      if (binder.manifest().table(one.table) != nullptr) continue;  // named already
      binder.error(entry.place.text(),
                   name_of(bound, entry.columns) + " refers to " + printable(one.table, 80) +
                       ", which is no table of the database",
                   "name a table that the manifest and the database have");
      continue;
    }
    auto columns = target_columns(binder, bound, entry, *target);
    if (columns.empty()) continue;
    reference.targets.push_back({one.discriminator, one.table, std::move(columns)});
    for (const auto& [here, there] : entry.scope) {
      if (target->column(there) != nullptr) continue;
      binder.error(entry.place.text(),
                   "the scope of " + name_of(bound, entry.columns) + " names " +
                       printable(there, 80) + ", which is no column of " + one.table,
                   "write scope: {COLUMN HERE: COLUMN THERE}");
    }
  }
}

void bind_discriminator(Binder& binder, const BoundTable& bound, const ReferenceEntry& entry,
                        Reference& reference) {
  if (entry.discriminator.empty()) return;
  if (!entry.via.empty()) {
    reference.via = find_column(binder, bound, entry.via, "`via`", entry.place);
    reference.via_column = entry.discriminator;
    return;
  }
  reference.discriminator = find_column(binder, bound, entry.discriminator, "`type`", entry.place);
  const TypeFamily family = family_in(*bound.table, entry.discriminator);
  for (Reference::Target& target : reference.targets) {
    target.discriminator = stored_as(target.discriminator, family);
  }
}

void bind_entry(Binder& binder, const BoundTable& bound, const ReferenceEntry& entry) {
  Reference reference;
  for (const std::string& name : entry.columns) {
    const auto index = find_column(binder, bound, name, "a reference", entry.place);
    if (!index) return;
    reference.columns.push_back(*index);
  }
  bind_targets(binder, bound, entry, reference);
  bind_discriminator(binder, bound, entry, reference);
  for (const auto& [here, there] : entry.scope) {
    const auto index = find_column(binder, bound, here, "a scope", entry.place);
    if (index) reference.scope.emplace_back(*index, there);
  }
  for (const Value& none : entry.none) {
    reference.none.push_back(stored_as(none, family_in(*bound.table, entry.columns.front())));
  }
  if (!reference.targets.empty()) bound.model->references.push_back(std::move(reference));
}

/// The reference with these columns, in whatever order.
Reference* reference_of(TableModel& model, const std::vector<std::string>& columns) {
  const auto found = std::ranges::find_if(model.references, [&](const Reference& reference) {
    return std::ranges::is_permutation(names_at(*model.shape, reference.columns), columns);
  });
  return found == model.references.end() ? nullptr : &*found;
}

/// The target's columns of a foreign key in the order of a reference's own columns.
std::vector<std::string> aligned(const database::ForeignKey& key, const TableModel& model,
                                 const Reference& reference) {
  std::vector<std::string> columns;
  for (const std::string& name : names_at(*model.shape, reference.columns)) {
    const auto at = std::ranges::find(key.columns, name) - key.columns.begin();
    columns.push_back(key.target_columns[static_cast<std::size_t>(at)]);
  }
  return columns;
}

void bind_foreign_key(Binder& binder, const BoundTable& bound, const database::ForeignKey& key) {
  const std::string name = name_of(bound, key.columns);
  if (binder.schema().table(key.target) == nullptr) {
    binder.warning(name, "the database declares a reference to " + key.target + ", which is gone",
                   "it is left out");
    return;
  }
  const std::string action = key.on_delete.empty() ? "NO ACTION" : key.on_delete;
  if (Reference* known = reference_of(*bound.model, key.columns)) {
    Reference::Target& target = known->targets.front();
    if (!known->plain() || target.table != key.target) {
      binder.error(bound.entry->place.text(),
                   "the database declares that " + name + " refers to " + key.target +
                       ", the manifest says otherwise",
                   "leave the manifest's reference out, or name " + key.target);
      return;
    }
    target.columns = aligned(key, *bound.model, *known);
    known->on_delete = action;
    return;
  }
  Reference reference;
  for (const std::string& column : key.columns) {
    const auto index = bound.model->shape->column(column);
    if (!index) return;  // a computed column: the database judges it
    reference.columns.push_back(*index);
  }
  reference.targets = {{Value(), key.target, key.target_columns}};
  reference.on_delete = action;
  bound.model->references.push_back(std::move(reference));
}

/// `via` needs a plain reference whose target has the discriminator.
void check_via(Binder& binder, const BoundTable& bound) {
  for (Reference& reference : bound.model->references) {
    if (!reference.via) continue;
    const std::string& via = bound.model->shape->columns[*reference.via];
    const std::string name = name_of(bound, names_at(*bound.model->shape, reference.columns));
    const Reference* join_reference = reference_of(*bound.model, {via});
    if (join_reference == nullptr || !join_reference->plain()) {
      binder.error(bound.entry->place.text(),
                   name + " is decided via " + via + ", which is no plain reference",
                   "name a column that refers to one table, and say so under `references:`");
      continue;
    }
    const database::Table* target = binder.schema().table(join_reference->targets.front().table);
    if (target == nullptr || target->column(reference.via_column) == nullptr) {
      binder.error(bound.entry->place.text(),
                   name + " is decided by " + reference.via_column + ", which is no column of " +
                       join_reference->targets.front().table,
                   "`type:` names a column of the table that `via:` refers to");
      continue;
    }
    const TypeFamily family = family_in(*target, reference.via_column);
    for (Reference::Target& one : reference.targets) {
      one.discriminator = stored_as(one.discriminator, family);
    }
  }
}

std::vector<std::string> reference_names(const TableModel& model) {
  std::vector<std::string> names;
  for (const Reference& reference : model.references) {
    names.push_back(join(names_at(*model.shape, reference.columns), ", "));
  }
  return names;
}

void bind_part_of(Binder& binder, const BoundTable& bound) {
  const std::string& part_of = bound.entry->part_of;
  if (part_of.empty()) return;
  std::vector<std::string> columns;
  for (const std::string& part : split(part_of, ',')) columns.emplace_back(trim(part));
  const Reference* reference = reference_of(*bound.model, columns);
  if (reference != nullptr) {
    bound.model->part_of = static_cast<std::size_t>(reference - bound.model->references.data());
    return;
  }
  binder.error(bound.entry->place.text(),
               "part_of of " + bound.table->name + " names " + printable(part_of, 80) +
                   ", which is no reference of it",
               remedy_for_unknown(part_of, reference_names(*bound.model)) +
                   "; name the column that refers to the owner");
}

void check_role_of(Binder& binder, const BoundTable& bound) {
  const std::string& of = bound.entry->role.of;
  if (of.empty() || reference_of(*bound.model, {of}) != nullptr) return;
  binder.error(bound.entry->place.text(),
               "the role of " + bound.table->name + " is that of " + printable(of, 80) +
                   ", which is no reference of it",
               remedy_for_unknown(of, reference_names(*bound.model)));
}

}  // namespace

void bind_references(Binder& binder, const BoundTable& bound) {
  if (bound.model == nullptr) {
    const bool refers = !bound.entry->references.empty() || !bound.table->foreign_keys.empty();
    if (refers && key_columns(*bound.entry, *bound.table).empty()) {
      binder.warning(bound.entry->place.text(),
                     bound.table->name + " has no key, so nothing follows its references",
                     "name a unique key in `key:` if its rows refer to config");
    }
    return;
  }
  for (const ReferenceEntry& entry : bound.entry->references) bind_entry(binder, bound, entry);
  for (const database::ForeignKey& key : bound.table->foreign_keys) {
    bind_foreign_key(binder, bound, key);
  }
  check_via(binder, bound);
  bind_part_of(binder, bound);
  check_role_of(binder, bound);
}

}  // namespace doppel::manifest
