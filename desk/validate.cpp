#include "desk/validate.hpp"

#include <fmt/core.h>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "desk/rows.hpp"
#include "desk/schema.hpp"

namespace doppel::desk {
namespace {

Checked refused(const std::string& field, std::string message, std::string remedy) {
  return {.value = {}, .problem = FieldProblem{field, std::move(message), std::move(remedy)}};
}

bool is_date(const std::string& text) {
  constexpr std::size_t kLength = 10;
  return text.size() == kLength && parse_instant(text + "T00:00:00Z").has_value();
}

/// The problem of a text that no field can hold.
std::optional<Checked> check_text(const std::string& field, const Value& value) {
  if (value.kind() != ValueKind::kText) return refused(field, "is a text", "give a text");
  if (value.text().size() > kTextBytesLimit) {
    return refused(field, fmt::format("is longer than {} bytes", kTextBytesLimit), "shorten it");
  }
  if (!is_valid_utf8(value.text()) || value.text().find('\0') != std::string::npos) {
    return refused(field, "is no text in UTF-8", "give text without NUL, in UTF-8");
  }
  return std::nullopt;
}

Checked check_integer(const Field& field, const Value& value) {
  if (value.kind() != ValueKind::kInteger) {
    return refused(field.name, "is a whole number", "give a number without a fraction");
  }
  if (field.least && value.integer() < *field.least) {
    return refused(field.name, fmt::format("is at least {}", *field.least), "give a larger one");
  }
  if (field.most && value.integer() > *field.most) {
    return refused(field.name, fmt::format("is at most {}", *field.most), "give a smaller one");
  }
  return {.value = value, .problem = {}};
}

Checked check_of_text(const Field& field, const Value& value) {
  if (auto bad = check_text(field.name, value)) return std::move(*bad);
  const std::string& text = value.text();
  switch (field.type) {
    case FieldType::kInstant: {
      const auto instant = parse_instant(text);
      if (!instant) return refused(field.name, "is an instant", "write 2026-11-22T09:15:00Z");
      return {.value = Value(instant_text(*instant)), .problem = {}};
    }
    case FieldType::kDate:
      if (!is_date(text)) return refused(field.name, "is a date", "write 2026-11-22");
      break;
    case FieldType::kChoice: {
      if (std::ranges::find(field.choices, text) != field.choices.end()) break;
      const auto near = nearest(text, field.choices);
      return refused(
          field.name, fmt::format("can't be '{}'", printable(text, 40)),
          near ? "did you mean '" + *near + "'?" : "choose one of " + join(field.choices, ", "));
    }
    case FieldType::kJson:
      try {
        parse_json(text, field.name);
      } catch (const Error& error) {
        return refused(field.name, "is JSON: " + std::string(error.what()), "mend the document");
      }
      break;
    default:
      break;
  }
  return {.value = value, .problem = {}};
}

}  // namespace

Checked check_value(const Field& field, const Value& value) {
  if (value.is_null()) {
    if (field.nullable) return {.value = value, .problem = {}};
    return refused(field.name, "can't be empty", "give a value");
  }
  switch (field.type) {
    case FieldType::kInteger:
      return check_integer(field, value);
    case FieldType::kBoolean:
      if (value == Value(0) || value == Value(1)) return {.value = value, .problem = {}};
      return refused(field.name, "is yes or no", "give true or false");
    case FieldType::kBytes:
      if (value.kind() != ValueKind::kBlob) return refused(field.name, "are bytes", "give bytes");
      if (value.blob().size() <= kBytesLimit) return {.value = value, .problem = {}};
      return refused(field.name, fmt::format("are more than {} bytes", kBytesLimit), "give fewer");
    default:
      return check_of_text(field, value);
  }
}

Checked check_custom(const std::string& name, const std::string& kind, const Value& value) {
  if (value.is_null()) return {.value = value, .problem = {}};
  if (kind == "boolean") {
    if (value == Value(0) || value == Value(1)) {
      return {.value = Value(value.integer() == 1 ? "1" : "0"), .problem = {}};
    }
    return refused(name, "is yes or no", "give true or false");
  }
  if (kind == "integer") {
    if (value.kind() == ValueKind::kInteger) {
      return {.value = Value(std::to_string(value.integer())), .problem = {}};
    }
    return refused(name, "is a whole number", "give a number without a fraction");
  }
  if (value.kind() == ValueKind::kInteger && kind == "decimal") {
    return {.value = Value(std::to_string(value.integer())), .problem = {}};
  }
  if (auto bad = check_text(name, value)) return std::move(*bad);
  if (kind == "date" && !is_date(value.text())) {
    return refused(name, "is a date", "write 2026-11-22");
  }
  if (kind == "decimal") {
    // Exact, and so never through a floating point number.
    static constexpr std::string_view kDigits = "0123456789";
    std::string_view text = value.text();
    if (text.starts_with('-')) text.remove_prefix(1);
    const std::size_t point = text.find('.');
    const std::string_view whole = text.substr(0, point);
    const std::string_view fraction =
        point == std::string_view::npos ? "0" : text.substr(point + 1);
    if (whole.empty() || fraction.empty() || text.size() > 40 ||
        whole.find_first_not_of(kDigits) != std::string_view::npos ||
        fraction.find_first_not_of(kDigits) != std::string_view::npos) {
      return refused(name, "is a decimal number", "write 12.50, as text");
    }
  }
  return {.value = value, .problem = {}};
}

std::vector<FieldProblem> check_values(const Collection& collection, Verb verb, Values& values) {
  std::vector<FieldProblem> problems;
  std::vector<std::string> names;
  for (const Field& field : collection.fields) {
    if (!field.hidden) names.push_back(field.name);
  }
  for (auto& [name, value] : values) {
    if (collection.has_custom_fields && custom_code(name)) continue;
    const Field* field = collection.field(name);
    if (field == nullptr || field->hidden) {
      const auto near = nearest(name, names);
      problems.push_back({name, "there is no such field",
                          near ? "did you mean '" + *near + "'?" : "leave it out"});
      continue;
    }
    if (!field->writable) {
      problems.push_back({name, "the desk sets this itself", "leave it out"});
      continue;
    }
    Checked checked = check_value(*field, value);
    if (!checked.problem && name == collection.label && checked.value.kind() == ValueKind::kText &&
        trim(checked.value.text()).empty()) {
      checked.problem = FieldProblem{name, "can't be blank", "give a text"};
    }
    if (checked.problem) {
      problems.push_back(std::move(*checked.problem));
    } else {
      value = std::move(checked.value);
    }
  }
  if (verb != Verb::kCreate) return problems;
  for (const Field& field : collection.fields) {
    if (!field.required() || values.contains(field.name)) continue;
    problems.push_back({field.name, "is required", "give a value"});
  }
  return problems;
}

std::vector<FieldProblem> check_references(Workplace& place, const Collection& collection,
                                           const Values& values) {
  std::vector<FieldProblem> problems;
  for (const auto& [name, value] : values) {
    const Field* field = collection.field(name);
    if (field == nullptr || field->type != FieldType::kReference || value.is_null()) continue;
    if (exists(*place.connection.sql(), field->refers_to, value.text())) continue;
    problems.push_back(
        {name, fmt::format("{} has no record {}", field->refers_to, printable(value.text(), 40)),
         "give the id of one of " + field->refers_to});
  }
  return problems;
}

}  // namespace doppel::desk
