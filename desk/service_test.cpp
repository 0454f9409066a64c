// Service levels, macros, templates, views and layouts: what configuration does, in sandbox and
// live.

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "desk/calendar.hpp"
#include "desk/macro.hpp"
#include "desk/preview.hpp"
#include "desk/service_level.hpp"
#include "tests/support/desk_place.hpp"

namespace doppel::desk {
namespace {

using testing::DeskPlace;
using testing::DeskStand;
using Kind = Outcome::Kind;

std::string seed(std::string_view name) { return DeskStand::id(name); }

class DeskService : public ::testing::TestWithParam<Dialect> {
 protected:
  Record made(Workplace& place, const std::string& collection, Values values) {
    const Outcome outcome = create(place, collection, std::move(values));
    EXPECT_EQ(outcome.kind, Kind::kDone) << collection;
    return outcome.record.value_or(Record{});
  }
  void changed(Workplace& place, const std::string& collection, const std::string& id,
               Values values) {
    EXPECT_EQ(change(place, collection, id, std::move(values)).kind, Kind::kDone) << collection;
  }

  DeskStand stand{GetParam()};
  DeskPlace live{stand, "acme"};
};

TEST_P(DeskService, PoliciesPromiseDueTimes) {
  const std::string gold = made(live.place, "accounts", {{"name", "N"}, {"tier", "gold"}}).id;
  const std::string first =
      made(live.place, "cases", {{"subject", "x"}, {"account_id", gold}, {"priority", "high"}}).id;
  const std::string other = made(live.place, "cases", {{"subject", "x"}, {"priority", "low"}}).id;
  stand.fork("qa");
  DeskPlace sandbox(stand, "acme/qa");
  changed(sandbox.place, "sla_targets", seed("sla_targets.g2"), {{"minutes", 30}});
  changed(sandbox.place, "sla_policies", seed("sla_policies.standard"), {{"is_enabled", 0}});
  const auto here = service_level_of(live.place, first);
  ASSERT_TRUE(here);
  EXPECT_EQ(here->policy, "Gold and platinum");
  EXPECT_EQ(here->why, "tier gold");
  ASSERT_EQ(here->targets.size(), 2U);
  EXPECT_EQ(here->targets[0].due_at, "2026-10-19T09:53:20.000000Z");
  EXPECT_EQ(service_level_of(sandbox.place, first)->targets[0].due_at,
            "2026-10-19T09:23:20.000000Z");
  // Office hours in Berlin: 16 hours from Monday 10:53 are six of Monday, eight of Tuesday, two.
  EXPECT_EQ(service_level_of(live.place, other)->targets[0].due_at, "2026-10-21T08:53:20.000000Z");
  EXPECT_FALSE(service_level_of(sandbox.place, other));
  // A contract's own policy comes first, while the contract runs.
  changed(live.place, "accounts", gold, {{"contract_policy_id", seed("sla_policies.standard")}});
  EXPECT_EQ(service_level_of(live.place, first)->why, "the account's contract");
  changed(live.place, "accounts", gold, {{"contract_until_on", "2026-01-01"}});
  EXPECT_EQ(service_level_of(live.place, first)->why, "tier gold");
}

TEST_P(DeskService, RepliesMeetTheirTarget) {
  const std::string id = made(live.place, "cases", {{"subject", "x"}}).id;
  EXPECT_EQ(service_level_of(live.place, id)->targets[0].met_at, "");
  stand.clock.advance_microseconds(60'000'000);
  made(live.place, "case_messages", {{"case_id", id}, {"kind", "comment"}, {"body", "hm"}});
  EXPECT_EQ(service_level_of(live.place, id)->targets[0].met_at, "");
  made(live.place, "case_messages", {{"case_id", id}, {"kind", "reply"}, {"body", "Hello"}});
  EXPECT_EQ(service_level_of(live.place, id)->targets[0].met_at, "2026-10-19T08:54:20.000000Z");
}

TEST_P(DeskService, MacrosDoWhatTheirActionsSay) {
  const std::string id = made(live.place, "cases", {{"subject", "x"}}).id;
  stand.fork("qa");
  DeskPlace sandbox(stand, "acme/qa");
  changed(sandbox.place, "macro_actions", seed("macro_actions.ask1"),
          {{"value", "Which version?"}});
  changed(sandbox.place, "macro_actions", seed("macro_actions.ask2"),
          {{"target_id", seed("case_statuses.open")}});
  const auto tried = apply_macro(live.place, seed("macros.ask"), id, {}, Mode::kDryRun);
  EXPECT_EQ(tried.at(0).record->values.at("status_id"), Value(seed("case_statuses.pending")));
  const auto done = apply_macro(sandbox.place, seed("macros.ask"), id);
  ASSERT_EQ(done.at(0).kind, Kind::kDone);
  EXPECT_EQ(done[0].record->values.at("status_id"), Value(seed("case_statuses.open")));
  EXPECT_EQ(done.at(1).record->values.at("body"), Value("Which version?"));
  EXPECT_EQ(list(live.place, "case_messages", {}).records.size(), 1U);
  // What the status life forbids, a macro can't do either, and then it does nothing.
  changed(live.place, "cases", id, {{"status_id", seed("case_statuses.solved")}});
  const auto refused = apply_macro(live.place, seed("macros.ask"), id);
  EXPECT_EQ(refused.at(0).kind, Kind::kInvalid);
  EXPECT_EQ(list(live.place, "case_messages", {}).records.size(), 1U);
  changed(live.place, "macros", seed("macros.ask"), {{"is_enabled", 0}});
  EXPECT_THROW(apply_macro(live.place, seed("macros.ask"), id), Error);
}

TEST_P(DeskService, TemplatesAreWrittenForTheirReader) {
  const std::string account =
      made(live.place, "accounts", {{"name", "<North> & Co"}, {"locale", "de"}}).id;
  const std::string contact =
      made(live.place, "contacts",
           {{"family_name", "Lind"}, {"given_name", "Ada"}, {"account_id", account}})
          .id;
  const std::string id = made(live.place, "cases",
                              {{"subject", "Broken <b>"},
                               {"account_id", account},
                               {"contact_id", contact},
                               {"category_id", seed("case_categories.fault")}})
                             .id;
  const std::string deal =
      made(live.place, "opportunities", {{"name", "Seats"}, {"account_id", account}}).id;
  made(live.place, "opportunity_lines",
       {{"opportunity_id", deal}, {"product_id", seed("products.base")}, {"quantity", 12}});
  stand.fork("qa");
  DeskPlace sandbox(stand, "acme/qa");
  changed(sandbox.place, "settings", seed("settings.locale"), {{"value", "de"}});
  changed(sandbox.place, "settings", seed("settings.organisation"), {{"value", "Acme"}});
  changed(sandbox.place, "templates", seed("templates.received"),
          {{"subject", "Case {{case.number}} of {{organisation.name}}"}});
  const std::string received = seed("templates.received");
  const Preview german = preview_template(live.place, received, id);
  EXPECT_EQ(german.subject, "Ihr Anliegen 1 ist bei uns");
  const Preview english = preview_template(live.place, received, id, "fr");
  EXPECT_EQ(english.subject, "We have your case 1");
  EXPECT_NE(english.body.find("Broken <b>\nIt is about: Fault\n"), std::string::npos)
      << english.body;
  EXPECT_EQ(preview_template(sandbox.place, received, id, "fr").subject, "Case 1 of Acme");
  const Preview offer = preview_template(live.place, seed("templates.offer"), deal);
  EXPECT_TRUE(offer.problems.empty());
  EXPECT_NE(offer.body.find("<p>&lt;North&gt; &amp; Co</p>"), std::string::npos);
  EXPECT_NE(offer.body.find("<td>12 month</td><td>Base plan</td><td>1,188.00 EUR</td>"),
            std::string::npos)
      << offer.body;
  EXPECT_NE(preview_template(sandbox.place, seed("templates.offer"), deal)
                .body.find("Net 1.188,00 EUR, tax 225,72 EUR, total 1.413,72 EUR"),
            std::string::npos);
}

TEST_P(DeskService, ViewsAndLayoutsShowWhatTheySay) {
  const std::string gold = made(live.place, "accounts", {{"name", "A"}, {"tier", "gold"}}).id;
  made(live.place, "accounts", {{"name", "B"}, {"tier", "silver"}});
  stand.fork("qa");
  DeskPlace sandbox(stand, "acme/qa");
  changed(sandbox.place, "saved_views", seed("saved_views.gold"),
          {{"filters", R"([{"field":"tier","operator":"equal","value":"silver"}])"}});
  const auto names = [&](Workplace& place) {
    const ViewQuery view = query_of_view(place, seed("saved_views.gold"));
    std::string text;
    for (const Record& record : list(place, view.object, view.query).records) {
      text += record.values.at("name").text();
    }
    return text;
  };
  EXPECT_EQ(names(live.place), "A");
  EXPECT_EQ(names(sandbox.place), "B");
  changed(sandbox.place, "layouts", seed("layouts.accounts"),
          {{"sections", R"([{"title":"All","fields":["tier","field:)" +
                            seed("custom_fields.industry") + R"(","field:gone"]}])"}});
  const auto sections = lay_out(sandbox.place, "accounts", gold);
  ASSERT_EQ(sections.size(), 1U);
  ASSERT_EQ(sections[0].fields.size(), 2U);
  EXPECT_EQ(sections[0].fields[1].title, "Industry");
  EXPECT_EQ(lay_out(live.place, "accounts", gold).size(), 3U);
}

INSTANTIATE_TEST_SUITE_P(Both, DeskService,
                         ::testing::Values(Dialect::kSqlite, Dialect::kPostgresql),
                         [](const auto& chosen) {
                           return chosen.param == Dialect::kSqlite ? "sqlite" : "postgresql";
                         });

TEST(DeskCalendar, CountsWorkingTimeOnly) {
  WorkingCalendar calendar{.zone = load_time_zone("Europe/Berlin").value(),
                           .days = parse_hours(R"({"mon":[["09:00","12:00"],["13:00","17:00"]],
                                                   "tue":[["09:00","17:00"]]})"),
                           .holidays = {day_number("2026-10-20").value()}};
  const auto due = [&](const char* from, std::int64_t minutes) {
    const auto found = add_working_minutes(calendar, parse_instant(from).value(), minutes);
    return found ? to_text(*found) : "never";
  };
  EXPECT_EQ(due("2026-10-19T06:00:00Z", 60), "2026-10-19T08:00:00Z");  // before it opens
  EXPECT_EQ(due("2026-10-19T09:30:00Z", 60), "2026-10-19T11:30:00Z");  // over noon
  EXPECT_EQ(due("2026-10-19T14:30:00Z", 60), "2026-10-26T08:30:00Z");  // holiday, winter time
  calendar.days = {};
  EXPECT_EQ(due("2026-10-19T06:00:00Z", 60), "never");
}

TEST(DeskTimeZone, KnowsWhereClocksGoForwardAndBack) {
  const TimeZone zone = load_time_zone("Europe/Berlin").value();
  const auto second = [](const char* text) {
    return parse_instant(text).value().microseconds / 1'000'000;
  };
  EXPECT_EQ(zone.offset_at(second("2026-07-01T00:00:00Z")), 7200);
  EXPECT_EQ(zone.offset_at(second("2026-12-01T00:00:00Z")), 3600);
  EXPECT_EQ(zone.to_utc(second("2026-07-01T12:00:00Z")), second("2026-07-01T10:00:00Z"));
  // 02:30 doesn't exist on 29 March, and exists twice on 25 October.
  EXPECT_EQ(zone.to_utc(second("2026-03-29T02:30:00Z")), second("2026-03-29T01:00:00Z"));
  EXPECT_EQ(zone.to_utc(second("2026-10-25T02:30:00Z")), second("2026-10-25T00:30:00Z"));
  EXPECT_FALSE(load_time_zone("../../etc/passwd"));
  EXPECT_FALSE(load_time_zone("Europe/Nowhere"));
  EXPECT_FALSE(read_time_zone("TZif2"));
}

TEST(DeskTemplate, SaysWhatIsWrongWithIt) {
  const TemplateData data{.values = {{"a", "1 < 2"}, {"empty", ""}},
                          .lists = {{"l", {{.values = {{"x", "1"}}}, {.values = {{"x", "2"}}}}}}};
  EXPECT_EQ(render("{{a}}", data, Escaping::kHtml).text, "1 &lt; 2");
  EXPECT_EQ(render("{{#if empty}}y{{else}}n{{/if}}", data, Escaping::kNone).text, "n");
  EXPECT_EQ(render("{{#each l}}{{x}}{{a}};{{/each}}.", data, Escaping::kNone).text,
            "11 < 2;21 < 2;.");
  const Rendered bad = render("{{a}}\n{{b}}{{#if a}}", data, Escaping::kNone);
  EXPECT_EQ(bad.text, "1 < 2\n");
  EXPECT_EQ(bad.problems,
            (std::vector<TemplateProblem>{{2, "nothing is named b"}, {2, "#if without /if"}}));
  EXPECT_EQ(render("x{{/if}}y {{a", data, Escaping::kNone).problems.size(), 2U);
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "{{#if a}}";
  EXPECT_FALSE(render(deep, data, Escaping::kNone).problems.empty());
}

}  // namespace
}  // namespace doppel::desk
