#pragma once

#include <cstdint>

/// What this process asked of PostgreSQL servers, counted where it calls libpq.
namespace doppel::bench {

struct Trips {
  std::int64_t connections = 0;
  std::int64_t statements = 0;
  /// How often it had to wait for an answer: statements of one pipeline are one trip.
  std::int64_t trips = 0;
  /// From the question for the right to write live until the commit was answered.
  double writing_ms = 0;
};

Trips trips_so_far();

}  // namespace doppel::bench
