#pragma once

#include <string>
#include <string_view>

/// The desk's SQL for the one database and the other, from the same source.
namespace helpdesk {

enum class Dialect { kSqlite, kPostgresql };

/// Tables, view and triggers.
std::string schema_sql(Dialect dialect);

/// What moves the counters of keys past the rows that were written with theirs. Empty where the
/// database does that by itself.
std::string counters_sql(Dialect dialect);

}  // namespace helpdesk
