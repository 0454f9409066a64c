#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "http/message.hpp"

/// Bodies of requests as JSON objects.
namespace doppel::api {

/// The body as an object with no other members than these; an empty body is an empty one. Throws
/// http::ProblemError with every member that isn't known, Error(kUnsupportedMediaType),
/// Error(kInvalidInput).
json::object read_object(const http::Request& request,
                         std::initializer_list<std::string_view> members);

/// The same with any members.
json::object read_any_object(const http::Request& request);

/// Throw http::ProblemError naming the field.
std::string required_text(const json::object& body, std::string_view name);
std::optional<std::string> optional_text(const json::object& body, std::string_view name);
bool required_flag(const json::object& body, std::string_view name);

/// A refusal that names one field.
[[noreturn]] void refuse_field(std::string_view field, std::string_view message,
                               std::string_view remedy = {});

}  // namespace doppel::api
