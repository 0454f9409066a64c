#include "desk/resource.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "desk/json_form.hpp"
#include "tests/support/desk_place.hpp"

namespace doppel::desk {
namespace {

using testing::DeskPlace;
using testing::DeskStand;
using Kind = Outcome::Kind;

std::string seed(std::string_view name) { return DeskStand::id(name); }

class DeskResource : public ::testing::TestWithParam<Dialect> {
 protected:
  /// The id of a record that must have come to be.
  std::string made(Workplace& place, const std::string& collection, Values values) {
    const Outcome outcome = create(place, collection, std::move(values));
    EXPECT_EQ(outcome.kind, Kind::kDone) << problems_of(outcome);
    return outcome.record ? outcome.record->id : "";
  }
  static std::string problems_of(const Outcome& outcome) {
    std::string text;
    for (const FieldProblem& problem : outcome.problems) {
      text += problem.field + ": " + problem.message + " (" + problem.remedy + ")\n";
    }
    return text;
  }
  static ErrorCode code_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  }

  DeskStand stand{GetParam()};
  DeskPlace live{stand, "acme"};
};

TEST_P(DeskResource, KeepsWhatItIsGivenExactly) {
  const Outcome made = create(live.place, "accounts",
                              {{"name", "Åse & \"Co\"; DROP TABLE cases; --"}, {"tier", "gold"}});
  ASSERT_EQ(made.kind, Kind::kDone) << problems_of(made);
  EXPECT_EQ(made.record->values.at("number"), Value(1));
  const auto read = get(live.place, "accounts", made.record->id);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->values.at("name"), Value("Åse & \"Co\"; DROP TABLE cases; --"));
  EXPECT_EQ(read->tag, made.record->tag);
  EXPECT_EQ(read->values.at("custom.industry"), Value());
  EXPECT_FALSE(get(live.place, "accounts", "nobody"));
  EXPECT_EQ(code_of([&] { get(live.place, "acounts", "x"); }), ErrorCode::kNotFound);
}

TEST_P(DeskResource, NamesEveryFieldThatIsWrong) {
  const Outcome outcome = create(live.place, "cases",
                                 {{"subject", "  "},
                                  {"priority", "hihg"},
                                  {"account_id", "nobody"},
                                  {"number", 7},
                                  {"subjekt", "x"},
                                  {"channel", 3}});
  ASSERT_EQ(outcome.kind, Kind::kInvalid);
  std::vector<std::string> fields;
  for (const FieldProblem& problem : outcome.problems) fields.push_back(problem.field);
  EXPECT_THAT(fields, ::testing::UnorderedElementsAre("subject", "priority", "number", "subjekt",
                                                      "channel"));
  EXPECT_NE(problems_of(outcome).find("did you mean 'high'?"), std::string::npos);
  EXPECT_NE(problems_of(outcome).find("did you mean 'subject'?"), std::string::npos);
  const Outcome missing = create(live.place, "cases", {{"subject", "x"}, {"account_id", "nobody"}});
  ASSERT_EQ(missing.problems.size(), 1U);
  EXPECT_EQ(missing.problems[0].field, "account_id");
  const Outcome none = create(live.place, "contacts", {{"family_name", std::string("\xff")}});
  EXPECT_EQ(none.problems.at(0).field, "family_name");
  const Outcome range = create(live.place, "taxes", {{"name", "x"}, {"rate_per_million", 1000001}});
  EXPECT_EQ(range.problems.at(0).field, "rate_per_million");
}

TEST_P(DeskResource, KeepsAStaleEditorFromOverwriting) {
  const std::string id = made(live.place, "accounts", {{"name", "North"}});
  const std::string tag = get(live.place, "accounts", id)->tag;
  const Outcome first = change(live.place, "accounts", id, {{"name", "South"}}, tag);
  ASSERT_EQ(first.kind, Kind::kDone);
  EXPECT_NE(first.record->tag, tag);
  const Outcome second = change(live.place, "accounts", id, {{"name", "West"}}, tag);
  ASSERT_EQ(second.kind, Kind::kStale);
  EXPECT_EQ(second.record->values.at("name"), Value("South"));
  EXPECT_EQ(second.record->tag, first.record->tag);
  EXPECT_EQ(change(live.place, "accounts", id, {{"city", "Oslo"}}).kind, Kind::kDone);
  EXPECT_EQ(remove(live.place, "accounts", id, tag).kind, Kind::kStale);
  EXPECT_EQ(remove(live.place, "accounts", id).kind, Kind::kDone);
  EXPECT_EQ(remove(live.place, "accounts", id).kind, Kind::kNotFound);
}

TEST_P(DeskResource, PromotionMakesAnEditorStale) {
  stand.fork("qa");
  const std::string stage = seed("pipeline_stages.qualify");
  const std::string tag = get(live.place, "pipeline_stages", stage)->tag;
  {
    DeskPlace sandbox(stand, "acme/qa");
    ASSERT_EQ(change(sandbox.place, "pipeline_stages", stage, {{"name", "Vetted"}}, tag).kind,
              Kind::kDone);
    EXPECT_EQ(get(live.place, "pipeline_stages", stage)->tag, tag);
  }
  const plan::Plan plan = stand.doppel().plan({"acme", "qa"}, {});
  stand.doppel().promote({"acme", "qa"}, plan.hash.text);
  const Outcome late = change(live.place, "pipeline_stages", stage, {{"probability", 20}}, tag);
  ASSERT_EQ(late.kind, Kind::kStale);
  EXPECT_EQ(late.record->values.at("name"), Value("Vetted"));
}

TEST_P(DeskResource, PagesStandStillWhileRowsComeIn) {
  for (int i = 0; i < 7; ++i) {
    made(live.place, "accounts",
         {{"name", "A" + std::to_string(i)},
          {"city", i % 2 == 0 ? Value() : Value("Oslo")},
          {"tier", i < 4 ? "gold" : "silver"}});
    stand.clock.advance_microseconds(1000);
  }
  for (const char* order : {"", "-created_at", "city,-name", "-city,name", "tier"}) {
    std::vector<std::string> seen;
    Query query{.sort = parse_sort(order), .fields = {"name"}, .limit = 2};
    int pages = 0;
    for (; pages < 10; ++pages) {
      const Page page = list(live.place, "accounts", query);
      ASSERT_TRUE(page.problems.empty()) << order;
      for (const Record& record : page.records) {
        EXPECT_EQ(record.values.size(), 2U);
        if (record.values.at("name").text()[0] == 'A') {
          seen.push_back(record.values.at("name").text());
        }
      }
      query.after = page.next;
      if (pages == 1) made(live.place, "accounts", {{"name", "Z"}});
      if (page.next.empty()) break;
    }
    std::vector<std::string> once = seen;
    std::ranges::sort(once);
    EXPECT_EQ(std::ranges::unique(once).begin(), once.end()) << order;
    EXPECT_EQ(once.size(), 7U) << order;
  }
  Query other{.sort = parse_sort("name"), .limit = 2};
  other.after = list(live.place, "accounts", other).next;
  other.sort = parse_sort("-name");
  EXPECT_EQ(list(live.place, "accounts", other).problems.at(0).field, "after");
}

TEST_P(DeskResource, FiltersByFieldsAndCustomFields) {
  const std::string north =
      made(live.place, "accounts",
           {{"name", "North 100% sure"}, {"tier", "gold"}, {"custom.industry", "trade"}});
  made(live.place, "accounts", {{"name", "South"}, {"city", "Oslo"}});
  const auto count = [&](Filter filter) {
    const Page page = list(live.place, "accounts", {.filters = {std::move(filter)}});
    EXPECT_TRUE(page.problems.empty());
    return page.records.size();
  };
  EXPECT_EQ(count({"tier", Operator::kEqual, {"gold"}}), 1U);
  EXPECT_EQ(count({"tier", Operator::kIn, {"gold", "standard"}}), 2U);
  EXPECT_EQ(count({"name", Operator::kContains, {"100%"}}), 1U);
  EXPECT_EQ(count({"name", Operator::kBegins, {"so"}}), 1U);
  EXPECT_EQ(count({"name", Operator::kContains, {"' OR 1=1 --"}}), 0U);
  EXPECT_EQ(count({"city", Operator::kEmpty, {}}), 1U);
  EXPECT_EQ(count({"number", Operator::kGreater, {1}}), 1U);
  EXPECT_EQ(count({"custom.industry", Operator::kEqual, {"trade"}}), 1U);
  EXPECT_EQ(count({"custom.industry", Operator::kEmpty, {}}), 1U);
  const auto refused = [&](Filter filter) {
    return !list(live.place, "accounts", {.filters = {std::move(filter)}}).problems.empty();
  };
  EXPECT_TRUE(refused({"name\" = '' OR 1=1 --", Operator::kEqual, {"x"}}));
  EXPECT_TRUE(refused({"tier", Operator::kEqual, {"bronze"}}));
  EXPECT_TRUE(refused({"number", Operator::kContains, {"1"}}));
  EXPECT_FALSE(list(live.place, "users", {.filters = {{"password_hash", Operator::kEqual, {"x"}}}})
                   .problems.empty());
  EXPECT_FALSE(get(live.place, "accounts", north)->values.contains("password_hash"));
}

TEST_P(DeskResource, WritesAllOrNothing) {
  const std::vector<Write> mixed{
      {.verb = Verb::kCreate, .collection = "accounts", .values = {{"name", "One"}}},
      {.verb = Verb::kCreate, .collection = "accounts", .values = {{"tier", "gold"}}}};
  const auto outcomes = write_all(live.place, mixed);
  EXPECT_EQ(outcomes[0].kind, Kind::kSkipped);
  EXPECT_EQ(outcomes[1].kind, Kind::kInvalid);
  EXPECT_TRUE(list(live.place, "accounts", {}).records.empty());
  const std::vector<Write> good{mixed[0], mixed[0]};
  const auto tried = write_all(live.place, good, Mode::kDryRun);
  EXPECT_EQ(tried[1].kind, Kind::kDone);
  EXPECT_EQ(tried[1].record->values.at("number"), Value(2));
  EXPECT_TRUE(list(live.place, "accounts", {}).records.empty());
  EXPECT_EQ(write_all(live.place, good)[1].kind, Kind::kDone);
  EXPECT_EQ(list(live.place, "accounts", {}).records.size(), 2U);
}

TEST_P(DeskResource, TellsWhichFieldIsTakenAndWhatIsInUse) {
  const Outcome taken = create(live.place, "queues", {{"name", "support"}});
  ASSERT_EQ(taken.kind, Kind::kInvalid);
  EXPECT_EQ(taken.problems.at(0).field, "name");
  made(live.place, "cases", {{"subject", "Help"}});
  const Outcome used = remove(live.place, "case_statuses", seed("case_statuses.new"));
  ASSERT_EQ(used.kind, Kind::kInvalid);
  EXPECT_EQ(used.problems.at(0).message, "other records refer to it");
}

TEST_P(DeskResource, KeepsSandboxAndLiveApart) {
  stand.fork("qa");
  DeskPlace sandbox(stand, "acme/qa");
  const std::string queue = made(sandbox.place, "queues", {{"name", "Partners"}});
  EXPECT_FALSE(get(live.place, "queues", queue));
  // Data is live's, wherever it is written.
  const std::string account = made(sandbox.place, "accounts", {{"name", "Seen by all"}});
  EXPECT_TRUE(get(live.place, "accounts", account));
  try {
    create(sandbox.place, "cases", {{"subject", "x"}, {"queue_id", queue}});
    ADD_FAILURE() << "live's case refers to a sandbox's queue";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kSandboxOnly);
    EXPECT_NE(std::string(error.what()).find("exists only in sandbox acme/qa"), std::string::npos)
        << error.what();
  }
  EXPECT_TRUE(list(live.place, "cases", {}).records.empty());
  EXPECT_EQ(create(live.place, "cases", {{"subject", "x"}, {"queue_id", queue}}).kind,
            Kind::kInvalid);
  // A custom field of the sandbox shows there with its default, and can't be filled.
  const std::string field = made(sandbox.place, "custom_fields",
                                 {{"object", "accounts"},
                                  {"code", "region"},
                                  {"name", "Region"},
                                  {"kind", "text"},
                                  {"position", 2},
                                  {"default_value", "north"}});
  EXPECT_EQ(get(sandbox.place, "accounts", account)->values.at("custom.region"), Value("north"));
  EXPECT_FALSE(get(live.place, "accounts", account)->values.contains("custom.region"));
  EXPECT_EQ(
      code_of([&] { change(sandbox.place, "accounts", account, {{"custom.region", "south"}}); }),
      ErrorCode::kSandboxOnly);
  // People are live's.
  EXPECT_EQ(code_of([&] {
              create(sandbox.place, "users",
                     {{"login", "eve"}, {"name", "Eve"}, {"email", "eve@desk.example"}});
            }),
            ErrorCode::kLiveIsReadOnly);
}

TEST_P(DeskResource, ModuleThatIsOffIsNotThere) {
  stand.fork("qa");
  DeskPlace sandbox(stand, "acme/qa");
  ASSERT_EQ(change(sandbox.place, "modules", seed("modules.sales"), {{"is_enabled", 0}}).kind,
            Kind::kDone);
  EXPECT_EQ(code_of([&] { list(sandbox.place, "opportunities", {}); }), ErrorCode::kNotFound);
  EXPECT_EQ(code_of([&] { create(sandbox.place, "opportunities", {}); }), ErrorCode::kNotFound);
  EXPECT_TRUE(list(live.place, "opportunities", {}).problems.empty());
}

INSTANTIATE_TEST_SUITE_P(Both, DeskResource,
                         ::testing::Values(Dialect::kSqlite, Dialect::kPostgresql),
                         [](const auto& chosen) {
                           return chosen.param == Dialect::kSqlite ? "sqlite" : "postgresql";
                         });

TEST(DeskJson, GoesThereAndBackByType) {
  const Collections collections = read_collections();
  const Collection& queues = collections.at("queues");
  const Collection& rules = collections.at("routing_rules");
  const Collection& cases = collections.at("cases");
  std::vector<FieldProblem> problems;
  const auto read = [&](const Collection& collection, const char* text) {
    return values_of_json(collection, parse_json(text, "body").as_object(), problems);
  };
  EXPECT_EQ(read(queues, R"({"name":"A","is_sticky":true,"capacity":3,"fallback_queue_id":null})"),
            (Values{{"name", "A"}, {"is_sticky", 1}, {"capacity", 3}, {"fallback_queue_id", {}}}));
  EXPECT_EQ(read(rules, R"({"conditions":{"tier":["gold"]}})"),
            (Values{{"conditions", R"({"tier":["gold"]})"}}));
  EXPECT_EQ(read(cases, R"({"custom":{"order_number":"A1"}})"),
            (Values{{"custom.order_number", "A1"}}));
  EXPECT_TRUE(problems.empty());
  read(queues, R"({"is_sticky":1,"capacity":true,"name":1.5})");
  EXPECT_EQ(problems.size(), 3U);
  Record record;
  record.values = {{"is_sticky", 1}, {"name", "A"}, {"fallback_queue_id", {}}};
  EXPECT_EQ(write_json(json_of(queues, record), JsonStyle::kCompact),
            R"({"name":"A","is_sticky":true,"fallback_queue_id":null})");
  record.values = {{"conditions", R"({"tier":["gold"]})"}};
  EXPECT_EQ(write_json(json_of(rules, record), JsonStyle::kCompact),
            R"({"conditions":{"tier":["gold"]}})");
  record.values = {{"subject", "x"}, {"custom.order_number", "A1"}};
  EXPECT_EQ(write_json(json_of(cases, record), JsonStyle::kCompact),
            R"({"subject":"x","custom":{"order_number":"A1"}})");
}

TEST(DeskCollections, AreReadFromSchemaAndManifest) {
  const Collections collections = read_collections();
  const Collection& cases = require_collection(collections, "cases");
  EXPECT_EQ(cases.module, "support");
  EXPECT_EQ(cases.label, "subject");
  EXPECT_TRUE(cases.has_custom_fields);
  EXPECT_EQ(cases.field("priority")->choices,
            (std::vector<std::string>{"low", "normal", "high", "urgent"}));
  EXPECT_EQ(cases.field("queue_id")->refers_to, "queues");
  EXPECT_TRUE(cases.field("subject")->required());
  EXPECT_FALSE(cases.field("number")->writable);
  EXPECT_EQ(collections.at("queues").field("is_sticky")->type, FieldType::kBoolean);
  EXPECT_EQ(collections.at("queues").field("capacity")->least, 1);
  EXPECT_EQ(collections.at("pipeline_stages").field("probability")->most, 100);
  EXPECT_EQ(collections.at("layouts").field("sections")->type, FieldType::kJson);
  EXPECT_TRUE(collections.at("users").field("password_hash")->hidden);
  EXPECT_FALSE(collections.contains("number_series"));
}

}  // namespace
}  // namespace doppel::desk
