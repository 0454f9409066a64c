#include "desk/json_form.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "desk/rows.hpp"

namespace doppel::desk {
namespace {

json::value shown(const Field& field, const Value& value) {
  if (value.is_null()) return nullptr;
  if (field.type == FieldType::kBoolean) return value == Value(1);
  if (field.type == FieldType::kBytes) return json::value(to_hex(value.blob()));
  if (field.type != FieldType::kJson) return to_json(value);
  try {
    return parse_json(value.text(), field.name);
  } catch (const Error&) {
    return json::value(value.text());  // Written past the desk.
  }
}

std::optional<Value> read(const Field* field, const json::value& value) {
  if (value.is_null()) return Value();
  if (field != nullptr && field->type == FieldType::kJson && !value.is_string()) {
    return Value(write_json(value, JsonStyle::kCompact));
  }
  if (value.is_bool()) return Value(value.as_bool() ? 1 : 0);
  if (value.is_int64()) return Value(value.as_int64());
  if (!value.is_string()) return std::nullopt;
  const std::string text(value.as_string());
  if (field == nullptr || field->type != FieldType::kBytes) return Value(text);
  const auto bytes = from_hex(text);
  if (!bytes) return std::nullopt;
  return Value(Blob{*bytes});
}

void add(const std::string& name, const Field* field, const json::value& value, Values& values,
         std::vector<FieldProblem>& problems) {
  auto found = read(field, value);
  // A whole number for a yes or no would be taken for one where only its value is looked at.
  const bool confused = field != nullptr && !value.is_null() && field->type != FieldType::kJson &&
                        value.is_bool() != (field->type == FieldType::kBoolean);
  if (!found || confused) {
    problems.push_back({name, "has a value of the wrong type",
                        field == nullptr ? "give a text, a whole number, true, false or null"
                                         : "its type is " + std::string(to_text(field->type))});
    return;
  }
  values[name] = std::move(*found);
}

}  // namespace

json::object json_of(const Collection& collection, const Record& record) {
  json::object object;
  json::object custom;
  for (const Field& field : collection.fields) {
    const auto value = record.values.find(field.name);
    if (value != record.values.end()) object[field.name] = shown(field, value->second);
  }
  for (const auto& [name, value] : record.values) {
    if (const auto code = custom_code(name)) custom[*code] = to_json(value);
  }
  if (!custom.empty()) object["custom"] = std::move(custom);
  return object;
}

Values values_of_json(const Collection& collection, const json::object& body,
                      std::vector<FieldProblem>& problems) {
  Values values;
  for (const auto& member : body) {
    const std::string name(member.key());
    if (name != "custom" || !collection.has_custom_fields) {
      add(name, collection.field(name), member.value(), values, problems);
      continue;
    }
    if (!member.value().is_object()) {
      problems.push_back({name, "is an object of custom fields", "write {\"code\": value}"});
      continue;
    }
    for (const auto& custom : member.value().as_object()) {
      add("custom." + std::string(custom.key()), nullptr, custom.value(), values, problems);
    }
  }
  return values;
}

}  // namespace doppel::desk
