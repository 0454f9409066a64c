#include <map>
#include <string_view>

#include "http/html.hpp"
#include "http/openapi.hpp"

namespace doppel::http {
namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --line: #8884; --quiet: #777; --code: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 1rem; }
h1 { margin: 1rem 0 0; } h2 { border-bottom: 1px solid var(--line); margin-top: 2.5rem; }
nav ul { columns: 3 16rem; list-style: none; padding: 0; } nav li { break-inside: avoid; }
article { border: 1px solid var(--line); border-radius: .4rem; margin: 1rem 0; padding: 0 1rem; }
article h3 { font-family: ui-monospace, monospace; font-size: 1rem; overflow-wrap: anywhere; }
.method { display: inline-block; font-weight: 700; min-width: 4.5rem; }
.quiet { color: var(--quiet); } pre { background: var(--code); overflow: auto; padding: .6rem; }
code { background: var(--code); padding: 0 .2rem; } table { border-collapse: collapse; }
td, th { border-bottom: 1px solid var(--line); padding: .2rem 1rem .2rem 0; text-align: left;
  vertical-align: top; }
)";

std::string_view text_of(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string_view(found->get_string()) : "";
}

const json::object& object_of(const json::object& object, std::string_view name) {
  static const json::object kNone;
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_object() ? found->get_object() : kNone;
}

std::string element(std::string_view name, std::string_view text) {
  return "<" + std::string(name) + ">" + html_escaped(text) + "</" + std::string(name) + ">";
}

std::string code_block(const json::value& value) {
  return "<pre>" + html_escaped(write_json(value, JsonStyle::kPretty)) + "</pre>\n";
}

/// "application/json" and the schema of each form of a body.
std::string contents(const json::object& owner) {
  std::string out;
  for (const auto& form : object_of(owner, "content")) {
    out += "<p>" + element("code", form.key()) + "</p>\n";
    const json::object& media = form.value().get_object();
    if (const json::value* schema = media.if_contains("schema")) out += code_block(*schema);
  }
  return out;
}

std::string parameters(const json::object& operation) {
  const json::value* list = operation.if_contains("parameters");
  if (list == nullptr) return "";
  std::string out = "<h4>Parameters</h4>\n<table><tr><th>Name</th><th>In</th><th></th></tr>\n";
  for (const json::value& value : list->get_array()) {
    const json::object& parameter = value.get_object();
    const bool is_required = parameter.at("required").get_bool();
    out += "<tr><td>" + element("code", text_of(parameter, "name"));
    out += is_required ? "" : " <span class=\"quiet\">optional</span>";
    out += "</td>" + element("td", text_of(parameter, "in")) + "<td>" +
           html_escaped(text_of(parameter, "description")) + " " +
           element("code", write_json(parameter.at("schema"), JsonStyle::kCompact)) +
           "</td></tr>\n";
  }
  return out + "</table>\n";
}

std::string answers(const json::object& operation) {
  std::string out = "<h4>Answers</h4>\n";
  for (const auto& answer : object_of(operation, "responses")) {
    if (answer.key() == "default") continue;
    const json::object& description = answer.value().get_object();
    out += "<p><strong>" + html_escaped(answer.key()) + "</strong> " +
           html_escaped(text_of(description, "description")) + "</p>\n" + contents(description);
  }
  return out + "<p class=\"quiet\">Or a <a href=\"#problem\">problem</a>.</p>\n";
}

std::string operation_article(std::string_view path, std::string_view method,
                              const json::object& operation) {
  std::string out = "<article id=\"" + html_escaped(text_of(operation, "operationId")) +
                    "\">\n<h3><span class=\"method\">" + html_escaped(method) + "</span> " +
                    html_escaped(path) + "</h3>\n" + element("p", text_of(operation, "summary"));
  if (const auto text = text_of(operation, "description"); !text.empty()) out += element("p", text);
  const std::string_view right = text_of(operation, "x-right");
  if (!right.empty()) out += "<p class=\"quiet\">Needs " + element("code", right) + ".</p>\n";
  out += parameters(operation);
  if (const json::object& body = object_of(operation, "requestBody"); !body.empty()) {
    out += "<h4>Body</h4>\n" + element("p", text_of(body, "description")) + contents(body);
  }
  return out + answers(operation) + "</article>\n";
}

/// The operations of one chapter: links for the top of the page, and what they lead to.
struct Chapter {
  std::string links;
  std::string articles;
};

std::map<std::string, Chapter> chapters_of(const json::object& document) {
  std::map<std::string, Chapter> chapters;
  for (const auto& path : object_of(document, "paths")) {
    for (const auto& method : path.value().get_object()) {
      const json::object& operation = method.value().get_object();
      const json::value* tags = operation.if_contains("tags");
      const std::string tag =
          tags == nullptr ? "General" : std::string(tags->get_array().at(0).get_string());
      std::string verb(method.key());
      for (char& letter : verb) letter = static_cast<char>(letter - 'a' + 'A');
      Chapter& chapter = chapters[tag];
      chapter.links += "<li><a href=\"#" + html_escaped(text_of(operation, "operationId")) + "\">" +
                       html_escaped(text_of(operation, "summary")) + "</a></li>\n";
      chapter.articles += operation_article(path.key(), verb, operation);
    }
  }
  return chapters;
}

std::string schemas(const json::object& document) {
  std::string out = "<h2>Schemas</h2>\n";
  for (const auto& schema : object_of(object_of(document, "components"), "schemas")) {
    const bool is_problem = schema.key() == "Problem";
    out += is_problem ? "<article id=\"problem\">\n" : "<article>\n";
    out += element("h3", schema.key()) + code_block(schema.value()) + "</article>\n";
  }
  return out;
}

}  // namespace

std::string openapi_page(const json::object& document) {
  const json::object& info = object_of(document, "info");
  const std::string title = html_escaped(text_of(info, "title"));
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>" +
      title + "</title>\n<style>" + std::string(kStyle) + "</style>\n</head>\n<body>\n<h1>" +
      title + "</h1>\n<p class=\"quiet\">Version " + html_escaped(text_of(info, "version")) +
      "</p>\n";
  if (const auto text = text_of(info, "description"); !text.empty()) out += element("p", text);
  const std::map<std::string, Chapter> chapters = chapters_of(document);
  out += "<nav>\n";
  for (const auto& [name, chapter] : chapters) {
    out += "<h2>" + html_escaped(name) + "</h2>\n<ul>\n" + chapter.links + "</ul>\n";
  }
  out += "</nav>\n<main>\n";
  for (const auto& [name, chapter] : chapters) {
    out += "<h2>" + html_escaped(name) + "</h2>\n" + chapter.articles;
  }
  return out + schemas(document) + "</main>\n</body>\n</html>\n";
}

Response openapi_page_response(const json::object& document) {
  Response response = text_response(openapi_page(document), "text/html; charset=utf-8");
  add_security_headers(response.headers, policy_for_style(kStyle));
  return response;
}

}  // namespace doppel::http
