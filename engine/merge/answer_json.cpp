#include "merge/answer_json.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace doppel::merge {
namespace {

constexpr std::size_t kAnswerLimit = 1'000'000;
constexpr std::size_t kColumnLimit = 32'767;
constexpr std::size_t kTextLimit = 100'000;

[[noreturn]] void refuse(const std::string& message, const std::string& place) {
  throw Error(ErrorCode::kInvalidInput, message, {.place = place, .remedy = {}});
}

std::string short_text(const json::value& object, std::string_view name, const std::string& place) {
  std::string text = text_member(object, name, place);
  if (text.size() > kTextLimit) refuse("'" + std::string(name) + "' is too long", place);
  return text;
}

AnswerKind answer_kind(const std::string& text, const std::string& place) {
  if (const auto kind = parse_answer_kind(text)) return *kind;
  refuse("'" + text + "' is no answer", place);
}

ConflictKind conflict_kind(const std::string& text, const std::string& place) {
  for (int kind = 0; kind <= static_cast<int>(ConflictKind::kOrder); ++kind) {
    if (to_text(static_cast<ConflictKind>(kind)) == text) return static_cast<ConflictKind>(kind);
  }
  refuse("'" + text + "' is no kind of conflict", place);
}

const json::array& list_member(const json::value& object, std::string_view name,
                               const std::string& place) {
  const json::value& found = member(object, name, place);
  if (!found.is_array()) refuse("'" + std::string(name) + "' must be a list", place);
  if (found.get_array().size() > kColumnLimit) {
    refuse("'" + std::string(name) + "' is too long", place);
  }
  return found.get_array();
}

json::array names_to_json(const TableShape& shape, const std::vector<std::size_t>& columns) {
  json::array names;
  for (const std::size_t column : columns) names.emplace_back(shape.columns[column]);
  return names;
}

std::vector<std::size_t> columns_from_json(const json::value& object, std::string_view name,
                                           const TableShape& shape, const std::string& place) {
  std::vector<std::size_t> columns;
  for (const json::value& item : list_member(object, name, place)) {
    const auto column =
        item.is_string() ? shape.column(std::string_view(item.get_string())) : std::nullopt;
    if (!column) refuse("'" + std::string(name) + "' must hold columns of the table", place);
    columns.push_back(*column);
  }
  return columns;
}

TableShapePtr shape_from_json(const json::value& stored, const std::string& place) {
  auto shape = std::make_shared<TableShape>();
  shape->name = short_text(stored, "table", place);
  for (const json::value& column : list_member(stored, "table_columns", place)) {
    if (!column.is_string()) refuse("a column's name must be text", place);
    shape->columns.emplace_back(column.get_string());
  }
  shape->key = columns_from_json(stored, "table_key", *shape, place);
  if (shape->key.empty()) refuse("'table_key' is empty", place);
  return shape;
}

void add_image(json::object& object, std::string_view name, const std::optional<Row>& image) {
  if (image) object.emplace(name, doppel::to_json(*image));
}

std::optional<Row> image_from_json(const json::value& stored, std::string_view name,
                                   const TableShape& shape, const std::string& place) {
  const json::value* image = stored.get_object().if_contains(name);
  if (image == nullptr) return std::nullopt;
  Row row = values_from_json(*image, place);
  if (row.size() != shape.columns.size()) {
    refuse("'" + std::string(name) + "' must have a value for each column", place);
  }
  return row;
}

}  // namespace

json::value to_json(const Answer& answer) {
  json::object object;
  object.emplace("conflict", answer.conflict);
  object.emplace("inputs", answer.inputs);
  object.emplace("answer", to_text(answer.kind));
  if (!answer.values.empty()) object.emplace("values", doppel::to_json(answer.values));
  return object;
}

json::value to_json(const std::vector<Answer>& answers) {
  json::array array;
  for (const Answer& answer : answers) array.push_back(to_json(answer));
  return array;
}

Answer answer_from_json(const json::value& stored, std::string_view source) {
  const std::string place(source);
  Answer answer;
  answer.conflict = short_text(stored, "conflict", place);
  answer.inputs = short_text(stored, "inputs", place);
  answer.kind = answer_kind(short_text(stored, "answer", place), place);
  if (const json::value* values = stored.get_object().if_contains("values")) {
    answer.values = values_from_json(*values, place);
    if (answer.values.size() > kColumnLimit) refuse("too many values", place);
  }
  return answer;
}

std::vector<Answer> answers_from_json(const json::value& stored, std::string_view source) {
  const std::string place(source);
  if (!stored.is_array()) refuse("a list of answers is expected", place);
  if (stored.get_array().size() > kAnswerLimit) refuse("too many answers", place);
  std::vector<Answer> answers;
  for (const json::value& item : stored.get_array()) {
    answers.push_back(answer_from_json(item, place + "[" + std::to_string(answers.size()) + "]"));
  }
  return answers;
}

json::value to_json(const Conflict& conflict) {
  json::object object;
  object.emplace("kind", to_text(conflict.kind));
  object.emplace("id", conflict.id);
  object.emplace("inputs", conflict.inputs);
  object.emplace("message", conflict.message);
  object.emplace("table", conflict.table->name);
  object.emplace("table_key", names_to_json(*conflict.table, conflict.table->key));
  json::array columns;
  for (const std::string& column : conflict.table->columns) columns.emplace_back(column);
  object.emplace("table_columns", std::move(columns));
  object.emplace("key", doppel::to_json(conflict.key));
  object.emplace("columns", names_to_json(*conflict.table, conflict.columns));
  add_image(object, "base", conflict.base);
  add_image(object, "live", conflict.live);
  add_image(object, "sandbox", conflict.sandbox);
  json::array possible;
  for (const AnswerKind kind : conflict.possible) possible.emplace_back(to_text(kind));
  object.emplace("possible", std::move(possible));
  if (conflict.answered) object.emplace("answered", to_text(*conflict.answered));
  return object;
}

Conflict conflict_from_json(const json::value& stored, std::string_view source) {
  const std::string place(source);
  Conflict conflict;
  conflict.kind = conflict_kind(short_text(stored, "kind", place), place);
  conflict.id = short_text(stored, "id", place);
  conflict.inputs = short_text(stored, "inputs", place);
  conflict.message = short_text(stored, "message", place);
  conflict.table = shape_from_json(stored, place);
  conflict.key = values_from_json(member(stored, "key", place), place);
  if (conflict.key.size() != conflict.table->key.size()) refuse("'key' is no key", place);
  conflict.columns = columns_from_json(stored, "columns", *conflict.table, place);
  conflict.base = image_from_json(stored, "base", *conflict.table, place);
  conflict.live = image_from_json(stored, "live", *conflict.table, place);
  conflict.sandbox = image_from_json(stored, "sandbox", *conflict.table, place);
  for (const json::value& kind : list_member(stored, "possible", place)) {
    if (!kind.is_string()) refuse("'possible' must hold answers", place);
    conflict.possible.push_back(answer_kind(std::string(kind.get_string()), place));
  }
  if (stored.get_object().contains("answered")) {
    conflict.answered = answer_kind(short_text(stored, "answered", place), place);
  }
  return conflict;
}

}  // namespace doppel::merge
