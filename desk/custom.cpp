#include "desk/custom.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/id.hpp"
#include "base/text.hpp"
#include "desk/rows.hpp"
#include "desk/schema.hpp"
#include "desk/validate.hpp"

namespace doppel::desk {
namespace {

CustomField read_field(Row& row) {
  return {.id = row[0].text(),
          .code = row[1].text(),
          .name = row[2].text(),
          .kind = row[3].text(),
          .required = row[4] == Value(1),
          .default_value = row[5],
          .options = {}};
}

void read_options(database::SqlRunner& sql, CustomField& field) {
  if (field.kind != "choice") return;
  for (const Row& row : sql.query(
           "SELECT id, code FROM custom_field_options WHERE field_id = $1 ORDER BY position, id",
           {Value(field.id)})) {
    field.options.push_back({row[0].text(), row[1].text()});
  }
}

/// What a stored text is to whoever reads the record.
Value shown(const CustomField& field, const Value& stored) {
  if (stored.is_null()) return stored;
  if (field.kind == "integer" || field.kind == "boolean") {
    if (const auto number = parse_integer(stored.text())) return Value(*number);
  }
  return stored;
}

}  // namespace

std::vector<CustomField> custom_fields(Workplace& place, const std::string& object) {
  database::SqlRunner& sql = *place.connection.sql();
  std::vector<CustomField> fields;
  for (Row& row : sql.query("SELECT id, code, name, kind, is_required, default_value FROM "
                            "custom_fields WHERE object = $1 ORDER BY position, id",
                            {Value(object)})) {
    fields.push_back(read_field(row));
    read_options(sql, fields.back());
  }
  return fields;
}

std::vector<CustomField> custom_fields(Workplace& place, const std::string& object,
                                       const std::vector<std::string>& codes) {
  database::SqlRunner& sql = *place.connection.sql();
  std::vector<CustomField> fields;
  for (const std::string& code : codes) {
    for (Row& row : sql.query("SELECT id, code, name, kind, is_required, default_value FROM "
                              "custom_fields WHERE object = $1 AND lower(code) = $2",
                              {Value(object), Value(to_lower_ascii(code))})) {
      fields.push_back(read_field(row));
      read_options(sql, fields.back());
    }
  }
  return fields;
}

std::vector<CustomValue> check_custom_values(const std::vector<CustomField>& fields, Verb verb,
                                             const Values& values,
                                             std::vector<FieldProblem>& problems) {
  std::vector<CustomValue> found;
  std::vector<std::string> codes;
  for (const CustomField& field : fields) codes.push_back(field.code);
  for (const auto& [name, value] : values) {
    const auto code = custom_code(name);
    if (!code) continue;
    const auto field = std::ranges::find(fields, *code, &CustomField::code);
    if (field == fields.end()) {
      const auto near = nearest(*code, codes);
      problems.push_back({name, "there is no such custom field",
                          near ? "did you mean 'custom." + *near + "'?" : "leave it out"});
      continue;
    }
    Checked checked = check_custom(name, field->kind, value);
    CustomValue given{.field = &*field, .value = checked.value, .option = {}};
    if (!checked.problem && field->kind == "choice" && !given.value.is_null()) {
      const auto option =
          std::ranges::find(field->options, given.value.text(), &CustomOption::code);
      if (option == field->options.end()) {
        std::vector<std::string> choices;
        for (const CustomOption& choice : field->options) choices.push_back(choice.code);
        checked.problem =
            FieldProblem{name, "is none of its options", "choose one of " + join(choices, ", ")};
      } else {
        given.option = option->id;
      }
    }
    if (!checked.problem && field->required && given.value.is_null()) {
      checked.problem = FieldProblem{name, "can't be empty", "give a value"};
    }
    if (checked.problem) {
      problems.push_back(std::move(*checked.problem));
    } else {
      found.push_back(std::move(given));
    }
  }
  if (verb != Verb::kCreate) return found;
  for (const CustomField& field : fields) {
    const std::string name = "custom." + field.code;
    if (!field.required || values.contains(name) || !field.default_value.is_null()) continue;
    problems.push_back({name, field.name + " is required", "give a value"});
  }
  return found;
}

void write_custom_values(Workplace& place, const std::string& object, const std::string& record,
                         const std::vector<CustomValue>& values) {
  database::SqlRunner& sql = *place.connection.sql();
  for (const CustomValue& given : values) {
    const Value field(given.field->id);
    if (given.value.is_null()) {
      sql.execute("DELETE FROM custom_values WHERE record_id = $1 AND field_id = $2",
                  {Value(record), field});
      continue;
    }
    const Value now(instant_text(place.clock.now()));
    const Value option = given.option.empty() ? Value() : Value(given.option);
    const auto changed = sql.execute(
        "UPDATE custom_values SET value = $3, option_id = $4, version = version + 1, updated_at = "
        "$5 WHERE record_id = $1 AND field_id = $2",
        {Value(record), field, given.value, option, now});
    if (changed > 0) continue;
    sql.execute(
        "INSERT INTO custom_values (id, field_id, object, record_id, option_id, value, version, "
        "created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7)",
        {Value(make_uuid7(place.clock, place.random)), field, Value(object), Value(record), option,
         given.value, now});
  }
}

void add_custom_values(Workplace& place, const std::vector<CustomField>& fields,
                       std::vector<Record>& records) {
  if (records.empty() || fields.empty()) return;
  SqlText sql{"SELECT record_id, field_id, value FROM custom_values WHERE record_id IN (", {}};
  for (std::size_t i = 0; i < records.size(); ++i) {
    sql.text += (i == 0 ? "" : ", ") + sql.parameter(Value(records[i].id));
  }
  sql.text += ")";
  std::map<std::pair<std::string, std::string>, Value> stored;
  for (Row& row : place.connection.sql()->query(sql.text, sql.values)) {
    stored.emplace(std::pair(row[0].text(), row[1].text()), std::move(row[2]));
  }
  for (Record& record : records) {
    for (const CustomField& field : fields) {
      const auto found = stored.find({record.id, field.id});
      record.values["custom." + field.code] =
          shown(field, found == stored.end() ? field.default_value : found->second);
    }
  }
}

}  // namespace doppel::desk
