#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/row_change.hpp"

namespace doppel::changeset {

/// The shape of a table as changesets and snapshots store it: its name as the member `name`, the
/// `columns` and the positions of the `key`. Throws Error(kInvalidInput) with `place` for what
/// can't be a table: no key, a column twice, a position outside.
TableShapePtr shape_from_json(const json::value& stored, std::string_view name,
                              const std::string& place);

}  // namespace doppel::changeset
