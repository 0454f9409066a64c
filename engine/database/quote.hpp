#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace doppel::database {

/// The one way in which an identifier reaches SQL (both databases take double quotes). Throws
/// Error(kInvalidInput) for an empty name and for one with NUL.
std::string quote_name(std::string_view name);

/// "a", "b", "c"
std::string quote_names(const std::vector<std::string>& names);

}  // namespace doppel::database
