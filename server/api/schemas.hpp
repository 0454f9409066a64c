#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.hpp"
#include "desk/collection.hpp"

/// JSON schemas of bodies and answers, for OpenAPI: of records they are read from what the
/// collections are.
namespace doppel::api {

/// What a record's schema is for.
enum class Form {
  kRead,    ///< as an answer shows it
  kNew,     ///< the body that makes one
  kChange,  ///< the body that changes one
};

/// The components of all collections: `cases`, `cases.new`, `cases.change`.
json::object record_schemas(const desk::Collections& collections);

/// A reference to one of them.
json::value record_schema(std::string_view collection, Form form = Form::kRead);
/// A page of records.
json::value page_schema(std::string_view collection);

using Members = std::initializer_list<std::pair<std::string_view, json::value>>;
json::value object_schema(Members members, std::initializer_list<std::string_view> required = {});
json::value list_schema(const json::value& items);
/// "string", "integer", "boolean", "object".
json::value type_schema(std::string_view type);
/// The same, or null.
json::value optional_schema(std::string_view type);

}  // namespace doppel::api
