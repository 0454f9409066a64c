#pragma once

#include <functional>
#include <string>

#include "changeset/changeset.hpp"
#include "manifest/model.hpp"
#include "plan/diff.hpp"

/// What the simulator expects, thought out a second time: whole states, merged cell by cell.
namespace doppel::testing {

const Row* row_of(const changeset::State& state, const std::string& table, const Key& key);
bool same(const Row* one, const Row* other);

using Visit = std::function<void(const std::string& table, const Key&, const Row* base,
                                 const Row* live, const Row* shown)>;
void for_each_row(const changeset::State& base, const changeset::State& live,
                  const changeset::State& shown, const Visit& visit);

/// Each cell of the sandbox where it differs from the base, else live's: what a sandbox shows after
/// a refresh, and what live holds after the sandbox was promoted with its side taken everywhere.
/// Right where no table has lists, names of its own or keys that the database gives.
changeset::State cell_by_cell(const changeset::State& base, const changeset::State& live,
                              const changeset::State& shown);

/// The base of a sandbox after such a refresh: where a question stays open the base does, too.
changeset::State base_after_refresh(const changeset::State& base, const changeset::State& live,
                                    const changeset::State& shown);

/// Whether some cell or row was changed on both sides to different ends.
bool meet(const changeset::State& base, const changeset::State& live,
          const changeset::State& shown);

/// Edits that one side made where the other didn't touch the row or cell, and that `merged` hasn't.
/// Holds whatever the tables are: places in lists, references and rows that the two sides may make
/// equally are left out, because merging may rightly write those.
std::string lost_edits(const manifest::Model& model, const changeset::State& base,
                       const changeset::State& live, const changeset::State& shown,
                       const changeset::State& merged);

/// The base that a diff speaks of.
changeset::State base_of(const plan::Diff& diff, changeset::State shown);

}  // namespace doppel::testing
