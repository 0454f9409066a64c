#pragma once

#include <map>
#include <string>
#include <vector>

#include "changeset/changeset.hpp"
#include "database/schema.hpp"
#include "manifest/model.hpp"
#include "merge/merge.hpp"

/// Changes taken to where the world has gone on: to another schema, to other keys.
namespace doppel::overlay {

/// Why rows of a sandbox don't fit live's table any more, column by column; empty when they do.
std::string misfit(const TableShape& sandbox, const TableShape& live);

/// A change in the columns that live's table has now. A column that is new has its default in both
/// images, so that a merge leaves it to live and a row that live's migration alone touched counts
/// as untouched. A column that is gone goes. Throws Error(kSchemaChanged) where the key is another.
RowChange fitted(const RowChange& change, const TableShapePtr& live,
                 const std::map<std::string, Value>& defaults);

/// The row with its references to re-keyed rows rewritten: plain and polymorphic ones, and ids in
/// texts. `lookup` answers rows of the environment that the row stands in.
Row following(const manifest::Model& model, const manifest::TableModel& table, const Row& row,
              const std::vector<merge::Rekeyed>& rekeyed, const manifest::RowLookup& lookup);

}  // namespace doppel::overlay
