#pragma once

#include <optional>
#include <string>
#include <vector>

#include "desk/resource.hpp"

/// Rows of the desk's tables as values by field, and SQL about them. Internal to this room.
namespace doppel::desk {

/// SQL that is being written, with its parameters.
struct SqlText {
  std::string text;
  std::vector<Value> values;
  /// The place of a value in the text: $3.
  std::string parameter(Value value);
};

enum class Bytes { kLeftOut, kTaken };

/// `t."id", t."name", ...`, in the order of the fields.
std::string selected(const Collection& collection, Bytes bytes);
Values values_of(const Collection& collection, Row&& row, Bytes bytes);

std::optional<Values> read_by_id(database::SqlRunner& sql, const Collection& collection,
                                 const std::string& id);
bool exists(database::SqlRunner& sql, const std::string& table, const std::string& id);

/// Text of a field; empty for NULL and for a field that isn't there.
std::string text_of(const Values& values, std::string_view field);
const Value& value_of(const Values& values, std::string_view field);

/// Record::tag: the version beside a hash of what the row holds.
std::string tag_of(const Collection& collection, const Values& row);
/// Without hidden fields.
Record record_of(const Collection& collection, Values row);

/// Puts the mask over personal fields, and over values of custom fields, where who acts may not see
/// them.
void mask(const Workplace& place, const Collection& collection, Record& record);
/// Whether a field may be searched and sorted by: what isn't shown can't be guessed so, either.
bool may_search(const Workplace& place, const Field& field);

/// Throws Error(kNotFound) where the collection's module is off in this environment.
void require_module(Workplace& place, const Collection& collection);

/// A setting of the organisation, or what counts where there is none.
std::string setting(Workplace& place, std::string_view name, std::string_view otherwise);

/// "order_number" of "custom.order_number"; nothing for other names.
std::optional<std::string_view> custom_code(std::string_view field);

}  // namespace doppel::desk
