#include "code/form.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace doppel::code {
namespace {

using manifest::TableModel;

std::string framed(std::string_view text) {
  return std::to_string(text.size()) + ":" + std::string(text);
}

std::string canonical_value(const Value& value, bool folded) {
  switch (value.kind()) {
    case ValueKind::kNull:
      return "n";
    case ValueKind::kInteger:
      return "i" + std::to_string(value.integer()) + ";";
    case ValueKind::kReal:
      return "r" + format_real(value.real()) + ";";
    case ValueKind::kText:
      return "t" + framed(folded ? to_lower_ascii(value.text()) : value.text());
    case ValueKind::kBlob:
      return "b" + framed(value.blob());
  }
  return {};
}

std::string canonical_form(const manifest::Model& model, const Form& form, bool folded) {
  if (form.kind == Form::Kind::kValue) return canonical_value(form.value, folded);
  if (form.kind == Form::Kind::kReference) {
    const TableModel* target = model.table(form.table);
    return "(" + framed(form.table) +
           (target == nullptr ? "" : canonical(model, *target, form.name)) + ")";
  }
  std::string all = "[";
  for (const Form& part : form.parts) all += canonical_form(model, part, folded);
  return all + "]";
}

}  // namespace

bool has_given_key(const TableModel& table) {
  if (table.key_source == database::KeySource::kApplication || table.shape->key.size() != 1) {
    return false;
  }
  // A key that is a reference, too, says whose row it is.
  return std::ranges::none_of(table.references, [&](const manifest::Reference& reference) {
    return std::ranges::find(reference.columns, table.shape->key.front()) !=
           reference.columns.end();
  });
}

bool is_left_out(const TableModel& table, std::size_t column) {
  const manifest::ColumnModel& model = table.columns[column];
  const bool is_key = std::ranges::find(table.shape->key, column) != table.shape->key.end();
  return !is_key && (model.secret || model.binding || model.is_volatile);
}

NameRule name_rule(const TableModel& table) {
  NameRule rule;
  for (const manifest::NaturalPart& part : table.natural_key) {
    rule.columns.push_back(part.column);
    rule.folded.push_back(part.fold == manifest::NaturalKeyPart::Fold::kLower);
  }
  const auto usable = [&](std::size_t column) {
    return !is_left_out(table, column) &&
           !(has_given_key(table) && column == table.shape->key.front());
  };
  if (!rule.columns.empty() && std::ranges::all_of(rule.columns, usable)) return rule;
  if (!has_given_key(table)) {
    return {table.shape->key, std::vector<bool>(table.shape->key.size(), false), true};
  }
  for (const manifest::UniqueKeyModel& unique : table.unique_keys) {
    if (unique.partial || unique.columns.empty()) continue;
    if (!std::ranges::all_of(unique.columns, usable)) continue;
    auto folded = unique.folded;
    folded.resize(unique.columns.size());
    return {unique.columns, std::move(folded), false};
  }
  return {};
}

std::optional<std::vector<std::size_t>> key_order(const TableModel& target,
                                                  const manifest::Reference::Target& to) {
  if (to.columns.size() != target.shape->key.size()) return std::nullopt;
  std::vector<std::size_t> order;
  for (const std::size_t column : target.shape->key) {
    const auto found = std::ranges::find(to.columns, target.shape->columns[column]);
    if (found == to.columns.end()) return std::nullopt;
    order.push_back(static_cast<std::size_t>(found - to.columns.begin()));
  }
  return order;
}

bool reads_by_itself(const TableModel& table) {
  if (!name_rule(table).is_key) return false;
  return std::ranges::none_of(table.references, [&](const manifest::Reference& reference) {
    return std::ranges::any_of(reference.columns, [&](std::size_t column) {
      return std::ranges::find(table.shape->key, column) != table.shape->key.end();
    });
  });
}

std::vector<const manifest::Reference*> named_references(const manifest::Model& model,
                                                         const TableModel& table) {
  std::vector<const manifest::Reference*> found;
  std::vector<bool> taken(table.shape->columns.size(), false);
  for (const manifest::Reference& reference : table.references) {
    const bool is_free = std::ranges::all_of(reference.columns, [&](std::size_t column) {
      return !taken[column] && !is_left_out(table, column);
    });
    const bool is_named = std::ranges::any_of(reference.targets, [&](const auto& to) {
      const TableModel* target = model.table(to.table);
      return target != nullptr && key_order(*target, to) && !reads_by_itself(*target);
    });
    if (!is_free || !is_named) continue;
    for (const std::size_t column : reference.columns) taken[column] = true;
    found.push_back(&reference);
  }
  return found;
}

std::vector<Cell> name_cells(const std::vector<std::size_t>& columns,
                             const std::vector<Cell>& cells) {
  std::vector<Cell> name;
  std::size_t covered = 0;
  for (const Cell& cell : cells) {
    const auto shared = std::ranges::count_if(cell.columns, [&](std::size_t column) {
      return std::ranges::find(columns, column) != columns.end();
    });
    if (shared == 0) continue;
    covered += static_cast<std::size_t>(shared);
    name.push_back(cell);
  }
  if (covered != columns.size()) name.clear();
  return name;
}

std::string canonical(const manifest::Model& model, const TableModel& table,
                      const std::vector<Cell>& name) {
  const NameRule rule = name_rule(table);
  std::vector<std::pair<std::vector<std::size_t>, std::string>> parts;
  for (const Cell& cell : name) {
    if (cell.columns.empty()) return "k" + canonical_value(cell.form.value, false);
    const auto at = std::ranges::find(rule.columns, cell.columns.front());
    const bool folded = at != rule.columns.end() &&
                        rule.folded[static_cast<std::size_t>(at - rule.columns.begin())];
    parts.emplace_back(cell.columns, canonical_form(model, cell.form, folded));
  }
  std::ranges::sort(parts);
  std::string all = "c";
  for (const auto& [columns, text] : parts) {
    for (const std::size_t column : columns) all += std::to_string(column) + ",";
    all += "=" + text;
  }
  return all;
}

std::string label_of(const TableModel& table, const std::vector<std::size_t>& columns) {
  std::vector<std::string> names;
  for (const std::size_t column : columns) {
    const std::string& name = table.shape->columns[column];
    names.push_back(name.starts_with('$') ? "$" + name : name);
  }
  return join(names, ", ");
}

}  // namespace doppel::code
