#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "database/connection.hpp"

/// What a new organisation starts with.
namespace doppel::desk {

/// Rows to insert: every table's columns, in an order in which references stand.
struct SeededTable {
  std::string table;
  std::vector<std::string> columns;
  std::vector<Row> rows;
};

struct Seed {
  std::vector<SeededTable> tables;
  /// `queues.support` and the like: the key of the row that has this name in the seed.
  std::map<std::string, std::string, std::less<>> keys;
};

/// The same id for the same three, shaped as a UUID of version 7 made at the instant.
std::string seeded_id(std::uint64_t seed, std::string_view name, Instant made_at);

/// The starting configuration; equal arguments give equal rows. `schema` says which columns are
/// numbers. Throws Error(kInternal) for a mistake in the seed's own file.
Seed starting_configuration(const database::Schema& schema, std::uint64_t seed, Instant now);

/// Writes it, in the open transaction.
void insert_seed(database::SqlRunner& sql, const Seed& seed);

/// Writes it where the desk has no configuration yet, in one transaction. False where it has.
bool seed_organisation(database::Connection& connection, std::uint64_t seed, Instant now);

}  // namespace doppel::desk
