#include "merge/sequence.hpp"

#include <gtest/gtest.h>

namespace doppel::merge {
namespace {

/// Keys in the merged order.
std::vector<std::int64_t> order_of(const std::vector<Member>& members) {
  std::vector<std::int64_t> keys;
  const Sequence sequence = merge_sequence(members, Prefer::kNobody);
  EXPECT_FALSE(sequence.is_disputed);
  for (const std::size_t member : sequence.order) {
    keys.push_back(members[member].key[0].integer());
  }
  return keys;
}

/// The same with the sides' names exchanged.
std::vector<std::int64_t> order_from_the_other_side(std::vector<Member> members) {
  for (Member& member : members) std::swap(member.live, member.sandbox);
  return order_of(members);
}

TEST(Sequence, WhoIsNewOnBothSidesStandsWhereItComesFirst) {
  const std::vector<Member> members{
      {{1}, 10, 10, 10, 10}, {{2}, 20, 20, 20, 20}, {{3}, 30, 30, 30, 30}, {{7}, {}, 35, 15, 15}};
  EXPECT_EQ(order_of(members), (std::vector<std::int64_t>{1, 7, 2, 3}));
  EXPECT_EQ(order_from_the_other_side(members), order_of(members));
}

TEST(Sequence, NewMembersOfBothSidesKeepTheirPlaces) {
  const std::vector<Member> members{{{1}, 10, 10, 10, 10},
                                    {{2}, 20, 20, 20, 20},
                                    {{7}, {}, 12, {}, 12},
                                    {{8}, {}, {}, 11, 11},
                                    {{9}, {}, {}, 21, 21}};
  EXPECT_EQ(order_of(members), (std::vector<std::int64_t>{1, 8, 7, 2, 9}));
  EXPECT_EQ(order_from_the_other_side(members), order_of(members));
}

TEST(Sequence, WhoIsAppendedStaysAtTheEnd) {
  // The other side took the last one, behind which 9 was appended, to the front.
  const std::vector<Member> members{
      {{1}, 10, 10, 10, 10}, {{2}, 20, 20, 20, 20}, {{3}, 30, 30, 5, 5}, {{9}, {}, 40, {}, 40}};
  EXPECT_EQ(order_of(members), (std::vector<std::int64_t>{3, 1, 2, 9}));
  EXPECT_EQ(order_from_the_other_side(members), order_of(members));
}

TEST(Sequence, WhoIsInsertedFollowsWhoItStandsBehind) {
  const std::vector<Member> members{
      {{1}, 10, 10, 10, 10}, {{2}, 20, 20, 40, 40}, {{3}, 30, 30, 30, 30}, {{9}, {}, 25, {}, 25}};
  EXPECT_EQ(order_of(members), (std::vector<std::int64_t>{1, 3, 2, 9}));
  EXPECT_EQ(order_from_the_other_side(members), order_of(members));
}

TEST(Sequence, TurnsOfDifferentMembersBothHold) {
  const std::vector<Member> members{
      {{1}, 1, 2, 1, 2}, {{2}, 2, 1, 2, 1}, {{3}, 3, 3, 4, 4}, {{4}, 4, 4, 3, 3}};
  EXPECT_EQ(order_of(members), (std::vector<std::int64_t>{2, 1, 4, 3}));
  EXPECT_EQ(order_from_the_other_side(members), order_of(members));
}

}  // namespace
}  // namespace doppel::merge
