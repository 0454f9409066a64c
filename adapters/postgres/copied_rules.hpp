#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/postgres/copied_tables.hpp"
#include "database/overlay.hpp"

namespace doppel::postgres {

/// What shapes and hides rows of the copies.
struct CopiedRules {
  std::vector<std::string> statements;
  std::vector<database::Finding> findings;
};

/// Whether a trigger function's body reaches beyond the row that it was called for.
bool acts_outside(std::string_view body);

/// What the manifest says of triggers, by table and trigger.
using TriggerUses =
    std::map<std::string, std::map<std::string, database::TriggerUse, std::less<>>, std::less<>>;

/// Triggers that shape rows (BEFORE, INSTEAD OF, and writing nothing), rules that stay inside,
/// row-level security. What would act outside of the sandbox is left out and remarked.
/// `relations` are the copied tables and views; policies that name roles of the application mean
/// the sandbox's `role`. `uses` decides where it names a trigger.
CopiedRules read_copied_rules(database::SqlRunner& live, const Oids& relations,
                              const std::string& role, const TriggerUses& uses = {},
                              const Oids& others = {});

/// What a reference does (a cascade) runs triggers as the tables' owner, who may more than the
/// sandbox that set it off, and with the sandbox's search_path, in which it can shadow any name by
/// tables and views of its own in pg_temp. So functions of triggers that shape rows are copied in
/// any case, and look for names only where `path` says.
Oids shaping_functions(database::SqlRunner& live, const Oids& relations);
/// Functions that checks, defaults, generated columns, indexes, domains and trigger conditions of
/// `tables` call where a reference acts on these: nobody can say for them where they look for
/// names, so they must say it themselves, and the sandbox's pg_temp last. Those that don't are
/// refused.
std::vector<database::Finding> unsafe_functions(database::SqlRunner& live, const Oids& tables);
/// REQUIRES: an open transaction, after the functions were made in `schema`.
void fix_trigger_paths(database::SqlRunner& sandbox, const std::string& schema,
                       const std::vector<std::string>& path);

/// Defaults that call copied functions, and those of views.
std::vector<std::string> default_statements(database::SqlRunner& live, const Oids& relations,
                                            const Oids& functions);

}  // namespace doppel::postgres
