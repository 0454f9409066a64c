#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "access/rights.hpp"

/// The roles that every application starts with [R1]; it may change them and have others. The same
/// table stands in docs/reference/access.md, which a test compares.
namespace doppel::access {

struct PresetRole {
  std::string_view name;
  std::string_view who;  ///< for whom it is, in a few words
  Grants grants;
};

std::span<const PresetRole> preset_roles();
/// Null where there is none of this name.
const PresetRole* find_preset_role(std::string_view name);

inline constexpr std::string_view kSuperAdmin = "super_admin";

}  // namespace doppel::access
