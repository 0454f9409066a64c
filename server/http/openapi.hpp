#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "http/message.hpp"
#include "http/router.hpp"

namespace doppel::http {

/// What the document says beside the routes.
struct ApiInfo {
  std::string title;
  std::string version;
  std::string description;             ///< Markdown, as OpenAPI has it; the page shows it as it is
  json::object schemas = {};           ///< `#/components/schemas/...` of the routes' schemas
  json::object security_schemes = {};  ///< names -> as OpenAPI has them
};

/// The OpenAPI 3.1 document of a list of routes: paths in the order of the routes, each operation
/// with its parameters (those of the path also when nobody described them), body, answers, the
/// problem that every operation can answer, and the right that it needs as `x-right`.
json::object openapi_of(const std::vector<Route>& routes, const ApiInfo& info);

/// The document as a page for people: HTML that loads nothing and runs no script.
std::string openapi_page(const json::object& document);

/// The page as an answer, with a policy that forbids everything but its own style.
Response openapi_page_response(const json::object& document);

}  // namespace doppel::http
