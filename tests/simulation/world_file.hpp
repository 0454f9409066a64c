#pragma once

#include <filesystem>
#include <string>

#include "base/random.hpp"
#include "changeset/changeset.hpp"
#include "tests/support/world.hpp"

/// A random world as an application's database file, written and read by plain SQL of its own.
namespace doppel::testing {

std::string schema_sql(const manifest::Model& model);
std::string manifest_text(const manifest::Model& model);

void make_world_file(const std::filesystem::path& file, const World& world);

/// Takes the rows of a file from one state to another in one transaction, with verbs of chance:
/// UPDATE, REPLACE, DELETE and INSERT.
void write_edit(const std::filesystem::path& file, const changeset::State& from,
                const changeset::State& to, Random& random);

changeset::State read_state(const std::filesystem::path& file, const manifest::Model& model);

/// What SQLite finds wrong with the file. Empty: nothing.
std::string damage_of(const std::filesystem::path& file);

/// The same rows with NULL in volatile columns.
changeset::State without_volatile(const manifest::Model& model, changeset::State state);

/// The first differences, for a message. Empty: none.
std::string differences(const changeset::State& expected, const changeset::State& seen);

}  // namespace doppel::testing
