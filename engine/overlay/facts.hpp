#pragma once

#include "database/connection.hpp"
#include "merge/merge.hpp"

namespace doppel::overlay {

/// Answers what a merge must know of live from a connection, in batches: one look-up by index for
/// all questions of a table and its columns. `live` must outlive the source; for one consistent
/// answer the caller holds a transaction open.
merge::FactSource facts_from(const manifest::Model& model, database::Connection& live);

}  // namespace doppel::overlay
