#pragma once

#include <optional>
#include <string>
#include <vector>

#include "desk/resource.hpp"

/// What a field may hold. Internal to this room.
namespace doppel::desk {

inline constexpr std::size_t kTextBytesLimit = 1'000'000;
inline constexpr std::size_t kBytesLimit = 20'000'000;

/// The value as it is stored, or what is wrong with it. NULL is taken where the field takes it.
struct Checked {
  Value value;
  std::optional<FieldProblem> problem;
};
Checked check_value(const Field& field, const Value& value);

/// Of a value of a custom field, by its kind.
Checked check_custom(const std::string& name, const std::string& kind, const Value& value);

/// The problems of values that somebody gives for a record: names, types, ranges; in `values` they
/// are then as they are stored. Values of custom fields are left to custom.hpp.
std::vector<FieldProblem> check_values(const Collection& collection, Verb verb, Values& values);

/// References of `values` to records that aren't there, in this environment.
std::vector<FieldProblem> check_references(Workplace& place, const Collection& collection,
                                           const Values& values);

}  // namespace doppel::desk
