#include "api/people_json.hpp"

#include <algorithm>

#include "access/rights.hpp"
#include "api/caller.hpp"
#include "http/problem.hpp"

namespace doppel::api {

json::object account_json(const access::Account& account) {
  json::object object;
  object["id"] = account.id;
  object["login"] = account.login;
  object["name"] = account.name;
  object["email"] = account.email;
  return object;
}

json::value instant_json(std::int64_t microseconds) {
  return microseconds == 0 ? json::value() : json::value(to_text(Instant{microseconds}));
}

json::object session_json(const access::Session& session, const std::string& current) {
  json::object object;
  object["id"] = session.handle;
  object["current"] = session.handle == current;
  object["created_at"] = instant_json(session.created_at);
  object["seen_at"] = instant_json(session.seen_at);
  object["ends_at"] = instant_json(session.ends_at);
  object["address"] = session.address;
  object["agent"] = session.agent;
  return object;
}

json::object token_json(const access::ApiToken& token, const std::string& environment) {
  json::object object;
  object["id"] = token.id;
  object["name"] = token.name;
  object["prefix"] = token.prefix;
  object["environment"] = environment.empty() ? json::value() : json::value(environment);
  json::array rights;
  for (const access::Right right : access::all_rights()) {
    if (token.rights.test(static_cast<std::size_t>(right))) rights.emplace_back(to_text(right));
  }
  object["rights"] = std::move(rights);
  object["created_at"] = instant_json(token.created_at);
  object["created_by"] = token.created_by;
  object["ends_at"] = instant_json(token.ends_at);
  object["used_at"] = instant_json(token.used_at);
  object["revoked_at"] = instant_json(token.revoked_at);
  return object;
}

std::string environment_name(Workplace& place, const std::string& id) {
  if (id == kLive) return kLive;
  const auto all = place.engine().sandboxes(place.tenant());
  const auto found = std::ranges::find(all, id, &environment::Environment::id);
  return found == all.end() ? "" : found->name;
}

void refuse_fields(std::string detail, const std::vector<doppel::FieldProblem>& problems) {
  http::Problem problem{.code = ErrorCode::kInvalidInput, .detail = std::move(detail)};
  if (problems.size() == 1) problem.field = problems[0].field;
  problem.errors = problems;
  throw http::ProblemError(std::move(problem));
}

http::Response throttled_response(const access::Throttled& error, const std::string& request_id) {
  http::Response response = http::problem_response(error, request_id);
  response.headers.set("Retry-After", std::to_string(error.seconds()));
  return response;
}

http::BodyDescription body_of(std::string_view schema) {
  return {.schema = parse_json(schema, "schema")};
}

}  // namespace doppel::api
