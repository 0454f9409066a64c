#pragma once

#include "changeset/changeset.hpp"
#include "database/connection.hpp"
#include "manifest/model.hpp"

namespace doppel::overlay {

/// Applies changes in an order that the application's references and unique keys allow at every
/// step. Throws Error(kStale) naming the first row that isn't as its
/// before image says; the caller's transaction is then to be rolled back.
/// REQUIRES: an open write transaction.
void apply_in_order(const manifest::Model& model, const changeset::ChangeSet& changes,
                    database::Connection& connection);

}  // namespace doppel::overlay
