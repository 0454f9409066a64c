#include "http/message.hpp"

#include <gtest/gtest.h>

#include "http/html.hpp"
#include "http/problem.hpp"

namespace doppel::http {
namespace {

TEST(Headers, AreFoundWithoutCaseAndKeptInOrder) {
  Headers headers;
  headers.add("Accept", "a");
  headers.add("X-One", "1");
  headers.add("accept", "b");
  EXPECT_EQ(headers.get("ACCEPT"), "a");
  EXPECT_EQ(headers.list("Accept"), "a, b");
  EXPECT_EQ(headers.find("X-Two"), nullptr);
  headers.set("Accept", "c");
  EXPECT_EQ(headers.list("Accept"), "c");
  EXPECT_EQ(headers.fields.size(), 2U);
}

TEST(Headers, HaveValuesWithoutLineEnds) {
  EXPECT_TRUE(is_header_value(""));
  EXPECT_TRUE(is_header_value("a\tb \xc3\xa9"));
  EXPECT_FALSE(is_header_value("a\r\nSet-Cookie: b"));
  EXPECT_FALSE(is_header_value(" a"));
  EXPECT_FALSE(is_header_value("a\x7f"));
}

TEST(Method, HasItsNameBothWays) {
  for (const std::string_view name : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    ASSERT_TRUE(method_of(name));
    EXPECT_EQ(name_of(*method_of(name)), name);
  }
  EXPECT_EQ(method_of("get"), std::nullopt);
  EXPECT_EQ(method_of("TRACE"), std::nullopt);
}

TEST(Event, IsWrittenLineByLine) {
  EXPECT_EQ(to_text(Event{.data = "a"}), "data: a\n\n");
  EXPECT_EQ(to_text(Event{.id = "7", .type = "case", .data = "a\nb"}),
            "id: 7\nevent: case\ndata: a\ndata: b\n\n");
  EXPECT_EQ(to_text(Event{.id = "7\nevent: evil", .data = "a\r\n"}),
            "id: 7event: evil\ndata: a\ndata: \n\n");
}

TEST(Reason, IsThePhraseOfTheStatus) {
  EXPECT_EQ(reason_of(404), "Not Found");
  EXPECT_EQ(reason_of(507), "Insufficient Storage");
  EXPECT_EQ(reason_of(299), "Unknown");
}

json::object body_of(const Response& response) {
  return parse_json(response.text(), "response").get_object();
}

TEST(Problem, NamesWhatIsWrong) {
  const Response response = problem_response(
      Error(ErrorCode::kStale, "it moved", {.place = "queues.name", .remedy = {}}), "r1");
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(response.headers.get("Content-Type"), "application/problem+json");
  const json::object body = body_of(response);
  EXPECT_EQ(body.at("type").as_string(), "urn:doppel:problem:stale_plan");
  EXPECT_EQ(body.at("title").as_string(), "Stale plan");
  EXPECT_EQ(body.at("status").as_int64(), 409);
  EXPECT_EQ(body.at("detail").as_string(), "it moved");
  EXPECT_EQ(body.at("field").as_string(), "queues.name");
  EXPECT_EQ(body.at("request_id").as_string(), "r1");
}

TEST(Problem, ListsFields) {
  const ProblemError error({.code = ErrorCode::kInvalidInput,
                            .detail = "two fields",
                            .errors = {{.field = "a", .message = "missing"},
                                       {.field = "b", .message = "long", .remedy = "shorten"}}});
  const json::object body = body_of(problem_response(error, "r1"));
  EXPECT_EQ(body.at("errors").as_array().size(), 2U);
  EXPECT_EQ(body.at("errors").as_array()[1].at("remedy").as_string(), "shorten");
}

TEST(Problem, DoesntTellWhatWentWrongInside) {
  for (const ErrorCode code : {ErrorCode::kInternal, ErrorCode::kIo, ErrorCode::kBusy,
                               ErrorCode::kNoSpace, ErrorCode::kSql, ErrorCode::kNotADatabase}) {
    const Response response = problem_response(
        Error(code, "password=x", {.place = "/var/secret", .remedy = "see /var"}), "r1");
    EXPECT_EQ(response.text().find("password"), std::string_view::npos);
    EXPECT_EQ(response.text().find("/var"), std::string_view::npos);
  }
  const Response busy = problem_response(Error(ErrorCode::kBusy, "x"), "r1");
  EXPECT_EQ(busy.status, 503);
  EXPECT_NE(busy.headers.find("Retry-After"), nullptr);
}

TEST(Problem, IsJsonWhateverTheTextIs) {
  const Response response =
      problem_response(Error(ErrorCode::kNotFound, "no \xff\x01 \"x\""), "r1");
  EXPECT_NO_THROW(body_of(response));
}

TEST(Html, IsEscaped) {
  EXPECT_EQ(html_escaped("<a b=\"c\">&'"), "&lt;a b=&quot;c&quot;&gt;&amp;&#39;");
}

TEST(Html, HasAPolicyForItsStyle) {
  // `printf 'a{}' | openssl dgst -sha256 -binary | base64`
  EXPECT_NE(policy_for_style("a{}").find("'sha256-X1RutGBrXCt9KkSaXMK7tHftWiRscFHOhxsS8tv8hBk='"),
            std::string::npos);
  EXPECT_EQ(policy_for_style("a{}").find("unsafe"), std::string::npos);
}

}  // namespace
}  // namespace doppel::http
