#include "desk/conditions.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "desk/hooks.hpp"

namespace doppel::desk {
namespace {

constexpr std::string_view kCustomField = "field:";
constexpr std::string_view kSubject = "subject_contains";
constexpr std::string_view kRenewal = "renewal_within_days";
constexpr std::array<std::string_view, 6> kLists{"tier",  "priority", "channel",
                                                 "queue", "category", "account"};
constexpr std::int64_t kDay = 86'400LL * 1'000'000;

bool is_list_member(std::string_view name) {
  return name.starts_with(kCustomField) || name == kSubject ||
         std::ranges::find(kLists, name) != kLists.end();
}

std::string fact(const CaseFacts& facts, std::string_view name) {
  if (name == "tier") return facts.tier;
  if (name == "priority") return facts.priority;
  if (name == "channel") return facts.channel;
  if (name == "queue") return facts.queue_id;
  if (name == "category") return facts.category_id;
  if (name == "account") return facts.account_id;
  if (name == kSubject) return to_lower_ascii(facts.subject);
  const auto custom = facts.custom.find(std::string(name.substr(kCustomField.size())));
  return custom == facts.custom.end() ? "" : custom->second;
}

/// The values of a member: a text alone is a list of one.
std::vector<std::string> values_of_member(const json::value& value) {
  std::vector<std::string> values;
  if (value.is_string()) values.emplace_back(value.as_string());
  if (!value.is_array()) return values;
  for (const json::value& item : value.as_array()) {
    if (item.is_string()) values.emplace_back(item.as_string());
  }
  return values;
}

std::optional<std::string> judge_list(std::string_view name, const json::value& wanted,
                                      const CaseFacts& facts) {
  const std::string found = fact(facts, name);
  for (const std::string& value : values_of_member(wanted)) {
    const bool holds = name == kSubject ? found.find(to_lower_ascii(value)) != std::string::npos
                                        : !found.empty() && found == value;
    if (holds) return fmt::format("{} {}", name == kSubject ? "subject with" : name, value);
  }
  return std::nullopt;
}

std::optional<std::string> judge_renewal(const json::value& wanted, const CaseFacts& facts,
                                         Instant now) {
  const auto renewal = parse_instant(facts.renewal_on + "T00:00:00Z");
  if (!renewal || !wanted.is_int64()) return std::nullopt;
  const std::int64_t days = (renewal->microseconds - now.microseconds) / kDay;
  if (renewal->microseconds < now.microseconds || days > wanted.as_int64()) return std::nullopt;
  return fmt::format("renewal in {}", counted(days, "day"));
}

}  // namespace

CaseFacts facts_of_case(Workplace& place, const Values& record, const std::string& id) {
  CaseFacts facts{.subject = text_of(record, "subject"),
                  .priority = text_of(record, "priority"),
                  .channel = text_of(record, "channel"),
                  .queue_id = text_of(record, "queue_id"),
                  .category_id = text_of(record, "category_id"),
                  .account_id = text_of(record, "account_id"),
                  .tier = {},
                  .renewal_on = {},
                  .contract_until_on = {},
                  .contract_policy_id = {},
                  .custom = {}};
  database::SqlRunner& sql = *place.connection.sql();
  if (!facts.account_id.empty()) {
    const Collection& accounts = place.collections.at("accounts");
    const Values account = read_by_id(sql, accounts, facts.account_id).value_or(Values{});
    facts.tier = text_of(account, "tier");
    facts.renewal_on = text_of(account, "renewal_on");
    facts.contract_until_on = text_of(account, "contract_until_on");
    facts.contract_policy_id = text_of(account, "contract_policy_id");
  }
  for (Row& row :
       sql.query("SELECT field_id, value FROM custom_values WHERE record_id = $1", {Value(id)})) {
    facts.custom.emplace(row[0].text(), row[1].text());
  }
  return facts;
}

std::optional<std::string> judge(std::string_view conditions, const CaseFacts& facts, Instant now) {
  json::value parsed;
  try {
    parsed = parse_json(conditions, "conditions");
  } catch (const Error&) {
    return std::nullopt;  // Written past the desk: what can't be read holds for nobody.
  }
  if (!parsed.is_object()) return std::nullopt;
  std::vector<std::string> held;
  for (const auto& member : parsed.as_object()) {
    const std::string_view name = member.key();
    auto why = name == kRenewal       ? judge_renewal(member.value(), facts, now)
               : is_list_member(name) ? judge_list(name, member.value(), facts)
                                      : std::nullopt;
    if (!why) return std::nullopt;
    held.push_back(std::move(*why));
  }
  return held.empty() ? "always" : join(held, ", ");
}

std::vector<FieldProblem> check_conditions(std::string_view field, std::string_view conditions) {
  const std::string name(field);
  std::vector<FieldProblem> problems;
  json::value parsed;
  try {
    parsed = parse_json(conditions, field);
  } catch (const Error& error) {
    return {{name, error.what(), "mend the document"}};
  }
  if (!parsed.is_object())
    return {{name, "conditions are an object", "write {\"tier\": [\"gold\"]}"}};
  for (const auto& member : parsed.as_object()) {
    const std::string word(member.key());
    const json::value& value = member.value();
    if (word == kRenewal) {
      if (!value.is_int64() || value.as_int64() < 0) {
        problems.push_back({name, word + " is a number of days", "write 30"});
      }
    } else if (!is_list_member(word)) {
      std::vector<std::string> known{std::string(kSubject), std::string(kRenewal)};
      for (const std::string_view each : kLists) known.emplace_back(each);
      const auto near = nearest(word, known);
      problems.push_back({name, "there is no condition '" + printable(word, 40) + "'",
                          near ? "did you mean '" + *near + "'?"
                               : "use one of " + join(known, ", ") + ", field:ID"});
    } else if (values_of_member(value).empty()) {
      problems.push_back({name, word + " names no value", "give a list of texts"});
    }
  }
  return problems;
}

void shape_conditions(Workplace& /*place*/, Draft& draft) {
  for (FieldProblem& problem : check_conditions("conditions", draft.text("conditions"))) {
    draft.problems.push_back(std::move(problem));
  }
}

}  // namespace doppel::desk
