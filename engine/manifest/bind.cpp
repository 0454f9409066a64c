#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "manifest/binder.hpp"
#include "manifest/format.hpp"

namespace doppel::manifest {
namespace {

/// Tables that the database keeps for itself.
bool is_internal(std::string_view name) {
  return name.starts_with("sqlite_") || database::is_own_name(name);
}

void match_tables(Binder& binder) {
  std::vector<std::string> known;
  for (const database::Table& table : binder.schema().tables) {
    if (is_internal(table.name)) continue;
    known.push_back(table.name);
    if (binder.manifest().table(table.name) != nullptr) continue;
    binder.gap(table.name, "the manifest says nothing of table " + table.name,
               "add `" + table.name + ": ROLE` to it, or take what `doppel manifest draft` says");
  }
  for (const TableEntry& entry : binder.manifest().tables) {
    if (binder.schema().table(entry.name) != nullptr) continue;
    binder.error(entry.place.text(), "the database has no table " + printable(entry.name, 80),
                 remedy_for_unknown(entry.name, known));
  }
}

void collect_referrers(Model& model) {
  for (const TableModel& table : model.tables) {
    for (std::size_t i = 0; i < table.references.size(); ++i) {
      for (const Reference::Target& target : table.references[i].targets) {
        std::vector<Referrer>& referrers = model.referrers[target.table];
        const bool known = !referrers.empty() && referrers.back().table == table.name() &&
                           referrers.back().reference == i;
        if (!known) referrers.push_back({table.name(), i});
      }
    }
  }
}

TableModel* table_in(Model& model, const std::string& name) {
  const auto found = std::ranges::find_if(
      model.tables, [&](const TableModel& table) { return table.name() == name; });
  return found == model.tables.end() ? nullptr : &*found;
}

void run(Binder& binder) {
  const Manifest& manifest = binder.manifest();
  binder.model.application = manifest.application;
  binder.model.carrier = manifest.carrier;
  binder.model.after_promote = manifest.after_promote;
  binder.model.limits = manifest.limits;
  binder.model.track = manifest.track;
  match_tables(binder);
  for (const TableEntry& entry : manifest.tables) {
    const database::Table* table = binder.schema().table(entry.name);
    if (table == nullptr) continue;
    TableModel made;
    if (bind_table(binder, entry, *table, made)) binder.model.tables.push_back(std::move(made));
    check_classified(binder, entry, *table);
  }
  std::ranges::sort(binder.model.tables, {}, [](const TableModel& table) { return table.name(); });
  for (const TableEntry& entry : manifest.tables) {
    const database::Table* table = binder.schema().table(entry.name);
    if (table == nullptr) continue;
    bind_references(binder, {&entry, table, table_in(binder.model, entry.name)});
  }
  check_cycles(binder);
  collect_referrers(binder.model);
}

}  // namespace

void Binder::error(const std::string& place, const std::string& message,
                   const std::string& remedy) {
  ++contradictions_;
  problems_.push_back({Problem::Severity::kError, place, message, remedy});
}

void Binder::gap(const std::string& place, const std::string& message, const std::string& remedy) {
  ++gaps_;
  problems_.push_back({Problem::Severity::kError, place, message, remedy});
}

void Binder::warning(const std::string& place, const std::string& message,
                     const std::string& remedy) {
  problems_.push_back({Problem::Severity::kWarning, place, message, remedy});
}

std::vector<Problem> check(const Manifest& manifest, const database::Schema& schema) {
  Binder binder(manifest, schema);
  run(binder);
  return binder.problems();
}

Model bind(const Manifest& manifest, const database::Schema& schema) {
  Binder binder(manifest, schema);
  run(binder);
  if (!binder.has_gaps() && !binder.has_contradictions()) return std::move(binder.model);
  std::string message = binder.has_contradictions() ? "the manifest doesn't fit the database"
                                                    : "the manifest leaves something unclassified";
  for (const Problem& problem : binder.problems()) {
    if (problem.severity == Problem::Severity::kError) message += "\n  " + to_text(problem);
  }
  throw Error(binder.has_contradictions() ? ErrorCode::kInvalidManifest : ErrorCode::kUnclassified,
              message, {.place = manifest.application, .remedy = {}});
}

}  // namespace doppel::manifest
