#include <algorithm>

#include "base/text.hpp"
#include "manifest/column_type.hpp"
#include "manifest/draft_guess.hpp"

namespace doppel::manifest {
namespace {

using Words = std::vector<std::string>;

bool ends_with(const Words& whole, const Words& end) {
  return whole.size() >= end.size() &&
         std::ranges::equal(
             end, Words(whole.end() - static_cast<std::ptrdiff_t>(end.size()), whole.end()));
}

std::vector<std::string> tables_named(const Guesses& guesses, const Words& stem) {
  std::vector<std::string> found;
  for (const auto& [name, guess] : guesses) {
    if (words_of(name) == stem) found.push_back(name);
  }
  return found;
}

/// Tables whose name ends with `stem` and begins as this table's does: an issue's status_id is of
/// issue_statuses, a helpdesk_ticket's queue_id is of helpdesk_queue.
std::vector<std::string> near_tables(const Guesses& guesses, const std::string& table,
                                     const Words& stem) {
  const Words here = words_of(table);
  std::vector<std::string> found;
  for (const auto& [name, guess] : guesses) {
    Words words = words_of(name);
    if (words.size() <= stem.size() || !ends_with(words, stem)) continue;
    words.resize(words.size() - stem.size());
    const bool near =
        words.size() <= here.size() &&
        std::ranges::equal(
            words, Words(here.begin(), here.begin() + static_cast<std::ptrdiff_t>(words.size())));
    if (near) found.push_back(name);
  }
  return found;
}

std::string people_table(const Guesses& guesses) {
  for (const auto& words :
       {Words{"user"}, Words{"auth", "user"}, Words{"person"}, Words{"agent"}, Words{"employee"}}) {
    const auto found = tables_named(guesses, words);
    if (found.size() == 1) return found.front();
  }
  return {};
}

bool fits(const Guesses& guesses, const database::Column& column, const std::string& target) {
  const GuessedTable& guess = guesses.find(target)->second;
  if (guess.key.size() != 1) return false;
  const database::Column* key = guess.table->column(guess.key.front());
  return key != nullptr && family_of(key->type) == family_of(column.type);
}

/// The table that a column's words mean: assigned_to_id, default_status_id, parent_id.
std::optional<GuessedReference> target_of(const Guesses& guesses, const std::string& table,
                                          const database::Column& column, Words stem) {
  const auto answer = [&](const std::string& target, const std::string& reason) {
    return GuessedReference{column.name, target, reason};
  };
  if (stem == Words{"parent"} && fits(guesses, column, table)) {
    return answer(table, "a parent is of the same table");
  }
  const auto is_person = [](const std::string& word) { return is_person_name(word); };
  for (std::size_t dropped = 0; !stem.empty(); ++dropped) {
    auto found = tables_named(guesses, stem);
    if (found.empty()) found = near_tables(guesses, table, stem);
    if (found.size() == 1 && fits(guesses, column, found.front())) {
      return answer(found.front(), dropped == 0 ? "by its name" : "CHECK: by the end of its name");
    }
    if (std::ranges::any_of(stem, is_person)) {
      const std::string people = people_table(guesses);
      if (!people.empty() && fits(guesses, column, people)) return answer(people, "a person");
    }
    stem.erase(stem.begin());
  }
  return {};
}

bool is_declared(const database::Table& table, const std::string& column) {
  return std::ranges::any_of(table.foreign_keys, [&](const database::ForeignKey& key) {
    return std::ranges::find(key.columns, column) != key.columns.end();
  });
}

void guess_of_table(const Guesses& guesses, const std::string& name, GuessedTable& guess) {
  for (const database::ForeignKey& key : guess.table->foreign_keys) {
    if (guesses.contains(key.target)) {
      guess.references.push_back({key.columns.front(), key.target, ""});
    }
  }
  for (const database::Column& column : guess.table->columns) {
    Words words = words_of(column.name);
    if (words.size() < 2 || words.back() != "id" || column.generated) continue;
    words.pop_back();
    words.back() = singular(words.back());
    if (is_declared(*guess.table, column.name)) continue;
    if (guess.key == std::vector{column.name}) continue;
    const std::string type = column.name.substr(0, column.name.size() - 2) + "type";
    if (guess.table->column(type) != nullptr) {
      guess.polymorphic.push_back(column.name);
    } else if (auto found = target_of(guesses, name, column, std::move(words))) {
      guess.references.push_back(std::move(*found));
    }
  }
}

}  // namespace

std::string prefix_table(const Guesses& guesses, const std::string& name) {
  Words words = words_of(name);
  while (words.size() > 1) {
    words.pop_back();
    words.back() = singular(words.back());
    for (const auto& [other, guess] : guesses) {
      if (other != name && words_of(other) == words) return other;
    }
  }
  return {};
}

void guess_references(Guesses& guesses) {
  for (auto& [name, guess] : guesses) guess_of_table(guesses, name, guess);
}

}  // namespace doppel::manifest
