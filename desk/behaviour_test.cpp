// What configuration does to data: each differs between sandbox and live, on both databases.

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "desk/conditions.hpp"
#include "desk/money.hpp"
#include "tests/support/desk_place.hpp"

namespace doppel::desk {
namespace {

using testing::add_member;
using testing::DeskPlace;
using testing::DeskStand;
using Kind = Outcome::Kind;

std::string seed(std::string_view name) { return DeskStand::id(name); }

class DeskBehaviour : public ::testing::TestWithParam<Dialect> {
 protected:
  Record made(Workplace& place, const std::string& collection, Values values) {
    const Outcome outcome = create(place, collection, std::move(values));
    std::string problems;
    for (const FieldProblem& problem : outcome.problems) {
      problems += problem.field + ": " + problem.message + "\n";
    }
    EXPECT_EQ(outcome.kind, Kind::kDone) << collection << " " << problems;
    return outcome.record.value_or(Record{});
  }
  void changed(Workplace& place, const std::string& collection, const std::string& id,
               Values values) {
    EXPECT_EQ(change(place, collection, id, std::move(values)).kind, Kind::kDone) << collection;
  }
  /// The details of a case's events of a kind, in order.
  std::vector<std::string> events(Workplace& place, const std::string& id, const char* kind) {
    std::vector<std::string> details;
    for (const Record& record : list(place, "case_events",
                                     {.filters = {{"case_id", Operator::kEqual, {id}},
                                                  {"kind", Operator::kEqual, {kind}}}})
                                    .records) {
      details.push_back(record.values.at("detail").text());
    }
    return details;
  }

  DeskStand stand{GetParam()};
  DeskPlace live{stand, "acme"};
};

TEST_P(DeskBehaviour, RoutingRulesDecideWhereACaseGoes) {
  add_member(stand, "ada", "support");
  add_member(stand, "bo", "billing", "billing");
  stand.fork("qa");
  DeskPlace sandbox(stand, "acme/qa");
  changed(sandbox.place, "routing_rules", seed("routing_rules.invoices"),
          {{"conditions", R"({"subject_contains":["order"]})"}});
  const Record there = made(sandbox.place, "cases", {{"subject", "My ORDER is late"}});
  const Record here = made(live.place, "cases", {{"subject", "My order is late"}});
  EXPECT_EQ(there.values.at("queue_id"), Value(seed("queues.billing")));
  EXPECT_EQ(here.values.at("queue_id"), Value(seed("queues.support")));
  EXPECT_NE(events(live.place, there.id, "routed").at(0).find("subject with order"),
            std::string::npos);
  EXPECT_NE(events(live.place, here.id, "routed").at(0).find("default queue"), std::string::npos);
  EXPECT_EQ(here.values.at("number").integer(), there.values.at("number").integer() + 1);
  // The category's queue, where no rule says another.
  const Record fault = made(
      live.place, "cases", {{"subject", "Broken"}, {"category_id", seed("case_categories.fault")}});
  EXPECT_NE(events(live.place, fault.id, "routed").at(0).find("category Fault"), std::string::npos);
}

TEST_P(DeskBehaviour, QueuesAssignBySkillCapacityTurnAndFallback) {
  const std::string ada = add_member(stand, "ada", "billing", "billing");
  const std::string bo = add_member(stand, "bo", "billing", "billing");
  add_member(stand, "cy", "billing");  // without the skill that the queue asks for
  const std::string dee = add_member(stand, "dee", "support");
  const auto assignee = [&](Workplace& place, Values values) {
    values.emplace("subject", "Refund, please");
    stand.clock.advance_microseconds(1'000'000);
    const Record record = made(place, "cases", std::move(values));
    const Value& value = record.values.at("assignee_id");
    return value.is_null() ? "" : value.text();
  };
  const std::string first = assignee(live.place, {});
  const std::string second = assignee(live.place, {});
  EXPECT_NE(first, second);
  EXPECT_TRUE((first == ada && second == bo) || (first == bo && second == ada));
  EXPECT_EQ(assignee(live.place, {}), first);
  stand.fork("qa");
  DeskPlace sandbox(stand, "acme/qa");
  changed(sandbox.place, "queues", seed("queues.billing"), {{"capacity", 1}});
  EXPECT_EQ(assignee(sandbox.place, {}), dee);  // Nobody free: the fallback queue.
  EXPECT_EQ(assignee(live.place, {}), second);
  changed(sandbox.place, "queues", seed("queues.billing"), {{"assignment", "manual"}});
  EXPECT_EQ(assignee(sandbox.place, {}), "");
  // Sticky: whoever had the contact's last case.
  const std::string contact = made(live.place, "contacts", {{"family_name", "Lind"}}).id;
  EXPECT_EQ(assignee(live.place, {{"contact_id", contact},
                                  {"assignee_id", dee},
                                  {"queue_id", seed("queues.support")}}),
            dee);
  add_member(stand, "eve", "support");  // She has nothing to do.
  EXPECT_EQ(assignee(live.place, {{"contact_id", contact}, {"queue_id", seed("queues.support")}}),
            dee);
  EXPECT_NE(assignee(live.place, {{"queue_id", seed("queues.support")}}), dee);
}

TEST_P(DeskBehaviour, StatusesHaveALife) {
  stand.fork("qa");
  DeskPlace sandbox(stand, "acme/qa");
  const std::string id = made(live.place, "cases", {{"subject", "x"}}).id;
  const Values close{{"status_id", seed("case_statuses.closed")}};
  const Outcome refused = change(live.place, "cases", id, close);
  ASSERT_EQ(refused.kind, Kind::kInvalid);
  EXPECT_EQ(refused.problems.at(0).message, "a case can't go from New to Closed");
  EXPECT_EQ(refused.problems.at(0).remedy, "it can go to Open, Pending, Solved");
  made(sandbox.place, "case_status_transitions",
       {{"from_status_id", seed("case_statuses.new")},
        {"to_status_id", seed("case_statuses.closed")}});
  const Outcome done = change(sandbox.place, "cases", id, close);
  ASSERT_EQ(done.kind, Kind::kDone);
  EXPECT_FALSE(done.record->values.at("closed_at").is_null());
  EXPECT_FALSE(done.record->values.at("solved_at").is_null());
  EXPECT_EQ(events(live.place, id, "status").size(), 1U);
}

TEST_P(DeskBehaviour, StagesAskForTheirFields) {
  const std::string account = made(live.place, "accounts", {{"name", "North"}}).id;
  const Record deal =
      made(live.place, "opportunities", {{"name", "Seats"}, {"account_id", account}});
  EXPECT_EQ(deal.values.at("stage_id"), Value(seed("pipeline_stages.qualify")));
  stand.fork("qa");
  DeskPlace sandbox(stand, "acme/qa");
  changed(sandbox.place, "pipeline_stages", seed("pipeline_stages.propose"),
          {{"required_fields", R"(["close_on","owner_id"])"}});
  const Values move{{"stage_id", seed("pipeline_stages.propose")}};
  EXPECT_EQ(change(live.place, "opportunities", deal.id, move).problems.size(), 1U);
  const Outcome there = change(sandbox.place, "opportunities", deal.id, move);
  ASSERT_EQ(there.problems.size(), 2U);
  EXPECT_EQ(there.problems[1].field, "owner_id");
  EXPECT_EQ(there.problems[1].message, "is required in stage Proposal");
  Values whole = move;
  whole["close_on"] = "2026-12-31";
  EXPECT_EQ(change(live.place, "opportunities", deal.id, whole).kind, Kind::kDone);
  const Outcome won =
      change(live.place, "opportunities", deal.id, {{"stage_id", seed("pipeline_stages.won")}});
  ASSERT_EQ(won.kind, Kind::kDone);
  EXPECT_FALSE(won.record->values.at("closed_at").is_null());
  const Outcome other =
      change(live.place, "opportunities", deal.id, {{"stage_id", seed("pipeline_stages.due")}});
  EXPECT_EQ(other.problems.at(0).field, "stage_id");
}

TEST_P(DeskBehaviour, LinesArePricedByListAndTax) {
  const std::string account = made(live.place, "accounts", {{"name", "North"}}).id;
  const std::string deal =
      made(live.place, "opportunities", {{"name", "Seats"}, {"account_id", account}}).id;
  stand.fork("qa");
  DeskPlace sandbox(stand, "acme/qa");
  changed(sandbox.place, "prices", seed("prices.e3"), {{"unit_price", 1650}});
  changed(sandbox.place, "taxes", seed("taxes.standard"), {{"rate_per_million", 200000}});
  const Values line{
      {"opportunity_id", deal}, {"product_id", seed("products.seat")}, {"quantity", 10}};
  const Record here = made(live.place, "opportunity_lines", line);
  EXPECT_EQ(here.values.at("unit_price"), Value(1700));  // from ten pieces on
  EXPECT_EQ(here.values.at("net_amount"), Value(17000));
  EXPECT_EQ(here.values.at("tax_amount"), Value(3230));
  const Record there = made(sandbox.place, "opportunity_lines", line);
  EXPECT_EQ(there.values.at("net_amount"), Value(16500));
  EXPECT_EQ(there.values.at("tax_amount"), Value(3300));
  Record whole = get(live.place, "opportunities", deal).value();
  EXPECT_EQ(whole.values.at("net_amount"), Value(33500));
  EXPECT_EQ(whole.values.at("tax_amount"), Value(6530));
  EXPECT_EQ(whole.values.at("currency"), Value("EUR"));
  EXPECT_EQ(remove(live.place, "opportunity_lines", there.id).kind, Kind::kDone);
  whole = get(live.place, "opportunities", deal).value();
  EXPECT_EQ(whole.values.at("net_amount"), Value(17000));
  const Outcome none = create(live.place, "opportunity_lines",
                              {{"opportunity_id", deal},
                               {"product_id", seed("products.seat")},
                               {"quantity", 10},
                               {"unit_price", std::int64_t{9'000'000'000'000'000}}});
  EXPECT_EQ(none.problems.at(0).field, "unit_price");
}

TEST_P(DeskBehaviour, CustomFieldsAreJudgedByTheirDefinition) {
  stand.fork("qa");
  DeskPlace sandbox(stand, "acme/qa");
  changed(sandbox.place, "custom_fields", seed("custom_fields.order"), {{"is_required", 1}});
  EXPECT_EQ(create(sandbox.place, "cases", {{"subject", "x"}}).problems.at(0).field,
            "custom.order_number");
  made(live.place, "cases", {{"subject", "x"}});
  made(sandbox.place, "cases", {{"subject", "x"}, {"custom.order_number", "A1"}});
  const Outcome choice =
      create(live.place, "accounts", {{"name", "N"}, {"custom.industry", "tarde"}});
  EXPECT_EQ(choice.problems.at(0).remedy, "choose one of trade, making, public");
  EXPECT_EQ(create(live.place, "accounts", {{"name", "N"}, {"custom.x", "y"}}).problems.at(0).field,
            "custom.x");
}

TEST_P(DeskBehaviour, ConfigurationThatCanNotActIsRefused) {
  const auto problem = [&](const std::string& collection, const std::string& id, Values values) {
    const Outcome outcome = change(live.place, collection, id, std::move(values));
    return outcome.problems.empty() ? "" : outcome.problems[0].field;
  };
  EXPECT_EQ(problem("routing_rules", seed("routing_rules.invoices"),
                    {{"conditions", R"({"teir":["x"]})"}}),
            "conditions");
  EXPECT_EQ(
      problem("calendars", seed("calendars.office"), {{"hours", R"({"mon":[["17:00","09:00"]]})"}}),
      "hours");
  EXPECT_EQ(problem("calendars", seed("calendars.office"), {{"time_zone", "Europe/Nowhere"}}),
            "time_zone");
  EXPECT_EQ(problem("settings", seed("settings.currency"), {{"value", "euro"}}), "value");
  EXPECT_EQ(problem("macro_actions", seed("macro_actions.ask2"), {{"target_id", "nobody"}}),
            "target_id");
}

INSTANTIATE_TEST_SUITE_P(Both, DeskBehaviour,
                         ::testing::Values(Dialect::kSqlite, Dialect::kPostgresql),
                         [](const auto& chosen) {
                           return chosen.param == Dialect::kSqlite ? "sqlite" : "postgresql";
                         });

TEST(DeskMoney, IsExactAndReadsAsPeopleWriteIt) {
  EXPECT_EQ(scaled(2995, 190'000, kMillion), 569);
  EXPECT_EQ(scaled(-5, 1, 2), -3);
  EXPECT_EQ(scaled(1'000'000'000'000'000, 999'999, kMillion), 999'999'000'000'000);
  EXPECT_EQ(format_money(1'234'567, "EUR", "en"), "12,345.67 EUR");
  EXPECT_EQ(format_money(1'234'567, "EUR", "de"), "12.345,67 EUR");
  EXPECT_EQ(format_money(15800, "JPY", "ja"), "15,800 JPY");
  EXPECT_EQ(format_money(-5, "EUR", "en"), "-0.05 EUR");
  EXPECT_EQ(format_date("2026-11-22", "de"), "22.11.2026");
}

TEST(DeskConditions, HoldOnlyTogether) {
  const CaseFacts facts{.subject = "Invoice wrong",
                        .priority = "high",
                        .channel = "mail",
                        .tier = "gold",
                        .renewal_on = "2026-10-30",
                        .custom = {{"f", "yes"}}};
  const Instant now = DeskStand::kStart;
  EXPECT_EQ(judge("{}", facts, now), "always");
  EXPECT_TRUE(judge(R"({"tier":["gold"],"priority":["high","urgent"]})", facts, now));
  EXPECT_FALSE(judge(R"({"tier":["gold"],"priority":["urgent"]})", facts, now));
  EXPECT_TRUE(judge(R"({"renewal_within_days":30})", facts, now));
  EXPECT_FALSE(judge(R"({"renewal_within_days":5})", facts, now));
  EXPECT_TRUE(judge(R"({"field:f":["yes"]})", facts, now));
  EXPECT_FALSE(judge("no json", facts, now));
  EXPECT_FALSE(judge(R"({"unknown":["x"]})", facts, now));
}

}  // namespace
}  // namespace doppel::desk
