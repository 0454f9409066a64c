#pragma once

#include <string>
#include <string_view>

#include <sqlite3.h>

#include "base/error.hpp"

namespace doppel::sqlite {

/// In the message of a trigger that refuses a row because of [O3].
inline constexpr std::string_view kSandboxOnlyWords = " exists only in sandbox ";

/// What a result code of SQLite (primary or extended) means to doppel: the one table for it.
ErrorCode error_code_of(int result);

/// Throws what `result` means, with SQLite's own message. `place` is the file, or a table in it.
[[noreturn]] void fail(sqlite3* database, int result, const std::string& place);

/// Throws unless `result` is SQLITE_OK, SQLITE_ROW or SQLITE_DONE.
void check(sqlite3* database, int result, const std::string& place);

}  // namespace doppel::sqlite
