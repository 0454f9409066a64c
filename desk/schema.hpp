#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "database/connection.hpp"

/// The desk's tables: one logical schema for both databases, and the manifest that says what they
/// are.
namespace doppel::desk {

enum class Dialect { kSqlite, kPostgresql };

/// Of `sqlite:PATH` or `postgresql://...`. Throws Error(kUsage) for anything else.
Dialect dialect_of(const std::string& dsn);

/// Text of the schema's files in the dialect: text is compared byte by byte on both databases.
std::string in_dialect(std::string_view sql, Dialect dialect);

/// Brings the tables of a database to today's schema, in one transaction, and returns the names of
/// the steps that were missing; nothing of a schema that stands is done again. Throws
/// Error(kNewerStore) where a newer doppel has been at it, Error(kUnsupported) where tables of
/// these names belong to somebody else; then nothing has changed.
std::vector<std::string> apply_schema(database::Connection& connection, Dialect dialect,
                                      const Clock& clock);

/// The desk's manifest, with the carrier that the database has: split, or rows.
std::string manifest_text(Dialect dialect);

/// An instant as the desk stores it: with all six digits of its fraction, so that texts sort as
/// instants do.
std::string instant_text(Instant instant);

}  // namespace doppel::desk
