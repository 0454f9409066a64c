#pragma once

#include <string>
#include <string_view>

#include "api/caller.hpp"
#include "http/router.hpp"

/// How routes about sandboxes and promotions are written down.
namespace doppel::api {

struct Described {
  http::Method method;
  std::string pattern, operation, summary;
  std::string right;
  int status;
  http::Handler handler;
};

http::Route route(Described described, const char* tag);

/// For handlers that need the context alone.
http::Handler plain(http::Response (*handler)(const http::Context&));

/// The sandbox of the path, in which the guard has judged the caller.
EnvironmentName named(const http::Context& context);

}  // namespace doppel::api
