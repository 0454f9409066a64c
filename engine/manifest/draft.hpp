#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "database/schema.hpp"

namespace doppel::manifest {

/// What was counted in the database beside its catalogue. May be empty: then names and keys decide.
struct TableFacts {
  std::int64_t rows = 0;
};
using DatabaseFacts = std::map<std::string, TableFacts, std::less<>>;

/// A first manifest for a database, as YAML: every table with its role, what its columns hold, and
/// beside each guess its reason as a comment; what somebody must look at says `CHECK`. It loads,
/// and binds wherever tables have a key. Text that isn't surely plain is marked as personal free
/// text or as secret, so that a mistake hides too much and never shows too much. The same schema
/// gives the same text.
std::string draft(const database::Schema& schema, std::string_view application,
                  const DatabaseFacts& facts = {});

}  // namespace doppel::manifest
