#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "manifest/column_type.hpp"
#include "manifest/draft_guess.hpp"

namespace doppel::manifest {
namespace {

std::string last_word(const std::string& name) {
  const auto words = words_of(name);
  return words.empty() ? "" : words.back();
}

/// Words that say what a row is of something else, and nothing by themselves.
bool is_weak(const std::string& word) {
  static const std::set<std::string> kWeak{"item", "line",   "entry",  "detail", "part",
                                           "row",  "option", "choice", "column", "parent"};
  return kWeak.contains(word);
}

/// Words that are about a person where all references go to people.
bool is_attribute(const std::string& word) {
  static const std::set<std::string> kAttributes{"address", "email",   "phone",  "preference",
                                                 "setting", "profile", "option", "identity"};
  return kAttributes.contains(word);
}

/// A table of references only: at most one more number beside keys and times.
bool is_join(const GuessedTable& guess) {
  if (guess.references.size() < 2 || !guess.polymorphic.empty()) return false;
  std::size_t others = 0;
  for (const database::Column& column : guess.table->columns) {
    const bool refers = std::ranges::any_of(
        guess.references,
        [&](const GuessedReference& reference) { return reference.column == column.name; });
    const TypeFamily family = family_of(column.type);
    if (refers || family == TypeFamily::kTime || guess.key == std::vector{column.name}) continue;
    if (holds_text(family)) return false;
    ++others;
  }
  return others <= 1;
}

struct JoinedRoles {
  bool config = false;
  bool data = false;
  bool identity = false;
};

/// What a join table is, by what it joins.
void guess_join(const Guesses& guesses, GuessedTable& guess) {
  JoinedRoles joined;
  std::vector<std::string> names;
  for (const GuessedReference& reference : guess.references) {
    const GuessedTable& target = guesses.find(reference.target)->second;
    const Role role = target.role.role;
    const bool container = role == Role::kData && is_container(last_word(reference.target));
    joined.config |= role == Role::kConfig || role == Role::kReference;
    joined.identity |= role == Role::kIdentity;
    joined.data |=
        !container && role != Role::kConfig && role != Role::kReference && role != Role::kIdentity;
    names.push_back(reference.target);
  }
  const Role role = joined.data       ? Role::kData
                    : joined.identity ? Role::kIdentity
                    : joined.config   ? Role::kConfig
                                      : Role::kData;
  guess.role = {role, "joins " + join(names, " and ")};
  guess.sure = true;
}

bool refers_to_people_only(const Guesses& guesses, const GuessedTable& guess) {
  return !guess.references.empty() &&
         std::ranges::all_of(guess.references, [&](const GuessedReference& reference) {
           const auto hint = hint_of_word(last_word(guesses.find(reference.target)->first));
           return hint && hint->role == Role::kIdentity;
         });
}

/// Without a telling name: a short table with a position or a switch is config, else data.
RoleHint hint_of_shape(const GuessedTable& guess, const DatabaseFacts& facts) {
  constexpr std::int64_t kFewRows = 200;
  const auto rows = facts.find(guess.table->name);
  const bool many = rows != facts.end() && rows->second.rows > kFewRows;
  for (const database::Column& column : guess.table->columns) {
    const bool orders = is_position_name(column.name);
    const bool switches = column.name == "active" || column.name == "enabled" ||
                          column.name == "is_default" || column.name == "is_active";
    if ((orders || switches) && !many) {
      return {Role::kConfig, "its name says nothing, but it has '" + column.name + "'"};
    }
  }
  return {Role::kData, "its name says nothing, and most tables are data"};
}

void guess_by_name(const Guesses& guesses, const std::string& name, GuessedTable& guess,
                   const DatabaseFacts& facts) {
  const std::string word = last_word(name);
  if (const auto hint = hint_of_framework(name)) {
    guess.role = *hint;
    return;
  }
  if (is_attribute(word) && refers_to_people_only(guesses, guess)) {
    guess.role = {Role::kIdentity, "belongs to people only"};
    return;
  }
  const auto hint = hint_of_word(word);
  const std::string prefix = prefix_table(guesses, name);
  if (hint && !(is_weak(word) && !prefix.empty())) {
    guess.role = *hint;
    return;
  }
  if (!prefix.empty()) {
    const auto of_prefix = hint_of_word(last_word(prefix));
    if (of_prefix) {
      guess.role = {of_prefix->role, "belongs to " + prefix + ", and " + of_prefix->reason};
      return;
    }
  }
  guess.role = hint ? *hint : hint_of_shape(guess, facts);
  guess.sure = hint.has_value();
}

bool may_stand_for_key(const database::Table& table, const database::UniqueKey& key) {
  return key.plain && !key.columns.empty() &&
         std::ranges::all_of(key.columns, [&](const std::string& name) {
           const database::Column* column = table.column(name);
           return column != nullptr && column->not_null && !column->generated;
         });
}

GuessedTable guess_key(const database::Table& table) {
  GuessedTable guess;
  guess.table = &table;
  guess.key = table.primary_key;
  const bool computed = std::ranges::any_of(guess.key, [&](const std::string& name) {
    const database::Column* column = table.column(name);
    return column == nullptr || column->generated;
  });
  if (!guess.key.empty() && !computed) return guess;
  guess.key.clear();
  for (const database::UniqueKey& key : table.unique_keys) {
    if (!may_stand_for_key(table, key)) continue;
    guess.key = key.columns;
    guess.names_key = true;
    break;
  }
  return guess;
}

}  // namespace

void guess_roles(Guesses& guesses, const DatabaseFacts& facts) {
  for (auto& [name, guess] : guesses) guess_by_name(guesses, name, guess, facts);
  // Joins after all else, as they are what they join; joins of joins by their names.
  std::vector<GuessedTable> joins;
  for (const auto& [name, guess] : guesses) {
    if (!is_join(guess) || hint_of_framework(name)) continue;
    joins.push_back(guess);
    guess_join(guesses, joins.back());
  }
  for (GuessedTable& made : joins) guesses.find(made.table->name)->second = std::move(made);
  for (auto& [name, guess] : guesses) {
    if (guess.role.role != Role::kConfig || !guess.key.empty()) continue;
    guess.role = {Role::kData, guess.role.reason + ", but it has no key, which config needs"};
    guess.sure = false;
  }
}

Guesses guess_tables(const database::Schema& schema, const DatabaseFacts& facts) {
  Guesses guesses;
  for (const database::Table& table : schema.tables) {
    if (table.name.starts_with("sqlite_") || database::is_own_name(table.name)) continue;
    guesses.emplace(table.name, guess_key(table));
  }
  guess_references(guesses);
  guess_roles(guesses, facts);
  return guesses;
}

}  // namespace doppel::manifest
