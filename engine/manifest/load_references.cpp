#include <algorithm>
#include <array>
#include <set>

#include "base/text.hpp"
#include "manifest/format.hpp"

namespace doppel::manifest {
namespace {

constexpr std::array<std::string_view, 7> kReferenceWords{"table", "by",    "scope", "none",
                                                          "type",  "cases", "via"};

/// "a_id, b_id" names two columns.
std::vector<std::string> column_list(FormatReader& reader, const yaml::Node& name,
                                     const std::string& what) {
  std::vector<std::string> columns;
  for (const std::string& part : split(name.scalar, ',')) {
    const std::string column(trim(part));
    if (column.empty()) {
      reader.error(name, what + " names an empty column", "write \"a_id, b_id\": table");
    } else if (std::ranges::find(columns, column) != columns.end()) {
      reader.error(name, what + " names '" + column + "' twice", "name it once");
    } else {
      columns.push_back(column);
    }
  }
  return columns;
}

void read_cases(FormatReader& reader, const yaml::Node& node, const std::string& what,
                ReferenceEntry& reference) {
  if (!reader.is_mapping(node, what + ".cases")) return;
  if (node.entries.empty()) reader.error(node, what + ".cases is empty", "name at least one table");
  for (const auto& [name, table] : node.entries) {
    const auto value = reader.value(name, "a case of " + what);
    const auto target = reader.text(table, what + ".cases." + name.scalar);
    if (value && target) reference.cases.push_back({*value, *target});
  }
}

void read_none(FormatReader& reader, const yaml::Node& node, const std::string& what,
               ReferenceEntry& reference) {
  const auto add = [&](const yaml::Node& item) {
    if (const auto value = reader.value(item, what + ".none")) reference.none.push_back(*value);
  };
  if (node.kind == yaml::Kind::kSequence) {
    for (const yaml::Node& item : node.items) add(item);
  } else {
    add(node);
  }
}

void read_scope(FormatReader& reader, const yaml::Node& node, const std::string& what,
                ReferenceEntry& reference) {
  if (!reader.is_mapping(node, what + ".scope")) return;
  for (const auto& [here, there] : node.entries) {
    const auto column = reader.text(there, what + ".scope." + here.scalar);
    if (column) reference.scope.emplace_back(here.scalar, *column);
  }
}

void check_shape(FormatReader& reader, const yaml::Node& node, const std::string& what,
                 const ReferenceEntry& reference) {
  const bool plain = node.find("table") != nullptr;
  const bool polymorphic = node.find("cases") != nullptr;
  if (plain == polymorphic) {
    reader.error(node, what + (plain ? " has both `table:` and `cases:`" : " names no table"),
                 "write a table's name, or {type: COLUMN, cases: {VALUE: table}}");
  }
  if (polymorphic && node.find("type") == nullptr) {
    reader.error(node, what + " has cases, but no `type:` that says which",
                 "name the column that holds the case: {type: COLUMN, cases: ...}");
  }
  if (!polymorphic && (node.find("type") != nullptr || node.find("via") != nullptr)) {
    reader.error(node, what + " has `type:` or `via:`, but no `cases:`",
                 "write cases: {VALUE: table}, or leave them out");
  }
  if (!reference.by.empty() && reference.by.size() != reference.columns.size()) {
    reader.error(node,
                 what + " has " +
                     counted(static_cast<std::int64_t>(reference.columns.size()), "column") +
                     " and refers `by` " + std::to_string(reference.by.size()),
                 "name as many columns in `by` as the reference has");
  }
}

ReferenceEntry read_reference(FormatReader& reader, const yaml::Node& name, const yaml::Node& node,
                              const std::string& what) {
  ReferenceEntry reference;
  reference.place = reader.place(name);
  reference.columns = column_list(reader, name, what);
  if (node.kind == yaml::Kind::kScalar) {
    if (const auto table = reader.text(node, what)) reference.cases.push_back({Value(), *table});
    return reference;
  }
  if (!reader.is_mapping(node, what)) return reference;
  reader.only_words(node, what, kReferenceWords);
  if (const auto* table = node.find("table")) {
    const auto target = reader.text(*table, what + ".table");
    if (target) reference.cases.push_back({Value(), *target});
  }
  if (const auto* cases = node.find("cases")) read_cases(reader, *cases, what, reference);
  if (const auto* type = node.find("type")) {
    reference.discriminator = reader.text(*type, what + ".type").value_or("");
  }
  if (const auto* via = node.find("via")) {
    reference.via = reader.text(*via, what + ".via").value_or("");
  }
  if (const auto* by = node.find("by")) reference.by = reader.names(*by, what + ".by");
  if (const auto* none = node.find("none")) read_none(reader, *none, what, reference);
  if (const auto* scope = node.find("scope")) read_scope(reader, *scope, what, reference);
  check_shape(reader, node, what, reference);
  return reference;
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::ranges::sort(names);
  return names;
}

}  // namespace

std::vector<ReferenceEntry> read_references(FormatReader& reader, const yaml::Node& node,
                                            const std::string& table) {
  std::vector<ReferenceEntry> references;
  if (!reader.is_mapping(node, table + ".references")) return references;
  std::set<std::vector<std::string>> seen;
  for (const auto& [name, value] : node.entries) {
    ReferenceEntry reference = read_reference(reader, name, value, table + "." + name.scalar);
    if (!seen.insert(sorted(reference.columns)).second) {
      reader.error(name, table + " has two references of '" + printable(name.scalar, 60) + "'",
                   "leave one out, or write both tables as cases");
    }
    references.push_back(std::move(reference));
  }
  return references;
}

}  // namespace doppel::manifest
