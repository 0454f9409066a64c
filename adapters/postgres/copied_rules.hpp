#pragma once

#include <string>
#include <vector>

#include "adapters/postgres/copied_tables.hpp"

namespace doppel::postgres {

/// What shapes and hides rows of the copies.
struct CopiedRules {
  std::vector<std::string> statements;
  std::vector<std::string> remarks;
};

/// Triggers that shape rows (BEFORE, INSTEAD OF, and writing nothing), rules that stay inside,
/// row-level security. What would act outside of the sandbox is left out and remarked.
/// `relations` are the copied tables and views; policies that name roles of the application mean
/// the sandbox's `role`.
CopiedRules read_copied_rules(database::SqlRunner& live, const Oids& relations,
                              const std::string& role);

/// Defaults that call copied functions, and those of views.
std::vector<std::string> default_statements(database::SqlRunner& live, const Oids& relations,
                                            const Oids& functions);

}  // namespace doppel::postgres
