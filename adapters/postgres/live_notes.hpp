#pragma once

#include <memory>

#include "adapters/postgres/pool.hpp"
#include "database/live_tracking.hpp"

namespace doppel::postgres {

/// Notes in doppel.live_note, written by triggers on live's tables: in live's own transactions,
/// never waiting for anybody, and where a note can't be written the write goes on without it.
std::unique_ptr<database::LiveTracking> track_live(std::shared_ptr<Pool> pool);

}  // namespace doppel::postgres
