// Who is let into a sandbox.
#include "access/members.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "access/audit.hpp"
#include "base/error.hpp"
#include "tests/support/access_store.hpp"

namespace doppel::access {
namespace {

using testing::AccessStore;
using testing::StoreKind;

class MembersTest : public AccessStore {
 protected:
  std::vector<std::string> listed(const std::string& environment) {
    std::vector<std::string> all;
    for (const Member& member : list_members(store(), environment)) {
      all.push_back(member.user + " " + std::string(to_text(member.role)));
    }
    return all;
  }

  const Actor ada_{.who = "ada"};
  const SharedPlace place_{.id = "id-1", .name = "qa"};
};

TEST_P(MembersTest, AreAddedChangedAndRemoved) {
  set_owner(store(), ada_, place_, "ada");
  put_member(store(), ada_, place_, "bob", MemberRole::kReading);
  put_member(store(), ada_, place_, "bob", MemberRole::kEditing);
  EXPECT_THAT(listed("id-1"), ::testing::ElementsAre("ada owner", "bob editing"));
  EXPECT_EQ(find_member(store(), "id-1", "bob"), MemberRole::kEditing);
  EXPECT_EQ(find_owner(store(), "id-1"), "ada");
  EXPECT_TRUE(remove_member(store(), ada_, place_, "bob"));
  EXPECT_FALSE(remove_member(store(), ada_, place_, "bob"));
  EXPECT_FALSE(find_member(store(), "id-1", "bob"));
  const auto told = list_audit(store(), {.resource = "member"});
  ASSERT_EQ(told.size(), 4U);
  EXPECT_EQ(told[0].verb, "remove_member");
  EXPECT_EQ(told[0].environment, "qa");
}

TEST_P(MembersTest, OfOneSandboxAndTenantAreNotThoseOfAnother) {
  set_owner(store(), ada_, place_, "ada");
  EXPECT_FALSE(find_member(store(), "id-2", "ada"));
  EXPECT_FALSE(find_member(store("other"), "id-1", "ada"));
  EXPECT_FALSE(find_owner(store("other"), "id-1"));
}

TEST_P(MembersTest, HaveOneOwnerAtATime) {
  set_owner(store(), ada_, place_, "ada");
  put_member(store(), ada_, place_, "bob", MemberRole::kReading);
  set_owner(store(), ada_, place_, "bob");
  EXPECT_THAT(listed("id-1"), ::testing::ElementsAre("bob owner"));
}

TEST_P(MembersTest, AreNotTooMany) {
  std::string rows;
  for (std::size_t i = 0; i < kMostMembers; ++i) {
    rows += (i == 0 ? "" : ", ") + std::string("('acme', 'id-1', 'user-") + std::to_string(i) +
            "', 'reading', 0, 'ada')";
  }
  run("INSERT INTO access_member (tenant, environment, user_id, role, added_at, added_by) VALUES " +
      rows);
  EXPECT_THROW(put_member(store(), ada_, place_, "more", MemberRole::kReading), Error);
  put_member(store(), ada_, place_, "user-7", MemberRole::kEditing);
  EXPECT_EQ(find_member(store(), "id-1", "user-7"), MemberRole::kEditing);
  EXPECT_EQ(listed("id-1").size(), kMostMembers);
}

INSTANTIATE_TEST_SUITE_P(On, MembersTest, ::testing::Values(StoreKind::kFile, StoreKind::kServer),
                         [](const auto& with) { return testing::name_of(with.param); });

}  // namespace
}  // namespace doppel::access
