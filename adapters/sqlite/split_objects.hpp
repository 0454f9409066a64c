#pragma once

#include <set>
#include <string>

#include "adapters/sqlite/connection.hpp"
#include "database/overlay.hpp"

/// Views, triggers and checks of a sandbox of carrier split.
namespace doppel::sqlite {

/// Copies live's triggers that stay among config tables into main, and notes down in main (table
/// doppel_temporary) what each connection has to make for itself. REQUIRES: live is attached, main
/// has the config tables, an open write transaction.
void copy_objects(Connection& connection, const database::OverlaySpec& spec);

/// Makes the temporary objects; answers the names of the triggers among them, in lower case.
std::set<std::string> make_temporary_objects(Connection& connection);

/// Refuses with Error(kUnsupported) a sandbox whose triggers would write live's data. REQUIRES: the
/// temporary objects stand and the connection has its guard.
void require_bearable_triggers(Connection& connection, const database::OverlaySpec& spec);

/// Temporary triggers on live's tables that refuse rows which refer to sandbox-only config [O3].
void make_reference_checks(Connection& connection, const database::OverlaySpec& spec);

}  // namespace doppel::sqlite
