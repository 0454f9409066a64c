#pragma once

#include <vector>

#include "http/router.hpp"

/// Writes that are done once, however often they are sent: `Idempotency-Key`.
namespace doppel::api {

inline constexpr const char* kKeyHeader = "Idempotency-Key";
/// In the answer to a request that was done before.
inline constexpr const char* kReplayHeader = "Idempotency-Replayed";

/// The same routes, each POST of them with keys. Its answers are kept for a day, so routes that
/// answer with a secret aren't for this.
std::vector<http::Route> done_once(std::vector<http::Route> routes);

}  // namespace doppel::api
