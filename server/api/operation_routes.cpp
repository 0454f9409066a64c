#include "api/schemas.hpp"
#include "api/site.hpp"
#include "http/openapi.hpp"

namespace doppel::api {
namespace {

using http::Context;
using http::Request;

constexpr const char* kTag = "Operation";

http::Route page(std::string pattern, std::string operation, std::string summary,
                 http::Handler handler) {
  return {.method = http::Method::kGet,
          .pattern = std::move(pattern),
          .operation = std::move(operation),
          .summary = std::move(summary),
          .right = std::string(http::kPublic),
          .tag = kTag,
          .answers = {{.status = 200, .description = "as it says"}},
          .handler = std::move(handler)};
}

json::object description(Site& site) {
  return http::openapi_of(site.router().routes(),
                          {.title = "doppel",
                           .version = std::string(kVersion),
                           .description = "Configuration sandboxes of " + site.settings().tenant,
                           .schemas = record_schemas(site.collections())});
}

}  // namespace

std::vector<http::Route> operation_routes(Site& site) {
  std::vector<http::Route> routes;
  routes.push_back(page("/healthz", "read_health", "Whether requests can be answered",
                        [&site](const Context&, const Request&) {
                          // A workplace means that control store and database can be opened.
                          auto place = site.workplaces().take();
                          place->live().sql()->query("SELECT 1", {});
                          return http::json_response(json::object{{"status", "ok"}});
                        }));
  routes.push_back(page("/metrics", "read_metrics", "Counters in Prometheus' text form",
                        [&site](const Context&, const Request&) {
                          const auto& metrics = site.settings().metrics;
                          return http::text_response(metrics ? metrics() : "",
                                                     "text/plain; version=0.0.4");
                        }));
  routes.push_back(page(
      "/api/v1/openapi.json", "read_openapi", "This interface as OpenAPI 3.1",
      [&site](const Context&, const Request&) { return http::json_response(description(site)); }));
  routes.push_back(page("/api/v1/docs", "read_documentation", "This interface as a page",
                        [&site](const Context&, const Request&) {
                          return http::openapi_page_response(description(site));
                        }));
  return routes;
}

}  // namespace doppel::api
