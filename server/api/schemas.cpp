#include "api/schemas.hpp"

#include <fmt/core.h>

namespace doppel::api {
namespace {

using desk::Collection;
using desk::Field;
using desk::FieldType;

json::object type_of(const Field& field) {
  switch (field.type) {
    case FieldType::kInteger:
      return {{"type", "integer"}};
    case FieldType::kBoolean:
      return {{"type", "boolean"}};
    case FieldType::kInstant:
      return {{"type", "string"}, {"format", "date-time"}};
    case FieldType::kDate:
      return {{"type", "string"}, {"format", "date"}};
    case FieldType::kReference:
      return {{"type", "string"}, {"description", "id of one of " + field.refers_to}};
    case FieldType::kBytes:
      return {{"type", "string"}, {"description", "bytes as hexadecimal digits"}};
    case FieldType::kJson:
      return {};
    default:
      return {{"type", "string"}};
  }
}

json::object schema_of(const Field& field) {
  json::object schema = type_of(field);
  if (!field.choices.empty()) {
    json::array choices;
    for (const std::string& choice : field.choices) choices.emplace_back(choice);
    if (field.nullable) choices.emplace_back(nullptr);
    schema["enum"] = std::move(choices);
  }
  if (field.type == FieldType::kInteger) {
    if (field.least) schema["minimum"] = *field.least;
    if (field.most) schema["maximum"] = *field.most;
  }
  if (field.nullable && schema.contains("type")) {
    schema["type"] = json::array{schema.at("type"), "null"};
  }
  return schema;
}

json::object schema_of(const Collection& collection, Form form) {
  json::object properties;
  json::array required;
  for (const Field& field : collection.fields) {
    if (field.hidden || (form != Form::kRead && !field.writable)) continue;
    properties[field.name] = schema_of(field);
    if (form == Form::kNew && field.required()) required.emplace_back(field.name);
  }
  if (collection.has_custom_fields) {
    properties["custom"] =
        json::object{{"type", "object"}, {"description", "values of custom fields by code"}};
  }
  json::object schema{{"type", "object"}, {"properties", std::move(properties)}};
  if (form != Form::kRead) schema["additionalProperties"] = false;
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

std::string component(std::string_view collection, Form form) {
  const char* suffix = form == Form::kNew ? ".new" : form == Form::kChange ? ".change" : "";
  return fmt::format("{}{}", collection, suffix);
}

}  // namespace

json::object record_schemas(const desk::Collections& collections) {
  json::object schemas;
  for (const auto& [name, collection] : collections) {
    for (const Form form : {Form::kRead, Form::kNew, Form::kChange}) {
      schemas[component(name, form)] = schema_of(collection, form);
    }
  }
  return schemas;
}

json::value record_schema(std::string_view collection, Form form) {
  return json::object{{"$ref", "#/components/schemas/" + component(collection, form)}};
}

json::value page_schema(std::string_view collection) {
  return object_schema(
      {{"items", list_schema(record_schema(collection))}, {"next", optional_schema("string")}});
}

json::value object_schema(Members members, std::initializer_list<std::string_view> required) {
  json::object properties;
  for (const auto& [name, schema] : members) properties[name] = schema;
  json::object schema{{"type", "object"}, {"properties", std::move(properties)}};
  json::array names;
  for (const std::string_view name : required) names.emplace_back(name);
  if (!names.empty()) schema["required"] = std::move(names);
  return schema;
}

json::value list_schema(const json::value& items) {
  return json::object{{"type", "array"}, {"items", items}};
}

json::value type_schema(std::string_view type) { return json::object{{"type", type}}; }

json::value optional_schema(std::string_view type) {
  return json::object{{"type", json::array{json::value(type), "null"}}};
}

}  // namespace doppel::api
