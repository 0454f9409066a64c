#pragma once

#include <optional>
#include <vector>

#include "changeset/dependencies.hpp"

/// Writing a row with a value nobody has, to break a cycle. Internal to the room.
namespace doppel::changeset {

/// What a step of the schedule does to its row.
struct Step {
  std::size_t change = 0;
  ChangeKind kind = ChangeKind::kUpdate;
  std::vector<std::size_t> parked;  ///< columns to be written parked; empty: the final image
};

/// How a step on a cycle can be split in two so that the cycle is cut.
struct Cut {
  std::size_t column = 0;  ///< parked by the first half
  bool with_null = false;
};

/// Whether the dependency into `step` binds its second half when `column` is parked first.
bool binds_second_half_in(const Step& step, const Dependency& in, std::size_t column);
/// Whether the dependency out of `step` is met by its first half already.
bool met_by_first_half(const Step& step, const Dependency& out, std::size_t column);

/// A way to cut the cycle at `step` between its dependencies `in` and `out`, if there is one.
std::optional<Cut> find_cut(const RowChange& change, const Step& step, const Dependency& in,
                            const Dependency& out, const OrderRules& rules);

/// A value of the same kind that nobody has; `number` makes it the only one.
Value parked_value(const Value& like, std::int64_t number);

}  // namespace doppel::changeset
