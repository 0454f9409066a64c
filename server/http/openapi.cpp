#include "http/openapi.hpp"

#include <algorithm>
#include <string_view>

#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::http {
namespace {

std::string_view word_of(ParameterDescription::In in) {
  switch (in) {
    case ParameterDescription::In::kPath:
      return "path";
    case ParameterDescription::In::kQuery:
      return "query";
    case ParameterDescription::In::kHeader:
      return "header";
    case ParameterDescription::In::kCookie:
      return "cookie";
  }
  return "query";
}

json::object to_json(const ParameterDescription& parameter) {
  json::object object;
  object.emplace("name", parameter.name);
  object.emplace("in", word_of(parameter.in));
  const bool is_required = parameter.in == ParameterDescription::In::kPath ||
                           parameter.need == ParameterDescription::Need::kRequired;
  object.emplace("required", is_required);
  if (!parameter.description.empty()) object.emplace("description", parameter.description);
  object.emplace("schema", parameter.schema);
  return object;
}

json::array parameters_of(const Route& route) {
  std::vector<ParameterDescription> all = route.parameters;
  for (const std::string& segment : split(route.pattern, '/')) {
    if (!segment.starts_with('{')) continue;
    ParameterDescription parameter;
    parameter.name = segment.substr(1, segment.size() - 2);
    parameter.in = ParameterDescription::In::kPath;
    const bool is_described = std::ranges::any_of(all, [&](const ParameterDescription& one) {
      return one.in == parameter.in && one.name == parameter.name;
    });
    if (!is_described) all.push_back(std::move(parameter));
  }
  json::array array;
  for (const ParameterDescription& parameter : all) array.push_back(to_json(parameter));
  return array;
}

json::object content_of(const std::string& media_type, const json::value& schema) {
  json::object content;
  content.emplace(media_type, json::object{{"schema", schema}});
  return content;
}

json::object to_json(const BodyDescription& body) {
  json::object object;
  if (!body.description.empty()) object.emplace("description", body.description);
  object.emplace("required", true);
  object.emplace("content", content_of(body.media_type, body.schema));
  return object;
}

json::object answers_of(const Route& route) {
  json::object answers;
  for (const AnswerDescription& answer : route.answers) {
    json::object object;
    object.emplace("description", answer.description.empty() ? std::string(reason_of(answer.status))
                                                             : answer.description);
    if (!answer.schema.is_null()) {
      object.emplace("content", content_of(answer.media_type, answer.schema));
    }
    answers.emplace(std::to_string(answer.status), std::move(object));
  }
  answers.emplace("default", json::object{{"$ref", "#/components/responses/Problem"}});
  return answers;
}

json::object operation_of(const Route& route) {
  json::object operation;
  operation.emplace("operationId", route.operation);
  operation.emplace("summary", route.summary);
  if (!route.description.empty()) operation.emplace("description", route.description);
  if (!route.tag.empty()) operation.emplace("tags", json::array{json::string(route.tag)});
  json::array parameters = parameters_of(route);
  if (!parameters.empty()) operation.emplace("parameters", std::move(parameters));
  if (route.body) operation.emplace("requestBody", to_json(*route.body));
  operation.emplace("responses", answers_of(route));
  if (route.right == kPublic) {
    operation.emplace("security", json::array{});
  } else if (!route.right.empty()) {
    operation.emplace("x-right", route.right);
  }
  return operation;
}

json::object text_schema(std::string_view description) {
  return {{"type", "string"}, {"description", description}};
}

/// RFC 9457's members and ours; problem.cpp writes them.
json::object problem_schema() {
  const json::object field_problem{
      {"type", "object"},
      {"properties", json::object{{"field", text_schema("lines[2].price")},
                                  {"message", text_schema("What is wrong with it.")},
                                  {"remedy", text_schema("What to do about it.")}}},
      {"required", json::array{"field", "message"}}};
  json::object properties;
  properties.emplace("type", text_schema("Stable: urn:doppel:problem: and the code."));
  properties.emplace("title", text_schema("The kind of problem, in words."));
  properties.emplace("status", json::object{{"type", "integer"}});
  properties.emplace("code", text_schema("Stable, for programs."));
  properties.emplace("detail", text_schema("What happened this time."));
  properties.emplace("field", text_schema("The field, parameter or place that it is about."));
  properties.emplace("remedy", text_schema("What to do about it."));
  properties.emplace("errors", json::object{{"type", "array"}, {"items", field_problem}});
  properties.emplace("request_id", text_schema("Names this request in the server's log."));
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", json::array{"type", "title", "status", "code", "detail", "request_id"}}};
}

json::object components_of(const ApiInfo& info) {
  json::object schemas = info.schemas;
  schemas.emplace("Problem", problem_schema());
  json::object problem{{"description", "What was refused or went wrong, and what to do about it"}};
  problem.emplace("content", content_of("application/problem+json",
                                        json::object{{"$ref", "#/components/schemas/Problem"}}));
  json::object components;
  components.emplace("schemas", std::move(schemas));
  components.emplace("responses", json::object{{"Problem", std::move(problem)}});
  if (!info.security_schemes.empty()) {
    components.emplace("securitySchemes", info.security_schemes);
  }
  return components;
}

/// Any one of the ways to sign in will do.
json::array security_of(const ApiInfo& info) {
  json::array security;
  for (const auto& scheme : info.security_schemes) {
    json::object one;
    one.emplace(scheme.key(), json::array{});
    security.push_back(std::move(one));
  }
  return security;
}

}  // namespace

json::object openapi_of(const std::vector<Route>& routes, const ApiInfo& info) {
  json::object paths;
  for (const Route& route : routes) {
    if (!paths.contains(route.pattern)) paths.emplace(route.pattern, json::object{});
    paths.at(route.pattern)
        .get_object()
        .emplace(to_lower_ascii(name_of(route.method)), operation_of(route));
  }
  json::object about{{"title", info.title}, {"version", info.version}};
  if (!info.description.empty()) about.emplace("description", info.description);
  json::object document;
  document.emplace("openapi", "3.1.0");
  document.emplace("info", std::move(about));
  if (!info.security_schemes.empty()) document.emplace("security", security_of(info));
  document.emplace("paths", std::move(paths));
  document.emplace("components", components_of(info));
  return document;
}

}  // namespace doppel::http
