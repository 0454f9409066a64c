#include "api/body.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "http/negotiation.hpp"
#include "http/problem.hpp"

namespace doppel::api {

json::object read_any_object(const http::Request& request) {
  if (request.body.empty()) return {};
  const http::ContentType type = http::parse_content_type(request.headers.get("Content-Type"));
  if (type.type != "application/json") {
    throw Error(ErrorCode::kUnsupportedMediaType, "the body has to be JSON",
                {.place = "Content-Type", .remedy = "send it as application/json"});
  }
  json::value document = parse_json(request.body, "body");
  if (!document.is_object()) {
    throw Error(ErrorCode::kInvalidInput, "the body has to be a JSON object", {.place = "body"});
  }
  return std::move(document.as_object());
}

json::object read_object(const http::Request& request,
                         std::initializer_list<std::string_view> members) {
  json::object body = read_any_object(request);
  http::Problem problem{.code = ErrorCode::kInvalidInput,
                        .detail = "the body has members that this call doesn't know"};
  const std::vector<std::string> known(members.begin(), members.end());
  for (const auto& member : body) {
    const std::string name(member.key());
    if (std::ranges::find(known, name) != known.end()) continue;
    const auto near = nearest(name, known);
    problem.errors.push_back({.field = name,
                              .message = "there is no such member",
                              .remedy = near ? "did you mean '" + *near + "'?" : ""});
  }
  if (!problem.errors.empty()) throw http::ProblemError(std::move(problem));
  return body;
}

std::string required_text(const json::object& body, std::string_view name) {
  auto text = optional_text(body, name);
  if (!text) refuse_field(name, "is missing");
  return std::move(*text);
}

std::optional<std::string> optional_text(const json::object& body, std::string_view name) {
  const json::value* found = body.if_contains(name);
  if (found == nullptr || found->is_null()) return std::nullopt;
  if (!found->is_string()) refuse_field(name, "has to be text");
  return std::string(found->get_string());
}

bool required_flag(const json::object& body, std::string_view name) {
  const json::value* found = body.if_contains(name);
  if (found == nullptr) refuse_field(name, "is missing");
  if (!found->is_bool()) refuse_field(name, "has to be true or false");
  return found->get_bool();
}

void refuse_field(std::string_view field, std::string_view message, std::string_view remedy) {
  http::Problem problem{.code = ErrorCode::kInvalidInput,
                        .detail = std::string(field) + " " + std::string(message),
                        .field = std::string(field),
                        .remedy = std::string(remedy)};
  problem.errors.push_back({.field = std::string(field),
                            .message = std::string(message),
                            .remedy = std::string(remedy)});
  throw http::ProblemError(std::move(problem));
}

}  // namespace doppel::api
