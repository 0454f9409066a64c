#pragma once

#include <span>
#include <vector>

#include "adapters/postgres/connection.hpp"
#include "database/overlay.hpp"

namespace doppel::postgres {

/// See Database::examine. Reads the catalogue, and pg_stat_statements where it is there.
std::vector<database::Finding> examine(Connection& live, const database::OverlaySpec& spec,
                                       std::span<const database::Lookup> lookups);

/// Why a statement of the application can't run on a view of written data, in a few words; empty
/// where it can. `tables` are those that are such views.
struct Unbearable {
  std::string table;
  std::string what;
  std::string remedy;
};
std::optional<Unbearable> unbearable_in(std::string_view statement,
                                        std::span<const std::string> tables);

}  // namespace doppel::postgres
