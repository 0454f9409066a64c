#include "desk/directory.hpp"

#include <gtest/gtest.h>

#include "access/roles.hpp"
#include "tests/support/desk_stand.hpp"

namespace doppel::desk {
namespace {

using testing::DeskStand;

class DirectoryTest : public ::testing::TestWithParam<Dialect> {
 protected:
  DeskStand stand_{GetParam()};
  std::unique_ptr<database::Connection> live_ =
      testing::attach_any(stand_.dsn())->open(database::Access::kReadWrite);
  std::unique_ptr<access::Directory> directory_ =
      open_directory(*live_, stand_.clock, stand_.random);
};

TEST_P(DirectoryTest, MakesTheFirstAdministratorOnce) {
  const auto first = directory_->first_super_admin();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->state, access::AccountState::kInvited);
  EXPECT_EQ(directory_->first_super_admin()->id, first->id);
  directory_->set_password_hash(first->id, "hash");
  EXPECT_FALSE(directory_->first_super_admin());
  const auto found = directory_->find_by_login("ADMIN");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, first->id);
  EXPECT_TRUE(found->is_active());
  EXPECT_EQ(found->grants, access::find_preset_role(access::kSuperAdmin)->grants);
  EXPECT_FALSE(directory_->find_by_login("nobody"));
}

TEST_P(DirectoryTest, StartsWithThePresetRoles) {
  for (const access::PresetRole& role : access::preset_roles()) {
    const auto rows = live_->sql()->query("SELECT rights FROM roles WHERE code = $1", {role.name});
    ASSERT_EQ(rows.size(), 1U) << role.name;
    std::vector<std::string> texts;
    const json::value rights = parse_json(rows[0][0].text(), "rights");
    for (const json::value& item : rights.as_array()) {
      texts.emplace_back(item.as_string());
    }
    const access::ParsedGrants parsed = access::parse_grants(texts);
    EXPECT_TRUE(parsed.unknown.empty()) << role.name;
    EXPECT_EQ(parsed.grants, role.grants) << role.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Both, DirectoryTest,
                         ::testing::Values(Dialect::kSqlite, Dialect::kPostgresql),
                         [](const auto& with) {
                           return with.param == Dialect::kSqlite ? "sqlite" : "postgresql";
                         });

}  // namespace
}  // namespace doppel::desk
