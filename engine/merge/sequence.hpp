#pragma once

#include <optional>
#include <vector>

#include "base/value.hpp"

/// Three-way merge of a sequence. Knows nothing of tables.
namespace doppel::merge {

/// A member of an ordered list, with its order value on each side that has it.
struct Member {
  Key key;
  std::optional<std::int64_t> base, live, sandbox;
  std::int64_t merged = 0;  ///< the order value it would have if nobody else were there
};

struct Sequence {
  /// Members (indices) in their merged order.
  std::vector<std::size_t> order;
  /// Both sides moved the same members, to different places; `order` is then live's.
  bool is_disputed = false;
};

enum class Prefer { kNobody, kLive, kSandbox };

/// Equal order values stand by key. Members that one side added at the beginning or the end stay
/// there, also where the other side moved their neighbour; others stand behind the member that they
/// stood behind.
Sequence merge_sequence(const std::vector<Member>& members, Prefer prefer);

enum class Ties { kByKey, kNone };

/// Order values that put members into `order`, changing as few as can be: those that they have,
/// if these do; else the same values dealt out anew, and raised where two would be equal (kNone) or
/// stand the wrong way round.
std::vector<std::int64_t> renumber(const std::vector<Member>& members,
                                   const std::vector<std::size_t>& order, Ties ties);

}  // namespace doppel::merge
