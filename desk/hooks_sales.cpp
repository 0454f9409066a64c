#include <algorithm>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "desk/hooks.hpp"
#include "desk/money.hpp"
#include "desk/schema.hpp"

/// Opportunities move through the stages of a pipeline; their lines are priced.
namespace doppel::desk {
namespace {

constexpr std::string_view kCustomField = "field:";

struct Stage {
  std::string name, pipeline, kind, required;
};

std::optional<Stage> read_stage(database::SqlRunner& sql, const std::string& id) {
  const auto rows = sql.query(
      "SELECT name, pipeline_id, kind, required_fields FROM pipeline_stages WHERE id = $1",
      {Value(id)});
  if (rows.empty()) return std::nullopt;
  return Stage{rows[0][0].text(), rows[0][1].text(), rows[0][2].text(), rows[0][3].text()};
}

std::string only_text(const std::vector<Row>& rows) {
  return rows.empty() || rows[0][0].is_null() ? "" : rows[0][0].text();
}

/// The fields that a stage asks for; what isn't a list asks for nothing.
std::vector<std::string> required_fields(const Stage& stage) {
  std::vector<std::string> names;
  try {
    const json::value list = parse_json(stage.required, "required_fields");
    if (!list.is_array()) return names;
    for (const json::value& item : list.as_array()) {
      if (item.is_string()) names.emplace_back(item.as_string());
    }
  } catch (const Error&) {
    return names;
  }
  return names;
}

/// The code of a custom field, and what the record has or gets in it.
bool has_custom(Workplace& place, const Draft& draft, const std::string& field, std::string& name) {
  database::SqlRunner& sql = *place.connection.sql();
  const std::string code =
      only_text(sql.query("SELECT code FROM custom_fields WHERE id = $1", {Value(field)}));
  name = "custom." + code;
  if (const auto given = draft.given.find(name); given != draft.given.end()) {
    return !given->second.is_null();
  }
  return !sql.query("SELECT 1 FROM custom_values WHERE record_id = $1 AND field_id = $2",
                    {Value(draft.id), Value(field)})
              .empty();
}

void check_required(Workplace& place, Draft& draft, const Stage& stage) {
  for (std::string name : required_fields(stage)) {
    bool filled = false;
    if (name.starts_with(kCustomField)) {
      const std::string field = name.substr(kCustomField.size());
      filled = has_custom(place, draft, field, name);
    } else {
      const Value& value = value_of(draft.after, name);
      filled = !value.is_null() && value != Value("");
    }
    if (filled) continue;
    draft.refuse(name, "is required in stage " + stage.name,
                 "give a value, or choose another stage");
  }
}

/// The price list that counts: the opportunity's, the account's, the organisation's.
std::string price_list_of(Workplace& place, const Values& opportunity) {
  if (const std::string own = text_of(opportunity, "price_list_id"); !own.empty()) return own;
  database::SqlRunner& sql = *place.connection.sql();
  std::string of_account = only_text(sql.query("SELECT price_list_id FROM accounts WHERE id = $1",
                                               {value_of(opportunity, "account_id")}));
  if (!of_account.empty()) return of_account;
  return only_text(
      sql.query("SELECT id FROM price_lists ORDER BY is_default DESC, name, id LIMIT 1", {}));
}

void choose_stage(Workplace& place, Draft& draft) {
  database::SqlRunner& sql = *place.connection.sql();
  if (draft.text("pipeline_id").empty() && !draft.text("stage_id").empty()) {
    const auto stage = read_stage(sql, draft.text("stage_id"));
    if (stage) draft.after["pipeline_id"] = stage->pipeline;
  }
  if (draft.text("pipeline_id").empty()) {
    draft.after["pipeline_id"] = only_text(
        sql.query("SELECT id FROM pipelines ORDER BY is_default DESC, position, id LIMIT 1", {}));
  }
  const bool moved = !draft.is_new() && draft.changes("pipeline_id") && !draft.gives("stage_id");
  if (draft.text("stage_id").empty() || moved) {
    draft.after["stage_id"] =
        only_text(sql.query("SELECT id FROM pipeline_stages WHERE pipeline_id = $1 "
                            "ORDER BY position, id LIMIT 1",
                            {value_of(draft.after, "pipeline_id")}));
  }
}

}  // namespace

void shape_opportunity(Workplace& place, Draft& draft) {
  database::SqlRunner& sql = *place.connection.sql();
  choose_stage(place, draft);
  const auto stage = read_stage(sql, draft.text("stage_id"));
  if (!stage) {
    draft.refuse("stage_id", "the pipeline has no stage", "give the pipeline a stage first");
    return;
  }
  if (stage->pipeline != draft.text("pipeline_id")) {
    draft.refuse("stage_id", stage->name + " is a stage of another pipeline",
                 "choose a stage of this pipeline");
    return;
  }
  if (draft.is_new() || draft.changes("stage_id")) {
    check_required(place, draft, *stage);
    draft.after["closed_at"] =
        stage->kind == "open" ? Value() : Value(instant_text(place.clock.now()));
  }
  if (!draft.problems.empty()) return;
  if (draft.is_new() || draft.changes("price_list_id")) {
    const std::string currency =
        only_text(sql.query("SELECT currency FROM price_lists WHERE id = $1",
                            {Value(price_list_of(place, draft.after))}));
    const std::string wanted = currency.empty() ? setting(place, "currency", "EUR") : currency;
    if (!draft.is_new() && wanted != draft.text("currency") &&
        !sql.query("SELECT 1 FROM opportunity_lines WHERE opportunity_id = $1 LIMIT 1",
                   {Value(draft.id)})
             .empty()) {
      draft.refuse("price_list_id", "its currency isn't that of the lines",
                   "remove the lines first");
      return;
    }
    draft.after["currency"] = wanted;
  }
  if (draft.is_new()) draft.after["number"] = next_number(place, "opportunities");
}

void shape_line(Workplace& place, Draft& draft) {
  database::SqlRunner& sql = *place.connection.sql();
  const Collection& opportunities = place.collections.at("opportunities");
  const auto opportunity = read_by_id(sql, opportunities, draft.text("opportunity_id"));
  if (!opportunity) return;  // The reference was refused already.
  const Value& product = value_of(draft.after, "product_id");
  const Value& quantity = value_of(draft.after, "quantity");
  const bool anew = draft.is_new() || draft.changes("product_id") || draft.changes("quantity");
  if (anew && !draft.gives("unit_price")) {
    const auto prices = sql.query(
        "SELECT unit_price FROM prices WHERE price_list_id = $1 AND product_id = $2 AND "
        "from_quantity <= $3 ORDER BY from_quantity DESC LIMIT 1",
        {Value(price_list_of(place, *opportunity)), product, quantity});
    if (prices.empty()) {
      draft.refuse("product_id", "has no price in the price list", "give unit_price");
      return;
    }
    draft.after["unit_price"] = prices[0][0];
  }
  if ((draft.is_new() || draft.changes("product_id")) && !draft.gives("tax_id")) {
    const auto taxes = sql.query("SELECT tax_id FROM products WHERE id = $1", {product});
    draft.after["tax_id"] = taxes.at(0).at(0);
  }
  if (value_of(draft.after, "position").is_null()) {
    draft.after["position"] =
        sql.query(
               "SELECT coalesce(max(position), 0) + 1 FROM opportunity_lines WHERE "
               "opportunity_id = $1",
               {value_of(draft.after, "opportunity_id")})
            .at(0)
            .at(0);
  }
  constexpr std::int64_t kLargestAmount = 1'000'000'000'000'000;
  const std::int64_t price = value_of(draft.after, "unit_price").integer();
  const std::int64_t most = kLargestAmount / quantity.integer();
  if (price > most || price < -most) {
    draft.refuse("unit_price", "makes too large an amount", "give a smaller one");
    return;
  }
  // Rounded once a line, in the smallest unit of the currency.
  const std::int64_t left = kMillion - value_of(draft.after, "discount_per_million").integer();
  const std::int64_t net = scaled(price * quantity.integer(), left, kMillion);
  std::int64_t tax = 0;
  if (const Value& id = value_of(draft.after, "tax_id"); !id.is_null()) {
    const auto rates = sql.query("SELECT rate_per_million FROM taxes WHERE id = $1", {id});
    if (!rates.empty()) tax = scaled(net, rates[0][0].integer(), kMillion);
  }
  draft.after["net_amount"] = net;
  draft.after["tax_amount"] = tax;
}

void follow_line(Workplace& place, const Draft& draft) {
  for (const Values* record : {&draft.before, &draft.after}) {
    const std::string id = text_of(*record, "opportunity_id");
    if (id.empty()) continue;
    const auto sums = place.connection.sql()->query(
        "SELECT CAST(coalesce(sum(net_amount), 0) AS BIGINT), CAST(coalesce(sum(tax_amount), 0) AS "
        "BIGINT) FROM opportunity_lines WHERE opportunity_id = $1",
        {Value(id)});
    update_record(place, "opportunities", id,
                  {{"net_amount", sums[0][0]}, {"tax_amount", sums[0][1]}});
    if (text_of(draft.before, "opportunity_id") == text_of(draft.after, "opportunity_id")) break;
  }
}

}  // namespace doppel::desk
