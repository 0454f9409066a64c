#pragma once

#include <span>

#include "adapters/postgres/connection.hpp"

namespace doppel::postgres {

/// Before rows with keys of their own are inserted, the sequences that would give these keys are
/// moved past them, so that the application is never given one that is taken. Sequences know no
/// transaction: after a roll back there is a gap.
void advance_sequences(Connection& connection, std::span<const RowChange> changes);

}  // namespace doppel::postgres
