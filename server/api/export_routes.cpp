#include <algorithm>

#include "api/body.hpp"
#include "api/place.hpp"
#include "api/schemas.hpp"
#include "base/csv.hpp"
#include "base/error.hpp"
#include "desk/json_form.hpp"
#include "desk/preview.hpp"
#include "http/negotiation.hpp"

/// All records of a list as a file: page by page, as fast as the client takes them. A page holds a
/// connection of the databases only while it is read.
namespace doppel::api {
namespace {

using desk::Collection;
using http::Context;
using http::Request;
using http::Response;

enum class Format { kCsv, kJsonLines };
constexpr std::string_view kCsvType = "text/csv";
constexpr std::string_view kJsonLinesType = "application/x-ndjson";

/// An export on its way, with who asked for it: he is looked at again for each page.
struct Export {
  Site& site;
  const Collection& collection;
  Format format;
  EnvironmentName environment;
  std::string sandbox_id, user_id;
  desk::Sight sight;
  std::vector<std::string> columns;
  desk::Query query;
  std::optional<desk::Page> page;  ///< the next one, where it is read already
  bool has_begun = false, has_ended = false;
};

std::string cell_of(const json::value* value) {
  if (value == nullptr || value->is_null()) return {};
  if (value->is_string()) return std::string(value->get_string());
  return write_json(*value, JsonStyle::kCompact);
}

std::vector<std::string> cells_of(const json::object& record,
                                  const std::vector<std::string>& columns) {
  constexpr std::string_view kCustom = "custom.";
  const json::value* custom = record.if_contains("custom");
  std::vector<std::string> cells;
  for (const std::string& column : columns) {
    const json::value* value = record.if_contains(column);
    if (column.starts_with(kCustom)) {
      value = custom == nullptr ? nullptr
                                : custom->get_object().if_contains(column.substr(kCustom.size()));
    }
    cells.push_back(cell_of(value));
  }
  return cells;
}

std::string text_of(const Export& job, const desk::Page& page) {
  std::string text;
  if (job.format == Format::kCsv && !job.has_begun) append_csv(text, job.columns);
  for (const desk::Record& record : page.records) {
    const json::object shown = desk::json_of(job.collection, record);
    if (job.format == Format::kCsv) {
      append_csv(text, cells_of(shown, job.columns));
    } else {
      text += write_json(shown, JsonStyle::kCompact) + "\n";
    }
  }
  return text;
}

[[noreturn]] void fail_ended(const char* what) { throw Error(ErrorCode::kNotSignedIn, what); }

/// The next page, for whoever still may see it.
desk::Page read_page(Export& job) {
  auto place = job.site.workplaces().take();
  const auto account = place->directory().find_by_id(job.user_id);
  if (!account || !account->is_active()) fail_ended("who exports isn't active any more");
  std::optional<environment::Environment> sandbox;
  if (!job.sandbox_id.empty()) {
    for (environment::Environment& each : place->engine().sandboxes(job.environment.tenant)) {
      if (each.id == job.sandbox_id) sandbox = std::move(each);
    }
    if (!sandbox) fail_ended("the sandbox has ended");
  }
  desk::Workplace view{.connection = place->environment(job.environment, sandbox).connection(),
                       .collections = job.site.collections(),
                       .clock = job.site.surroundings().clock,
                       .random = job.site.surroundings().random,
                       .user_id = job.user_id,
                       .sight = job.sight};
  return desk::list(view, job.collection.name, job.query);
}

std::optional<std::string> next_piece(Export& job) {
  if (job.has_ended) return std::nullopt;
  const desk::Page page = job.page ? std::move(*job.page) : read_page(job);
  job.page.reset();
  std::string text = text_of(job, page);
  job.has_begun = true;
  job.query.after = page.next;
  job.has_ended = page.next.empty();
  if (text.empty()) return std::nullopt;
  return text;
}

/// What is exported: what is asked for, else all fields and all custom fields.
std::vector<std::string> columns_of(Place& place, const Collection& collection,
                                    const desk::Query& query) {
  std::vector<std::string> columns;
  if (!query.fields.empty()) {
    columns = query.fields;
    if (std::ranges::find(columns, "id") == columns.end()) columns.insert(columns.begin(), "id");
    return columns;
  }
  for (const desk::Field& field : collection.fields) {
    if (!field.hidden && field.type != desk::FieldType::kBytes) columns.push_back(field.name);
  }
  if (!collection.has_custom_fields) return columns;
  desk::Query custom{.filters = {{.field = "object", .values = {Value(collection.name)}}},
                     .sort = {{.field = "position"}},
                     .limit = desk::kPageLimit};
  for (const desk::Record& field : desk::list(place.view, "custom_fields", custom).records) {
    columns.push_back("custom." + field.values.at("code").text());
  }
  return columns;
}

Format format_of(const Request& request) {
  const auto type = http::preferred_type(request.headers.get("Accept"),
                                         {std::string(kCsvType), std::string(kJsonLinesType)});
  if (!type) {
    throw Error(ErrorCode::kNotAcceptable, "exports are text/csv or application/x-ndjson",
                {.place = "Accept", .remedy = "accept one of these"});
  }
  return *type == kCsvType ? Format::kCsv : Format::kJsonLines;
}

Response export_query(Site& site, Call& call, Place& place, const Collection& collection,
                      desk::Query query, const Request& request) {
  query.limit = desk::kPageLimit;
  const auto job =
      std::make_shared<Export>(Export{.site = site,
                                      .collection = collection,
                                      .format = format_of(request),
                                      .environment = call.environment,
                                      .sandbox_id = call.sandbox ? call.sandbox->id : "",
                                      .user_id = call.account.id,
                                      .sight = sight_of(call),
                                      .columns = {},
                                      .query = std::move(query),
                                      .page = {}});
  job->columns = columns_of(place, collection, job->query);
  job->query.fields = job->columns;
  // The first page is read at once, so that a mistake in the query is an answer of its own.
  job->page = desk::list(place.view, collection.name, job->query);
  if (!job->page->problems.empty()) refuse(job->page->problems);
  const bool is_csv = job->format == Format::kCsv;
  Response response =
      http::stream_response([job] { return next_piece(*job); },
                            is_csv ? "text/csv; charset=utf-8; header=present" : kJsonLinesType);
  response.headers.set("Content-Disposition", "attachment; filename=\"" + collection.name +
                                                  (is_csv ? ".csv\"" : ".ndjson\""));
  return response;
}

Response export_collection(Site& site, const Context& context, const Request& request) {
  Call& call = call_of(context);
  const Collection& collection =
      desk::require_collection(site.collections(), context.parameter("collection"));
  desk::Query query = query_of(collection, request.target.query);
  Place place(site, call);
  return export_query(site, call, place, collection, std::move(query), request);
}

Response export_view(Site& site, const Context& context, const Request& request) {
  Call& call = call_of(context);
  Place place(site, call);
  require_record(place, "saved_views", context.parameter("id"));
  desk::ViewQuery view = desk::query_of_view(place.view, context.parameter("id"));
  const Collection& collection = desk::require_collection(site.collections(), view.object);
  return export_query(site, call, place, collection, std::move(view.query), request);
}

http::Route export_route(std::string pattern, std::string operation, std::string summary,
                         http::Handler handler) {
  return {.method = http::Method::kGet,
          .pattern = std::move(pattern),
          .operation = std::move(operation),
          .summary = std::move(summary),
          .right = std::string(to_text(access::Right::kEnter)),
          .tag = "Exports",
          .description =
              "`Accept: text/csv` (also without Accept) or `application/x-ndjson`. An "
              "answer without its end is a part.",
          .answers = {{.status = 200,
                       .description = "a stream of all records",
                       .media_type = std::string(kCsvType),
                       .schema = type_schema("string")}},
          .handler = std::move(handler)};
}

}  // namespace

std::vector<http::Route> export_routes(Site& site) {
  std::vector<http::Route> routes;
  routes.push_back(export_route("/api/v1/exports/{collection}", "export_records",
                                "All records of a list, with its filters, order and fields",
                                [&site](const Context& context, const Request& request) {
                                  return export_collection(site, context, request);
                                }));
  routes.push_back(export_route("/api/v1/saved_views/{id}/export", "export_view",
                                "All records of a saved view",
                                [&site](const Context& context, const Request& request) {
                                  return export_view(site, context, request);
                                }));
  return routes;
}

}  // namespace doppel::api
