#include "http/openapi.hpp"

#include <gtest/gtest.h>

namespace doppel::http {
namespace {

std::vector<Route> routes() {
  const Handler handler = [](const Context&, const Request&) { return empty_response(); };
  return {
      {.method = Method::kGet,
       .pattern = "/api/v1/cases/{id}",
       .operation = "read_case",
       .summary = "Read <one> case",
       .right = "cases.read",
       .tag = "Cases",
       .parameters = {{.name = "fields", .description = "Which of them"}},
       .answers = {{.status = 200,
                    .description = "It",
                    .schema = json::object{{"type", "object"}}}},
       .handler = handler},
      {.method = Method::kPatch,
       .pattern = "/api/v1/cases/{id}",
       .operation = "change_case",
       .summary = "Change a case",
       .tag = "Cases",
       .body = BodyDescription{.schema = json::object{{"$ref", "#/components/schemas/Case"}}},
       .answers = {{.status = 204, .description = ""}},
       .handler = handler},
      {.method = Method::kGet,
       .pattern = "/healthz",
       .operation = "health",
       .summary = "Whether it runs",
       .right = std::string(kPublic),
       .handler = handler},
  };
}

json::object document() {
  ApiInfo info{.title = "Desk & more", .version = "1", .description = "All of it"};
  info.schemas.emplace("Case", json::object{{"type", "object"}});
  info.security_schemes.emplace("token", json::object{{"type", "http"}, {"scheme", "bearer"}});
  return openapi_of(routes(), info);
}

TEST(OpenApi, SaysWhatTheRoutesSay) {
  const json::object api = document();
  EXPECT_EQ(api.at("openapi").as_string(), "3.1.0");
  EXPECT_EQ(api.at("paths").as_object().size(), 2U);
  const json::value& read = api.at("paths").at("/api/v1/cases/{id}").at("get");
  EXPECT_EQ(read.at("operationId").as_string(), "read_case");
  EXPECT_EQ(read.at("x-right").as_string(), "cases.read");
  const json::array& parameters = read.at("parameters").as_array();
  ASSERT_EQ(parameters.size(), 2U);
  EXPECT_EQ(parameters[0].at("in").as_string(), "query");
  EXPECT_EQ(parameters[1].at("name").as_string(), "id");
  EXPECT_TRUE(parameters[1].at("required").as_bool());
  EXPECT_TRUE(read.at("responses").at("200").as_object().contains("content"));
  EXPECT_TRUE(read.at("responses").as_object().contains("default"));
}

TEST(OpenApi, TellsBodiesAndWhoNeedsNoRight) {
  const json::object api = document();
  const json::value& change = api.at("paths").at("/api/v1/cases/{id}").at("patch");
  EXPECT_EQ(change.at("requestBody")
                .at("content")
                .at("application/json")
                .at("schema")
                .at("$ref")
                .as_string(),
            "#/components/schemas/Case");
  EXPECT_EQ(change.at("responses").at("204").at("description").as_string(), "No Content");
  EXPECT_FALSE(change.as_object().contains("security"));
  EXPECT_TRUE(api.at("paths").at("/healthz").at("get").at("security").as_array().empty());
  EXPECT_TRUE(api.at("components").at("schemas").as_object().contains("Problem"));
}

TEST(OpenApiPage, ShowsEveryOperationAndRunsNothing) {
  const Response page = openapi_page_response(document());
  const std::string_view text = page.text();
  EXPECT_NE(text.find("Desk &amp; more"), std::string_view::npos);
  EXPECT_NE(text.find("Read &lt;one&gt; case"), std::string_view::npos);
  for (const std::string_view id : {"read_case", "change_case", "health", "problem"}) {
    EXPECT_NE(text.find("id=\"" + std::string(id) + "\""), std::string_view::npos) << id;
  }
  EXPECT_EQ(text.find("<script"), std::string_view::npos);
  EXPECT_EQ(text.find("http"), std::string_view::npos) << "the page names nothing elsewhere";
  EXPECT_TRUE(page.headers.get("Content-Security-Policy").starts_with("default-src 'none'"));
}

}  // namespace
}  // namespace doppel::http
