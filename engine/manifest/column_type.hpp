#pragma once

#include <string_view>

#include "base/value.hpp"

/// What a column's declared type can hold, as far as a manifest must know. Internal to this room.
namespace doppel::manifest {

enum class TypeFamily { kInteger, kNumber, kBoolean, kTime, kUuid, kText, kBytes, kUnknown };

TypeFamily family_of(std::string_view declared_type);

/// Whether people can write anything into it: what isn't known to be something else counts as text,
/// so that a column of an unusual type is never overlooked [M3].
bool holds_text(TypeFamily family);

/// Whether a value of one can equal a value of the other.
bool can_equal(TypeFamily a, TypeFamily b);

/// A value as written in a manifest in the form a column of this family stores it: 5 in a text
/// column is '5'.
Value stored_as(const Value& written, TypeFamily family);

}  // namespace doppel::manifest
