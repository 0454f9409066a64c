#pragma once

#include <string>
#include <vector>

#include "changeset/changeset.hpp"

namespace doppel::changeset {

/// What the order of changes must respect, as plain column positions.
struct OrderRules {
  struct Reference {
    std::string table;
    std::vector<std::size_t> columns;
    std::string target;
    std::vector<std::string> target_columns;
    bool nullable = false;  ///< whether a cycle may be broken here by writing NULL first
  };
  struct Unique {
    std::string table;
    std::vector<std::size_t> columns;
    /// Values that several rows may hold at once, where the key holds rows of a condition only.
    std::vector<std::vector<Value>> shared = {};
  };
  std::vector<Reference> references;
  std::vector<Unique> uniques;
};

/// The changes in an order in which each can be applied by itself to a database that judges
/// references and unique keys at once: parents before children, children's deletes before their
/// parents', a value freed before it is taken. Cycles (two names swapped, rows that refer to each
/// other) are broken by parking: a row is first written with a value nobody has (or NULL), and
/// changed again at the end, so one row may have two changes. Every change's `before` is what the
/// ones in front of it left.
/// normalise(ordered(c)) == normalise(c).
ChangeSet ordered(ChangeSet changes, const OrderRules& rules);

}  // namespace doppel::changeset
