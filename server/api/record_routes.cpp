#include <algorithm>

#include "api/body.hpp"
#include "api/caller.hpp"
#include "api/record_query.hpp"
#include "api/site.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "desk/json_form.hpp"
#include "desk/resource.hpp"
#include "http/negotiation.hpp"
#include "http/problem.hpp"

/// Every collection of the desk by one set of handlers: what it has of its own is in the schema,
/// the manifest and the desk's hooks.
namespace doppel::api {
namespace {

using access::Right;
using desk::Collection;
using http::Context;
using http::Request;
using http::Response;

constexpr const char* kPath = "/api/v1/";

/// The right that a change of such rows takes.
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

/// The request's environment as the desk sees it.
struct Place {
  explicit Place(Site& site, Call& call)
      : environment(call.workplace->environment(call.environment, call.sandbox)),
        view{.connection = environment.connection(),
             .collections = site.collections(),
             .clock = site.surroundings().clock,
             .random = site.surroundings().random,
             .sandbox = call.environment.live() ? "" : call.environment.text(),
             .user_id = call.account.id,
             .sight = call.may(Right::kReadUnmasked, call.kind()) ? desk::Sight::kClear
                                                                  : desk::Sight::kMasked,
             .grants = &call.grants} {
    environment.set_author(call.account.login);
  }
  OpenEnvironment& environment;
  desk::Workplace view;
};

[[noreturn]] void refuse(const std::vector<desk::FieldProblem>& problems, std::string_view prefix) {
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

[[noreturn]] void fail_no_record(const Collection& collection, const std::string& id) {
  throw Error(ErrorCode::kNotFound, "there is no record '" + id + "' in " + collection.name,
              {.place = "id"});
}

/// `status=open`, `number[greater]=10`; what isn't about the page is about a field.
desk::Query query_of(const Collection& collection, const Request& request) {
  desk::Query query;
  std::vector<desk::FieldProblem> problems;
  for (const http::Query::Parameter& parameter : request.target.query.parameters) {
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

Response list(Site& site, const Collection& collection, const Context& context,
              const Request& request) {
  const desk::Query query = query_of(collection, request);
  Place place(site, call_of(context));
  const desk::Page page = desk::list(place.view, collection.name, query);
  if (!page.problems.empty()) refuse(page.problems, "");
  json::array items;
  for (const desk::Record& record : page.records) {
    items.emplace_back(desk::json_of(collection, record));
  }
  json::object answer;
  answer["items"] = std::move(items);
  answer["next"] = page.next.empty() ? json::value() : json::value(page.next);
  return http::json_response(answer);
}

Response record_response(const Collection& collection, const desk::Record& record, int status) {
  Response response = http::json_response(desk::json_of(collection, record), status);
  response.headers.set("ETag", http::to_header(http::EntityTag{.text = record.tag}));
  return response;
}

Response read(Site& site, const Collection& collection, const Context& context,
              const Request& request) {
  Place place(site, call_of(context));
  const std::string& id = context.parameter("id");
  const auto record = desk::get(place.view, collection.name, id);
  if (!record) fail_no_record(collection, id);
  const std::string_view known = request.headers.get("If-None-Match");
  if (!known.empty() && http::parse_tags(known).matches_weakly(record->tag)) {
    Response response;
    response.status = 304;
    response.headers.set("ETag", http::to_header(http::EntityTag{.text = record->tag}));
    return response;
  }
  return record_response(collection, *record, 200);
}

desk::Values values_of(const Collection& collection, const Request& request) {
  std::vector<desk::FieldProblem> problems;
  desk::Values values = desk::values_of_json(collection, read_any_object(request), problems);
  if (!problems.empty()) refuse(problems, "");
  return values;
}

desk::Mode mode_of(const Request& request) {
  return http::parse_prefer(request.headers.get("Prefer")).has("dry-run") ? desk::Mode::kDryRun
                                                                          : desk::Mode::kCommit;
}

/// The tag that the caller has seen; `*` is any.
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

/// A stale editor is shown what stands there now.
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

Response write_one(Site& site, const Collection& collection, desk::Write write,
                   const Context& context, const Request& request) {
  Call& call = call_of(context);
  Place place(site, call);
  const desk::Verb verb = write.verb;
  const std::string id = write.id;
  const desk::Mode mode = mode_of(request);
  const std::vector<desk::Write> writes{std::move(write)};
  const desk::Outcome outcome = desk::write_all(place.view, writes, mode).at(0);
  switch (outcome.kind) {
    case desk::Outcome::Kind::kInvalid:
      refuse(outcome.problems, "");
    case desk::Outcome::Kind::kNotFound:
      fail_no_record(collection, id);
    case desk::Outcome::Kind::kStale:
      return stale_response(collection, outcome, request);
    case desk::Outcome::Kind::kSkipped:
    case desk::Outcome::Kind::kDone:
      break;
  }
  if (mode == desk::Mode::kCommit) {
    access::AuditEntry entry = entry_of(call.actor, std::string(context.route->operation),
                                        collection.name, outcome.record ? outcome.record->id : id);
    entry.environment = call.environment.live() ? kLive : call.environment.sandbox;
    append_audit(call.workplace->store(), entry);
  }
  Response response = outcome.record ? record_response(collection, *outcome.record,
                                                       verb == desk::Verb::kCreate ? 201 : 200)
                                     : http::empty_response();
  if (verb == desk::Verb::kCreate && mode == desk::Mode::kCommit) {
    response.headers.set("Location", kPath + collection.name + "/" + outcome.record->id);
  }
  if (mode == desk::Mode::kDryRun) response.headers.set("Preference-Applied", "dry-run");
  return response;
}

Response create(Site& site, const Collection& collection, const Context& context,
                const Request& request) {
  return write_one(site, collection,
                   {.verb = desk::Verb::kCreate,
                    .collection = collection.name,
                    .values = values_of(collection, request)},
                   context, request);
}

Response change(Site& site, const Collection& collection, const Context& context,
                const Request& request) {
  return write_one(site, collection,
                   {.verb = desk::Verb::kChange,
                    .collection = collection.name,
                    .id = context.parameter("id"),
                    .values = values_of(collection, request),
                    .if_match = if_match(request)},
                   context, request);
}

Response remove(Site& site, const Collection& collection, const Context& context,
                const Request& request) {
  return write_one(site, collection,
                   {.verb = desk::Verb::kRemove,
                    .collection = collection.name,
                    .id = context.parameter("id"),
                    .if_match = if_match(request)},
                   context, request);
}

using CollectionHandler = Response (*)(Site&, const Collection&, const Context&, const Request&);

http::Route route(Site& site, const Collection& collection, http::Method method, bool one,
                  const std::string& verb, CollectionHandler handler) {
  const bool reads = method == http::Method::kGet;
  const bool makes = method == http::Method::kPost;
  return {.method = method,
          .pattern = kPath + collection.name + (one ? "/{id}" : ""),
          .operation = verb + "_" + collection.name,
          .summary = verb + " " + (one || makes ? "one of " : "") + collection.name,
          .right = std::string(to_text(reads ? Right::kEnter : right_to_edit(collection))),
          .tag = collection.name,
          .answers = {{.status = makes                             ? 201
                                 : method == http::Method::kDelete ? 204
                                                                   : 200,
                       .description = "as docs/reference/api.md shows it"}},
          .handler = [&site, &collection, handler](const Context& context, const Request& request) {
            return handler(site, collection, context, request);
          }};
}

}  // namespace

std::vector<http::Route> record_routes(Site& site) {
  using http::Method;
  std::vector<http::Route> routes;
  for (const auto& [name, collection] : site.collections()) {
    routes.push_back(route(site, collection, Method::kGet, false, "list", list));
    routes.push_back(route(site, collection, Method::kPost, false, "create", create));
    routes.push_back(route(site, collection, Method::kGet, true, "read", read));
    routes.push_back(route(site, collection, Method::kPatch, true, "change", change));
    routes.push_back(route(site, collection, Method::kDelete, true, "remove", remove));
  }
  return routes;
}

}  // namespace doppel::api
