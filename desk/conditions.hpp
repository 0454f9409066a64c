#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "desk/resource.hpp"

/// Conditions of routing rules and SLA policies: JSON like {"priority": ["high", "urgent"],
/// "tier": ["gold"], "renewal_within_days": 30}. All members must hold; a list holds with any of
/// its values; no member at all always holds.
namespace doppel::desk {

/// What a case is judged by.
struct CaseFacts {
  std::string subject = {}, priority = {}, channel = {};
  std::string queue_id = {}, category_id = {}, account_id = {};
  // Of the account; empty where there is none.
  std::string tier = {}, renewal_on = {}, contract_until_on = {}, contract_policy_id = {};
  std::map<std::string, std::string> custom = {};  ///< by the field's id
};

/// Of a case as it is, or is to be, in this environment.
CaseFacts facts_of_case(Workplace& place, const Values& record, const std::string& id);

/// What held, in words for people ("priority urgent, tier gold"); nothing where one doesn't hold.
std::optional<std::string> judge(std::string_view conditions, const CaseFacts& facts, Instant now);

/// What is wrong with conditions as somebody wrote them.
std::vector<FieldProblem> check_conditions(std::string_view field, std::string_view conditions);

}  // namespace doppel::desk
