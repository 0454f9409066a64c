#include <fmt/core.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "desk/preview.hpp"
#include "desk/rows.hpp"

namespace doppel::desk {
namespace {

constexpr std::string_view kCustomField = "field:";

[[noreturn]] void unreadable(const std::string& what, const std::string& id) {
  throw Error(ErrorCode::kInvalidInput, what + " can't be read",
              {.place = id, .remedy = "mend its definition"});
}

Value value_of_json(const json::value& value, const std::string& id) {
  if (value.is_string()) return Value(std::string(value.as_string()));
  if (value.is_int64()) return Value(value.as_int64());
  if (value.is_bool()) return Value(value.as_bool() ? 1 : 0);
  unreadable("a value of the saved view", id);
}

/// A custom field's name by its key, as a saved definition names it; empty for one that is gone.
std::string custom_name(Workplace& place, std::string_view field) {
  const auto rows = place.connection.sql()->query("SELECT code FROM custom_fields WHERE id = $1",
                                                  {Value(field.substr(kCustomField.size()))});
  return rows.empty() ? "" : "custom." + rows[0][0].text();
}

std::string field_name(Workplace& place, const std::string& field) {
  return field.starts_with(kCustomField) ? custom_name(place, field) : field;
}

Filter read_filter(Workplace& place, const json::value& item, const std::string& id) {
  const auto op = parse_operator(text_member(item, "operator", id));
  if (!op) unreadable("an operator of the saved view", id);
  Filter filter{
      .field = field_name(place, text_member(item, "field", id)), .op = *op, .values = {}};
  const json::value* value = item.as_object().if_contains("value");
  if (value == nullptr) return filter;
  if (!value->is_array()) {
    filter.values.push_back(value_of_json(*value, id));
    return filter;
  }
  for (const json::value& each : value->as_array())
    filter.values.push_back(value_of_json(each, id));
  return filter;
}

}  // namespace

ViewQuery query_of_view(Workplace& place, const std::string& view_id) {
  const auto rows = place.connection.sql()->query(
      "SELECT object, filters, sort, fields FROM saved_views WHERE id = $1", {Value(view_id)});
  if (rows.empty()) {
    throw Error(ErrorCode::kNotFound, "there is no such saved view",
                {.place = view_id, .remedy = {}});
  }
  ViewQuery view{.object = rows[0][0].text(), .query = {}};
  const json::value filters = parse_json(rows[0][1].text(), view_id);
  const json::value fields = parse_json(rows[0][3].text(), view_id);
  if (!filters.is_array() || !fields.is_array()) unreadable("the saved view", view_id);
  for (const json::value& item : filters.as_array()) {
    view.query.filters.push_back(read_filter(place, item, view_id));
  }
  for (const json::value& item : fields.as_array()) {
    if (!item.is_string()) unreadable("a field of the saved view", view_id);
    // A custom field that is gone shows no column.
    const std::string name = field_name(place, std::string(item.as_string()));
    if (!name.empty()) view.query.fields.push_back(name);
  }
  view.query.sort = parse_sort(rows[0][2].text());
  return view;
}

std::vector<LayoutSection> lay_out(Workplace& place, const std::string& object,
                                   const std::string& record_id) {
  const auto record = get(place, object, record_id);
  if (!record) {
    throw Error(ErrorCode::kNotFound, "there is no such record",
                {.place = record_id, .remedy = {}});
  }
  database::SqlRunner& sql = *place.connection.sql();
  const auto rows = sql.query(
      "SELECT id, sections FROM layouts WHERE object = $1 ORDER BY is_default DESC, name, id LIMIT "
      "1",
      {Value(object)});
  std::vector<LayoutSection> sections;
  if (rows.empty()) return sections;
  const std::string& layout = rows[0][0].text();
  const json::value definition = parse_json(rows[0][1].text(), layout);
  if (!definition.is_array()) unreadable("the layout", layout);
  for (const json::value& item : definition.as_array()) {
    LayoutSection section{.title = text_member(item, "title", layout), .fields = {}};
    const json::value& fields = member(item, "fields", layout);
    if (!fields.is_array()) unreadable("a section of the layout", layout);
    for (const json::value& field : fields.as_array()) {
      if (!field.is_string()) unreadable("a field of the layout", layout);
      const std::string said(field.as_string());
      const std::string name = field_name(place, said);
      const auto value = record->values.find(name);
      if (value == record->values.end()) continue;
      std::string title = name;
      if (said.starts_with(kCustomField)) {
        title = sql.query("SELECT name FROM custom_fields WHERE id = $1",
                          {Value(said.substr(kCustomField.size()))})
                    .at(0)
                    .at(0)
                    .text();
      }
      section.fields.push_back({name, std::move(title), value->second});
    }
    sections.push_back(std::move(section));
  }
  return sections;
}

}  // namespace doppel::desk
