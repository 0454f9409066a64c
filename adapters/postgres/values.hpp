#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <libpq-fe.h>

#include "base/value.hpp"

/// Values go over the wire as text and keep their bits: integers, booleans (1 and 0, as SQLite's
/// applications keep them), reals with the fewest digits that read back, bytea as Blob, and
/// everything else as the type's own output under the settings that every connection has.
namespace doppel::postgres {

/// The type that a column has, by its number in pg_type.
using TypeOid = Oid;

inline constexpr TypeOid kBool = 16;
inline constexpr TypeOid kBytea = 17;
inline constexpr TypeOid kInt8 = 20;
inline constexpr TypeOid kInt2 = 21;
inline constexpr TypeOid kInt4 = 23;
inline constexpr TypeOid kOid = 26;
inline constexpr TypeOid kFloat4 = 700;
inline constexpr TypeOid kFloat8 = 701;
inline constexpr TypeOid kUuid = 2950;

Value value_of(TypeOid type, std::string_view text);
Value value_of(const PGresult* result, int row, int column);
Row row_of(const PGresult* result, int row, int first_column = 0);
std::vector<Row> rows_of(const PGresult* result);

/// The form in which a value goes to the server; nothing is NULL. Throws Error(kInvalidInput) for
/// text that PostgreSQL can't hold: with a NUL byte, or not UTF-8.
std::optional<std::string> text_of(const Value& value);

/// The values as the text of an array: text[], which the statement casts element by element.
std::string array_of(std::span<const Value* const> values);

/// The texts of a text[].
std::vector<std::optional<std::string>> parse_array(std::string_view text);

/// Whether a value of this type could equal `value`: the server fails where the text can't be read
/// as the type, SQLite finds nothing.
bool could_equal(TypeOid type, const Value& value);

}  // namespace doppel::postgres
