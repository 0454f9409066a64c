#include "code/document.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/yaml.hpp"
#include "code/scalar.hpp"

namespace doppel::code {
namespace {

using manifest::Model;
using manifest::Problem;
using manifest::TableModel;
using yaml::Kind;
using yaml::Node;

bool holds_json(const TableModel& table, const std::vector<std::size_t>& columns) {
  if (columns.size() != 1) return false;
  const manifest::MergeUnit unit = table.columns[columns.front()].merge;
  return unit == manifest::MergeUnit::kJson || unit == manifest::MergeUnit::kSet ||
         unit == manifest::MergeUnit::kList;
}

/// Reads one file. A mistake is noted and what it stands in left out, so that the next is found,
/// too.
class FileReader {
 public:
  FileReader(const Model& model, const Surroundings& surroundings, std::string file,
             std::vector<Problem>& problems)
      : model_(model), surroundings_(surroundings), file_(std::move(file)), problems_(problems) {}

  void read_head(const Node& root, Documents& documents) {
    for (const Node::Entry& entry : root.entries) {
      const std::string& word = entry.first.scalar;
      if (word == "doppel" && entry.second.scalar != "1") {
        say(entry.second, "a folder of format '" + printable(entry.second.scalar, 40) + "'",
            "this doppel reads format 1");
      } else if (word == "application" && entry.second.scalar != model_.application) {
        say(entry.second,
            "the folder is config of '" + printable(entry.second.scalar, 80) + "', and this is " +
                model_.application,
            "apply it to a sandbox of that application");
      } else if (word == "tenant") {
        documents.tenant = entry.second.scalar;
      } else if (word != "doppel" && word != "application") {
        say(entry.first, "no word '" + printable(word, 80) + "' is known here",
            "words: doppel, application, tenant");
      }
    }
  }

  void read_table(const Node& root, Documents& documents) {
    const Node* name = root.find("table");
    const Node* rows = root.find("rows");
    if (name == nullptr || rows == nullptr || root.entries.size() != 2 ||
        name->kind != Kind::kScalar) {
      return say(root, "a table's file has 'table' and 'rows', and nothing else", "");
    }
    const TableModel* table = model_.table(name->scalar);
    if (table == nullptr || !table->may_hold_config()) {
      return say(*name, "there is no table of config '" + printable(name->scalar, 80) + "'",
                 suggestion(name->scalar));
    }
    const bool twice = std::ranges::any_of(
        documents.tables, [&](const Document& other) { return other.table == table; });
    if (twice) return say(*name, "the table stands in another file, too", "leave one of them");
    if (rows->kind != Kind::kSequence && !rows->is_null()) {
      return say(*rows, "'rows' must be a list", "");
    }
    Document document{.table = table, .file = file_, .rows = {}};
    for (const Node& row : rows->items) document.rows.push_back(read_row(*table, row));
    documents.tables.push_back(std::move(document));
  }

 private:
  void say(const Node& node, const std::string& message, const std::string& remedy) {
    problems_.push_back({.severity = Problem::Severity::kError,
                         .place = file_ + ":" + std::to_string(node.line),
                         .message = message,
                         .remedy = remedy});
  }

  std::string suggestion(const std::string& name) const {
    std::vector<std::string> names;
    for (const TableModel& table : model_.tables) {
      if (table.may_hold_config()) names.push_back(table.name());
    }
    const auto found = nearest(name, names);
    return found ? "did you mean '" + *found + "'?" : "";
  }

  RowForm read_row(const TableModel& table, const Node& node) {
    RowForm row;
    row.line = node.line;
    if (node.kind != Kind::kMapping) {
      say(node, "a row is a mapping of columns", "- name: ...");
      return row;
    }
    std::vector<bool> taken(table.shape->columns.size(), false);
    for (const Node::Entry& entry : node.entries) {
      if (entry.first.scalar == kKeyWord) {
        row.key = read_value(table, {}, entry.second);
        if (!has_given_key(table)) {
          say(entry.first, "the keys of " + table.name() + " are columns of its own", "");
        }
      } else if (entry.first.scalar == kWasWord) {
        row.was = Form{};
        row.was->kind = Form::Kind::kReference;
        row.was->table = table.name();
        row.was->line = entry.second.line;
        row.was->name = read_name(table, entry.second);
      } else if (auto columns = columns_of(table, entry.first)) {
        for (const std::size_t column : *columns) {
          if (taken[column]) say(entry.first, "the column is given twice", "");
          taken[column] = true;
        }
        Form form = read_value(table, *columns, entry.second);
        if (columns->size() > 1 && form.kind != Form::Kind::kReference) {
          say(entry.second, "several columns are a reference", "{table: {column: value, ...}}");
        }
        row.cells.push_back({std::move(*columns), std::move(form)});
      }
    }
    return row;
  }

  /// The columns that a label names; a problem and nothing where it can't be.
  std::optional<std::vector<std::size_t>> columns_of(const TableModel& table, const Node& label) {
    if (const auto column = column_of(table, label.scalar)) {
      if (check_column(table, *column, label)) return std::vector<std::size_t>{*column};
      return std::nullopt;
    }
    for (const manifest::Reference* reference : named_references(model_, table)) {
      if (reference->columns.size() > 1 && label_of(table, reference->columns) == label.scalar) {
        return reference->columns;
      }
    }
    const auto found = nearest(label.scalar, table.shape->columns);
    say(label, "no column '" + printable(label.scalar, 80) + "' of " + table.name(),
        found ? "did you mean '" + *found + "'?" : "");
    return std::nullopt;
  }

  static std::optional<std::size_t> column_of(const TableModel& table, const std::string& label) {
    if (!label.starts_with('$')) return table.shape->column(label);
    return label.starts_with("$$") ? table.shape->column(label.substr(1)) : std::nullopt;
  }

  bool check_column(const TableModel& table, std::size_t column, const Node& label) {
    if (table.columns[column].secret) {
      say(label, "secrets aren't taken from files", "set it in the sandbox");
    } else if (has_given_key(table) && column == table.shape->key.front()) {
      say(label, "the database gives the keys of " + table.name(),
          "write it as $key to say which row is meant");
    } else {
      return true;
    }
    return false;
  }

  Form read_value(const TableModel& table, const std::vector<std::size_t>& columns,
                  const Node& node) {
    Form form;
    form.line = node.line;
    switch (node.kind) {
      case Kind::kScalar:
        form.value = read_scalar(node);
        if (columns.size() == 1) form.value = as_stored(table, columns.front(), node, form.value);
        return form;
      case Kind::kSequence:
        if (holds_json(table, columns)) return json(node, JsonSpacing::kNone, form);
        say(node, "a list can't stand here", "");
        return form;
      case Kind::kMapping:
        return read_mapping(table, columns, node, std::move(form));
    }
    return form;
  }

  /// A number in a text column is its text, as the database would make of it.
  Value as_stored(const TableModel& table, std::size_t column, const Node& node, Value value) {
    if (!surroundings_.column) return value;
    using Holds = ColumnFacts::Holds;
    const Holds holds = surroundings_.column(table, column).holds;
    const bool is_number = value.kind() == ValueKind::kInteger || value.kind() == ValueKind::kReal;
    if (holds == Holds::kText && is_number) return node.scalar;
    if (holds == Holds::kInteger && value.kind() == ValueKind::kText) {
      if (const auto integer = parse_integer(value.text())) return *integer;
      if (!node.quoted && (node.scalar == "true" || node.scalar == "false")) {
        return node.scalar == "true" ? 1 : 0;
      }
    }
    return value;
  }

  Form json(const Node& node, JsonSpacing spacing, Form form) {
    form.value = write_json_tree(json_from(node), spacing);
    return form;
  }

  Form read_mapping(const TableModel& table, const std::vector<std::size_t>& columns,
                    const Node& node, Form form) {
    const bool is_single = node.entries.size() == 1;
    const std::string first = is_single ? node.entries[0].first.scalar : "";
    if (first.starts_with('$')) return read_word(table, columns, node.entries[0], std::move(form));
    if (holds_json(table, columns)) return json(node, JsonSpacing::kNone, std::move(form));
    if (is_single && is_target(table, columns, first)) return read_reference(node.entries[0]);
    say(node, "a mapping can't stand here",
        is_single && model_.table(first) != nullptr
            ? "the column refers to no " + printable(first, 80)
            : "a reference is {table: name}");
    return form;
  }

  bool is_target(const TableModel& table, const std::vector<std::size_t>& columns,
                 const std::string& name) const {
    return std::ranges::any_of(table.references, [&](const manifest::Reference& reference) {
      return reference.columns == columns &&
             std::ranges::any_of(reference.targets, [&](const auto& to) {
               const TableModel* target = model_.table(to.table);
               return to.table == name && target != nullptr && key_order(*target, to);
             });
    });
  }

  Form read_word(const TableModel& table, const std::vector<std::size_t>& columns,
                 const Node::Entry& entry, Form form) {
    const std::string& word = entry.first.scalar;
    if (word == "$blob" || word == "$text") {
      const auto bytes = from_hex(entry.second.scalar);
      if (!bytes || entry.second.kind != Kind::kScalar) {
        say(entry.second, "'" + word + "' takes hexadecimal digits", "{$blob: \"00ff\"}");
      } else {
        form.value = word == "$blob" ? Value(Blob{*bytes}) : Value(*bytes);
      }
    } else if ((word == "$json" || word == "$json_spaced") && holds_json(table, columns)) {
      return json(entry.second, word == "$json" ? JsonSpacing::kNone : JsonSpacing::kWords,
                  std::move(form));
    } else if (word == "$parts" && entry.second.kind == Kind::kSequence) {
      form.kind = Form::Kind::kParts;
      for (const Node& part : entry.second.items) form.parts.push_back(read_part(part));
    } else {
      say(entry.first, "'" + printable(word, 80) + "' can't stand here",
          "words: $blob, $text, $parts, in columns of JSON $json, $json_spaced");
    }
    return form;
  }

  Form read_part(const Node& node) {
    Form form;
    form.line = node.line;
    if (node.kind == Kind::kMapping && node.entries.size() == 1) {
      const std::string& word = node.entries[0].first.scalar;
      if (word == "$text") {
        const auto bytes = from_hex(node.entries[0].second.scalar);
        if (bytes) form.value = *bytes;
        if (!bytes) say(node, "'$text' takes hexadecimal digits", "");
        return form;
      }
      if (model_.table(word) != nullptr) return read_reference(node.entries[0]);
    }
    form.value = node.scalar;
    if (node.kind != Kind::kScalar) say(node, "a part is text or a reference", "");
    return form;
  }

  Form read_reference(const Node::Entry& entry) {
    Form form;
    form.kind = Form::Kind::kReference;
    form.line = entry.first.line;
    form.table = entry.first.scalar;
    form.name = read_name(model_.require(form.table), entry.second);
    return form;
  }

  std::vector<Cell> read_name(const TableModel& table, const Node& node) {
    const NameRule rule = name_rule(table);
    if (node.kind != Kind::kMapping) {
      if (node.kind == Kind::kScalar && rule.columns.size() == 1) {
        return {{rule.columns, read_value(table, rule.columns, node)}};
      }
      say(node, "a row of " + table.name() + " is told by " + words_of(table, rule), "");
      return {};
    }
    std::vector<Cell> name;
    for (const Node::Entry& entry : node.entries) {
      if (entry.first.scalar == kKeyWord) {
        return {{{}, read_value(table, {}, entry.second)}};
      }
      auto columns = columns_of(table, entry.first);
      if (!columns) continue;
      Form form = read_value(table, *columns, entry.second);
      name.push_back({std::move(*columns), std::move(form)});
    }
    // One that needs no mapping may have one all the same: {$text: c328}.
    return name;
  }

  static std::string words_of(const TableModel& table, const NameRule& rule) {
    if (rule.columns.empty()) return "{$key: ...}";
    return "{" + label_of(table, rule.columns) + "}";
  }

  const Model& model_;
  const Surroundings& surroundings_;
  std::string file_;
  std::vector<Problem>& problems_;
};

}  // namespace

Documents read_documents(const Model& model, const Files& files, const Surroundings& surroundings,
                         std::vector<Problem>& problems) {
  Documents documents;
  for (const auto& [file, text] : files) {
    FileReader reader(model, surroundings, file, problems);
    try {
      const Node root = yaml::parse(text, file);
      if (file == kHeadFile) {
        reader.read_head(root, documents);
      } else {
        reader.read_table(root, documents);
      }
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kInvalidInput) throw;
      problems.push_back({.severity = Problem::Severity::kError,
                          .place = error.place(),
                          .message = error.what(),
                          .remedy = {}});
    }
  }
  if (!files.contains(kHeadFile)) {
    problems.push_back({.severity = Problem::Severity::kError,
                        .place = kHeadFile,
                        .message = "there is no such file: this is no folder of config",
                        .remedy = "`doppel export` writes one"});
  }
  return documents;
}

}  // namespace doppel::code
