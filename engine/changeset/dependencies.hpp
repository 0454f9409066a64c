#pragma once

#include <vector>

#include "changeset/order.hpp"

/// Which change must come before which, and why. Internal to the room.
namespace doppel::changeset {

/// Change `from` must come before change `to` (indices into the changes).
struct Dependency {
  enum class Kind {
    kFree,    ///< `from` gives up a unique value that `to` takes
    kParent,  ///< `from` makes the row (or value) that `to` refers to
    kChild,   ///< `from` stops referring to what `to` takes away
  };
  Kind kind = Kind::kFree;
  std::size_t from = 0;
  std::size_t to = 0;
  const std::vector<std::size_t>* from_columns = nullptr;  ///< of the row of `from`; borrowed
  const std::vector<std::size_t>* to_columns = nullptr;    ///< of the row of `to`; borrowed
  bool nullable = false;  ///< kParent, kChild: whether the reference may be NULL for a while
};

/// The columns that dependencies borrow live here.
struct Dependencies {
  std::vector<Dependency> all;
  std::vector<std::vector<std::size_t>> target_columns;  ///< by reference of the rules
};

/// REQUIRES: at most one change for a row.
Dependencies find_dependencies(const ChangeSet& changes, const OrderRules& rules);

}  // namespace doppel::changeset
