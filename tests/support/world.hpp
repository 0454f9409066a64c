#pragma once

#include "base/random.hpp"
#include "changeset/changeset.hpp"
#include "changeset/order.hpp"
#include "manifest/model.hpp"

/// Random schemas, states and edits, for laws, differential tests and the simulator.
namespace doppel::testing {

struct WorldOptions {
  std::size_t tables = 4;  ///< at most
  std::size_t rows = 6;    ///< at most, in each table of the first state
  bool with_lists = true;
  bool with_volatile = true;
  bool with_natural_keys = true;
  bool with_unique_keys = true;
  bool with_references = true;
  bool with_given_keys = true;  ///< integer keys that the database gives
  bool with_references_by_name = true;
  bool with_mixed_values = true;  ///< values of every kind in one column; else text
  bool with_parts = false;        ///< columns whose values merge inside (see parts.hpp)
};

/// A schema as a bound model, and a state of it that keeps every unique key and reference.
struct World {
  WorldOptions options;
  manifest::Model model;
  changeset::State base;
};

/// Keys of one to three columns, references (by key, by name, to itself and in cycles, all
/// nullable), unique names and codes, ordered lists, volatile columns, values that are NULL, equal
/// and different often.
World make_world(Random& random, const WorldOptions& options = {});

struct EditOptions {
  std::size_t edits = 8;  ///< at most
  /// New integer keys begin here: the same number in two sides makes keys collide.
  std::int64_t first_key = 100;
};

/// A state after some inserts, updates, deletes, swaps and moves. It keeps every unique key and
/// reference, as a database would see to.
changeset::State edit(const World& world, changeset::State state, Random& random,
                      const EditOptions& options = {});

/// What is wrong with a state: unique keys held twice, references to nothing. Empty: nothing.
std::vector<std::string> violations(const manifest::Model& model, const changeset::State& state);

/// The rules by which changes of the model's tables are put in order.
changeset::OrderRules order_rules(const manifest::Model& model);

}  // namespace doppel::testing
