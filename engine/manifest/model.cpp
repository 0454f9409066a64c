#include "manifest/model.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::manifest {
namespace {

std::string plain_text(const Value& value) {
  return value.kind() == ValueKind::kText ? value.text() : display(value);
}

bool says_nothing(const std::vector<Value>& values) {
  return std::ranges::all_of(values, [](const Value& value) {
    return value.is_null() || (value.kind() == ValueKind::kText && value.text().empty());
  });
}

std::string joined(const std::vector<Value>& values) {
  std::vector<std::string> parts;
  for (const Value& value : values) parts.push_back(plain_text(value));
  return join(parts, " / ");
}

/// The target's key in key order, where the reference is to its key and not by other columns.
std::optional<Key> key_of(const Model& model, const Referred& referred) {
  const TableModel* target = model.table(referred.target->table);
  if (target == nullptr) return {};
  Key key;
  for (const std::size_t index : target->shape->key) {
    const auto found = std::ranges::find(referred.target->columns, target->shape->columns[index]);
    if (found == referred.target->columns.end()) return {};
    key.push_back(
        referred.values[static_cast<std::size_t>(found - referred.target->columns.begin())]);
  }
  if (key.size() != referred.values.size()) return {};
  return key;
}

/// The row that a reference points to, with its table.
struct FoundRow {
  const TableModel* table = nullptr;
  Row row;
};

std::optional<FoundRow> follow(const Model& model, const TableModel& table,
                               const Reference& reference, const Row& row,
                               const RowLookup& lookup) {
  const auto referred = referred_by(model, table, reference, row, lookup);
  if (!referred) return {};
  const auto key = key_of(model, *referred);
  if (!key) return {};
  auto found = lookup(referred->target->table, *key);
  if (!found) return {};
  return FoundRow{model.table(referred->target->table), std::move(*found)};
}

const Reference* reference_at(const TableModel& table, std::size_t column) {
  const auto found = std::ranges::find_if(table.references, [&](const Reference& reference) {
    return reference.columns.size() == 1 && reference.columns.front() == column;
  });
  return found == table.references.end() ? nullptr : &*found;
}

/// What decides between the targets of a reference; NULL for a plain one.
std::optional<Value> discriminator_of(const Model& model, const TableModel& table,
                                      const Reference& reference, const Row& row,
                                      const RowLookup& lookup) {
  if (reference.plain()) return Value();
  if (reference.discriminator) return row[*reference.discriminator];
  const Reference* via = reference_at(table, *reference.via);
  if (via == nullptr || !via->plain()) return {};
  const auto found = follow(model, table, *via, row, lookup);
  if (!found) return {};
  const auto column = found->table->shape->column(reference.via_column);
  if (!column) return {};
  return found->row[*column];
}

Role role_of_case(const RoleRule& rule, const Value& value) {
  for (const auto& [wanted, role] : rule.cases) {
    if (wanted == value) return role;
  }
  return rule.role;
}

}  // namespace

bool TableModel::may_hold_config() const {
  // What a role `of` a reference comes to is only known row by row.
  if (role.role == Role::kConfig || !role.of.empty()) return true;
  return std::ranges::any_of(role.cases,
                             [](const auto& entry) { return entry.second == Role::kConfig; });
}

const TableModel* Model::table(std::string_view name) const {
  const auto found = std::ranges::lower_bound(
      tables, name, {}, [](const TableModel& table) -> std::string_view { return table.name(); });
  return found == tables.end() || found->name() != name ? nullptr : &*found;
}

const TableModel& Model::require(std::string_view name) const {
  const TableModel* found = table(name);
  if (found == nullptr) {
    throw Error(
        ErrorCode::kNotFound,
        "the manifest of " + application + " has no table '" + printable(name, 80) + "' with a key",
        {.place = {}, .remedy = "`doppel manifest check` lists the tables"});
  }
  return *found;
}

std::vector<Value> natural_key_of(const TableModel& table, const Row& row) {
  std::vector<Value> values;
  for (const NaturalPart& part : table.natural_key) {
    const Value& value = row[part.column];
    const bool fold = part.fold == NaturalKeyPart::Fold::kLower && value.kind() == ValueKind::kText;
    values.push_back(fold ? Value(to_lower_ascii(value.text())) : value);
  }
  return values;
}

std::vector<Value> unique_values(const UniqueKeyModel& unique, const Row& row) {
  std::vector<Value> values = TableShape::project(row, unique.columns);
  for (std::size_t i = 0; i < unique.folded.size(); ++i) {
    if (unique.folded[i] && values[i].kind() == ValueKind::kText) {
      values[i] = Value(to_lower_ascii(values[i].text()));
    }
  }
  return values;
}

std::string label_of(const TableModel& table, const Row& row) {
  constexpr std::size_t kLabelBytes = 80;
  if (table.label && !says_nothing({row[*table.label]})) {
    return printable(plain_text(row[*table.label]), kLabelBytes);
  }
  std::vector<Value> natural;
  for (const NaturalPart& part : table.natural_key) natural.push_back(row[part.column]);
  if (!says_nothing(natural)) return printable(joined(natural), kLabelBytes);
  return printable(joined(table.shape->key_of(row)), kLabelBytes);
}

std::optional<Referred> referred_by(const Model& model, const TableModel& table,
                                    const Reference& reference, const Row& row,
                                    const RowLookup& lookup) {
  Referred referred;
  for (const std::size_t column : reference.columns) {
    const Value& value = row[column];
    if (value.is_null()) return {};
    if (std::ranges::find(reference.none, value) != reference.none.end()) return {};
    referred.values.push_back(value);
  }
  const auto discriminator = discriminator_of(model, table, reference, row, lookup);
  if (!discriminator) return {};
  const auto target =
      std::ranges::find(reference.targets, *discriminator, &Reference::Target::discriminator);
  if (target == reference.targets.end()) return {};
  referred.target = &*target;
  return referred;
}

Role role_of(const Model& model, const TableModel& table, const Row& row, const RowLookup& lookup) {
  const TableModel* current = &table;
  Row current_row = row;
  for (int step = 0; step < kRoleDepthLimit; ++step) {
    const RoleRule& rule = current->role;
    if (!rule.by.empty()) {
      const auto column = current->shape->column(rule.by);
      return column ? role_of_case(rule, current_row[*column]) : rule.role;
    }
    if (rule.of.empty()) return rule.role;
    const auto column = current->shape->column(rule.of);
    const Reference* reference = column ? reference_at(*current, *column) : nullptr;
    if (reference == nullptr) return rule.role;
    auto found = follow(model, *current, *reference, current_row, lookup);
    if (!found || found->table == nullptr) return rule.role;
    current = found->table;
    current_row = std::move(found->row);
  }
  return table.role.role;
}

}  // namespace doppel::manifest
