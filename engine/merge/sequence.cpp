#include "merge/sequence.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>

namespace doppel::merge {
namespace {

using Side = std::optional<std::int64_t> Member::*;
using Order = std::vector<std::size_t>;

/// Members of a side, in its order.
Order sorted_by(const std::vector<Member>& members, Side side) {
  Order order;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (members[i].*side) order.push_back(i);
  }
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    if (members[a].*side != members[b].*side) return members[a].*side < members[b].*side;
    return members[a].key < members[b].key;
  });
  return order;
}

Order only_common(const Order& order, const std::vector<bool>& is_common) {
  Order kept;
  std::ranges::copy_if(order, std::back_inserter(kept),
                       [&](std::size_t member) { return is_common[member]; });
  return kept;
}

/// Which members take part in a change of the relative order against `base`.
std::vector<bool> moved_members(const Order& base, const Order& side, std::size_t count) {
  std::vector<std::size_t> position(count);
  for (std::size_t i = 0; i < base.size(); ++i) position[base[i]] = i;
  std::vector<bool> moved(count, false);
  std::size_t highest = 0;
  for (std::size_t i = 0; i < side.size(); ++i) {
    if (i > 0 && position[side[i]] < highest) moved[side[i]] = true;
    highest = std::max(highest, position[side[i]]);
  }
  std::size_t lowest = std::numeric_limits<std::size_t>::max();
  for (std::size_t i = side.size(); i-- > 0;) {
    if (position[side[i]] > lowest) moved[side[i]] = true;
    lowest = std::min(lowest, position[side[i]]);
  }
  return moved;
}

/// The common members: one side's order where only that changed it, both where they changed
/// different members.
Order merge_common(const Order& base, const Order& live, const Order& sandbox, std::size_t count,
                   Prefer prefer, bool& is_disputed) {
  if (live == sandbox || sandbox == base) return live;
  if (live == base) return sandbox;
  const auto moved_there = moved_members(base, live, count);
  const auto moved_here = moved_members(base, sandbox, count);
  for (const std::size_t member : base) {
    is_disputed = is_disputed || (moved_there[member] && moved_here[member]);
  }
  if (is_disputed) return prefer == Prefer::kSandbox ? sandbox : live;
  // The sandbox's moved members change places among themselves, inside live's order.
  Order merged = live;
  auto next = sandbox.begin();
  for (std::size_t& place : merged) {
    if (!moved_here[place]) continue;
    while (!moved_here[*next]) ++next;
    place = *next++;
  }
  return merged;
}

constexpr std::size_t kNotHere = std::numeric_limits<std::size_t>::max();

/// For each member of a side where it belongs between the common ones, by their merged order:
/// behind the one that it stands behind there, and at the end where it stands behind them all.
std::vector<std::size_t> gaps_of(const Order& side, const std::vector<bool>& is_common,
                                 const std::vector<std::size_t>& rank, std::size_t common) {
  std::vector<std::size_t> gaps(is_common.size(), kNotHere);
  std::size_t gap = 0;
  std::size_t passed = 0;
  for (const std::size_t member : side) {
    if (is_common[member]) gap = ++passed == common ? common : rank[member] + 1;
    gaps[member] = gap;
  }
  return gaps;
}

}  // namespace

Sequence merge_sequence(const std::vector<Member>& members, Prefer prefer) {
  const std::size_t count = members.size();
  std::vector<bool> is_common(count);
  for (std::size_t i = 0; i < count; ++i) {
    is_common[i] = members[i].base && members[i].live && members[i].sandbox;
  }
  const Order live = sorted_by(members, &Member::live);
  const Order sandbox = sorted_by(members, &Member::sandbox);
  Sequence result;
  const Order common = merge_common(only_common(sorted_by(members, &Member::base), is_common),
                                    only_common(live, is_common), only_common(sandbox, is_common),
                                    count, prefer, result.is_disputed);
  std::vector<std::size_t> rank(count);
  for (std::size_t i = 0; i < common.size(); ++i) rank[common[i]] = i;
  const auto in_live = gaps_of(live, is_common, rank, common.size());
  const auto in_sandbox = gaps_of(sandbox, is_common, rank, common.size());
  std::vector<Order> behind(common.size() + 1);
  for (std::size_t i = 0; i < count; ++i) {
    // Who is new on both sides stands where it comes first.
    const std::size_t gap = std::min(in_live[i], in_sandbox[i]);
    if (!is_common[i] && gap != kNotHere) behind[gap].push_back(i);
  }
  for (std::size_t gap = 0; gap <= common.size(); ++gap) {
    if (gap > 0) result.order.push_back(common[gap - 1]);
    std::ranges::sort(behind[gap], [&](std::size_t a, std::size_t b) {
      if (members[a].merged != members[b].merged) return members[a].merged < members[b].merged;
      return members[a].key < members[b].key;
    });
    result.order.insert(result.order.end(), behind[gap].begin(), behind[gap].end());
  }
  return result;
}

std::vector<std::int64_t> renumber(const std::vector<Member>& members, const Order& order,
                                   Ties ties) {
  std::vector<std::int64_t> values;
  for (const std::size_t member : order) values.push_back(members[member].merged);
  const auto stands_right = [&](std::size_t i) {
    if (values[i - 1] != values[i]) return values[i - 1] < values[i];
    return ties == Ties::kByKey && members[order[i - 1]].key < members[order[i]].key;
  };
  bool all_right = true;
  for (std::size_t i = 1; i < order.size(); ++i) all_right = all_right && stands_right(i);
  if (all_right) return values;
  std::ranges::sort(values);
  for (std::size_t i = 1; i < order.size(); ++i) {
    values[i] = std::max(values[i], values[i - 1]);
    if (!stands_right(i) && values[i] < std::numeric_limits<std::int64_t>::max()) {
      values[i] = values[i - 1] + 1;
    }
  }
  return values;
}

}  // namespace doppel::merge
