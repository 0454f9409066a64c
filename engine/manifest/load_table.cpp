#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "manifest/format.hpp"

namespace doppel::manifest {
namespace {

constexpr std::array<std::string_view, 13> kTableWords{
    "role",       "key",     "natural_key", "label",   "part_of",      "born",    "list",
    "references", "columns", "plain",       "rebuild", "shared_write", "triggers"};
constexpr std::array<std::string_view, 4> kRoleWords{"by", "cases", "of", "default"};
constexpr std::array<std::string_view, 2> kListWords{"order", "within"};

void read_role_rule(FormatReader& reader, const yaml::Node& node, const std::string& what,
                    RoleRule& rule) {
  reader.only_words(node, what, kRoleWords);
  const auto* by = node.find("by");
  const auto* of = node.find("of");
  const auto* cases = node.find("cases");
  const auto* fallback = node.find("default");
  if ((by != nullptr) == (of != nullptr)) {
    reader.error(node, what + " needs either `by:` a column or `of:` a reference",
                 "write {by: type, cases: {Queue: config}, default: data} or "
                 "{of: parent_id, default: data}");
  }
  if (by != nullptr) rule.by = reader.text(*by, what + ".by").value_or("");
  if (of != nullptr) rule.of = reader.text(*of, what + ".of").value_or("");
  if ((by != nullptr) != (cases != nullptr)) {
    reader.error(node, what + ": `by:` and `cases:` stand together",
                 "write {by: type, cases: {Queue: config}, default: data}");
  }
  if (cases != nullptr && reader.is_mapping(*cases, what + ".cases")) {
    for (const auto& [name, word] : cases->entries) {
      const auto value = reader.value(name, "a case of " + what);
      const auto role = reader.role(word, what + ".cases." + name.scalar);
      if (value && role) rule.cases.emplace_back(*value, *role);
    }
  }
  if (fallback == nullptr) {
    reader.error(node, what + " lacks `default:`, the role of all other rows",
                 "write default: data (or another role)");
  } else if (const auto role = reader.role(*fallback, what + ".default")) {
    rule.role = *role;
  }
}

void read_role(FormatReader& reader, const yaml::Node& node, const std::string& what,
               RoleRule& rule) {
  if (node.kind == yaml::Kind::kMapping) {
    read_role_rule(reader, node, what, rule);
  } else if (const auto role = reader.role(node, what)) {
    rule.role = *role;
  }
}

std::optional<NaturalKeyPart> read_part(FormatReader& reader, const yaml::Node& node,
                                        const std::string& what) {
  if (node.kind != yaml::Kind::kMapping) {
    const auto column = reader.text(node, what);
    if (!column) return {};
    return NaturalKeyPart{*column, NaturalKeyPart::Fold::kNone};
  }
  if (node.entries.size() != 1 || node.entries.front().first.scalar != "lower") {
    reader.error(node, what + ": a part is a column or {lower: column}", "write {lower: name}");
    return {};
  }
  const auto column = reader.text(node.entries.front().second, what + ".lower");
  if (!column) return {};
  return NaturalKeyPart{*column, NaturalKeyPart::Fold::kLower};
}

void read_natural_key(FormatReader& reader, const yaml::Node& node, const std::string& what,
                      std::vector<NaturalKeyPart>& parts) {
  const auto add = [&](const yaml::Node& item) {
    const auto part = read_part(reader, item, what);
    if (!part) return;
    if (std::ranges::find(parts, part->column, &NaturalKeyPart::column) != parts.end()) {
      reader.error(item, what + " names '" + printable(part->column, 60) + "' twice",
                   "name it once");
      return;
    }
    parts.push_back(*part);
  };
  if (node.kind == yaml::Kind::kSequence) {
    for (const yaml::Node& item : node.items) add(item);
  } else {
    add(node);
  }
}

void read_list(FormatReader& reader, const yaml::Node& node, const std::string& what,
               TableEntry& table) {
  OrderedList list;
  if (node.kind == yaml::Kind::kMapping) {
    reader.only_words(node, what, kListWords);
    if (const auto* order = node.find("order")) {
      list.order = reader.text(*order, what + ".order").value_or("");
    } else {
      reader.error(node, what + " lacks `order:`", "name the column that holds the position");
    }
    if (const auto* within = node.find("within")) {
      list.within = reader.names(*within, what + ".within");
    }
  } else {
    list.order = reader.text(node, what).value_or("");
  }
  if (std::ranges::find(list.within, list.order) != list.within.end()) {
    reader.error(node, what + " orders by a column that it is `within`", "leave it out of within");
  }
  table.list = std::move(list);
}

void read_plain(FormatReader& reader, const yaml::Node& node, TableEntry& table) {
  const std::string what = table.name + ".plain";
  if (node.kind == yaml::Kind::kScalar && !node.quoted && node.scalar == "all") {
    table.all_plain = true;
    return;
  }
  for (const std::string& name : reader.names(node, what)) {
    const auto found = std::ranges::find(table.columns, name, &ColumnEntry::name);
    if (found == table.columns.end()) {
      ColumnEntry column;
      column.name = name;
      column.plain = true;
      column.place = reader.place(node);
      table.columns.push_back(std::move(column));
    } else if (found->classifies()) {
      reader.error(node, what + " names '" + printable(name, 60) + "', which `columns:` says too",
                   "say it in one place");
    } else {
      found->plain = true;
    }
  }
}

void read_triggers(FormatReader& reader, const yaml::Node& node, const std::string& what,
                   TableEntry& table) {
  if (!reader.is_mapping(node, what)) return;
  for (const auto& [name, word] : node.entries) {
    const std::string of = what + "." + printable(name.scalar, 60);
    const auto use = reader.text(word, of);
    if (!use) continue;
    if (*use != "replay" && *use != "skip") {
      reader.error(word, of + " is either replay or skip, not '" + printable(*use, 60) + "'",
                   "write replay where it runs in a sandbox as in live, else skip");
      continue;
    }
    table.triggers.emplace(name.scalar, *use == "replay" ? database::TriggerUse::kReplay
                                                         : database::TriggerUse::kSkip);
  }
}

/// Rows about people don't become plain by one word.
void check_all_plain(FormatReader& reader, const yaml::Node& node, const TableEntry& table) {
  const auto about_people = [](Role role) {
    return role == Role::kData || role == Role::kIdentity || role == Role::kLog;
  };
  const bool refused = about_people(table.role.role) ||
                       std::ranges::any_of(table.role.cases, [&](const auto& entry) {
                         return about_people(entry.second);
                       });
  if (table.all_plain && refused) {
    reader.error(node, table.name + ": `plain: all` isn't for rows of role data, identity or log",
                 "list the columns without personal data: plain: [a, b]");
  }
}

void check_words_for_role(FormatReader& reader, const yaml::Node& node, const TableEntry& table) {
  const auto has = [&](Role role) {
    return table.role.role == role || std::ranges::any_of(table.role.cases, [&](const auto& entry) {
             return entry.second == role;
           });
  };
  if (!table.rebuild.empty() && !has(Role::kDerived)) {
    reader.error(node, table.name + ": `rebuild:` is for tables of role derived",
                 "say role: derived, or leave rebuild out");
  }
  if (table.shared_write && has(Role::kConfig)) {
    reader.error(node, table.name + ": config is never written in live by a sandbox",
                 "leave shared_write out, or say role: data");
  }
}

void read_words(FormatReader& reader, const yaml::Node& node, TableEntry& table) {
  const std::string& name = table.name;
  for (const auto& [word, value] : node.entries) {
    const std::string what = name + "." + word.scalar;
    if (word.scalar == "role") read_role(reader, value, what, table.role);
    if (word.scalar == "key") table.key = reader.names(value, what);
    if (word.scalar == "natural_key") read_natural_key(reader, value, what, table.natural_key);
    if (word.scalar == "label") table.label = reader.text(value, what).value_or("");
    if (word.scalar == "part_of") table.part_of = reader.text(value, what).value_or("");
    if (word.scalar == "born") table.born = reader.text(value, what).value_or("");
    if (word.scalar == "list") read_list(reader, value, what, table);
    if (word.scalar == "references") table.references = read_references(reader, value, name);
    if (word.scalar == "columns") table.columns = read_columns(reader, value, name);
    if (word.scalar == "rebuild") table.rebuild = reader.texts(value, what);
    if (word.scalar == "triggers") read_triggers(reader, value, what, table);
    if (word.scalar == "shared_write") {
      table.shared_write = reader.flag(value, what).value_or(false);
    }
  }
  // After the columns, whatever the order in the file: it adds to them.
  if (const auto* plain = node.find("plain")) read_plain(reader, *plain, table);
}

}  // namespace

TableEntry read_table(FormatReader& reader, const yaml::Node& name, const yaml::Node& node) {
  TableEntry table;
  table.name = name.scalar;
  table.place = reader.place(name);
  if (node.kind == yaml::Kind::kScalar && !node.is_null()) {
    read_role(reader, node, table.name, table.role);
    return table;
  }
  if (node.kind != yaml::Kind::kMapping) {
    reader.error(name, table.name + " needs a role",
                 "write " + table.name + ": config, or a mapping");
    return table;
  }
  reader.only_words(node, "table " + table.name, kTableWords);
  if (node.find("role") == nullptr) {
    reader.error(name, "table " + table.name + " has no role",
                 "say role: " + join(to_strings(role_words()), ", ") + " (one of them)");
  }
  read_words(reader, node, table);
  check_all_plain(reader, name, table);
  check_words_for_role(reader, name, table);
  return table;
}

}  // namespace doppel::manifest
