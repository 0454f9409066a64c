#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

/// Definitions as SQLite keeps them, rewritten for another file. Any text is taken: what isn't the
/// statement expected comes back as it is, and SQLite says what is wrong with it.
namespace doppel::sqlite {

/// A CREATE TABLE without the foreign keys to tables that `keeps` doesn't hold: REFERENCES clauses
/// of columns and FOREIGN KEY constraints, with their names.
std::string without_foreign_keys(std::string_view definition,
                                 const std::function<bool(const std::string& target)>& keeps);

/// CREATE VIEW or CREATE TRIGGER as CREATE TEMP VIEW or CREATE TEMP TRIGGER.
std::string as_temporary(std::string_view definition);

/// Whether one of the names stands in the text, in any case, quoted or not. REQUIRES: lower case.
bool mentions(std::string_view definition, const std::set<std::string>& names);

}  // namespace doppel::sqlite
