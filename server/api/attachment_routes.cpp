#include "api/body.hpp"
#include "api/place.hpp"
#include "api/schemas.hpp"
#include "base/error.hpp"
#include "desk/json_form.hpp"
#include "http/negotiation.hpp"

/// Files of messages as bytes. They are strangers' files: a browser saves them and runs nothing.
namespace doppel::api {
namespace {

using desk::Collection;
using http::Context;
using http::Request;
using http::Response;

constexpr std::size_t kFileBytes = 20'000'000;

/// The record without its bytes, and how many they are.
json::object without_content(const Collection& attachments, desk::Record record, std::size_t size) {
  record.values.erase("content");
  json::object shown = desk::json_of(attachments, record);
  shown["size"] = static_cast<std::int64_t>(size);
  return shown;
}

Response upload(Site& site, const Context& context, const Request& request) {
  Call& call = call_of(context);
  Place place(site, call);
  std::string file_name;
  for (const http::Query::Parameter& parameter : request.target.query.parameters) {
    if (parameter.name != "file_name") refuse_field(parameter.name, "is no parameter of this call");
    file_name = parameter.value;
  }
  if (file_name.empty()) refuse_field("file_name", "is missing", "send ?file_name=report.pdf");
  const std::string type = http::parse_content_type(request.headers.get("Content-Type")).type;
  if (type.empty()) {
    throw Error(ErrorCode::kUnsupportedMediaType, "the file has no type",
                {.place = "Content-Type", .remedy = "say what it is, or application/octet-stream"});
  }
  const Collection& attachments = site.collections().at("attachments");
  require_record(place, "case_messages", context.parameter("id"));
  const desk::Mode mode = mode_of(request);
  const desk::Write write{.verb = desk::Verb::kCreate,
                          .collection = attachments.name,
                          .values = {{"message_id", Value(context.parameter("id"))},
                                     {"file_name", Value(file_name)},
                                     {"media_type", Value(type)},
                                     {"content", Value(Blob{request.body})}}};
  desk::Outcome outcome = desk::write_all(place.view, std::span(&write, 1), mode).at(0);
  require_done(attachments, {}, outcome);
  const std::string id = outcome.record->id;
  const std::string tag = outcome.record->tag;
  Response response = http::json_response(
      without_content(attachments, std::move(*outcome.record), request.body.size()), 201);
  response.headers.set("ETag", http::to_header(http::EntityTag{.text = tag}));
  if (mode == desk::Mode::kDryRun) {
    response.headers.set("Preference-Applied", "dry-run");
    return response;
  }
  const Written written{.collection = &attachments, .id = id, .verb = "create"};
  note_writes(call, {&written, 1});
  response.headers.set("Location", kApiPath + attachments.name + "/" + id);
  return response;
}

/// RFC 6266: a name that any client can read, and the exact one.
std::string disposition_of(const std::string& name) {
  std::string plain;
  for (const char c : name) {
    const bool is_plain = c >= ' ' && c < '\x7f' && c != '"' && c != '\\' && c != '%' && c != '/';
    plain += is_plain ? c : '_';
  }
  return "attachment; filename=\"" + plain + "\"; filename*=UTF-8''" + http::percent_encoded(name);
}

Response download(Site& site, const Context& context, const Request& request) {
  Call& call = call_of(context);
  call.require(access::Right::kEnter, call.kind());
  Place place(site, call);
  const desk::Record record = require_record(place, "attachments", context.parameter("id"));
  const std::string tag = http::to_header(http::EntityTag{.text = record.tag});
  const std::string_view known = request.headers.get("If-None-Match");
  Response response;
  if (!known.empty() && http::parse_tags(known).matches_weakly(record.tag)) {
    response.status = 304;
  } else {
    response.body = record.values.at("content").blob();
    response.headers.set("Content-Type", record.values.at("media_type").text());
    response.headers.set("Content-Disposition",
                         disposition_of(record.values.at("file_name").text()));
  }
  response.headers.set("ETag", tag);
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Content-Security-Policy", "sandbox; default-src 'none'");
  return response;
}

}  // namespace

std::vector<http::Route> attachment_routes(Site& site) {
  std::vector<http::Route> routes;
  routes.push_back(
      {.method = http::Method::kPost,
       .pattern = "/api/v1/case_messages/{id}/attachments",
       .operation = "upload_attachment",
       .summary = "Attach a file to a message: its bytes are the body, its type Content-Type",
       .right = std::string(to_text(access::Right::kEditData)),
       .tag = "attachments",
       .parameters = {{.name = "file_name",
                       .description = "without folders",
                       .need = http::ParameterDescription::Need::kRequired}},
       .body = http::BodyDescription{.media_type = "application/octet-stream",
                                     .schema = type_schema("string"),
                                     .description = "up to 20,000,000 bytes of any type"},
       .answers = {{.status = 201,
                    .description = "the record without its bytes, and their `size`",
                    .schema = record_schema("attachments")}},
       .body_bytes = kFileBytes,
       .handler = [&site](const Context& context, const Request& request) {
         return upload(site, context, request);
       }});
  routes.push_back({.method = http::Method::kGet,
                    .pattern = "/api/v1/attachments/{id}/content",
                    .operation = "download_attachment",
                    .summary = "The bytes of an attachment, to be saved",
                    // A file is somebody's own words, and can't be shown in part.
                    .right = std::string(to_text(access::Right::kReadUnmasked)),
                    .tag = "attachments",
                    .answers = {{.status = 200,
                                 .description = "the file, of the type that it came with",
                                 .media_type = "application/octet-stream",
                                 .schema = type_schema("string")}},
                    .handler = [&site](const Context& context, const Request& request) {
                      return download(site, context, request);
                    }});
  return routes;
}

}  // namespace doppel::api
