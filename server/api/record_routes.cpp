#include "api/body.hpp"
#include "api/place.hpp"
#include "api/schemas.hpp"
#include "desk/json_form.hpp"
#include "http/negotiation.hpp"

/// Every collection of the desk by one set of handlers: what it has of its own is in the schema,
/// the manifest and the desk's hooks.
namespace doppel::api {
namespace {

using access::Right;
using desk::Collection;
using http::Context;
using http::Request;
using http::Response;

Response list(Site& site, const Collection& collection, const Context& context,
              const Request& request) {
  const desk::Query query = query_of(collection, request.target.query);
  Place place(site, call_of(context));
  return page_response(collection, desk::list(place.view, collection.name, query));
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

Response write_one(Site& site, const Collection& collection, desk::Write write,
                   const Context& context, const Request& request) {
  Call& call = call_of(context);
  Place place(site, call);
  const desk::Verb verb = write.verb;
  const std::string id = write.id;
  const desk::Mode mode = mode_of(request);
  const std::vector<desk::Write> writes{std::move(write)};
  const desk::Outcome outcome = desk::write_all(place.view, writes, mode).at(0);
  if (outcome.kind == desk::Outcome::Kind::kStale) {
    return stale_response(collection, outcome, request);
  }
  require_done(collection, id, outcome);
  if (mode == desk::Mode::kCommit) {
    const Written written{.collection = &collection,
                          .id = outcome.record ? outcome.record->id : id,
                          .verb = std::string(to_text(verb))};
    note_writes(call, {&written, 1});
  }
  Response response = outcome.record ? record_response(collection, *outcome.record,
                                                       verb == desk::Verb::kCreate ? 201 : 200)
                                     : http::empty_response();
  if (verb == desk::Verb::kCreate && mode == desk::Mode::kCommit) {
    response.headers.set("Location", kApiPath + collection.name + "/" + outcome.record->id);
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
  http::Route route{
      .method = method,
      .pattern = kApiPath + collection.name + (one ? "/{id}" : ""),
      .operation = verb + "_" + collection.name,
      .summary = verb + " " + (one || makes ? "one of " : "") + collection.name,
      .right = std::string(to_text(reads ? Right::kEnter : right_to_edit(collection))),
      .tag = collection.name,
      .handler = [&site, &collection, handler](const Context& context, const Request& request) {
        return handler(site, collection, context, request);
      }};
  if (method == http::Method::kDelete) {
    route.answers = {{.status = 204, .description = "it is gone"}};
  } else if (reads && !one) {
    route.answers = {{.description = "a page", .schema = page_schema(collection.name)}};
  } else {
    route.answers = {{.status = makes ? 201 : 200,
                      .description = "the record",
                      .schema = record_schema(collection.name)}};
  }
  if (makes || method == http::Method::kPatch) {
    route.body = http::BodyDescription{
        .schema = record_schema(collection.name, makes ? Form::kNew : Form::kChange)};
  }
  return route;
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
