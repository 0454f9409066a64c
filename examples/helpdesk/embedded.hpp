#pragma once

#include <string_view>

/// The SQL files of this folder, built into the program.
namespace helpdesk {

std::string_view sqlite_schema_sql();
std::string_view sqlite_triggers_sql();
std::string_view postgresql_triggers_sql();
std::string_view configuration_sql();

}  // namespace helpdesk
