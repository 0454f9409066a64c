#pragma once

#include <string>
#include <vector>

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/shared_plan.hpp"
#include "adapters/postgres/shared_registry.hpp"
#include "database/overlay.hpp"

/// Carrier rows: the tables that all sandboxes of an application share are made once for each state
/// of live's schema, and a sandbox is rows in them.
namespace doppel::postgres {

/// Makes roles, schemas, tables and views of a new generation, empty.
/// REQUIRES: an open transaction with live's search_path, and the lock held alone.
SharedNames make_generation(Connection& connection, const std::vector<TableShapePtr>& shapes,
                            const std::string& fingerprint);

/// With its schemas and roles. REQUIRES: no open transaction, the lock held alone, no sandbox of
/// it. With the last one what all generations have in common goes, too.
void drop_generation(Connection& connection, int generation);

/// Copies live's rows. REQUIRES: an open transaction with one snapshot; `copying`, below.
std::vector<database::RowCount> fill_shared(Connection& connection,
                                            const std::vector<TableShapePtr>& shapes,
                                            const SharedNames& names, std::int32_t number);

/// All rows of the sandbox go, those of doppel's own tables too.
/// The same for the server to do while nobody waits. One at a time, and whoever is told by the
/// registry that the sandbox leaves may do it as well.
std::string clearing_script(Connection& connection, const SharedNames& names, std::int32_t number);
void clear_shared(Connection& connection, const SharedNames& names, std::int32_t number);

/// The rows of sandbox `from` become those of `to`, which has none.
void hand_over_shared(Connection& connection, const SharedNames& names, std::int32_t from,
                      std::int32_t to);

/// Tells the planner what the tables hold by now.
void analyze_shared(Connection& connection, const SharedNames& names);

/// For the rest of the transaction neither capture nor triggers run for what this connection
/// writes. A sandbox's own role can't say so.
void set_copying(Connection& connection);

/// Names kept for one sandbox in doppel_mark.
void write_shared_mark(Connection& connection, const SharedNames& names, std::int32_t number,
                       const std::string& name, const std::string& text);

/// What is to be said of a generation to whoever uses a sandbox of it; kept with the sandbox 0.
std::string shared_remarks(Connection& connection, const SharedNames& names);

}  // namespace doppel::postgres
