#include "desk/rows.hpp"

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "database/quote.hpp"

namespace doppel::desk {
namespace {

constexpr std::string_view kCustom = "custom.";
constexpr std::size_t kTagDigits = 12;

}  // namespace

std::string SqlText::parameter(Value value) {
  values.push_back(std::move(value));
  return fmt::format("${}", values.size());
}

std::string selected(const Collection& collection, Bytes bytes) {
  std::string list;
  for (const Field& field : collection.fields) {
    if (field.type == FieldType::kBytes && bytes == Bytes::kLeftOut) continue;
    list += fmt::format("{}t.{}", list.empty() ? "" : ", ", database::quote_name(field.name));
  }
  return list;
}

Values values_of(const Collection& collection, Row&& row, Bytes bytes) {
  Values values;
  std::size_t at = 0;
  for (const Field& field : collection.fields) {
    if (field.type == FieldType::kBytes && bytes == Bytes::kLeftOut) continue;
    values.emplace(field.name, std::move(row.at(at++)));
  }
  return values;
}

std::optional<Values> read_by_id(database::SqlRunner& sql, const Collection& collection,
                                 const std::string& id) {
  auto rows = sql.query(
      fmt::format("SELECT {} FROM {} AS t WHERE t.id = $1", selected(collection, Bytes::kTaken),
                  database::quote_name(collection.name)),
      {Value(id)});
  if (rows.empty()) return std::nullopt;
  return values_of(collection, std::move(rows[0]), Bytes::kTaken);
}

bool exists(database::SqlRunner& sql, const std::string& table, const std::string& id) {
  return !sql.query(fmt::format("SELECT 1 FROM {} WHERE id = $1", database::quote_name(table)),
                    {Value(id)})
              .empty();
}

const Value& value_of(const Values& values, std::string_view field) {
  static const Value none;
  const auto found = values.find(field);
  return found == values.end() ? none : found->second;
}

std::string text_of(const Values& values, std::string_view field) {
  const Value& value = value_of(values, field);
  return value.kind() == ValueKind::kText ? value.text() : std::string();
}

std::string tag_of(const Collection& collection, const Values& row) {
  Sha256 hash;
  for (const Field& field : collection.fields) {
    if (field.type == FieldType::kBytes || field.name == "updated_at") continue;
    hash.add_value(value_of(row, field.name));
  }
  return fmt::format("{}-{}", value_of(row, "version").integer(),
                     hash.finish().substr(0, kTagDigits));
}

Record record_of(const Collection& collection, Values row) {
  Record record{.id = text_of(row, "id"), .tag = tag_of(collection, row), .values = {}};
  for (const Field& field : collection.fields) {
    if (field.hidden) row.erase(field.name);
  }
  record.values = std::move(row);
  return record;
}

void mask(const Workplace& place, const Collection& collection, Record& record) {
  if (place.sight == Sight::kClear) return;
  for (auto& [name, value] : record.values) {
    const Field* field = collection.field(name);
    if (field != nullptr && !field->personal) continue;
    if (!value.is_null())
      value = field != nullptr && field->type == FieldType::kBytes ? Value() : Value(kMask);
  }
}

bool may_search(const Workplace& place, const Field& field) {
  if (field.hidden || field.type == FieldType::kBytes) return false;
  return place.sight == Sight::kClear || !field.personal;
}

void require_module(Workplace& place, const Collection& collection) {
  if (collection.module.empty()) return;
  const auto rows = place.connection.sql()->query("SELECT is_enabled FROM modules WHERE code = $1",
                                                  {Value(collection.module)});
  if (!rows.empty() && rows[0][0] == Value(1)) return;
  throw Error(ErrorCode::kNotFound, "the module " + collection.module + " is off here",
              {.place = collection.name, .remedy = "an administrator can enable it"});
}

std::string setting(Workplace& place, std::string_view name, std::string_view otherwise) {
  const auto rows =
      place.connection.sql()->query("SELECT value FROM settings WHERE name = $1", {Value(name)});
  return rows.empty() ? std::string(otherwise) : rows[0][0].text();
}

std::optional<std::string_view> custom_code(std::string_view field) {
  if (!field.starts_with(kCustom)) return std::nullopt;
  return field.substr(kCustom.size());
}

}  // namespace doppel::desk
