#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/random.hpp"
#include "changeset/changeset.hpp"
#include "tests/support/world.hpp"

/// A random world as an application's database file, written and read by plain SQL of its own.
namespace doppel::testing {

std::string schema_sql(const manifest::Model& model);
/// The table `entries` that every world's file has beside is its data.
std::string manifest_text(const manifest::Model& model, const std::string& carrier);

void make_world_file(const std::filesystem::path& file, const World& world);

/// SQL that takes the rows from one state to another in one transaction, with verbs of chance:
/// UPDATE, REPLACE, DELETE and INSERT. Empty where nothing is to be done.
std::string edit_sql(const changeset::State& from, const changeset::State& to, Random& random);

/// What an application does by its own connection.
void run_sql(const std::filesystem::path& file, const std::string& sql);

/// The rows of data.
using Entries = std::map<std::int64_t, std::string>;
Entries read_entries(const std::filesystem::path& file);

changeset::State read_state(const std::filesystem::path& file, const manifest::Model& model);

/// What SQLite finds wrong with the file. Empty: nothing.
std::string damage_of(const std::filesystem::path& file);

/// The same rows with NULL in volatile columns.
changeset::State without_volatile(const manifest::Model& model, changeset::State state);

/// The first differences, for a message. Empty: none.
std::string differences(const changeset::State& expected, const changeset::State& seen);

}  // namespace doppel::testing
