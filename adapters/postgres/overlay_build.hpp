#pragma once

#include <string>
#include <vector>

#include "adapters/postgres/connection.hpp"
#include "database/overlay.hpp"

namespace doppel::postgres {

/// The config tables of a sandbox, in the spec's order.
std::vector<TableShapePtr> config_shapes(const database::OverlaySpec& spec);

/// What stands in a sandbox's way or will be otherwise there, told by the catalogue alone.
struct CopyExamination {
  std::vector<database::Finding> findings;
  std::vector<std::int64_t> config;  ///< live's relations that it has as its own
  std::vector<std::string> written;  ///< live's tables of data that it writes over
};
/// REQUIRES: an open transaction with live's search_path.
CopyExamination examine_copy(Connection& connection, const database::OverlaySpec& spec);

/// Makes the sandbox's schema with everything in it, its role with this password (not where the
/// spec is of one that a refresh makes) and its entry in doppel.sandbox.
/// REQUIRES: an open transaction with one snapshot and live's search_path, which is the sandbox's
/// afterwards.
void build_copy(Connection& connection, const database::OverlaySpec& spec,
                const std::string& password);

/// The rows of the copies: up to 100,000 exactly, else the planner's estimate, marked as one [O1].
std::vector<database::RowCount> count_copies(Connection& connection,
                                             const std::vector<TableShapePtr>& shapes);

}  // namespace doppel::postgres
