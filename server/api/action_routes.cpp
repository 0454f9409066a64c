#include "api/body.hpp"
#include "api/place.hpp"
#include "api/schemas.hpp"
#include "base/error.hpp"
#include "desk/conditions.hpp"
#include "desk/json_form.hpp"
#include "desk/macro.hpp"
#include "desk/preview.hpp"
#include "desk/routing.hpp"
#include "desk/service_level.hpp"
#include "http/negotiation.hpp"

/// What the desk's configuration does with a record: each answer is the environment's own.
namespace doppel::api {
namespace {

using access::Right;
using desk::Collection;
using http::Context;
using http::Request;
using http::Response;

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value() : json::value(text);
}

Response apply_macro(Site& site, const Context& context, const Request& request) {
  Call& call = call_of(context);
  Place place(site, call);
  read_object(request, {});
  const std::string& id = context.parameter("id");
  const desk::Mode mode = mode_of(request);
  require_record(place, "cases", id);
  const auto outcomes =
      desk::apply_macro(place.view, context.parameter("macro"), id, if_match(request), mode);
  const Collection& cases = site.collections().at("cases");
  const Collection& messages = site.collections().at("case_messages");
  if (outcomes[0].kind == desk::Outcome::Kind::kStale) {
    return stale_response(cases, outcomes[0], request);
  }
  for (const desk::Outcome& outcome : outcomes) require_done(cases, id, outcome);
  json::array added;
  std::vector<Written> written{{.collection = &cases, .id = id, .verb = "change"}};
  for (std::size_t i = 1; i < outcomes.size(); ++i) {
    added.emplace_back(desk::json_of(messages, *outcomes[i].record));
    written.push_back({.collection = &messages, .id = outcomes[i].record->id, .verb = "create"});
  }
  if (mode == desk::Mode::kCommit) note_writes(call, written);
  Response response = http::json_response(json::object{
      {"case", desk::json_of(cases, *outcomes[0].record)}, {"messages", std::move(added)}});
  response.headers.set("ETag", http::to_header(http::EntityTag{.text = outcomes[0].record->tag}));
  if (mode == desk::Mode::kDryRun) response.headers.set("Preference-Applied", "dry-run");
  return response;
}

/// The newest event of a kind, as it was written down when it happened.
json::value last_event(Place& place, const std::string& id, const std::string& kind) {
  const desk::Page page =
      desk::list(place.view, "case_events",
                 {.filters = {{.field = "case_id", .values = {Value(id)}},
                              {.field = "kind", .values = {Value(kind)}}},
                  .sort = {{.field = "id", .direction = desk::SortKey::Direction::kDescending}},
                  .limit = 1});
  if (page.records.empty()) return nullptr;
  const json::object event =
      desk::json_of(place.view.collections.at("case_events"), page.records[0]);
  json::object answer =
      event.at("detail").is_object() ? event.at("detail").get_object() : json::object{};
  answer["at"] = event.at("created_at");
  return answer;
}

Response explain_routing(Site& site, const Context& context) {
  Place place(site, call_of(context));
  const std::string& id = context.parameter("id");
  const desk::Record record = require_record(place, "cases", id);
  const desk::CaseFacts facts = desk::facts_of_case(place.view, record.values, id);
  const desk::QueueChoice queue = desk::choose_queue(place.view, facts);
  const Value& contact = record.values.at("contact_id");
  const desk::AssigneeChoice assignee =
      desk::choose_assignee(place.view, queue.queue_id, contact.is_null() ? "" : contact.text());
  json::object now{{"queue_id", queue.queue_id},
                   {"queue_why", queue.why},
                   {"assignee_id", text_or_null(assignee.user_id)},
                   {"assignee_queue_id", assignee.queue_id},
                   {"assignee_why", assignee.why}};
  return http::json_response(json::object{{"routed", last_event(place, id, "routed")},
                                          {"assigned", last_event(place, id, "assigned")},
                                          {"today", std::move(now)}});
}

Response read_service_level(Site& site, const Context& context) {
  Place place(site, call_of(context));
  const std::string& id = context.parameter("id");
  require_record(place, "cases", id);
  const auto level = desk::service_level_of(place.view, id);
  if (!level) {
    return http::json_response(json::object{
        {"policy_id", nullptr}, {"why", "no policy holds"}, {"targets", json::array{}}});
  }
  json::array targets;
  for (const desk::ServiceTarget& target : level->targets) {
    targets.emplace_back(json::object{{"metric", target.metric},
                                      {"minutes", target.minutes},
                                      {"due_at", text_or_null(target.due_at)},
                                      {"met_at", text_or_null(target.met_at)}});
  }
  return http::json_response(json::object{{"policy_id", level->policy_id},
                                          {"policy", level->policy},
                                          {"calendar", level->calendar},
                                          {"why", level->why},
                                          {"targets", std::move(targets)}});
}

json::object json_of_preview(const desk::Preview& preview) {
  json::array problems;
  for (const desk::TemplateProblem& problem : preview.problems) {
    problems.emplace_back(json::object{{"line", static_cast<std::int64_t>(problem.line)},
                                       {"message", problem.message}});
  }
  return {{"kind", preview.kind},
          {"locale", preview.locale},
          {"subject", preview.subject},
          {"body", preview.body},
          {"problems", std::move(problems)}};
}

/// What a template makes of a record: JSON, or with Accept the text itself. It is somebody's HTML:
/// shown so that it can run nothing.
Response preview_template(Site& site, const Context& context, const Request& request) {
  Place place(site, call_of(context));
  std::string locale;
  for (const http::Query::Parameter& parameter : request.target.query.parameters) {
    if (parameter.name != "locale") refuse_field(parameter.name, "is no parameter of this call");
    locale = parameter.value;
  }
  const desk::Preview preview = desk::preview_template(place.view, context.parameter("id"),
                                                       context.parameter("record"), locale);
  const std::string rendered = preview.kind == "document" ? "text/html" : "text/plain";
  const auto type =
      http::preferred_type(request.headers.get("Accept"), {"application/json", rendered});
  if (!type) {
    throw Error(ErrorCode::kNotAcceptable, "the preview is JSON or " + rendered,
                {.place = "Accept", .remedy = "accept one of these"});
  }
  if (*type == "application/json") return http::json_response(json_of_preview(preview));
  Response response = http::text_response(preview.body, rendered + "; charset=utf-8");
  response.headers.set("Content-Security-Policy",
                       "sandbox; default-src 'none'; style-src 'unsafe-inline'");
  return response;
}

Response list_view(Site& site, const Context& context, const Request& request) {
  Place place(site, call_of(context));
  require_record(place, "saved_views", context.parameter("id"));
  desk::ViewQuery view = desk::query_of_view(place.view, context.parameter("id"));
  const Collection& collection = desk::require_collection(site.collections(), view.object);
  // What the request filters comes on top; its order and fields take the place of the view's.
  desk::Query asked = query_of(collection, request.target.query);
  if (!asked.sort.empty()) view.query.sort = std::move(asked.sort);
  if (!asked.fields.empty()) view.query.fields = std::move(asked.fields);
  for (desk::Filter& filter : asked.filters) view.query.filters.push_back(std::move(filter));
  view.query.limit = asked.limit;
  view.query.after = asked.after;
  return page_response(collection, desk::list(place.view, view.object, view.query));
}

Response lay_out(Site& site, const Collection& collection, const Context& context) {
  Place place(site, call_of(context));
  json::array sections;
  for (const desk::LayoutSection& section :
       desk::lay_out(place.view, collection.name, context.parameter("id"))) {
    json::array fields;
    for (const desk::LayoutField& field : section.fields) {
      json::object shown =
          desk::json_of(collection, {.id = {}, .tag = {}, .values = {{field.name, field.value}}});
      if (const json::value* custom = shown.if_contains("custom")) {
        shown = json::object(custom->get_object());
      }
      fields.emplace_back(json::object{
          {"name", field.name}, {"title", field.title}, {"value", shown.begin()->value()}});
    }
    sections.emplace_back(json::object{{"title", section.title}, {"fields", std::move(fields)}});
  }
  return http::json_response(json::object{{"sections", std::move(sections)}});
}

/// What a line would cost, by the environment's prices and taxes; nothing is written.
Response price_line(Site& site, const Context& context, const Request& request) {
  Place place(site, call_of(context));
  const Collection& lines = site.collections().at("opportunity_lines");
  const desk::Record opportunity = require_record(place, "opportunities", context.parameter("id"));
  std::vector<desk::FieldProblem> problems;
  json::object body = read_object(
      request, {"product_id", "quantity", "unit_price", "discount_per_million", "tax_id"});
  body["opportunity_id"] = opportunity.id;
  desk::Values values = desk::values_of_json(lines, body, problems);
  if (!problems.empty()) refuse(problems);
  const desk::Write write{
      .verb = desk::Verb::kCreate, .collection = lines.name, .values = std::move(values)};
  const desk::Outcome outcome =
      desk::write_all(place.view, std::span(&write, 1), desk::Mode::kDryRun).at(0);
  require_done(lines, {}, outcome);
  const json::object line = desk::json_of(lines, *outcome.record);
  json::object answer{{"currency", opportunity.values.at("currency").text()}};
  for (const char* name : {"product_id", "quantity", "unit_price", "discount_per_million", "tax_id",
                           "net_amount", "tax_amount"}) {
    answer[name] = line.at(name);
  }
  return http::json_response(answer);
}

using SiteHandler = Response (*)(Site&, const Context&, const Request&);
using SiteReader = Response (*)(Site&, const Context&);

http::Handler bound(Site& site, SiteHandler handler) {
  return [&site, handler](const Context& context, const Request& request) {
    return handler(site, context, request);
  };
}

http::Handler bound(Site& site, SiteReader handler) {
  return
      [&site, handler](const Context& context, const Request&) { return handler(site, context); };
}

http::Route reading(std::string tag, std::string pattern, std::string operation,
                    std::string summary, http::AnswerDescription answer, http::Handler handler) {
  return {.method = http::Method::kGet,
          .pattern = std::move(pattern),
          .operation = std::move(operation),
          .summary = std::move(summary),
          .right = std::string(to_text(Right::kEnter)),
          .tag = std::move(tag),
          .answers = {std::move(answer)},
          .handler = std::move(handler)};
}

json::value text() { return type_schema("string"); }

void add_case_routes(Site& site, std::vector<http::Route>& routes) {
  routes.push_back({.method = http::Method::kPost,
                    .pattern = "/api/v1/cases/{id}/macros/{macro}",
                    .operation = "apply_macro",
                    .summary = "Do to a case what a macro says, all of it or nothing",
                    .right = std::string(to_text(Right::kEditData)),
                    .tag = "cases",
                    .answers = {{.status = 200,
                                 .description = "the case, and the messages that were added",
                                 .schema = object_schema(
                                     {{"case", record_schema("cases")},
                                      {"messages", list_schema(record_schema("case_messages"))}})}},
                    .handler = bound(site, apply_macro)});
  const json::value happened =
      object_schema({{"queue", text()}, {"assignee", text()}, {"why", text()}, {"at", text()}});
  routes.push_back(reading(
      "cases", "/api/v1/cases/{id}/routing", "explain_routing",
      "Why a case went to its queue and its agent, and where it would go today",
      {.description = "`routed` and `assigned` were written down when it happened; `today` is what "
                      "this environment's rules say now",
       .schema = object_schema({{"routed", happened},
                                {"assigned", happened},
                                {"today", object_schema({{"queue_id", text()},
                                                         {"queue_why", text()},
                                                         {"assignee_id", optional_schema("string")},
                                                         {"assignee_queue_id", text()},
                                                         {"assignee_why", text()}})}})},
      bound(site, explain_routing)));
  routes.push_back(reading(
      "cases", "/api/v1/cases/{id}/service_level", "read_service_level",
      "The SLA policy of a case, why, its targets and when they are due",
      {.description = "`policy_id` is null where no policy holds",
       .schema = object_schema(
           {{"policy_id", optional_schema("string")},
            {"policy", text()},
            {"calendar", text()},
            {"why", text()},
            {"targets", list_schema(object_schema({{"metric", text()},
                                                   {"minutes", type_schema("integer")},
                                                   {"due_at", optional_schema("string")},
                                                   {"met_at", optional_schema("string")}}))}})},
      bound(site, read_service_level)));
}

void add_preview_route(Site& site, std::vector<http::Route>& routes) {
  http::Route route = reading(
      "templates", "/api/v1/templates/{id}/preview/{record}", "preview_template",
      "What a template makes of a record of its object",
      {.description = "as JSON; the text itself with `Accept: text/html` for a document, "
                      "`text/plain` for a mail",
       .schema =
           object_schema({{"kind", text()},
                          {"locale", text()},
                          {"subject", text()},
                          {"body", text()},
                          {"problems", list_schema(object_schema({{"line", type_schema("integer")},
                                                                  {"message", text()}}))}})},
      bound(site, preview_template));
  route.parameters = {{.name = "locale", .description = "in place of the customer's"}};
  routes.push_back(std::move(route));
}

void add_price_route(Site& site, std::vector<http::Route>& routes) {
  const json::value money = type_schema("integer");
  const Members asked{{"product_id", text()},
                      {"quantity", money},
                      {"unit_price", money},
                      {"discount_per_million", money},
                      {"tax_id", optional_schema("string")}};
  routes.push_back({.method = http::Method::kPost,
                    .pattern = "/api/v1/opportunities/{id}/price",
                    .operation = "price_line",
                    .summary = "What a line of an opportunity would cost; nothing is written",
                    .right = std::string(to_text(Right::kEnter)),
                    .tag = "opportunities",
                    .body = http::BodyDescription{.schema = object_schema(asked, {"product_id"})},
                    .answers = {{.status = 200,
                                 .description = "amounts in the currency's smallest unit",
                                 .schema = object_schema({{"currency", text()},
                                                          {"product_id", text()},
                                                          {"quantity", money},
                                                          {"unit_price", money},
                                                          {"discount_per_million", money},
                                                          {"tax_id", optional_schema("string")},
                                                          {"net_amount", money},
                                                          {"tax_amount", money}})}},
                    .handler = bound(site, price_line)});
}

}  // namespace

std::vector<http::Route> action_routes(Site& site) {
  std::vector<http::Route> routes;
  add_case_routes(site, routes);
  add_preview_route(site, routes);
  add_price_route(site, routes);
  routes.push_back(reading("saved_views", "/api/v1/saved_views/{id}/records", "list_view",
                           "The records of a saved view, in its order",
                           {.description = "a page, as the view's object lists them",
                            .schema = object_schema({{"items", list_schema(type_schema("object"))},
                                                     {"next", optional_schema("string")}})},
                           bound(site, list_view)));
  for (const std::string& object : site.collections().at("layouts").field("object")->choices) {
    const Collection& collection = site.collections().at(object);
    routes.push_back(
        reading(object, kApiPath + object + "/{id}/layout", "lay_out_" + object,
                "A record in the sections of its layout",
                {.description = "no sections where there is no layout",
                 .schema = object_schema({{"sections", list_schema(type_schema("object"))}})},
                [&site, &collection](const Context& context, const Request&) {
                  return lay_out(site, collection, context);
                }));
  }
  return routes;
}

}  // namespace doppel::api
