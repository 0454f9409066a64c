#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "manifest/draft.hpp"
#include "manifest/draft_words.hpp"

/// What draft() finds out before it writes. Internal to this room.
namespace doppel::manifest {

struct GuessedReference {
  std::string column;
  std::string target;
  std::string reason;  ///< empty: declared by the database, so it needn't be written
};

struct GuessedTable {
  const database::Table* table = nullptr;
  std::vector<std::string> key;  ///< empty: it has none
  bool names_key = false;        ///< the key isn't the primary key, so it is written
  RoleHint role;
  bool sure = true;  ///< whether the role needs no CHECK
  std::vector<GuessedReference> references;
  std::vector<std::string> polymorphic;  ///< x_id beside x_type: for somebody to say
};

using Guesses = std::map<std::string, GuessedTable, std::less<>>;

/// Keys and references of all tables, then their roles.
Guesses guess_tables(const database::Schema& schema, const DatabaseFacts& facts);

void guess_references(Guesses& guesses);
void guess_roles(Guesses& guesses, const DatabaseFacts& facts);

/// The name of the table whose singular is the beginning of this one's name: journal_details are
/// details of journals. Empty where there is none.
std::string prefix_table(const Guesses& guesses, const std::string& name);

}  // namespace doppel::manifest
