// Requests that are done once, and what those who watch are told.

#include "access/request_key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "access/audit.hpp"
#include "access/event.hpp"
#include "tests/support/access_store.hpp"

namespace doppel::access {
namespace {

using ::doppel::testing::AccessStore;
using ::doppel::testing::StoreKind;
using Kind = RequestUse::Kind;

const NamedRequest kRequest{.user = "ada", .name = "k", .content = "c"};

class Requests : public AccessStore {
 protected:
  void write(const std::function<void(const Store&)>& act) {
    const Store here = store();
    const auto transaction = here.connection.begin(database::TransactionKind::kWrite);
    act(here);
    transaction->commit();
  }
  void append(const std::string& audience, const std::string& key) {
    write([&](const Store& here) {
      const Event event{.audience = audience,
                        .kind = "record",
                        .resource = "cases",
                        .key = key,
                        .verb = "create"};
      append_events_within(here.sql(), here.now(), here.tenant, {&event, 1});
    });
  }
};

TEST_P(Requests, AreDoneOnce) {
  EXPECT_EQ(take_request(store(), kRequest).kind, Kind::kNew);
  const auto other = connect();  // Another process.
  EXPECT_EQ(take_request(on(*other), kRequest).kind, Kind::kInProgress);
  keep_answer(store(), kRequest, "done");
  EXPECT_EQ(take_request(on(*other), kRequest).answer, "done");
  EXPECT_EQ(take_request(store(), {"ada", "k", "d"}).kind, Kind::kOther);
  EXPECT_EQ(take_request(store(), {"bob", "k", "d"}).kind, Kind::kNew);
  EXPECT_EQ(take_request(on(*other, "umbrella"), kRequest).kind, Kind::kNew);
}

TEST_P(Requests, ThatDidNothingMayBeSentAgain) {
  EXPECT_EQ(take_request(store(), kRequest).kind, Kind::kNew);
  drop_request(store(), kRequest);
  EXPECT_EQ(take_request(store(), kRequest).kind, Kind::kNew);
}

TEST_P(Requests, AreForgottenAfterADay) {
  take_request(store(), kRequest);
  keep_answer(store(), kRequest, "done");
  write([](const Store& here) {
    here.sql().execute("UPDATE access_request SET created_at = created_at - $1",
                       {Value(kRequestLasts + kSecond)});
  });
  EXPECT_EQ(take_request(store(), kRequest).kind, Kind::kNew);
}

TEST_P(Requests, HaveNamesThatCanBeSent) {
  EXPECT_TRUE(is_request_name("8e03978e-40d5-43dd-bc93-6894a57f9324"));
  EXPECT_TRUE(is_request_name(std::string(kLongestRequestName, 'x')));
  EXPECT_FALSE(is_request_name(std::string(kLongestRequestName + 1, 'x')));
  for (const char* text : {"", "a b", "a\n", "\xc3\xa9"})
    EXPECT_FALSE(is_request_name(text)) << text;
}

TEST_P(Requests, EventsAreCountedForEachAudience) {
  append(kLiveAudience, "1");
  append("sandbox", "2");
  append(kLiveAudience, "3");
  const auto events = list_events(store(), kLiveAudience, 0, 10);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].number, 1);
  EXPECT_EQ(events[1].number, 2);  // No gap tells of the sandbox.
  EXPECT_EQ(events[1].key, "3");
  EXPECT_EQ(list_events(store(), "sandbox", 0, 10).at(0).key, "2");
  EXPECT_EQ(list_events(store(), kLiveAudience, 1, 10).size(), 1U);
  EXPECT_EQ(event_range(store(), "nobody").newest, 0);
}

TEST_P(Requests, OldEventsGoAndNumbersStay) {
  append(kLiveAudience, "old");
  write([](const Store& here) {
    here.sql().execute("UPDATE access_event SET at = at - $1", {Value(kEventLasts + kSecond)});
    here.sql().execute("UPDATE access_event_head SET number = 255", {});
  });
  append(kLiveAudience, "new");
  const EventRange range = event_range(store(), kLiveAudience);
  EXPECT_EQ(range.oldest, 256);
  EXPECT_EQ(range.newest, 256);
}

TEST_P(Requests, PromotionsAreEventsOfLive) {
  AuditEntry entry = entry_of({.who = "ada"}, "promotion", "promotion", "7");
  append_audit(store(), entry);
  entry.outcome = Outcome::kRefused;
  append_audit(store(), entry);
  append_audit(store(), entry_of({.who = "ada"}, "create_cases", "cases", "1"));
  const auto events = list_events(store(), kLiveAudience, 0, 10);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, "promotion");
  EXPECT_EQ(events[0].key, "7");
}

INSTANTIATE_TEST_SUITE_P(On, Requests, ::testing::Values(StoreKind::kFile, StoreKind::kServer),
                         [](const auto& with) { return doppel::testing::name_of(with.param); });

}  // namespace
}  // namespace doppel::access
