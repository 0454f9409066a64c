#include <set>

#include <fmt/core.h>

#include "api/body.hpp"
#include "api/place.hpp"
#include "api/schemas.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "desk/json_form.hpp"
#include "http/negotiation.hpp"
#include "http/problem.hpp"

/// Many records of any collections in one call: all of it, or nothing and a list of what is wrong.
namespace doppel::api {
namespace {

using desk::Collection;
using desk::Outcome;
using http::Context;
using http::Request;
using http::Response;

constexpr std::size_t kMostWrites = 1000;
constexpr std::size_t kBodyBytes = std::size_t{8} * 1024 * 1024;

using Problems = std::vector<desk::FieldProblem>;

std::string at(std::size_t index, std::string_view member = {}) {
  return member.empty() ? fmt::format("writes[{}]", index)
                        : fmt::format("writes[{}].{}", index, member);
}

/// A text of a write; empty where it isn't there.
std::string text_of(const json::object& item, std::string_view name, std::size_t index,
                    Problems& problems) {
  const json::value* found = item.if_contains(name);
  if (found == nullptr) return {};
  if (found->is_string()) return std::string(found->get_string());
  problems.push_back({at(index, name), "has to be text", ""});
  return {};
}

std::optional<desk::Verb> parse_verb(std::string_view text) {
  for (const desk::Verb verb : {desk::Verb::kCreate, desk::Verb::kChange, desk::Verb::kRemove}) {
    if (to_text(verb) == text) return verb;
  }
  return std::nullopt;
}

/// An ETag as an answer has it, or what stands between its quotes.
std::string tag_in(const std::string& text) {
  if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"')) {
    return text.substr(1, text.size() - 2);
  }
  return text;
}

void check_members(const json::object& item, std::size_t index, Problems& problems) {
  static const std::vector<std::string> known{"verb", "collection", "id", "values", "if_match"};
  for (const auto& member : item) {
    const std::string name(member.key());
    if (std::ranges::find(known, name) != known.end()) continue;
    const auto near = nearest(name, known);
    problems.push_back(
        {at(index, name), "there is no such member", near ? "did you mean '" + *near + "'?" : ""});
  }
}

std::optional<desk::Write> read_write(const Site& site, const json::value& value, std::size_t index,
                                      Problems& problems) {
  if (!value.is_object()) {
    problems.push_back({at(index), "has to be an object", ""});
    return std::nullopt;
  }
  const json::object& item = value.get_object();
  check_members(item, index, problems);
  desk::Write write{.collection = text_of(item, "collection", index, problems),
                    .id = text_of(item, "id", index, problems)};
  const std::string word = text_of(item, "verb", index, problems);
  const auto verb = parse_verb(word);
  if (!verb) problems.push_back({at(index, "verb"), "has to be create, change or remove", ""});
  const auto collection = site.collections().find(write.collection);
  if (collection == site.collections().end()) {
    problems.push_back({at(index, "collection"), "there is no such collection", ""});
    return std::nullopt;
  }
  write.verb = verb.value_or(desk::Verb::kCreate);
  if (verb && (*verb == desk::Verb::kCreate) != write.id.empty()) {
    const char* wrong = write.id.empty() ? "is missing" : "is the desk's to give";
    problems.push_back({at(index, "id"), wrong, ""});
  }
  const std::string tag = text_of(item, "if_match", index, problems);
  if (!tag.empty()) write.if_match = tag_in(tag);
  const json::value* values = item.if_contains("values");
  if (values == nullptr) return write;
  if (!values->is_object()) {
    problems.push_back({at(index, "values"), "has to be an object", ""});
    return write;
  }
  Problems of_values;
  write.values = desk::values_of_json(collection->second, values->get_object(), of_values);
  for (desk::FieldProblem& problem : of_values) {
    problem.field = at(index, "values." + problem.field);
    problems.push_back(std::move(problem));
  }
  return write;
}

std::vector<desk::Write> read_writes(const Site& site, const Request& request) {
  const json::object body = read_object(request, {"writes"});
  const json::value* list = body.if_contains("writes");
  if (list == nullptr || !list->is_array() || list->get_array().empty()) {
    refuse_field("writes", "has to be a list of writes");
  }
  const json::array& items = list->get_array();
  if (items.size() > kMostWrites) {
    refuse_field("writes", fmt::format("has more than {} writes", kMostWrites),
                 "send them in several calls");
  }
  Problems problems;
  std::vector<desk::Write> writes;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (auto write = read_write(site, items[i], i, problems)) writes.push_back(std::move(*write));
    if (problems.size() >= desk::kMostFailedWrites) break;
  }
  if (!problems.empty()) refuse(problems);
  return writes;
}

void require_rights(const Site& site, const Call& call, const std::vector<desk::Write>& writes) {
  std::set<access::Right> rights;
  for (const desk::Write& write : writes) {
    rights.insert(right_to_edit(site.collections().at(write.collection)));
  }
  for (const access::Right right : rights) call.require(right, call.kind());
}

/// What was wrong with which of them, and for a stale editor what stands there now.
Response refusal(const Site& site, const std::vector<desk::Write>& writes,
                 const std::vector<Outcome>& outcomes, const Request& request) {
  http::Problem problem{.code = ErrorCode::kInvalidInput,
                        .detail = "nothing was written: some writes have mistakes"};
  json::array current;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const Outcome& outcome = outcomes[i];
    for (const desk::FieldProblem& found : outcome.problems) {
      problem.errors.push_back(
          {at(i, found.field.empty() ? "" : "values." + found.field), found.message, found.remedy});
    }
    if (outcome.kind == Outcome::Kind::kNotFound) {
      problem.errors.push_back({at(i, "id"), "there is no such record", "check the id"});
    }
    if (outcome.kind != Outcome::Kind::kStale) continue;
    problem.code = ErrorCode::kPreconditionFailed;
    problem.errors.push_back({at(i, "if_match"), "the record was changed since it was read",
                              "look at `current` and send it again"});
    current.emplace_back(json::object{
        {"index", static_cast<std::int64_t>(i)},
        {"etag", http::to_header(http::EntityTag{.text = outcome.record->tag})},
        {"record", desk::json_of(site.collections().at(writes[i].collection), *outcome.record)}});
  }
  Response response = http::problem_response(problem, request.request_id);
  if (current.empty()) return response;
  json::object document = parse_json(response.text(), "problem").as_object();
  document["current"] = std::move(current);
  response.body = write_json(document, JsonStyle::kCompact);
  return response;
}

Response write_bulk(Site& site, const Context& context, const Request& request) {
  Call& call = call_of(context);
  const std::vector<desk::Write> writes = read_writes(site, request);
  require_rights(site, call, writes);
  Place place(site, call);
  const desk::Mode mode = mode_of(request);
  const std::vector<Outcome> outcomes = desk::write_all(place.view, writes, mode);
  std::vector<Written> written;
  json::array results;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const Outcome& outcome = outcomes[i];
    if (outcome.kind != Outcome::Kind::kDone) return refusal(site, writes, outcomes, request);
    const Collection& collection = site.collections().at(writes[i].collection);
    written.push_back({.collection = &collection,
                       .id = outcome.record ? outcome.record->id : writes[i].id,
                       .verb = std::string(to_text(writes[i].verb))});
    json::object result{{"id", written.back().id}};
    if (outcome.record) {
      result["etag"] = http::to_header(http::EntityTag{.text = outcome.record->tag});
      result["record"] = desk::json_of(collection, *outcome.record);
    }
    results.emplace_back(std::move(result));
  }
  if (mode == desk::Mode::kCommit) note_writes(call, written);
  Response response = http::json_response(json::object{{"results", std::move(results)}});
  if (mode == desk::Mode::kDryRun) response.headers.set("Preference-Applied", "dry-run");
  return response;
}

json::value body_schema() {
  json::value list = list_schema(
      object_schema({{"verb", json::object{{"enum", json::array{"create", "change", "remove"}}}},
                     {"collection", type_schema("string")},
                     {"id", type_schema("string")},
                     {"values", type_schema("object")},
                     {"if_match", type_schema("string")}},
                    {"verb", "collection"}));
  list.get_object()["maxItems"] = kMostWrites;
  list.get_object()["minItems"] = 1;
  return object_schema({{"writes", std::move(list)}}, {"writes"});
}

}  // namespace

std::vector<http::Route> bulk_routes(Site& site) {
  std::vector<http::Route> routes;
  routes.push_back(
      {.method = http::Method::kPost,
       .pattern = "/api/v1/bulk",
       .operation = "write_bulk",
       .summary = "Write many records, all or none",
       .right = std::string(to_text(access::Right::kEnter)),
       .tag = "Bulk",
       .description = "Takes the rights that each write takes by itself. In a sandbox one call "
                      "writes config or data, not both.",
       .body = http::BodyDescription{.schema = body_schema()},
       .answers = {{.status = 200,
                    .description = "one result for each write, in their order",
                    .schema = object_schema(
                        {{"results", list_schema(object_schema({{"id", type_schema("string")},
                                                                {"etag", type_schema("string")},
                                                                {"record", type_schema("object")}},
                                                               {"id"}))}})}},
       .body_bytes = kBodyBytes,
       .handler = [&site](const Context& context, const Request& request) {
         return write_bulk(site, context, request);
       }});
  return routes;
}

}  // namespace doppel::api
