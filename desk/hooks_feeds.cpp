#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "desk/hooks.hpp"

/// Mappings of data feeds are judged when they are written, so that a run needn't.
namespace doppel::desk {
namespace {

constexpr std::string_view kCustomField = "field:";

void check_look_up(Workplace& place, Draft& draft, const Field& field) {
  if (draft.text("kind") != "look_up") return;
  if (field.refers_to.empty()) {
    draft.refuse("kind", field.name + " refers to nothing", "choose another kind");
    return;
  }
  const Collection& referred = require_collection(place.collections, field.refers_to);
  const Field* by = referred.field(draft.text("look_up"));
  if (by != nullptr && !by->hidden &&
      (by->type == FieldType::kText || by->type == FieldType::kInteger)) {
    return;
  }
  draft.refuse("look_up", referred.name + " can't be looked up by this",
               "name a field with a text or a number, like " +
                   (referred.label.empty() ? std::string("number") : referred.label));
}

void check_map(Draft& draft) {
  const json::value map = parse_json(draft.text("value_map"), "value_map");
  bool is_map = map.is_object();
  if (is_map) {
    for (const auto& member : map.get_object()) is_map = is_map && member.value().is_string();
  }
  if (!is_map) draft.refuse("value_map", "is an object of texts", "write {\"from\": \"to\"}");
}

}  // namespace

void shape_feed_mapping(Workplace& place, Draft& draft) {
  database::SqlRunner& sql = *place.connection.sql();
  const auto feeds =
      sql.query("SELECT object FROM data_feeds WHERE id = $1", {value_of(draft.after, "feed_id")});
  if (feeds.empty()) return;  // The reference was refused already.
  const Collection& object = require_collection(place.collections, feeds[0][0].text());
  const std::string target = draft.text("target");
  check_map(draft);
  if (draft.text("source").empty() && value_of(draft.after, "default_value").is_null()) {
    draft.refuse("source", "is empty, and there is no default", "name a column, or give a default");
  }
  if (target.starts_with(kCustomField)) {
    const bool is_there =
        !sql.query("SELECT 1 FROM custom_fields WHERE id = $1 AND object = $2",
                   {Value(target.substr(kCustomField.size())), Value(object.name)})
             .empty();
    if (!is_there) {
      draft.refuse("target", object.name + " has no such custom field", "write field:ID of one");
    } else if (draft.text("kind") == "look_up") {
      draft.refuse("kind", "a custom field refers to nothing", "choose another kind");
    }
    return;
  }
  const Field* field = object.field(target);
  // The human number is the desk's to give, but records can be found by it.
  const bool is_key = value_of(draft.after, "is_key") == Value(1);
  if (field == nullptr || field->hidden || (!field->writable && !(is_key && target == "number"))) {
    std::vector<std::string> names;
    for (const Field& known : object.fields) {
      if (known.writable) names.push_back(known.name);
    }
    const auto near = nearest(target, names);
    draft.refuse("target", object.name + " has no such field to fill",
                 near ? "did you mean '" + *near + "'?" : "name one of its fields, or field:ID");
    return;
  }
  check_look_up(place, draft, *field);
}

}  // namespace doppel::desk
