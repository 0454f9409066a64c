// Exports and event streams: nothing of a sandbox to others, and nothing to who may not any more.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/event_board.hpp"
#include "tests/support/api_ground.hpp"

namespace doppel::api {
namespace {

using testing::Answer;
using testing::ApiGround;
using testing::Browser;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A client that keeps what it is told.
class Listener : public http::EventSink {
 public:
  bool send(const http::Event& event) override {
    events.push_back(event);
    return true;
  }
  void close() override { is_closed = true; }

  /// `create accounts`, `promotion 1`, and what else there was.
  std::vector<std::string> told() const {
    std::vector<std::string> texts;
    for (const http::Event& event : events) {
      const json::value data = parse_json(event.data, "event");
      const json::object& members = data.as_object();
      if (event.type == "record") {
        texts.push_back(std::string(members.at("verb").as_string()) + " " +
                        std::string(members.at("collection").as_string()));
      } else if (event.type == "promotion") {
        texts.push_back("promotion " + std::to_string(members.at("number").as_int64()));
      } else {
        texts.push_back(event.type);
      }
    }
    return texts;
  }

  std::vector<http::Event> events;
  bool is_closed = false;
};

/// A stream that is open, as the server keeps it.
struct Stream {
  std::shared_ptr<Listener> listener = std::make_shared<Listener>();
  std::shared_ptr<void> kept;
  int status = 0;
};

Stream open(Site& site, Browser& browser, const std::string& last = "") {
  http::Request request{.method = http::Method::kGet,
                        .target = http::parse_target("/api/v1/events"),
                        .peer = "192.0.2.1",
                        .request_id = "test"};
  if (!last.empty()) request.headers.set("Last-Event-ID", last);
  const http::Response response = site.answer(browser.signed_in(std::move(request)));
  Stream stream;
  stream.status = response.status;
  if (const auto* subscribe = std::get_if<http::Subscribe>(&response.body)) {
    stream.kept = (*subscribe)(stream.listener);
  }
  return stream;
}

class Events : public ApiGround {
 protected:
  Stream open(Browser& browser, const std::string& last = "") {
    return api::open(stand_.site(), browser, last);
  }
  void poll() { stand_.site().events().poll(); }
  void pass_time() { stand_.desk().clock.advance_microseconds(60'000'000); }
};

TEST_P(Events, TellEachEnvironmentItsOwn) {
  enter_sandbox();
  const Stream live = open(live_);
  const Stream sandbox = open(sandbox_);
  made(sandbox_, "teams", {{"name", "Mine"}});
  made(live_, "teams", {{"name", "Yours"}});
  const std::string account = made(sandbox_, "accounts", {{"name", "A"}});
  change(live_, "accounts/" + account, {{"name", "B"}});
  poll();
  EXPECT_THAT(live.listener->told(),
              ElementsAre("create teams", "create accounts", "change accounts"));
  EXPECT_THAT(sandbox.listener->told(),
              ElementsAre("create accounts", "change accounts", "create teams"));
  EXPECT_THAT(live.listener->events[1].data, HasSubstr(account));
  EXPECT_THAT(live.listener->events[2].id, "3");  // No gap where the sandbox's is.
  poll();
  EXPECT_EQ(live.listener->events.size(), 3U);
}

TEST_P(Events, TellOfPromotions) {
  enter_sandbox();
  change(sandbox_, "teams/" + seed("teams.sales"), {{"name", "Sellers"}});
  const Stream live = open(live_);
  const Stream sandbox = open(sandbox_);
  ASSERT_EQ(sandbox_.post("/api/v1/admin/sandbox/promote").status, 200);
  pass_time();
  poll();
  EXPECT_THAT(live.listener->told(), ElementsAre("promotion 1"));
  // The sandbox is gone, and so is its stream.
  EXPECT_THAT(sandbox.listener->told(), ElementsAre("ended"));
  EXPECT_TRUE(sandbox.listener->is_closed);
}

TEST_P(Events, GoOnWhereTheyEnded) {
  const Stream first = open(live_);
  made(live_, "accounts", {{"name", "A"}});
  poll();
  const std::string last = first.listener->events.at(0).id;
  made(live_, "contacts", {{"family_name", "B"}});
  const Stream again = open(live_, last);
  poll();
  EXPECT_THAT(again.listener->told(), ElementsAre("create contacts"));
  for (const char* unknown : {"900", "0.elsewhere.0"}) {
    const Stream lost = open(live_, unknown);
    poll();
    EXPECT_THAT(lost.listener->told(), ElementsAre("reset")) << unknown;
  }
  const Stream fresh = open(live_, "nonsense");
  poll();
  EXPECT_THAT(fresh.listener->told(), IsEmpty());
}

TEST_P(Events, EndWithTheSession) {
  const Stream stream = open(live_);
  pass_time();
  EXPECT_EQ(live_.send(http::Method::kDelete, "/api/v1/session").status, 204);
  made(sandbox_, "accounts", {{"name", "A"}});
  poll();
  EXPECT_THAT(stream.listener->told(), ElementsAre("ended"));
  EXPECT_TRUE(stream.listener->is_closed);
  Browser nobody(stand_.site());
  EXPECT_EQ(open(nobody).status, 401);
}

TEST_P(Events, ComeFromOtherProcesses) {
  const auto other = stand_.another_site();
  Browser bob(*other);
  ASSERT_EQ(bob.sign_in("bob").status, 201);
  const Stream stream = open(live_);
  made(bob, "accounts", {{"name", "A"}});
  poll();
  EXPECT_THAT(stream.listener->told(), ElementsAre("create accounts"));
}

TEST_P(Events, ExportsHaveAllPages) {
  json::array writes;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = i == 0 ? "say \"hi\", all" : "n" + std::to_string(1000 + i);
    writes.push_back(json::object{
        {"verb", "create"}, {"collection", "accounts"}, {"values", json::object{{"name", name}}}});
  }
  ASSERT_EQ(live_.post("/api/v1/bulk", {{"writes", writes}}).status, 200);
  made(live_, "accounts", {{"name", "z"}, {"tier", "gold"}});
  const Answer csv = live_.get("/api/v1/exports/accounts?fields=name,tier&sort=-name");
  ASSERT_EQ(csv.status, 200) << csv.body;
  const std::string table = text(csv.body);
  EXPECT_EQ(std::ranges::count(table, '\n'), 1002);
  EXPECT_THAT(table, ::testing::StartsWith("id,name,tier\r\n"));
  EXPECT_THAT(table, HasSubstr(",z,gold\r\n"));
  EXPECT_THAT(table, HasSubstr(",\"say \"\"hi\"\", all\",standard\r\n"));
  EXPECT_THAT(std::string(csv.headers.get("Content-Disposition")), HasSubstr("accounts.csv"));
  const Answer lines = live_.send(http::Method::kGet, "/api/v1/exports/accounts?tier=gold", {},
                                  {{"Accept", "application/x-ndjson"}});
  EXPECT_EQ(lines.body.at("name"), "z");
}

TEST_P(Events, ExportsAreOfTheirEnvironment) {
  const std::string field = made(live_, "custom_fields",
                                 {{"object", "accounts"},
                                  {"code", "seats"},
                                  {"name", "Seats"},
                                  {"kind", "integer"},
                                  {"position", 90}});
  made(live_, "accounts", {{"name", "A"}, {"custom", json::object{{"seats", 12}}}});
  enter_sandbox();
  made(sandbox_, "teams", {{"name", "Mine"}});
  EXPECT_THAT(text(sandbox_.get("/api/v1/exports/teams").body), HasSubstr("Mine"));
  EXPECT_THAT(text(live_.get("/api/v1/exports/teams").body), ::testing::Not(HasSubstr("Mine")));
  change(sandbox_, "saved_views/" + seed("saved_views.gold"), {{"filters", json::array{}}});
  const std::string view = "/api/v1/saved_views/" + seed("saved_views.gold") + "/export";
  EXPECT_THAT(text(sandbox_.get(view).body), HasSubstr(",A,"));
  EXPECT_THAT(text(live_.get(view).body), ::testing::Not(HasSubstr(",A,")));
  EXPECT_THAT(text(live_.get("/api/v1/exports/accounts").body), HasSubstr("custom.seats"));
  EXPECT_THAT(text(live_.get("/api/v1/exports/accounts").body), HasSubstr(",12\r\n"));
  EXPECT_THAT(text(live_.get("/api/v1/exports/users").body),
              ::testing::Not(HasSubstr("password_hash")));
}

TEST_P(Events, ExportsRefuseBeforeTheyBegin) {
  EXPECT_EQ(live_.get("/api/v1/exports/acounts").status, 404);
  EXPECT_EQ(live_.get("/api/v1/exports/accounts?nmae=x").status, 422);
  EXPECT_EQ(
      live_.send(http::Method::kGet, "/api/v1/exports/accounts", {}, {{"Accept", "a/b"}}).status,
      406);
}

TEST(EventPositions, AreReadAsTheyAreWritten) {
  for (const char* text : {"0", "12", "12.id-of-it.5"}) {
    const auto position = parse_position(text);
    ASSERT_TRUE(position) << text;
    EXPECT_EQ(to_text(*position), text);
  }
  for (const char* text : {"", "x", "-1", "1.2", "1.a.b", "1.a.2.3"}) {
    EXPECT_FALSE(parse_position(text)) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(Both, Events, testing::kBothDialects, testing::name_of_dialect);

}  // namespace
}  // namespace doppel::api
