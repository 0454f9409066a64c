#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/manifest.hpp"

/// What names usually mean. Internal to this room.
namespace doppel::manifest {

/// "CustomFieldOptions" and "custom_field_options" are custom, field, option.
std::vector<std::string> words_of(std::string_view name);
std::string singular(std::string_view word);

struct RoleHint {
  Role role = Role::kData;
  std::string reason;
};
/// Tables of frameworks that are known by their whole name.
std::optional<RoleHint> hint_of_framework(std::string_view table);
/// By a table's last word: "email_templates" are templates.
std::optional<RoleHint> hint_of_word(const std::string& word);
/// Whether rows of it own configuration of their own: projects, organizations.
bool is_container(const std::string& word);

/// What a text column holds, by its name.
enum class TextKind { kUnknown, kPlain, kSecret, kPersonal, kUrl };
struct TextHint {
  TextKind kind = TextKind::kUnknown;
  std::string personal;  ///< kind of personal data
};
TextHint hint_of_text(std::string_view column);

bool is_volatile_name(std::string_view column);
bool is_born_name(std::string_view column);
bool is_position_name(std::string_view column);
bool is_person_name(const std::string& word);  ///< author, owner, assignee, ...

}  // namespace doppel::manifest
