#pragma once

#include <functional>
#include <string>

#include "changeset/changeset.hpp"
#include "plan/diff.hpp"

/// What the simulator thinks in: whole states, row by row.
namespace doppel::testing {

const Row* row_of(const changeset::State& state, const std::string& table, const Key& key);
bool same(const Row* one, const Row* other);

using Visit = std::function<void(const std::string& table, const Key&, const Row* base,
                                 const Row* live, const Row* shown)>;
void for_each_row(const changeset::State& base, const changeset::State& live,
                  const changeset::State& shown, const Visit& visit);

/// The base that a diff speaks of.
changeset::State base_of(const plan::Diff& diff, changeset::State shown);

}  // namespace doppel::testing
