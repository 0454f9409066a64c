#pragma once

#include <set>
#include <string>
#include <vector>

#include "changeset/changeset.hpp"
#include "manifest/model.hpp"
#include "plan/plan.hpp"

/// What merging a sandbox into live must give, thought out a second time: whole states, row by row
/// and cell by cell, in worlds of any kind. What only the product can decide is taken from what it
/// says and judged: which questions it asks, how they were answered, which new keys rows get.
namespace doppel::testing {

/// Three states to be merged, and what the product says about it.
struct ThreeStates {
  const manifest::Model& model;
  const changeset::State& base;
  const changeset::State& live;
  const changeset::State& shown;
  const plan::Plan& told;  ///< of all changes, made before the merge
};

/// A state, and where it doesn't say what stands: see README.md for each kind of such a place.
struct Expected {
  changeset::State state;
  std::set<std::pair<std::string, Key>> open_rows;
  std::set<std::pair<std::string, std::size_t>> open_columns;
};

/// Live after the whole of the sandbox was promoted.
Expected expect_promoted(const ThreeStates& sides);

/// What the sandbox shows after a refresh, and the base that its changes are told against then.
struct ExpectedSandbox {
  Expected shown;
  Expected base;
};
ExpectedSandbox expect_refreshed(const ThreeStates& sides);

/// The sandbox's rows, those of `left_out` as they are in the base.
changeset::State without(const changeset::State& base, const changeset::State& shown,
                         const std::vector<overlay::RowId>& left_out);

/// Live's rows may not fit beside what was left out; then only the bases move.
enum class Settled { kRows, kBases };

/// A sandbox after a part of it was promoted, which `live` has by now; told: that promotion's plan.
ExpectedSandbox expect_left(const ThreeStates& sides, Settled settled);

/// Questions that are asked without need, and such as should be asked and aren't. Empty: none.
std::string wrong_questions(const ThreeStates& sides);

/// The first differences, for a message; places that `expected` leaves open count for nothing, but
/// rows there that only one of the two sides knows.
std::string differences(const manifest::Model& model, const Expected& expected,
                        const changeset::State& seen);

}  // namespace doppel::testing
