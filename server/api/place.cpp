#include "api/place.hpp"

#include "access/event.hpp"
#include "api/record_query.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "desk/json_form.hpp"
#include "http/negotiation.hpp"
#include "http/problem.hpp"

namespace doppel::api {

using access::Right;
using desk::Collection;
using http::Request;
using http::Response;

desk::Sight sight_of(const Call& call) {
  return call.may(Right::kReadUnmasked, call.kind()) ? desk::Sight::kClear : desk::Sight::kMasked;
}

Place::Place(Site& site, Call& call)
    : environment(call.workplace->environment(call.environment, call.sandbox)),
      view{.connection = environment.connection(),
           .collections = site.collections(),
           .clock = site.surroundings().clock,
           .random = site.surroundings().random,
           .sandbox = call.environment.live() ? "" : call.environment.text(),
           .user_id = call.account.id,
           .sight = sight_of(call),
           .grants = &call.grants,
           .before_configuring = [this, &call] { environment.set_author(call.account.login); }} {}

Right right_to_edit(const Collection& collection) {
  if (collection.name == "roles") return Right::kManageRoles;
  switch (collection.role) {
    case manifest::Role::kConfig:
      return Right::kEditConfig;
    case manifest::Role::kIdentity:
      return Right::kManageUsers;
    default:
      return Right::kEditData;
  }
}

void refuse(const std::vector<desk::FieldProblem>& problems, std::string_view prefix) {
  http::Problem problem{.code = ErrorCode::kInvalidInput, .detail = "the request has mistakes"};
  for (const desk::FieldProblem& found : problems) {
    problem.errors.push_back({.field = std::string(prefix) + found.field,
                              .message = found.message,
                              .remedy = found.remedy});
  }
  if (problems.size() == 1) {
    problem.detail = problems[0].message;
    problem.field = problem.errors[0].field;
    problem.remedy = problems[0].remedy;
  }
  throw http::ProblemError(std::move(problem));
}

void fail_no_record(const Collection& collection, const std::string& id) {
  throw Error(ErrorCode::kNotFound, "there is no record '" + id + "' in " + collection.name,
              {.place = "id"});
}

desk::Query query_of(const Collection& collection, const http::Query& parameters) {
  desk::Query query;
  std::vector<desk::FieldProblem> problems;
  for (const http::Query::Parameter& parameter : parameters.parameters) {
    if (parameter.name == "sort") {
      query.sort = desk::parse_sort(parameter.value);
    } else if (parameter.name == "fields") {
      query.fields = split(parameter.value, ',');
    } else if (parameter.name == "after") {
      query.after = parameter.value;
    } else if (parameter.name == "limit") {
      const auto limit = parse_integer(parameter.value);
      if (limit && *limit >= 1 && *limit <= static_cast<std::int64_t>(desk::kPageLimit)) {
        query.limit = static_cast<std::size_t>(*limit);
      } else {
        problems.push_back({"limit", "has to be a number from 1 to 500", ""});
      }
    } else {
      add_filter(collection, parameter, query.filters, problems);
    }
  }
  if (!problems.empty()) refuse(problems, "");
  return query;
}

Response record_response(const Collection& collection, const desk::Record& record, int status) {
  Response response = http::json_response(desk::json_of(collection, record), status);
  response.headers.set("ETag", http::to_header(http::EntityTag{.text = record.tag}));
  return response;
}

desk::Mode mode_of(const Request& request) {
  return http::parse_prefer(request.headers.get("Prefer")).has("dry-run") ? desk::Mode::kDryRun
                                                                          : desk::Mode::kCommit;
}

std::optional<std::string> if_match(const Request& request) {
  const std::string_view header = request.headers.get("If-Match");
  if (header.empty()) return std::nullopt;
  const http::TagCondition condition = http::parse_tags(header);
  if (condition.is_any) return std::nullopt;
  if (condition.tags.size() != 1 ||
      condition.tags[0].strength != http::EntityTag::Strength::kStrong) {
    throw Error(ErrorCode::kPreconditionFailed, "If-Match has to name one version",
                {.place = "If-Match", .remedy = "send the ETag of the record as you have it"});
  }
  return condition.tags[0].text;
}

Response stale_response(const Collection& collection, const desk::Outcome& outcome,
                        const Request& request) {
  const Error error(ErrorCode::kPreconditionFailed, "the record was changed since it was read",
                    {.place = "If-Match", .remedy = "look at `current` and send it again"});
  Response response = http::problem_response(error, request.request_id);
  json::object document = parse_json(response.text(), "problem").as_object();
  if (outcome.record) {
    document["current"] = desk::json_of(collection, *outcome.record);
    response.headers.set("ETag", http::to_header(http::EntityTag{.text = outcome.record->tag}));
  }
  response.body = write_json(document, JsonStyle::kCompact);
  return response;
}

desk::Record require_record(Place& place, const std::string& collection, const std::string& id) {
  auto record = desk::get(place.view, collection, id);
  if (!record) fail_no_record(place.view.collections.at(collection), id);
  return std::move(*record);
}

Response page_response(const Collection& collection, const desk::Page& page) {
  if (!page.problems.empty()) refuse(page.problems);
  json::array items;
  for (const desk::Record& record : page.records) {
    items.emplace_back(desk::json_of(collection, record));
  }
  json::object answer;
  answer["items"] = std::move(items);
  answer["next"] = page.next.empty() ? json::value() : json::value(page.next);
  return http::json_response(answer);
}

void require_done(const Collection& collection, const std::string& id,
                  const desk::Outcome& outcome) {
  if (outcome.kind == desk::Outcome::Kind::kInvalid) refuse(outcome.problems);
  if (outcome.kind == desk::Outcome::Kind::kNotFound) fail_no_record(collection, id);
}

namespace {

/// Data is live's, wherever it is written; config and what a sandbox does with it is its own.
std::string audience_of(const Call& call, const Collection& collection) {
  return call.sandbox && collection.role == manifest::Role::kConfig ? call.sandbox->id
                                                                    : access::kLiveAudience;
}

}  // namespace

void note_writes(Call& call, std::span<const Written> writes) {
  if (writes.empty()) return;
  std::vector<access::AuditEntry> entries;
  std::vector<access::Event> events;
  for (const Written& written : writes) {
    entries.push_back(entry_of(call.actor, written.verb + "_" + written.collection->name,
                               written.collection->name, written.id));
    entries.back().environment = call.environment.live() ? kLive : call.environment.sandbox;
    events.push_back({.audience = audience_of(call, *written.collection),
                      .kind = "record",
                      .resource = written.collection->name,
                      .key = written.id,
                      .verb = written.verb});
  }
  const access::Store store = call.workplace->store();
  try {
    const auto transaction = store.connection.begin(database::TransactionKind::kWrite);
    const Instant now = store.now();
    append_audit_within(store.sql(), now, store.tenant, entries);
    append_events_within(store.sql(), now, store.tenant, events);
    transaction->commit();
  } catch (const Error& error) {
    // Whoever tries again what is done would do it twice.
    throw Error(ErrorCode::kInternal,
                std::string("it is done, but the audit couldn't be told: ") + error.what(),
                {.place = error.place(), .remedy = {}});
  }
}

std::string_view to_text(desk::Verb verb) {
  switch (verb) {
    case desk::Verb::kCreate:
      return "create";
    case desk::Verb::kChange:
      return "change";
    default:
      return "remove";
  }
}

}  // namespace doppel::api
