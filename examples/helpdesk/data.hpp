#pragma once

#include <cstdint>

#include "dialect.hpp"
#include "sql_writer.hpp"

/// A support desk of any size, as SQL.
namespace helpdesk {

struct Options {
  std::uint64_t seed = 1;
  std::int64_t tickets = 1500;
  Dialect dialect = Dialect::kSqlite;
};

constexpr std::int64_t kMaximalTickets = 1'000'000;

/// Writes schema, configuration and data as one transaction. The same options give the same bytes
/// on every machine. The configuration is always the same; the seed decides the data.
/// REQUIRES: 0 <= tickets <= kMaximalTickets.
void generate(const Options& options, const Sink& sink);

}  // namespace helpdesk
