#include "http/problem.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace doppel::http {
namespace {

/// Texts may carry bytes of a request or of a database; JSON can't.
std::string safe(std::string_view text) {
  return is_valid_utf8(text) ? std::string(text) : printable(text, 0);
}

json::object to_json(const FieldProblem& problem) {
  json::object object;
  object.emplace("field", safe(problem.field));
  object.emplace("message", safe(problem.message));
  if (!problem.remedy.empty()) object.emplace("remedy", safe(problem.remedy));
  return object;
}

}  // namespace

ProblemError::ProblemError(Problem problem)
    : Error(problem.code, problem.detail, {.place = problem.field, .remedy = problem.remedy}),
      problem_(std::move(problem)) {}

std::string title_of(ErrorCode code) {
  std::string title(error_info(code).name);
  std::ranges::replace(title, '_', ' ');
  if (!title.empty()) title[0] = static_cast<char>(title[0] - 'a' + 'A');
  return title;
}

bool is_internal(ErrorCode code) {
  const int status = error_info(code).http_status;
  return (status >= 500 && status != 501 && status != 505) || code == ErrorCode::kSql ||
         code == ErrorCode::kNotADatabase;
}

Problem problem_of(const Error& error) {
  if (const auto* known = dynamic_cast<const ProblemError*>(&error)) return known->problem();
  if (error_info(error.code()).http_status == 503) {
    return {.code = error.code(),
            .detail = "this can't be done now",
            .remedy = "try again in a moment; the server's log says what it is"};
  }
  if (is_internal(error.code())) return {.code = error.code(), .detail = {}};
  return {.code = error.code(),
          .detail = error.what(),
          .field = error.place(),
          .remedy = std::string(error.remedy())};
}

Response problem_response(const Problem& problem, std::string_view request_id) {
  const ErrorInfo& info = error_info(problem.code);
  const std::string title = title_of(problem.code);
  json::object object;
  object.emplace("type", "urn:doppel:problem:" + std::string(info.name));
  object.emplace("title", title);
  object.emplace("status", info.http_status);
  object.emplace("code", info.name);
  object.emplace("detail", problem.detail.empty() ? title : safe(problem.detail));
  if (!problem.field.empty()) object.emplace("field", safe(problem.field));
  object.emplace("remedy",
                 problem.remedy.empty() ? std::string(info.remedy) : safe(problem.remedy));
  if (!problem.errors.empty()) {
    json::array errors;
    for (const FieldProblem& one : problem.errors) errors.push_back(to_json(one));
    object.emplace("errors", std::move(errors));
  }
  object.emplace("request_id", request_id);
  Response response = json_response(object, info.http_status);
  response.headers.set("Content-Type", "application/problem+json");
  response.headers.set("Cache-Control", "no-store");
  if (info.http_status == 503) response.headers.set("Retry-After", "1");
  return response;
}

Response problem_response(const Error& error, std::string_view request_id) {
  return problem_response(problem_of(error), request_id);
}

}  // namespace doppel::http
