#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace doppel::postgres {

/// What stands in single quotes: values, and statements that the body runs by EXECUTE.
enum class Texts { kLeaveOut, kRead };

/// The words and dots of a function's body, comments left out; lower case where they aren't quoted,
/// as PostgreSQL reads names.
std::vector<std::string> words_of(std::string_view body, Texts texts);

}  // namespace doppel::postgres
