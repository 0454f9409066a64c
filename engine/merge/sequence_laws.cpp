#include <algorithm>
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "merge/sequence.hpp"

/// Lists as their users see them, sequences of names, against merge_sequence: a second, naive
/// implementation that looks at neighbours only.
namespace doppel::merge {
namespace {

using Names = std::vector<std::int64_t>;

/// Some names in any order, with newcomers from `first` on put in anywhere.
Names side_of(const Names& base, std::int64_t first) {
  Names side = base;
  if (*rc::gen::inRange(0, 3) == 0) {
    for (std::size_t i = side.size(); i > 1; --i) {
      std::swap(side[i - 1], side[*rc::gen::inRange<std::size_t>(0, i)]);
    }
  } else if (side.size() > 1) {
    const auto from = *rc::gen::inRange<std::size_t>(0, side.size());
    const std::int64_t name = side[from];
    side.erase(side.begin() + static_cast<std::ptrdiff_t>(from));
    const auto to = *rc::gen::inRange<std::size_t>(0, side.size() + 1);
    side.insert(side.begin() + static_cast<std::ptrdiff_t>(to), name);
  }
  const int newcomers = *rc::gen::inRange(0, 3);
  for (int i = 0; i < newcomers; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, side.size() + 1);
    side.insert(side.begin() + static_cast<std::ptrdiff_t>(at), first + i);
  }
  return side;
}

std::vector<Member> members_of(const Names& base, const Names& live, const Names& sandbox) {
  std::map<std::int64_t, Member> members;
  const auto place = [&](const Names& side, std::optional<std::int64_t> Member::* at) {
    for (std::size_t i = 0; i < side.size(); ++i) {
      Member& member = members[side[i]];
      member.key = {side[i]};
      member.*at = static_cast<std::int64_t>(i) * 10;
    }
  };
  place(base, &Member::base);
  place(live, &Member::live);
  place(sandbox, &Member::sandbox);
  std::vector<Member> list;
  for (auto& [name, member] : members) {
    member.merged = member.live ? *member.live : *member.sandbox;
    list.push_back(member);
  }
  return list;
}

bool is_base(std::int64_t name) { return name < 100; }

/// The last name of the base in front of a newcomer; 0 for none.
std::int64_t in_front_of(const Names& names, std::int64_t newcomer) {
  std::int64_t last = 0;
  for (const std::int64_t name : names) {
    if (name == newcomer) break;
    if (is_base(name)) last = name;
  }
  return last;
}

bool is_behind_all(const Names& names, std::int64_t newcomer) {
  const auto at = std::ranges::find(names, newcomer);
  return std::none_of(at, names.end(), is_base);
}

Names only_base(const Names& names) {
  Names kept;
  std::ranges::copy_if(names, std::back_inserter(kept), is_base);
  return kept;
}

RC_GTEST_PROP(SequenceLaws, NewcomersStandAtTheEndOrBehindTheirNeighbour, ()) {
  Names base;
  const auto size = *rc::gen::inRange<std::int64_t>(0, 6);
  for (std::int64_t name = 1; name <= size; ++name) base.push_back(name);
  const Names live = side_of(base, 100);
  const Names sandbox = side_of(base, 200);
  const std::vector<Member> members = members_of(base, live, sandbox);
  for (const Prefer prefer : {Prefer::kNobody, Prefer::kLive, Prefer::kSandbox}) {
    const Sequence sequence = merge_sequence(members, prefer);
    RC_CLASSIFY(sequence.is_disputed, "disputed");
    Names merged;
    for (const std::size_t member : sequence.order) {
      merged.push_back(members[member].key[0].integer());
    }
    RC_LOG() << rc::toString(live) << " " << rc::toString(sandbox) << " " << rc::toString(merged);
    RC_ASSERT(merged.size() == members.size());
    for (const Names& side : {live, sandbox}) {
      for (const std::int64_t name : side) {
        if (is_base(name)) continue;
        if (is_behind_all(side, name)) {
          RC_ASSERT(is_behind_all(merged, name));
        } else {
          RC_ASSERT(in_front_of(merged, name) == in_front_of(side, name));
        }
      }
    }
    if (only_base(live) == base) RC_ASSERT(only_base(merged) == only_base(sandbox));
    if (only_base(sandbox) == base) RC_ASSERT(only_base(merged) == only_base(live));
  }
}

}  // namespace
}  // namespace doppel::merge
