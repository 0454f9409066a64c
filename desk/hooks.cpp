#include "desk/hooks.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/id.hpp"
#include "database/quote.hpp"
#include "desk/insert.hpp"
#include "desk/schema.hpp"

namespace doppel::desk {
namespace {

constexpr std::array kHooks{
    Hooks{"accounts", shape_account, nullptr},
    Hooks{"attachments", shape_attachment, nullptr},
    Hooks{"calendars", shape_calendar, nullptr},
    Hooks{"case_messages", nullptr, follow_message},
    Hooks{"cases", shape_case, follow_case},
    Hooks{"feed_mappings", shape_feed_mapping, nullptr},
    Hooks{"macro_actions", shape_macro_action, nullptr},
    Hooks{"opportunities", shape_opportunity, nullptr},
    Hooks{"opportunity_lines", shape_line, follow_line},
    Hooks{"roles", nullptr, follow_role},
    Hooks{"routing_rules", shape_conditions, nullptr},
    Hooks{"settings", shape_setting, nullptr},
    Hooks{"sla_policies", shape_conditions, nullptr},
    Hooks{"user_roles", nullptr, follow_user_role},
    Hooks{"users", shape_user, nullptr, leave_user},
};

}  // namespace

const Hooks* hooks_of(std::string_view collection) {
  const auto found = std::ranges::find(kHooks, collection, &Hooks::collection);
  return found == kHooks.end() ? nullptr : &*found;
}

std::int64_t next_number(Workplace& place, std::string_view series) {
  database::SqlRunner& sql = *place.connection.sql();
  // Whoever comes second waits here until the first has ended, so no number is given twice.
  const auto changed = sql.execute(
      "UPDATE number_series SET next_number = next_number + 1 WHERE name = $1", {Value(series)});
  if (changed == 0) {
    sql.execute("INSERT INTO number_series (name, next_number) VALUES ($1, 2)", {Value(series)});
    return 1;
  }
  return sql.query("SELECT next_number - 1 FROM number_series WHERE name = $1", {Value(series)})
      .at(0)
      .at(0)
      .integer();
}

std::string insert_record(Workplace& place, std::string_view table, Values values) {
  const std::string now = instant_text(place.clock.now());
  std::string id = make_uuid7(place.clock, place.random);
  values["id"] = id;
  values["version"] = 1;
  values["created_at"] = now;
  values["updated_at"] = now;
  std::vector<std::string> columns;
  Row row;
  for (auto& [name, value] : values) {
    columns.push_back(name);
    row.push_back(std::move(value));
  }
  const std::array rows{std::move(row)};
  insert_rows(*place.connection.sql(), std::string(table), columns, rows);
  return id;
}

void update_record(Workplace& place, std::string_view table, const std::string& id,
                   const Values& values) {
  SqlText sql;
  std::string set;
  for (const auto& [name, value] : values) {
    set += fmt::format("{} = {}, ", database::quote_name(name), sql.parameter(value));
  }
  sql.text =
      fmt::format("UPDATE {} SET {}version = version + 1, updated_at = {} WHERE id = {}",
                  database::quote_name(table), set,
                  sql.parameter(Value(instant_text(place.clock.now()))), sql.parameter(Value(id)));
  place.connection.sql()->execute(sql.text, sql.values);
}

void shape_account(Workplace& place, Draft& draft) {
  if (draft.is_new()) draft.after["number"] = next_number(place, "accounts");
  if (!draft.is_new() && draft.text("parent_id") == draft.id) {
    draft.refuse("parent_id", "an account can't be its own parent", "name another account");
  }
}

}  // namespace doppel::desk
