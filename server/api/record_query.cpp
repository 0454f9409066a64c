#include "api/record_query.hpp"

#include "base/text.hpp"

namespace doppel::api {
namespace {

using desk::Field;
using desk::FieldType;

/// A value of a query, read as the field's type has it.
Value typed(const Field* field, const std::string& text) {
  if (field == nullptr) return text;
  if (field->type == FieldType::kBoolean && (text == "true" || text == "false")) {
    return text == "true" ? 1 : 0;
  }
  if (field->type == FieldType::kInteger || field->type == FieldType::kBoolean) {
    if (const auto integer = parse_integer(text)) return *integer;
  }
  return text;
}

}  // namespace

void add_filter(const desk::Collection& collection, const http::Query::Parameter& parameter,
                std::vector<desk::Filter>& filters, std::vector<desk::FieldProblem>& problems) {
  desk::Filter filter{.field = parameter.name};
  const std::size_t bracket = parameter.name.find('[');
  if (bracket != std::string::npos && parameter.name.ends_with(']')) {
    filter.field = parameter.name.substr(0, bracket);
    const std::string word =
        parameter.name.substr(bracket + 1, parameter.name.size() - bracket - 2);
    const auto op = desk::parse_operator(word);
    if (!op) {
      problems.push_back({parameter.name, "'" + word + "' is no operator", ""});
      return;
    }
    filter.op = *op;
  }
  const Field* field = collection.field(filter.field);
  if (filter.op == desk::Operator::kIn) {
    for (const std::string& text : split(parameter.value, ',')) {
      filter.values.push_back(typed(field, text));
    }
  } else if (filter.op != desk::Operator::kEmpty && filter.op != desk::Operator::kNotEmpty) {
    filter.values.push_back(typed(field, parameter.value));
  }
  filters.push_back(std::move(filter));
}

}  // namespace doppel::api
