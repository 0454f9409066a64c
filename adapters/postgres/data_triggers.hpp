#pragma once

#include "adapters/postgres/copied_rules.hpp"
#include "adapters/postgres/data_tables.hpp"

namespace doppel::postgres {

/// Puts the application's own triggers into `data`, those that run: what the manifest replays and
/// what only shapes or judges its row. Returns the functions that they call.
/// Finds, as refused, triggers that may act elsewhere and of which the manifest says nothing, and
/// those that can't run behind a view.
Oids read_data_triggers(database::SqlRunner& live, const TriggerUses& uses, DataTables& data,
                        std::vector<database::Finding>& findings);

/// What `uses` is made of.
TriggerUses trigger_uses(const database::OverlaySpec& spec);

}  // namespace doppel::postgres
