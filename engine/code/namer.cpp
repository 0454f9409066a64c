#include "code/namer.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace doppel::code {
namespace {

using manifest::Reference;
using manifest::TableModel;

/// Names that are made of names end here: rows that are named by each other in a circle.
constexpr int kNameDepthLimit = 8;

std::string plain_text(const Value& value) {
  return value.kind() == ValueKind::kText ? value.text() : display(value);
}

}  // namespace

std::vector<Value> name_values(const NameRule& rule, const std::vector<Value>& values) {
  std::vector<Value> made = values;
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (rule.folded[i] && made[i].kind() == ValueKind::kText) {
      made[i] = Value(to_lower_ascii(made[i].text()));
    }
  }
  return made;
}

Namer::Namer(const manifest::Model& model, const changeset::State& config,
             const Surroundings& surroundings)
    : model_(model), config_(config), surroundings_(surroundings) {}

const Namer::Index& Namer::index(const TableModel& table) {
  auto [found, is_new] = indices_.try_emplace(table.name());
  const auto rows = config_.tables.find(table.name());
  if (!is_new || rows == config_.tables.end()) return found->second;
  const NameRule rule = name_rule(table);
  if (rule.columns.empty()) return found->second;
  for (const auto& [key, row] : rows->second.rows) {
    found->second[name_values(rule, TableShape::project(row, rule.columns))].push_back(key);
  }
  return found->second;
}

std::optional<Row> Namer::row(const std::string& table, const Key& key) const {
  if (const auto rows = config_.tables.find(table); rows != config_.tables.end()) {
    const auto found = rows->second.rows.find(key);
    if (found != rows->second.rows.end()) return found->second;
  }
  return surroundings_.row ? surroundings_.row(table, key) : std::nullopt;
}

bool Namer::is_named(const TableModel& table, const Row& row) {
  const NameRule rule = name_rule(table);
  if (rule.columns.empty()) return false;
  if (rule.is_key) return true;
  const auto values = TableShape::project(row, rule.columns);
  const auto rows = config_.tables.find(table.name());
  if (rows != config_.tables.end()) {
    const auto found = index(table).find(name_values(rule, values));
    return found != index(table).end() && found->second.size() == 1 &&
           found->second.front() == table.shape->key_of(row);
  }
  return surroundings_.find && surroundings_.find(table, rule.columns, values).size() == 1;
}

std::optional<Key> Namer::find(const TableModel& table, const std::vector<Value>& values) {
  const NameRule rule = name_rule(table);
  if (rule.columns.empty()) return std::nullopt;
  if (config_.tables.contains(table.name())) {
    const auto found = index(table).find(name_values(rule, values));
    if (found == index(table).end() || found->second.size() != 1) return std::nullopt;
    return found->second.front();
  }
  if (!surroundings_.find) return std::nullopt;
  const std::vector<Row> rows = surroundings_.find(table, rule.columns, values);
  if (rows.size() != 1) return std::nullopt;
  return table.shape->key_of(rows.front());
}

std::vector<Cell> Namer::name_of(const TableModel& table, const Row& row) {
  if (is_named(table, row) && depth_ < kNameDepthLimit) {
    return cells_of(table, row, name_rule(table).columns);
  }
  if (has_given_key(table)) {
    Form key;
    key.value = row[table.shape->key.front()];
    return {Cell{{}, std::move(key)}};
  }
  std::vector<Cell> cells;
  for (const std::size_t column : table.shape->key) {
    Form form;
    form.value = row[column];
    cells.push_back({{column}, std::move(form)});
  }
  return depth_ < kNameDepthLimit ? cells_of(table, row, table.shape->key) : cells;
}

std::optional<Form> Namer::named(const TableModel& target, const Key& key) {
  if (reads_by_itself(target)) return std::nullopt;
  const auto found = row(target.name(), key);
  if (!found) return std::nullopt;
  const auto rows = config_.tables.find(target.name());
  const bool is_config = rows != config_.tables.end() && rows->second.rows.contains(key);
  // Of a row outside the config only its own name tells: its key means nothing in a file.
  if (!is_config && (rows != config_.tables.end() || !is_named(target, *found))) {
    return std::nullopt;
  }
  Form form;
  form.kind = Form::Kind::kReference;
  form.table = target.name();
  ++depth_;
  form.name = name_of(target, *found);
  --depth_;
  return form;
}

std::optional<Form> Namer::reference_form(const TableModel& table, const Reference& reference,
                                          const Row& row) {
  const manifest::RowLookup lookup = [this](const std::string& name, const Key& key) {
    return this->row(name, key);
  };
  const auto referred = manifest::referred_by(model_, table, reference, row, lookup);
  if (!referred) return std::nullopt;
  const TableModel* target = model_.table(referred->target->table);
  if (target == nullptr) return std::nullopt;
  const auto order = key_order(*target, *referred->target);
  if (!order) return std::nullopt;
  Key key;
  for (const std::size_t at : *order) key.push_back(referred->values[at]);
  return named(*target, key);
}

Form Namer::text_form(const TableModel& table, std::size_t column, const Row& row) {
  Form plain;
  plain.value = row[column];
  const std::vector<std::size_t> name = name_rule(table).columns;
  const bool is_name = std::ranges::find(name, column) != name.end();
  if (table.columns[column].ids.empty() || is_name) return plain;
  Form form;
  form.kind = Form::Kind::kParts;
  std::size_t done = 0;
  for (const manifest::FoundId& id : manifest::find_ids(table, column, row)) {
    const TableModel* target = model_.table(id.table);
    if (target == nullptr || target->shape->key.size() != 1) continue;
    const std::string& text = row[column].text();
    const std::string written = text.substr(id.begin, id.length);
    const auto number = parse_integer(written);
    const Value key = number ? Value(*number) : Value(written);
    if (plain_text(key) != written) continue;
    auto reference = named(*target, {key});
    if (!reference) continue;
    Form before;
    before.value = Value(text.substr(done, id.begin - done));
    if (id.begin != done) form.parts.push_back(std::move(before));
    form.parts.push_back(std::move(*reference));
    done = id.begin + id.length;
  }
  if (form.parts.empty()) return plain;
  const std::string& text = row[column].text();
  Form rest;
  rest.value = Value(text.substr(done));
  if (done != text.size()) form.parts.push_back(std::move(rest));
  return form;
}

std::vector<Cell> Namer::cells_of(const TableModel& table, const Row& row) {
  std::vector<std::size_t> all;
  for (std::size_t column = 0; column < row.size(); ++column) {
    const bool is_given = has_given_key(table) && column == table.shape->key.front();
    if (!is_given && !is_left_out(table, column)) all.push_back(column);
  }
  return cells_of(table, row, all);
}

std::vector<Cell> Namer::cells_of(const TableModel& table, const Row& row,
                                  const std::vector<std::size_t>& columns) {
  const auto is_wanted = [&](std::size_t column) {
    return std::ranges::find(columns, column) != columns.end();
  };
  std::vector<std::optional<Cell>> at(row.size());
  std::vector<bool> taken(row.size(), false);
  for (const Reference* reference : named_references(model_, table)) {
    if (std::ranges::none_of(reference->columns, is_wanted)) continue;
    auto form = reference_form(table, *reference, row);
    if (!form) continue;
    for (const std::size_t column : reference->columns) taken[column] = true;
    at[reference->columns.front()] = Cell{reference->columns, std::move(*form)};
  }
  std::vector<Cell> cells;
  for (std::size_t column = 0; column < row.size(); ++column) {
    if (at[column]) {
      cells.push_back(std::move(*at[column]));
    } else if (!taken[column] && is_wanted(column)) {
      cells.push_back({{column}, text_form(table, column, row)});
    }
  }
  return cells;
}

}  // namespace doppel::code
