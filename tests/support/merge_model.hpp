#pragma once

#include <set>

#include "changeset/changeset.hpp"
#include "manifest/model.hpp"

/// A second, naive three-way merge, to hold merge.cpp against: it walks over every cell of three
/// whole states and shares no code with it. It knows fields (a reference of several columns is
/// one), deletions and keys. Whether its outcome keeps unique keys, natural keys and references is
/// for violations() to say; of lists it knows nothing.
namespace doppel::testing {

/// A question that the model expects: kind (as merge::to_text says it), table, key, column (empty:
/// the row).
struct ExpectedConflict {
  std::string kind;
  std::string table;
  Key key;
  std::string column;
  friend auto operator<=>(const ExpectedConflict&, const ExpectedConflict&) = default;
};

struct ModelMerge {
  changeset::State merged;  ///< live with everything of the sandbox that nothing holds back
  std::set<ExpectedConflict> conflicts;
};

ModelMerge naive_merge(const manifest::Model& model, const changeset::State& base,
                       const changeset::State& live, const changeset::State& sandbox);

}  // namespace doppel::testing
