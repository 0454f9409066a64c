#include "api/once.hpp"

#include <array>

#include "access/request_key.hpp"
#include "api/body.hpp"
#include "api/caller.hpp"
#include "api/place.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"

namespace doppel::api {
namespace {

using http::Context;
using http::Request;
using http::Response;

constexpr std::array kKeptHeaders{"Content-Type", "ETag", "Location"};

/// What is asked, where and of what state.
std::string content_of(const Call& call, const Request& request) {
  Sha256 hash;
  hash.add_framed(name_of(request.method));
  hash.add_framed(request.target.path);
  for (const http::Query::Parameter& parameter : request.target.query.parameters) {
    hash.add_framed(parameter.name);
    hash.add_framed(parameter.value);
  }
  hash.add_framed(call.sandbox ? call.sandbox->id : std::string(kLive));
  hash.add_framed(request.headers.get("Content-Type"));
  hash.add_framed(request.headers.get("If-Match"));
  hash.add_framed(request.body);
  return hash.finish();
}

std::string text_of(const Response& response) {
  json::object headers;
  for (const char* name : kKeptHeaders) {
    if (const std::string* value = response.headers.find(name)) headers[name] = *value;
  }
  return write_json(json::object{{"status", response.status},
                                 {"headers", std::move(headers)},
                                 {"body", std::string(response.text())}},
                    JsonStyle::kCompact);
}

Response response_of(const std::string& text) {
  const json::value kept = parse_json(text, "a kept answer");
  Response response;
  response.status = static_cast<int>(member(kept, "status", "a kept answer").as_int64());
  for (const auto& header : member(kept, "headers", "a kept answer").as_object()) {
    response.headers.set(std::string(header.key()), std::string(header.value().as_string()));
  }
  response.body = text_member(kept, "body", "a kept answer");
  response.headers.set(kReplayHeader, "true");
  return response;
}

/// What was answered before, or why it can't be answered now; nothing where it is to be done.
std::optional<Response> answered(const access::Store& store, const access::NamedRequest& named) {
  const access::RequestUse use = take_request(store, named);
  switch (use.kind) {
    case access::RequestUse::Kind::kNew:
      return std::nullopt;
    case access::RequestUse::Kind::kDone:
      return response_of(use.answer);
    case access::RequestUse::Kind::kOther:
      refuse_field(kKeyHeader, "was sent with another request before", "take a new key");
    case access::RequestUse::Kind::kInProgress:
      break;
  }
  throw Error(ErrorCode::kWrongState, "the request with this key is being worked on",
              {.place = kKeyHeader,
               .remedy = "send it again in a moment; if this stays, its server died over it: see "
                         "whether it was done, and take a new key"});
}

/// Whether a request that ended so has certainly done nothing.
bool did_nothing(ErrorCode code) {
  constexpr int kFirstFailure = 500;
  return error_info(code).http_status < kFirstFailure || code == ErrorCode::kBusy ||
         code == ErrorCode::kUnsupported;
}

Response answer_once(const http::Handler& handler, const Context& context, const Request& request) {
  const std::string* key = request.headers.find(kKeyHeader);
  // A dry run leaves nothing that could be there twice.
  if (key == nullptr || mode_of(request) == desk::Mode::kDryRun) return handler(context, request);
  if (!access::is_request_name(*key)) {
    refuse_field(kKeyHeader, "has to be 1 to 255 visible characters of ASCII");
  }
  const Call& call = call_of(context);
  const access::Store store = call.workplace->store();
  const access::NamedRequest named{
      .user = call.account.id, .name = *key, .content = content_of(call, request)};
  if (auto before = answered(store, named)) return std::move(*before);
  try {
    Response response = handler(context, request);
    const bool is_kept = response.status < 300 &&
                         std::holds_alternative<std::string>(response.body) &&
                         response.headers.find("Set-Cookie") == nullptr;
    if (is_kept) {
      keep_answer(store, named, text_of(response));
    } else {
      drop_request(store, named);
    }
    return response;
  } catch (const Error& error) {
    if (did_nothing(error.code())) drop_request(store, named);
    throw;
  }
}

}  // namespace

std::vector<http::Route> done_once(std::vector<http::Route> routes) {
  for (http::Route& route : routes) {
    if (route.method != http::Method::kPost || route.right == http::kPublic) continue;
    route.handler = [handler = std::move(route.handler)](const Context& context,
                                                         const Request& request) {
      return answer_once(handler, context, request);
    };
    route.parameters.push_back(
        {.name = kKeyHeader,
         .in = http::ParameterDescription::In::kHeader,
         .description = "names the request: sent again within a day, it gives the same answer and "
                        "does nothing"});
  }
  return routes;
}

}  // namespace doppel::api
