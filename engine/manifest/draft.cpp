#include "manifest/draft.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "base/yaml.hpp"
#include "manifest/column_type.hpp"
#include "manifest/draft_guess.hpp"

namespace doppel::manifest {
namespace {

/// A name as it can stand anywhere, also in [a, b] and {a: b}.
std::string written(std::string_view name) {
  std::string quoted = yaml::quote(name);
  const bool odd = name.find_first_of(",[]{}:#&*!|>'\"%@`?\\ ") != std::string_view::npos;
  if (!odd || quoted.starts_with('"')) return quoted;
  std::string text = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + "\"";
}

std::string written_list(const std::vector<std::string>& names) {
  std::vector<std::string> parts;
  for (const std::string& name : names) parts.push_back(written(name));
  return "[" + join(parts, ", ") + "]";
}

class TableWriter {
 public:
  TableWriter(const Guesses& guesses, const GuessedTable& guess, const DatabaseFacts& facts)
      : guesses_(guesses), guess_(guess), facts_(facts) {}

  std::string text() {
    write_head();
    write_names();
    write_list();
    write_references();
    write_columns();
    return text_;
  }

 private:
  bool is_config() const { return guess_.role.role == Role::kConfig; }
  bool about_people() const {
    const Role role = guess_.role.role;
    return role == Role::kData || role == Role::kIdentity || role == Role::kLog;
  }

  void line(const std::string& words, const std::string& comment = "") {
    text_ += "    " + words + (comment.empty() ? "" : "  # " + printable(comment, 0)) + "\n";
  }

  void write_head() {
    const auto rows = facts_.find(guess_.table->name);
    text_ += "\n  " + written(guess_.table->name) + ":";
    if (rows != facts_.end()) text_ += "  # " + counted(rows->second.rows, "row");
    text_ += "\n";
    line("role: " + std::string(to_text(guess_.role.role)),
         (guess_.sure ? "" : "CHECK: ") + guess_.role.reason);
    if (guess_.names_key) {
      line("key: " + written_list(guess_.key), "a unique key, as there is no primary key");
    } else if (guess_.key.empty()) {
      line("# CHECK: there is no key, so doppel can't tell its rows apart");
    }
  }

  void write_names() {
    const database::Table& table = *guess_.table;
    if (is_config()) write_natural_key();
    for (const auto* name : {"name", "title", "label", "subject", "identifier", "login", "code"}) {
      const database::Column* column = table.column(name);
      if (column == nullptr || column->generated || guess_.key.empty()) continue;
      line("label: " + std::string(name));
      break;
    }
    if (!is_config()) return;
    if (const std::string owner = owner_column(); !owner.empty()) {
      line("part_of: " + written(owner), "its name begins with the owner's");
    }
    for (const database::Column& column : table.columns) {
      if (!is_born_name(column.name) || column.generated) continue;
      line("born: " + written(column.name), "set once, by its name");
      break;
    }
  }

  void write_natural_key() {
    for (const database::UniqueKey& key : guess_.table->unique_keys) {
      const bool stored = std::ranges::all_of(key.columns, [&](const std::string& name) {
        const database::Column* column = guess_.table->column(name);
        return column != nullptr && !column->generated;
      });
      if (!key.plain || key.columns.empty() || !stored || key.columns == guess_.key) continue;
      line("natural_key: " + written_list(key.columns), "unique key " + key.name);
      return;
    }
    if (guess_.table->column("name") != nullptr && guess_.key != std::vector<std::string>{"name"}) {
      line("# natural_key: [name]  CHECK: no unique key says that names are used once");
    }
  }

  /// The column that refers to the config table whose name this one's begins with.
  std::string owner_column() const {
    const std::string owner = prefix_table(guesses_, guess_.table->name);
    if (owner.empty() || guesses_.find(owner)->second.role.role != Role::kConfig) return {};
    for (const GuessedReference& reference : guess_.references) {
      const bool composite =
          std::ranges::any_of(guess_.table->foreign_keys, [&](const database::ForeignKey& key) {
            return key.columns.size() > 1 && key.columns.front() == reference.column;
          });
      const database::Column* column = guess_.table->column(reference.column);
      const bool usable = column != nullptr && !column->generated && !composite;
      if (reference.target == owner && usable) return reference.column;
    }
    return {};
  }

  void write_list() {
    if (!is_config() || guess_.key.empty()) return;
    for (const database::Column& column : guess_.table->columns) {
      if (!is_position_name(column.name) || column.generated) continue;
      if (family_of(column.type) != TypeFamily::kInteger) continue;
      std::vector<std::string> within;
      if (const std::string owner = owner_column(); !owner.empty()) within.push_back(owner);
      const database::Column* type = guess_.table->column("type");
      if (type != nullptr && !type->generated) within.emplace_back("type");
      std::string list = "list: {order: " + written(column.name);
      if (!within.empty()) list += ", within: " + written_list(within);
      line(list + "}", "by its name; CHECK what makes one list");
      return;
    }
  }

  void write_references() {
    std::string lines;
    const auto add = [&](const std::string& words, const std::string& comment) {
      lines += "      " + words + "  # " + printable(comment, 0) + "\n";
    };
    for (const GuessedReference& reference : guess_.references) {
      if (reference.reason.empty() || reference.column.find(',') != std::string::npos) continue;
      add(written(reference.column) + ": " + written(reference.target), reference.reason);
    }
    std::string checks;
    for (const std::string& column : guess_.polymorphic) {
      checks += "    # CHECK: " + printable(column, 0) +
                " refers to different tables: {type: ..., cases: {VALUE: table}}\n";
    }
    // A table without a key has no model in which references could stand.
    if (!lines.empty() && !guess_.key.empty()) text_ += "    references:\n" + lines;
    text_ += checks;
  }

  /// What a column that repeats another one holds is what that one holds.
  TextHint hint_for(const database::Column& column) const {
    for (const database::ForeignKey& key : guess_.table->foreign_keys) {
      for (std::size_t i = 0; i < key.columns.size() && i < key.target_columns.size(); ++i) {
        if (key.columns[i] == column.name) return hint_of_text(key.target_columns[i]);
      }
    }
    return hint_of_text(column.name);
  }

  std::string column_words(const database::Column& column) const {
    std::vector<std::string> words;
    const bool in_key = std::ranges::find(guess_.key, column.name) != guess_.key.end();
    const bool is_time = family_of(column.type) == TypeFamily::kTime;
    if (is_volatile_name(column.name) && !in_key &&
        (is_time || family_of(column.type) == TypeFamily::kInteger)) {
      words.emplace_back("volatile: true");
    }
    if (!holds_text(family_of(column.type)) || column.generated) return join(words, ", ");
    const TextHint hint = hint_for(column);
    const bool all_plain = !about_people();
    if (hint.kind == TextKind::kSecret) {
      words.emplace_back("secret: true");
    } else if (hint.kind == TextKind::kPersonal) {
      words.push_back("personal: " + hint.personal);
    } else if (hint.kind == TextKind::kUrl) {
      words.emplace_back("url: true");
    } else if (hint.kind == TextKind::kUnknown && !all_plain) {
      words.emplace_back("personal: free_text");
    }
    return join(words, ", ");
  }

  bool is_plain(const database::Column& column) const {
    return about_people() && !column.generated && holds_text(family_of(column.type)) &&
           column_words(column).empty();
  }

  void write_columns() {
    std::string lines;
    std::vector<std::string> plain;
    for (const database::Column& column : guess_.table->columns) {
      if (is_plain(column)) plain.push_back(column.name);
      const std::string words = column_words(column);
      if (words.empty()) continue;
      lines += "      " + written(column.name) + ": {" + words + "}";
      if (words.find("free_text") != std::string::npos) {
        lines += "  # CHECK: masked as text until somebody says what it holds";
      }
      lines += "\n";
    }
    if (!about_people()) line("plain: all", "as its rows aren't about people");
    if (!plain.empty()) line("plain: " + written_list(plain), "by their names");
    if (!lines.empty()) text_ += "    columns:\n" + lines;
  }

  const Guesses& guesses_;
  const GuessedTable& guess_;
  const DatabaseFacts& facts_;
  std::string text_;
};

}  // namespace

std::string draft(const database::Schema& schema, std::string_view application,
                  const DatabaseFacts& facts) {
  const Guesses guesses = guess_tables(schema, facts);
  std::string text =
      "# A first manifest, guessed from the database. Each guess has its reason beside it; what\n"
      "# says CHECK needs somebody who knows the application.\n"
      "doppel: 1\napplication: " +
      written(application) + "\nversion: \"1\"\n\ntables:";
  if (guesses.empty()) return text + " {}\n";
  text += "\n";
  for (const auto& [name, guess] : guesses) text += TableWriter(guesses, guess, facts).text();
  return text;
}

}  // namespace doppel::manifest
