#pragma once

#include <optional>
#include <vector>

#include "changeset/changeset.hpp"
#include "database/connection.hpp"
#include "manifest/model.hpp"

namespace doppel::overlay {

/// Applies changes in an order that the application's references and unique keys allow at every
/// step. Throws Error(kStale) naming the first row that isn't as its
/// before image says; the caller's transaction is then to be rolled back.
/// REQUIRES: an open write transaction.
void apply_in_order(const manifest::Model& model, changeset::ChangeSet changes,
                    database::Connection& connection);

/// The rows that the changes name, as they stand now and in the order of the changes. Tables are
/// read one after the other, so that a thousand rows aren't a thousand questions.
std::vector<std::optional<Row>> rows_now(const changeset::ChangeSet& changes,
                                         database::RowReader& reader);

}  // namespace doppel::overlay
