#include "api/body.hpp"
#include "api/place.hpp"
#include "api/schemas.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "desk/feed.hpp"
#include "desk/json_form.hpp"
#include "http/negotiation.hpp"

/// Data feeds: a file is sent to one, what couldn't be taken is mended and taken again.
namespace doppel::api {
namespace {

using desk::Collection;
using http::Context;
using http::Request;
using http::Response;
using Action = desk::FeedRowResult::Action;

constexpr std::size_t kFileBytes = std::size_t{16} * 1024 * 1024;

struct FileForm {
  std::string_view format, media_type;
};
constexpr FileForm kForms[] = {{"csv", "text/csv"}, {"json_lines", "application/x-ndjson"}};

json::object json_of(const Collection& object, const desk::FeedRowResult& result) {
  json::array problems;
  for (const desk::FieldProblem& problem : result.problems) {
    problems.emplace_back(json::object{
        {"field", problem.field}, {"message", problem.message}, {"remedy", problem.remedy}});
  }
  json::object row{{"line", static_cast<std::int64_t>(result.line)},
                   {"action", to_text(result.action)},
                   {"id", result.id.empty() ? json::value() : json::value(result.id)}};
  row["values"] = desk::json_of(object, {.id = {}, .tag = {}, .values = result.values});
  row["problems"] = std::move(problems);
  return row;
}

Response report_response(const Collection& object, const desk::FeedReport& report, int status) {
  json::array rows;
  for (const desk::FeedRowResult& result : report.results)
    rows.emplace_back(json_of(object, result));
  const bool is_dry = report.mode == desk::Mode::kDryRun;
  Response response = http::json_response(
      json::object{{"run_id", report.run_id.empty() ? json::value() : json::value(report.run_id)},
                   {"dry_run", is_dry},
                   {"rows", report.rows},
                   {"created", report.created},
                   {"updated", report.updated},
                   {"unchanged", report.unchanged},
                   {"errors", report.errors},
                   {"results", std::move(rows)}},
      is_dry ? 200 : status);
  if (is_dry) response.headers.set("Preference-Applied", "dry-run");
  if (!is_dry)
    response.headers.set("Location", std::string(kApiPath) + "feed_runs/" + report.run_id);
  return response;
}

/// The body has to be of the feed's form.
void check_type(const desk::Feed& feed, const Request& request) {
  const std::string type = http::parse_content_type(request.headers.get("Content-Type")).type;
  for (const FileForm& form : kForms) {
    if (feed.format != form.format) continue;
    if (type == form.media_type) return;
    throw Error(ErrorCode::kUnsupportedMediaType, "the feed reads " + std::string(form.media_type),
                {.place = "Content-Type", .remedy = "send it as that"});
  }
}

desk::FeedOptions options_of(Call& call, const Request& request) {
  desk::FeedOptions options{.mode = mode_of(request)};
  for (const http::Query::Parameter& parameter : request.target.query.parameters) {
    if (parameter.name == "file_name") {
      options.file_name = printable(parameter.value, 200);
    } else if (parameter.name == "sample") {
      const auto rows = parse_integer(parameter.value);
      if (!rows || *rows < 1 || *rows > static_cast<std::int64_t>(desk::kFeedSample)) {
        refuse_field("sample", "has to be a number from 1 to 200");
      }
      options.rows = static_cast<std::size_t>(*rows);
      options.mode = desk::Mode::kDryRun;
    } else {
      refuse_field(parameter.name, "is no parameter of this call");
    }
  }
  options.written = [&call](const Collection& object,
                            std::span<const desk::FeedRowResult> results) {
    std::vector<Written> written;
    for (const desk::FeedRowResult& result : results) {
      if (result.action != Action::kCreate && result.action != Action::kUpdate) continue;
      written.push_back({.collection = &object,
                         .id = result.id,
                         .verb = result.action == Action::kCreate ? "create" : "change"});
    }
    note_writes(call, written);
  };
  return options;
}

void note_run(Site& site, Call& call, const desk::FeedReport& report, const std::string& verb) {
  if (report.mode == desk::Mode::kDryRun) return;
  const Written run{
      .collection = &site.collections().at("feed_runs"), .id = report.run_id, .verb = verb};
  note_writes(call, {&run, 1});
}

Response run(Site& site, const Context& context, const Request& request) {
  Call& call = call_of(context);
  Place place(site, call);
  const desk::Feed feed = desk::read_feed(place.view, context.parameter("id"));
  check_type(feed, request);
  const desk::FeedReport report =
      desk::run_feed(place.view, feed.id, request.body, options_of(call, request));
  note_run(site, call, report, "create");
  return report_response(*feed.object, report, 201);
}

Response retry(Site& site, const Context& context, const Request& request) {
  Call& call = call_of(context);
  Place place(site, call);
  const desk::Record record = require_record(place, "feed_runs", context.parameter("id"));
  const desk::Feed feed = desk::read_feed(place.view, record.values.at("feed_id").text());
  const desk::FeedReport report =
      desk::retry_feed(place.view, record.id, options_of(call, request));
  note_run(site, call, report, "change");
  return report_response(*feed.object, report, 200);
}

/// The run, with the first of what couldn't be taken; all of it is in feed_errors.
Response read_run(Site& site, const Context& context) {
  Place place(site, call_of(context));
  const Collection& runs = site.collections().at("feed_runs");
  const Collection& errors = site.collections().at("feed_errors");
  const std::string& id = context.parameter("run");
  const desk::Record record = require_record(place, runs.name, id);
  if (record.values.at("feed_id") != Value(context.parameter("id"))) fail_no_record(runs, id);
  const desk::Page page = desk::list(place.view, errors.name,
                                     {.filters = {{.field = "run_id", .values = {Value(id)}}},
                                      .sort = {{.field = "line"}},
                                      .limit = 100});
  json::array rows;
  for (const desk::Record& error : page.records) rows.emplace_back(desk::json_of(errors, error));
  json::object answer = desk::json_of(runs, record);
  answer["errors"] = std::move(rows);
  return http::json_response(answer);
}

json::value report_schema() {
  const json::value count = type_schema("integer");
  const json::value row = object_schema({{"line", count},
                                         {"action", type_schema("string")},
                                         {"id", optional_schema("string")},
                                         {"values", type_schema("object")},
                                         {"problems", list_schema(type_schema("object"))}});
  return object_schema({{"run_id", optional_schema("string")},
                        {"dry_run", type_schema("boolean")},
                        {"rows", count},
                        {"created", count},
                        {"updated", count},
                        {"unchanged", count},
                        {"errors", count},
                        {"results", list_schema(row)}});
}

}  // namespace

std::vector<http::Route> feed_routes(Site& site) {
  const std::string edits(to_text(access::Right::kEditData));
  std::vector<http::Route> routes;
  routes.push_back(
      {.method = http::Method::kPost,
       .pattern = "/api/v1/data_feeds/{id}/runs",
       .operation = "run_feed",
       .summary = "Take the rows of a file: records are made or changed by their key",
       .right = edits,
       .tag = "data_feeds",
       .description = "In a sandbox, with `Prefer: dry-run` and with `sample` nothing is written.",
       .parameters = {{.name = "file_name", .description = "for the list of runs"},
                      {.name = "sample", .description = "a dry run of the first so many rows"}},
       .body = http::BodyDescription{.media_type = "text/csv",
                                     .schema = type_schema("string"),
                                     .description = "or application/x-ndjson, as the feed says"},
       .answers = {{.status = 201,
                    .description = "what came of it, and the rows that have mistakes; 200 for a "
                                   "dry run, with all rows",
                    .schema = report_schema()}},
       .body_bytes = kFileBytes,
       .handler = [&site](const Context& context, const Request& request) {
         return run(site, context, request);
       }});
  routes.push_back({.method = http::Method::kGet,
                    .pattern = "/api/v1/data_feeds/{id}/runs/{run}",
                    .operation = "read_feed_run",
                    .summary = "A run, and the first 100 rows that couldn't be taken",
                    .right = std::string(to_text(access::Right::kEnter)),
                    .tag = "data_feeds",
                    .answers = {{.status = 200,
                                 .description = "a record of feed_runs with `errors`",
                                 .schema = record_schema("feed_runs")}},
                    .handler = [&site](const Context& context, const Request&) {
                      return read_run(site, context);
                    }});
  routes.push_back({.method = http::Method::kPost,
                    .pattern = "/api/v1/feed_runs/{id}/retry",
                    .operation = "retry_feed_run",
                    .summary = "Take the open errors of a run again, as they were mended",
                    .right = edits,
                    .tag = "data_feeds",
                    .answers = {{.status = 200,
                                 .description = "what came of these rows",
                                 .schema = report_schema()}},
                    .handler = [&site](const Context& context, const Request& request) {
                      return retry(site, context, request);
                    }});
  return routes;
}

}  // namespace doppel::api
