#include "api/described.hpp"

#include "api/people_json.hpp"
#include "base/text.hpp"

namespace doppel::api {
namespace {

constexpr std::string_view kText = R"({"type": "string"})";
constexpr std::string_view kTexts = R"({"type": "array", "items": {"type": "string"}})";

std::string member(std::string_view name, std::string_view schema) {
  return "\"" + std::string(name) + "\": " + std::string(schema);
}

/// An object of these members and no others.
http::BodyDescription object_of(const std::vector<std::string>& members) {
  return body_of(R"({"type": "object", "additionalProperties": false, "properties": {)" +
                 join(members, ", ") + "}}");
}

std::optional<http::BodyDescription> body_of_operation(std::string_view operation) {
  if (operation == "create_environment") {
    return object_of({member("name", kText), member("kind", R"({"enum": ["overlay", "shadow"]})"),
                      member("follow", R"({"enum": ["live"]})"), member("purpose", kText)});
  }
  if (operation == "refresh_environment") {
    return object_of({member("drop_data", R"({"type": "boolean"})")});
  }
  if (operation == "reset_environment") return object_of({member("checkpoint", kText)});
  if (operation == "mark_environment") return object_of({member("name", kText)});
  if (operation == "plan_environment") {
    return object_of({member("select", kTexts), member("map", kTexts)});
  }
  if (operation == "resolve_conflict") {
    return object_of({member("answer", kText), member("values", kTexts), member("select", kTexts),
                      member("map", kTexts)});
  }
  if (operation == "promote_environment" || operation == "roll_back") {
    return object_of({member("plan", R"({"type": "string", "description": "its hash"})")});
  }
  return std::nullopt;
}

}  // namespace

http::Route route(Described described, const char* tag) {
  auto body = body_of_operation(described.operation);
  return {
      .method = described.method,
      .pattern = std::move(described.pattern),
      .operation = std::move(described.operation),
      .summary = std::move(described.summary),
      .right = std::move(described.right),
      .tag = tag,
      .body = std::move(body),
      .answers = {{.status = described.status, .description = "as docs/reference/api.md shows it"}},
      .handler = std::move(described.handler)};
}

http::Handler plain(http::Response (*handler)(const http::Context&)) {
  return [handler](const http::Context& context, const http::Request&) { return handler(context); };
}

EnvironmentName named(const http::Context& context) {
  const Call& call = call_of(context);
  return {.tenant = call.environment.tenant, .sandbox = call.named->name};
}

}  // namespace doppel::api
