#include "desk/service_level.hpp"

#include <fmt/core.h>

#include "desk/calendar.hpp"
#include "desk/conditions.hpp"
#include "desk/rows.hpp"
#include "desk/schema.hpp"

namespace doppel::desk {
namespace {

struct Policy {
  std::string id, name, calendar_id, why;
};

std::optional<Policy> policy_of_contract(Workplace& place, const CaseFacts& facts) {
  if (facts.contract_policy_id.empty()) return std::nullopt;
  const std::string today = to_text(place.clock.now()).substr(0, 10);
  if (!facts.contract_until_on.empty() && facts.contract_until_on < today) return std::nullopt;
  const auto rows = place.connection.sql()->query(
      "SELECT id, name, calendar_id FROM sla_policies WHERE id = $1 AND is_enabled = 1",
      {Value(facts.contract_policy_id)});
  if (rows.empty()) return std::nullopt;
  return Policy{rows[0][0].text(), rows[0][1].text(), rows[0][2].text(), "the account's contract"};
}

std::optional<Policy> choose_policy(Workplace& place, const CaseFacts& facts) {
  if (auto own = policy_of_contract(place, facts)) return own;
  for (const Row& row : place.connection.sql()->query(
           "SELECT id, name, calendar_id, conditions FROM sla_policies WHERE is_enabled = 1 "
           "ORDER BY position, id",
           {})) {
    auto why = judge(row[3].text(), facts, place.clock.now());
    if (why) return Policy{row[0].text(), row[1].text(), row[2].text(), std::move(*why)};
  }
  return std::nullopt;
}

struct NamedCalendar {
  std::string name;
  WorkingCalendar calendar;
};

std::optional<NamedCalendar> read_calendar(Workplace& place, const std::string& id) {
  database::SqlRunner& sql = *place.connection.sql();
  const auto rows =
      sql.query("SELECT name, time_zone, hours FROM calendars WHERE id = $1", {Value(id)});
  if (rows.empty()) return std::nullopt;
  auto zone = load_time_zone(rows[0][1].text());
  if (!zone || check_hours(rows[0][2].text())) return std::nullopt;  // Written past the desk.
  NamedCalendar found{
      rows[0][0].text(),
      {.zone = std::move(*zone), .days = parse_hours(rows[0][2].text()), .holidays = {}}};
  for (const Row& row :
       sql.query("SELECT held_on FROM holidays WHERE calendar_id = $1", {Value(id)})) {
    if (const auto day = day_number(row[0].text())) found.calendar.holidays.insert(*day);
  }
  return found;
}

/// Since when the customer waits for another reply; empty where he doesn't.
std::string waiting_since(Workplace& place, const std::string& case_id) {
  const auto rows = place.connection.sql()->query(
      "SELECT min(m.created_at) FROM case_messages AS m WHERE m.case_id = $1 AND m.kind = "
      "'customer' AND m.id > coalesce((SELECT max(r.id) FROM case_messages AS r WHERE r.case_id = "
      "$1 AND r.kind = 'reply'), '~')",
      {Value(case_id)});
  return rows.empty() || rows[0][0].is_null() ? "" : rows[0][0].text();
}

}  // namespace

std::optional<ServiceLevel> service_level_of(Workplace& place, const std::string& case_id) {
  const Collection& cases = require_collection(place.collections, "cases");
  require_module(place, cases);
  const auto record = read_by_id(*place.connection.sql(), cases, case_id);
  if (!record) return std::nullopt;
  const auto policy = choose_policy(place, facts_of_case(place, *record, case_id));
  if (!policy) return std::nullopt;
  const auto calendar = read_calendar(place, policy->calendar_id);
  ServiceLevel level{.policy_id = policy->id,
                     .policy = policy->name,
                     .calendar = calendar ? calendar->name : "",
                     .why = policy->why,
                     .targets = {}};
  for (const Row& row : place.connection.sql()->query(
           "SELECT metric, minutes FROM sla_targets WHERE policy_id = $1 AND priority = $2 ORDER "
           "BY metric",
           {Value(policy->id), value_of(*record, "priority")})) {
    ServiceTarget target{
        .metric = row[0].text(), .minutes = row[1].integer(), .due_at = {}, .met_at = {}};
    std::string from = text_of(*record, "created_at");
    if (target.metric == "first_reply") target.met_at = text_of(*record, "first_reply_at");
    if (target.metric == "resolution") target.met_at = text_of(*record, "solved_at");
    if (target.metric == "next_reply") from = waiting_since(place, case_id);
    const auto begin = parse_instant(from);
    const auto due = begin && calendar
                         ? add_working_minutes(calendar->calendar, *begin, target.minutes)
                         : std::nullopt;
    if (due) target.due_at = instant_text(*due);
    level.targets.push_back(std::move(target));
  }
  return level;
}

}  // namespace doppel::desk
