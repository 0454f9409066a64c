#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "manifest/binder.hpp"
#include "manifest/format.hpp"

namespace doppel::manifest {
namespace {

/// What a text column's reference says of it: an id is plain, unless what it repeats isn't.
enum class Implied { kNothing, kPlain, kSensitive };

bool is_sensitive(const Manifest& manifest, const std::string& table, const std::string& column) {
  const TableEntry* entry = manifest.table(table);
  const ColumnEntry* found = entry == nullptr ? nullptr : entry->column(column);
  return found != nullptr && (found->secret || !found->personal.empty());
}

class ImpliedColumns {
 public:
  ImpliedColumns(const Binder& binder, const TableEntry& entry, const database::Table& table)
      : manifest_(binder.manifest()) {
    mark(entry.role.by, Implied::kPlain);
    for (const ReferenceEntry& reference : entry.references) {
      if (reference.via.empty()) mark(reference.discriminator, Implied::kPlain);
      for (const ReferenceEntry::Case& one : reference.cases) {
        const database::Table* target = binder.schema().table(one.table);
        const TableEntry* target_entry = manifest_.table(one.table);
        if (target == nullptr || target_entry == nullptr) continue;
        mark_all(reference.columns, one.table,
                 reference.by.empty() ? key_columns(*target_entry, *target) : reference.by);
      }
    }
    for (const database::ForeignKey& key : table.foreign_keys) {
      mark_all(key.columns, key.target, key.target_columns);
    }
  }

  Implied of(const std::string& column) const {
    const auto found = implied_.find(column);
    return found == implied_.end() ? Implied::kNothing : found->second;
  }

 private:
  void mark(const std::string& column, Implied implied) {
    Implied& known = implied_[column];
    known = std::max(known, implied);
  }

  void mark_all(const std::vector<std::string>& columns, const std::string& target,
                const std::vector<std::string>& target_columns) {
    for (std::size_t i = 0; i < columns.size() && i < target_columns.size(); ++i) {
      const bool sensitive = is_sensitive(manifest_, target, target_columns[i]);
      mark(columns[i], sensitive ? Implied::kSensitive : Implied::kPlain);
    }
  }

  const Manifest& manifest_;
  std::map<std::string, Implied> implied_;
};

/// The entries of a table that has no shape are held against the catalogue here.
void check_column_names(Binder& binder, const TableEntry& entry, const database::Table& table) {
  std::vector<std::string> known;
  for (const database::Column& column : table.columns) known.push_back(column.name);
  for (const ColumnEntry& column : entry.columns) {
    if (table.column(column.name) != nullptr) continue;
    binder.error(column.place.text(),
                 "a column entry of " + table.name + " names " + printable(column.name, 80) +
                     ", which is no column of it",
                 remedy_for_unknown(column.name, known));
  }
}

using Edges = std::map<std::string, std::vector<std::string>>;

/// The tables of a cycle that `from` leads to, or nothing.
std::vector<std::string> find_cycle(const Edges& edges, const std::string& from,
                                    std::vector<std::string>& path, std::set<std::string>& done) {
  const auto on_path = std::ranges::find(path, from);
  if (on_path != path.end()) return {on_path, path.end()};
  if (!done.insert(from).second) return {};
  const auto next = edges.find(from);
  if (next == edges.end()) return {};
  path.push_back(from);
  for (const std::string& target : next->second) {
    if (auto cycle = find_cycle(edges, target, path, done); !cycle.empty()) return cycle;
  }
  path.pop_back();
  return {};
}

void refuse_cycle(Binder& binder, const Edges& edges, const std::string& what,
                  const std::string& remedy) {
  std::set<std::string> done;
  for (const auto& [table, targets] : edges) {
    std::vector<std::string> path;
    const auto cycle = find_cycle(edges, table, path, done);
    if (cycle.empty()) continue;
    const TableEntry* entry = binder.manifest().table(cycle.front());
    binder.error(entry == nullptr ? cycle.front() : entry->place.text(),
                 what + ": " + join(cycle, " -> ") + " -> " + cycle.front(), remedy);
    done.insert(cycle.begin(), cycle.end());
  }
}

std::vector<std::string> targets_of(const Reference& reference) {
  std::vector<std::string> targets;
  for (const Reference::Target& target : reference.targets) targets.push_back(target.table);
  return targets;
}

}  // namespace

void check_classified(Binder& binder, const TableEntry& entry, const database::Table& table) {
  const ImpliedColumns implied(binder, entry, table);
  for (const database::Column& column : table.columns) {
    const ColumnEntry* said = entry.column(column.name);
    const bool classified = said != nullptr && said->classifies();
    if (classified || column.generated || !holds_text(family_of(column.type))) continue;
    const std::string place = table.name + "." + column.name;
    if (implied.of(column.name) == Implied::kSensitive) {
      binder.gap(place, place + " repeats a column that is personal or secret, and isn't marked",
                 "mark it like the column that it refers to");
    } else if (implied.of(column.name) == Implied::kNothing && !entry.all_plain) {
      binder.gap(place, "the manifest doesn't say what text " + place + " holds",
                 "add it to `plain:`, or say personal, secret, binding or url under `columns:`");
    }
  }
  if (key_columns(entry, table).empty()) check_column_names(binder, entry, table);
}

void check_cycles(Binder& binder) {
  Edges roles;
  Edges parts;
  for (const TableModel& table : binder.model.tables) {
    const auto of = table.role.of.empty() ? std::nullopt : table.shape->column(table.role.of);
    for (const Reference& reference : table.references) {
      // Where the target differs row by row, so may the answer.
      if (of && reference.plain() && reference.columns == std::vector{*of}) {
        roles[table.name()] = targets_of(reference);
      }
    }
    if (!table.part_of) continue;
    // A row may be part of another row of its own table: a tree.
    for (std::string& target : targets_of(table.references[*table.part_of])) {
      if (target != table.name()) parts[table.name()].push_back(std::move(target));
    }
  }
  refuse_cycle(binder, roles, "the roles are taken in a circle",
               "give one of these tables a role of its own");
  refuse_cycle(binder, parts, "the tables are part of each other",
               "leave part_of out of one of them");
}

}  // namespace doppel::manifest
