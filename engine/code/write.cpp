#include <algorithm>

#include "base/json_tree.hpp"
#include "base/text.hpp"
#include "base/yaml.hpp"
#include "code/code.hpp"
#include "code/namer.hpp"
#include "code/scalar.hpp"

namespace doppel::code {
namespace {

using manifest::TableModel;

constexpr std::size_t kRowIndent = 4;

bool holds_json(const TableModel& table, std::size_t column) {
  const manifest::MergeUnit unit = table.columns[column].merge;
  return unit == manifest::MergeUnit::kJson || unit == manifest::MergeUnit::kSet ||
         unit == manifest::MergeUnit::kList;
}

std::string reference_text(const manifest::Model& model, const Form& form);

std::string flow(const manifest::Model& model, const Form& form) {
  return form.kind == Form::Kind::kReference ? reference_text(model, form)
                                             : scalar(form.value, Context::kFlow);
}

std::string label(const TableModel& table, const std::vector<std::size_t>& columns) {
  return scalar(Value(label_of(table, columns)), Context::kFlow);
}

/// A name in parts may hold a reference, or a text with some: these stand as what they are made of.
bool is_short(const std::vector<Cell>& name) {
  if (name.size() != 1 || name[0].columns.size() != 1) return false;
  const Form& form = name[0].form;
  return form.kind == Form::Kind::kValue && scalar(form.value, Context::kFlow).front() != '{';
}

std::string name_text(const manifest::Model& model, const TableModel& table,
                      const std::vector<Cell>& name) {
  if (is_short(name)) return flow(model, name[0].form);
  std::vector<std::string> parts;
  for (const Cell& cell : name) {
    parts.push_back((cell.columns.empty() ? std::string(kKeyWord) : label(table, cell.columns)) +
                    ": " + flow(model, cell.form));
  }
  return "{" + join(parts, ", ") + "}";
}

std::string reference_text(const manifest::Model& model, const Form& form) {
  return "{" + scalar(Value(form.table), Context::kFlow) + ": " +
         name_text(model, model.require(form.table), form.name) + "}";
}

/// What stands behind `label:`, with the blank or line break before it.
std::string value_text(const TableModel& table, const Cell& cell) {
  const Value& value = cell.form.value;
  if (value.kind() == ValueKind::kText && holds_json(table, cell.columns.front())) {
    const auto tree = read_json_tree(value.text());
    const auto spacing = tree ? spacing_of(value.text(), *tree) : std::nullopt;
    const bool looks_like_a_word =
        tree && tree->members.size() == 1 && tree->members.front().name.starts_with('$');
    if (spacing == JsonSpacing::kNone && !looks_like_a_word) {
      return json_lines(*tree, kRowIndent + 2);
    }
    if (spacing) {
      return "\n" + std::string(kRowIndent + 2, ' ') +
             (spacing == JsonSpacing::kNone ? "$json:" : "$json_spaced:") +
             json_lines(*tree, kRowIndent + 4);
    }
  }
  if (value.kind() == ValueKind::kText) {
    if (auto lines = block(value.text(), kRowIndent + 2)) return " " + *lines;
  }
  return " " + scalar(value, Context::kBlock);
}

std::string parts_text(const manifest::Model& model, const Form& form) {
  const std::string margin(kRowIndent + 2, ' ');
  std::string text = "\n" + margin + "$parts:";
  for (const Form& part : form.parts) {
    text += "\n" + margin + "- ";
    const auto lines =
        part.kind == Form::Kind::kValue ? block(part.value.text(), kRowIndent + 4) : std::nullopt;
    text += lines ? *lines : flow(model, part);
  }
  return text;
}

std::string cell_text(const manifest::Model& model, const TableModel& table, const Cell& cell) {
  switch (cell.form.kind) {
    case Form::Kind::kReference:
      return " " + reference_text(model, cell.form);
    case Form::Kind::kParts:
      return parts_text(model, cell.form);
    case Form::Kind::kValue:
      break;
  }
  return value_text(table, cell);
}

std::string row_text(const manifest::Model& model, const TableModel& table, const RowForm& row) {
  std::vector<std::string> members;
  if (row.key) members.push_back(std::string(kKeyWord) + ": " + flow(model, *row.key));
  for (const Cell& cell : row.cells) {
    members.push_back(label(table, cell.columns) + ":" + cell_text(model, table, cell));
  }
  if (members.empty()) return "  - {}\n";
  return "  - " + join(members, "\n" + std::string(kRowIndent, ' ')) + "\n";
}

/// What a file's rows are sorted by: lists by place, everything else by name.
struct Sorted {
  std::vector<Value> list;
  Value place;
  std::vector<Value> name;
  Key key;
  RowForm row;
};

/// Numbers by size, text by its bytes, references as they are written.
std::vector<Value> sort_values(const manifest::Model& model, const std::vector<Cell>& cells) {
  std::vector<Value> values;
  for (const Cell& cell : cells) {
    values.push_back(cell.form.kind == Form::Kind::kValue ? cell.form.value
                                                          : Value(flow(model, cell.form)));
  }
  return values;
}

Sorted sorted_row(const manifest::Model& model, const TableModel& table, const Row& row, Keys keys,
                  Namer& namer) {
  Sorted made;
  made.row.cells = namer.cells_of(table, row);
  const bool is_named = namer.is_named(table, row);
  if (has_given_key(table) && (keys == Keys::kAll || !is_named)) {
    made.row.key = Form{};
    made.row.key->value = row[table.shape->key.front()];
  }
  if (table.list) {
    made.list = sort_values(model, name_cells(table.list->within, made.row.cells));
    made.place = row[table.list->order];
  }
  if (is_named) {
    made.name = sort_values(model, name_cells(name_rule(table).columns, made.row.cells));
  }
  made.key = table.shape->key_of(row);
  return made;
}

std::string file_text(const manifest::Model& model, const TableModel& table,
                      const changeset::State::TableState& state, Keys keys, Namer& namer) {
  std::vector<Sorted> rows;
  for (const auto& [key, row] : state.rows) {
    rows.push_back(sorted_row(model, table, row, keys, namer));
  }
  std::ranges::sort(rows, [](const Sorted& a, const Sorted& b) {
    return std::tie(a.list, a.place, a.name, a.key) < std::tie(b.list, b.place, b.name, b.key);
  });
  std::string text = "table: " + scalar(Value(table.name()), Context::kBlock) + "\nrows:";
  if (rows.empty()) return text + " []\n";
  text += "\n";
  for (const Sorted& row : rows) text += row_text(model, table, row.row);
  return text;
}

/// A table's name as a file's: what a file system or a shell could take otherwise as %XX.
std::string file_name(const std::string& table) {
  std::string name;
  for (const char c : table) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || (c == '-' && !name.empty());
    name += plain ? std::string(1, c) : "%" + to_hex(std::string_view(&c, 1));
  }
  name += ".yaml";
  return name == kHeadFile ? "%" + to_hex("d") + name.substr(1) : name;
}

}  // namespace

Files write(const manifest::Model& model, const changeset::State& config,
            const Surroundings& surroundings, const WriteOptions& options) {
  Files files;
  files[kHeadFile] =
      "doppel: 1\napplication: " + scalar(Value(model.application), Context::kBlock) +
      "\ntenant: " + scalar(Value(options.tenant), Context::kBlock) + "\n";
  Namer namer(model, config, surroundings);
  for (const auto& [name, state] : config.tables) {
    const TableModel* table = model.table(name);
    if (table == nullptr) continue;
    files[file_name(name)] = file_text(model, *table, state, options.keys, namer);
  }
  return files;
}

}  // namespace doppel::code
