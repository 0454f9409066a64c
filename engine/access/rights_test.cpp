// Who may do what [R1]: the judge, its texts, the preset roles and what docs say of them.
#include "access/rights.hpp"

#include <filesystem>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "access/roles.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"

namespace doppel::access {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Grants of(std::vector<std::string> texts) { return parse_grants(texts).grants; }

const Grants& role(std::string_view name) { return find_preset_role(name)->grants; }

std::string refusal(const Grants& grants, const Rights& limit, Right right, EnvironmentKind kind) {
  try {
    require(grants, limit, right, kind);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kForbidden);
    EXPECT_EQ(error.place(), to_text(right));
    return error.what();
  }
  return "";
}

TEST(Rights, ASandboxGivesNothingOfLivesThatLiveDoesNot) {
  // A copy of roles in a sandbox may say what it likes.
  Grants everything_in_sandboxes;
  for (const Right right : all_rights()) {
    for (const EnvironmentKind kind : all_environment_kinds()) {
      if (kind != EnvironmentKind::kLive) everything_in_sandboxes.give(right, kind);
    }
  }
  std::vector<std::string> given;
  for (const Right right : all_rights()) {
    if (may(everything_in_sandboxes, right, EnvironmentKind::kOverlay)) {
      given.emplace_back(to_text(right));
    }
  }
  // What touches the sandbox's own rows alone.
  EXPECT_THAT(given,
              ElementsAre("edit_config", "manage_environments", "promote", "approve", "roll_back"));
  EXPECT_FALSE(may(everything_in_sandboxes, Right::kReadUnmasked, EnvironmentKind::kShadow));
  EXPECT_TRUE(may(everything_in_sandboxes, Right::kEditData, EnvironmentKind::kShadow));
  EXPECT_TRUE(may(everything_in_sandboxes, Right::kReadUnmasked, EnvironmentKind::kClone));
  for (const Right right : all_rights()) {
    EXPECT_FALSE(may(everything_in_sandboxes, right, EnvironmentKind::kLive)) << to_text(right);
  }
}

TEST(Rights, PresetRolesKeepToTheirLimits) {
  for (const PresetRole& preset : preset_roles()) {
    for (const Right right : all_rights()) {
      for (const EnvironmentKind kind : all_environment_kinds()) {
        const bool listed = preset.grants.has(right, kind);
        // What a preset lists, it gives: no row of the table promises what the judge refuses.
        EXPECT_EQ(may(preset.grants, right, kind), listed)
            << preset.name << " " << to_text(right) << " " << to_text(kind);
      }
    }
  }
  EXPECT_FALSE(may(role("developer"), Right::kEditConfig, EnvironmentKind::kLive));
  EXPECT_FALSE(may(role("developer"), Right::kPromote, EnvironmentKind::kLive));
  EXPECT_TRUE(may(role("developer"), Right::kEditConfig, EnvironmentKind::kOverlay));
  EXPECT_FALSE(may(role("partner"), Right::kReadUnmasked, EnvironmentKind::kClone));
  EXPECT_FALSE(may(role("operator"), Right::kEnter, EnvironmentKind::kClone));
  EXPECT_FALSE(may(role("admin"), Right::kManageRoles, EnvironmentKind::kLive));
}

TEST(Rights, ARefusalNamesTheRight) {
  const Rights all = Rights().set();
  for (const Right right : all_rights()) {
    for (const EnvironmentKind kind : all_environment_kinds()) {
      EXPECT_THAT(refusal({}, all, right, kind),
                  HasSubstr("'" + std::string(to_text(right)) + "'"));
    }
  }
  EXPECT_EQ(refusal(role("agent"), all, Right::kPromote, EnvironmentKind::kLive),
            "your roles in live don't give the right 'promote' in live");
  EXPECT_EQ(refusal(role("admin"), Rights(), Right::kPromote, EnvironmentKind::kLive),
            "this token was made without the right 'promote'");
  EXPECT_EQ(refusal(role("admin"), all, Right::kPromote, EnvironmentKind::kLive), "");
}

TEST(Rights, ATokenNeverGivesMoreThanItsUserHas) {
  const Rights all = Rights().set();
  for (const PresetRole& preset : preset_roles()) {
    for (const Right right : all_rights()) {
      for (const EnvironmentKind kind : all_environment_kinds()) {
        EXPECT_EQ(may(preset.grants, all, right, kind), may(preset.grants, right, kind));
        EXPECT_FALSE(may(preset.grants, Rights(), right, kind));
      }
    }
  }
}

TEST(Rights, NobodyGivesWhatHeHasNot) {
  EXPECT_TRUE(may_assign(role("super_admin"), role("admin")));
  EXPECT_TRUE(may_assign(role("admin"), role("agent")));
  EXPECT_TRUE(may_assign(role("admin"), role("admin")));
  EXPECT_FALSE(may_assign(role("admin"), role("super_admin")));
  EXPECT_FALSE(may_assign(role("super_admin"), role("operator")));
  EXPECT_FALSE(may_assign(role("manager"), role("viewer")));  // He manages no users.
}

TEST(Rights, AreStoredAsTexts) {
  const std::vector<std::string> texts{"enter", "edit_config:overlay", "edit_config:clone"};
  EXPECT_EQ(to_texts(of(texts)), texts);
  for (const PresetRole& preset : preset_roles()) {
    const std::vector<std::string> stored = to_texts(preset.grants);
    const ParsedGrants parsed = parse_grants(stored);
    EXPECT_EQ(parsed.grants, preset.grants) << preset.name;
    EXPECT_THAT(parsed.unknown, IsEmpty());
  }
  const std::vector<std::string> wrong{"Enter", "enter:", "enter:moon",
                                       "",      ":live",  "enter:live:x"};
  const ParsedGrants parsed = parse_grants(wrong);
  EXPECT_EQ(parsed.unknown, wrong);
  EXPECT_EQ(parsed.grants, Grants());
  EXPECT_EQ(to_text(parse_rights("promote enter nonsense")), "enter promote");
  EXPECT_EQ(parse_environment_kind("partial"), EnvironmentKind::kClone);
  EXPECT_EQ(parse_environment_kind("shadow"), EnvironmentKind::kShadow);
  EXPECT_EQ(parse_environment_kind("moon"), std::nullopt);
}

/// The rows of the table below a heading, without their backticks.
std::vector<std::vector<std::string>> table_below(const std::string& text,
                                                  const std::string& heading) {
  std::vector<std::vector<std::string>> rows;
  bool below = false;
  for (const std::string& line : split(text, '\n')) {
    if (line.starts_with("#")) below = line == heading;
    if (!below || !line.starts_with("| `")) continue;
    std::vector<std::string> cells;
    for (const std::string& cell : split(std::string_view(line).substr(1, line.size() - 2), '|')) {
      std::string plain(trim(cell));
      std::erase(plain, '`');
      cells.push_back(plain);
    }
    rows.push_back(cells);
  }
  return rows;
}

TEST(Rights, TheDocsHaveTheSameTables) {
  const auto root = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
  const std::string page = read_file(root / "docs" / "reference" / "access.md");
  std::vector<std::vector<std::string>> expected;
  for (const PresetRole& preset : preset_roles()) {
    std::vector<std::string> row{std::string(preset.name), std::string(preset.who)};
    for (const EnvironmentKind kind : all_environment_kinds()) {
      row.push_back(join(split(to_text(preset.grants.of(kind)), ' '), ", "));
    }
    expected.push_back(row);
  }
  EXPECT_EQ(table_below(page, "## Roles"), expected);
  std::vector<std::string> rights;
  for (const auto& row : table_below(page, "## Rights")) rights.push_back(row.at(0));
  std::vector<std::string> known;
  for (const Right right : all_rights()) known.emplace_back(to_text(right));
  EXPECT_EQ(rights, known);
}

}  // namespace
}  // namespace doppel::access
