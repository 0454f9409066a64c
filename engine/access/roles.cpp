#include "access/roles.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace doppel::access {
namespace {

/// A role with its rights in live, overlays, shadows and clones.
struct Line {
  std::string_view name, who;
  std::array<std::string_view, kEnvironmentKindCount> rights;
};

constexpr std::string_view kAll =
    "enter edit_config edit_data read_unmasked manage_environments promote approve roll_back "
    "manage_gate manage_users manage_roles read_audit";
constexpr std::string_view kAdmin =
    "enter edit_config edit_data read_unmasked manage_environments promote approve roll_back "
    "manage_gate manage_users read_audit";
constexpr std::string_view kRecords = "enter edit_data read_unmasked";
constexpr std::string_view kBuild =
    "enter edit_config manage_environments promote approve roll_back";

constexpr std::array kLines{
    Line{"super_admin", "owns the tenant", {kAll, kAll, kAll, kAll}},
    Line{"admin", "configures the application", {kAdmin, kAdmin, kAdmin, kAdmin}},
    Line{"manager",
         "leads people who work on records",
         {"enter edit_data read_unmasked approve read_audit", kRecords, kRecords, kRecords}},
    Line{"rep", "sells", {kRecords, kRecords, kRecords, kRecords}},
    Line{"agent", "answers cases", {kRecords, kRecords, kRecords, kRecords}},
    Line{"developer",
         "builds config; free in sandboxes, a reader in live",
         {"enter", kBuild, kBuild,
          "enter edit_config edit_data read_unmasked manage_environments promote approve "
          "roll_back"}},
    Line{"tester", "tries what others built", {"enter", "enter", "enter edit_data", kRecords}},
    Line{"security_tester",
         "attacks clones and nothing else",
         {"", "", "", "enter edit_config edit_data read_unmasked"}},
    Line{"trainer",
         "teaches, with clones of his own",
         {"enter", "enter", "enter",
          "enter edit_config edit_data read_unmasked manage_environments"}},
    Line{"trainee", "learns in a clone", {"", "", "", kRecords}},
    Line{"partner",
         "from outside; never sees personal data in clear",
         {"", "", "", "enter edit_config edit_data"}},
    Line{"viewer", "reads, personal data masked", {"enter", "enter", "enter", "enter"}},
    Line{"operator",
         "the vendor's staff; sees no tenant's rows",
         {"operate", "operate", "operate", "operate"}},
};

std::vector<PresetRole> made() {
  std::vector<PresetRole> roles;
  for (const Line& line : kLines) {
    PresetRole role{line.name, line.who, {}};
    for (const EnvironmentKind kind : all_environment_kinds()) {
      const Rights rights = parse_rights(line.rights.at(static_cast<std::size_t>(kind)));
      for (const Right right : all_rights()) {
        if (rights.test(static_cast<std::size_t>(right))) role.grants.give(right, kind);
      }
    }
    roles.push_back(role);
  }
  return roles;
}

}  // namespace

std::span<const PresetRole> preset_roles() {
  static const std::vector<PresetRole> kRoles = made();
  return kRoles;
}

const PresetRole* find_preset_role(std::string_view name) {
  const auto found = std::ranges::find(preset_roles(), name, &PresetRole::name);
  return found == preset_roles().end() ? nullptr : &*found;
}

}  // namespace doppel::access
