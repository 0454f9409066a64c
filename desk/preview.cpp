#include "desk/preview.hpp"

#include <array>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "desk/money.hpp"
#include "desk/rows.hpp"
#include "desk/time_zone.hpp"

namespace doppel::desk {
namespace {

struct Template {
  std::string kind, object, locale, subject, body;
};

/// How values are written.
struct Form {
  std::string locale, currency;
  TimeZone zone;
};

[[noreturn]] void missing(const std::string& what, const std::string& id) {
  throw Error(ErrorCode::kNotFound, "there is no such " + what, {.place = id, .remedy = {}});
}

Template read_template(const Row& row) {
  return {row[0].text(), row[1].text(), row[2].text(), row[3].text(), row[4].text()};
}

/// The template with this code in the locale, in its language, or the one named.
Template choose_template(Workplace& place, const std::string& id, const std::string& locale) {
  constexpr const char* kSelect =
      "SELECT kind, object, locale, subject, body, code FROM templates WHERE {}";
  database::SqlRunner& sql = *place.connection.sql();
  const auto named = sql.query(fmt::format(fmt::runtime(kSelect), "id = $1"), {Value(id)});
  if (named.empty()) missing("template", id);
  for (const std::string& wanted : {locale, locale.substr(0, 2)}) {
    if (wanted.empty()) continue;
    const auto found =
        sql.query(fmt::format(fmt::runtime(kSelect), "lower(code) = lower($1) AND locale = $2"),
                  {named[0][5], Value(wanted)});
    if (!found.empty()) return read_template(found[0]);
  }
  return read_template(named[0]);
}

bool is_amount(std::string_view field) {
  return field.ends_with("_amount") || field == "unit_price";
}

std::string local_time(const std::string& instant, const Form& form) {
  const auto parsed = parse_instant(instant);
  if (!parsed) return instant;
  constexpr std::int64_t kMicro = 1'000'000;
  const std::int64_t second = parsed->microseconds / kMicro;
  const std::string text = to_text(Instant{(second + form.zone.offset_at(second)) * kMicro});
  return format_date(text.substr(0, 10), form.locale) + " " + text.substr(11, 5);
}

std::string written(const Field& field, const Value& value, const Form& form) {
  if (value.is_null() || value.kind() == ValueKind::kBlob) return {};
  if (value.kind() == ValueKind::kInteger) {
    return is_amount(field.name) ? format_money(value.integer(), form.currency, form.locale)
                                 : std::to_string(value.integer());
  }
  if (field.type == FieldType::kDate) return format_date(value.text(), form.locale);
  if (field.type == FieldType::kInstant) return local_time(value.text(), form);
  return value.text();
}

/// The same, for who may see it.
std::string seen(const Workplace& place, const Field& field, const Value& value, const Form& form) {
  const bool is_masked = place.sight == Sight::kMasked && field.personal && !value.is_null();
  return is_masked ? std::string(kMask) : written(field, value, form);
}

/// Adds the fields of a record as `prefix.field`; a record that isn't there gives empty texts, so
/// that a template needn't ask.
void add_record(Workplace& place, TemplateData& data, const std::string& prefix,
                std::string_view table, const std::string& id, const Form& form) {
  const Collection& collection = require_collection(place.collections, table);
  const Values row = id.empty()
                         ? Values{}
                         : read_by_id(*place.connection.sql(), collection, id).value_or(Values{});
  for (const Field& field : collection.fields) {
    if (field.hidden) continue;
    data.values[prefix + "." + field.name] = seen(place, field, value_of(row, field.name), form);
  }
}

void add_lines(Workplace& place, TemplateData& data, const std::string& opportunity,
               const Form& form) {
  std::vector<TemplateData>& lines = data.lists["lines"];
  const Collection& collection = require_collection(place.collections, "opportunity_lines");
  for (Row& row : place.connection.sql()->query(
           fmt::format("SELECT {} FROM opportunity_lines AS t WHERE t.opportunity_id = $1 ORDER BY "
                       "t.position, t.id",
                       selected(collection, Bytes::kTaken)),
           {Value(opportunity)})) {
    const Values line = values_of(collection, std::move(row), Bytes::kTaken);
    TemplateData item;
    for (const Field& field : collection.fields) {
      item.values[field.name] = seen(place, field, value_of(line, field.name), form);
    }
    add_record(place, item, "product", "products", text_of(line, "product_id"), form);
    lines.push_back(std::move(item));
  }
}

/// What a template of the object can name, for one record.
TemplateData data_of(Workplace& place, const std::string& object, const Record& record,
                     const Form& form) {
  struct Related {
    const char* prefix;
    const char* table;
    const char* field;
  };
  constexpr std::array kRelated{
      Related{"account", "accounts", "account_id"},
      Related{"contact", "contacts", "contact_id"},
      Related{"queue", "queues", "queue_id"},
      Related{"status", "case_statuses", "status_id"},
      Related{"category", "case_categories", "category_id"},
      Related{"assignee", "users", "assignee_id"},
      Related{"owner", "users", "owner_id"},
      Related{"stage", "pipeline_stages", "stage_id"},
  };
  TemplateData data;
  data.values["organisation.name"] = setting(place, "organisation_name", "");
  const Collection& collection = require_collection(place.collections, object);
  for (const Related& related : kRelated) {
    if (collection.field(related.field) == nullptr) continue;
    add_record(place, data, related.prefix, related.table, text_of(record.values, related.field),
               form);
  }
  const std::string prefix =
      object == "opportunities" ? "opportunity" : object.substr(0, object.size() - 1);
  add_record(place, data, prefix, object, record.id, form);
  for (const auto& [name, value] : record.values) {
    if (!custom_code(name)) continue;
    data.values[prefix + "." + name] = written({.name = name}, value, form);
  }
  if (object == "opportunities") {
    const std::int64_t total = value_of(record.values, "net_amount").integer() +
                               value_of(record.values, "tax_amount").integer();
    data.values["opportunity.total"] = format_money(total, form.currency, form.locale);
    add_lines(place, data, record.id, form);
  }
  return data;
}

/// The language in which the customer is written to; empty where nobody says it.
std::string locale_of_customer(Workplace& place, const Values& record) {
  database::SqlRunner& sql = *place.connection.sql();
  if (const std::string own = text_of(record, "locale"); !own.empty()) return own;
  constexpr std::array<std::array<const char*, 2>, 2> kSources{
      {{"contacts", "contact_id"}, {"accounts", "account_id"}}};
  for (const auto& [table, field] : kSources) {
    const std::string id = text_of(record, field);
    if (id.empty()) continue;
    const auto row = read_by_id(sql, require_collection(place.collections, table), id);
    if (row && !text_of(*row, "locale").empty()) return text_of(*row, "locale");
  }
  return {};
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

}  // namespace

Preview preview_template(Workplace& place, const std::string& template_id,
                         const std::string& record_id, const std::string& locale) {
  const std::string object = choose_template(place, template_id, "").object;
  const auto record = get(place, object, record_id);
  if (!record) missing("record", record_id);
  const std::string customer = locale.empty() ? locale_of_customer(place, record->values) : locale;
  const Template chosen = choose_template(place, template_id, customer);
  const std::string organisation = setting(place, "locale", "en");
  const auto zone = load_time_zone(setting(place, "time_zone", "UTC"));
  const std::string currency = text_of(record->values, "currency");
  const Form form{.locale = chosen.locale.empty() ? organisation : chosen.locale,
                  .currency = currency.empty() ? setting(place, "currency", "EUR") : currency,
                  .zone = zone ? *zone : TimeZone(0, {})};
  const TemplateData data = data_of(place, object, *record, form);
  Rendered subject = render(chosen.subject, data, Escaping::kNone);
  Rendered body =
      render(chosen.body, data, chosen.kind == "document" ? Escaping::kHtml : Escaping::kNone);
  Preview preview{.kind = chosen.kind,
                  .subject = one_line(std::move(subject.text)),
                  .body = std::move(body.text),
                  .locale = chosen.locale,
                  .problems = std::move(subject.problems)};
  for (TemplateProblem& problem : body.problems) preview.problems.push_back(std::move(problem));
  return preview;
}

}  // namespace doppel::desk
