#pragma once

#include <map>
#include <string>

#include "base/random.hpp"
#include "changeset/changeset.hpp"
#include "tests/support/world.hpp"

/// A random world as an application's database, written and read by plain SQL of its own. `where`
/// is a file of SQLite or a DSN of PostgreSQL.
namespace doppel::testing {

enum class Dialect { kSqlite, kPostgresql };
Dialect dialect_of(const std::string& where);

std::string schema_sql(const manifest::Model& model, Dialect dialect);
/// The table `entries` that every world's database has beside is its data.
std::string manifest_text(const manifest::Model& model, const std::string& carrier);

void make_world_file(const std::string& where, const World& world);

/// SQL that takes the rows from one state to another in one transaction, with verbs of chance:
/// UPDATE, REPLACE (SQLite), DELETE and INSERT. Empty where nothing is to be done.
std::string edit_sql(const changeset::State& from, const changeset::State& to, Random& random,
                     Dialect dialect);

/// What an application does by its own connection.
void run_sql(const std::string& where, const std::string& sql);

/// The rows of data.
using Entries = std::map<std::int64_t, std::string>;
Entries read_entries(const std::string& where);

changeset::State read_state(const std::string& where, const manifest::Model& model);

/// What SQLite finds wrong with the file; of PostgreSQL what is left of sandboxes that aren't
/// there. Empty: nothing.
std::string damage_of(const std::string& where);

/// The same rows with NULL in volatile columns.
changeset::State without_volatile(const manifest::Model& model, changeset::State state);

/// The first differences, for a message. Empty: none.
std::string differences(const changeset::State& expected, const changeset::State& seen);

}  // namespace doppel::testing
