#include "manifest/manifest.hpp"

#include <algorithm>

namespace doppel::manifest {

const ColumnEntry* TableEntry::column(std::string_view column_name) const {
  const auto found = std::ranges::find(columns, column_name, &ColumnEntry::name);
  return found == columns.end() ? nullptr : &*found;
}

const TableEntry* Manifest::table(std::string_view name) const {
  const auto found = std::ranges::find(tables, name, &TableEntry::name);
  return found == tables.end() ? nullptr : &*found;
}

std::string to_text(const Problem& problem) {
  std::string text = problem.place.empty() ? "" : problem.place + ": ";
  text += problem.severity == Problem::Severity::kError ? "error: " : "warning: ";
  text += problem.message;
  if (!problem.remedy.empty()) text += " (" + problem.remedy + ")";
  return text;
}

bool has_errors(const std::vector<Problem>& problems) {
  return std::ranges::any_of(problems, [](const Problem& problem) {
    return problem.severity == Problem::Severity::kError;
  });
}

}  // namespace doppel::manifest
