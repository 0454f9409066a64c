#pragma once

#include <string>

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/failure.hpp"

namespace doppel::postgres {

/// Judges what waits for the end of the transaction, now, so that a row whose reference fails can
/// still be looked for and named. Throws Error(kConstraint).
void judge_constraints(Connection& connection);

/// Why the server refused a row, with the columns of the constraint: "UNIQUE constraint failed:
/// queues.area, queues.name". REQUIRES: no failed transaction.
std::string reason_of(Connection& connection, const Problem& problem);

/// The table of a failed constraint under the name that the ports know it by.
std::string table_of(const Connection& connection, const Problem& problem);

}  // namespace doppel::postgres
