// The control store on a file and on a server: one text, the same answers.
#include "environment/store.hpp"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/postgres/store.hpp"
#include "adapters/sqlite/database.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "tests/support/cluster.hpp"

namespace doppel::environment {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

enum class Kind { kFile, kServer };

class Store : public ::testing::TestWithParam<Kind> {
 protected:
  Store() {
    if (GetParam() == Kind::kServer) {
      database_.emplace();
      return;
    }
    folder_ = std::filesystem::temp_directory_path() /
              ("doppel_store_" + std::to_string(this_process().number));
    std::filesystem::create_directories(folder_);
  }
  ~Store() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<database::Connection> connect() const {
    if (database_) return postgres::open_store(database_->dsn());
    return sqlite::open_store((folder_ / "control.db").string());
  }
  ControlStore open() const { return ControlStore(connect(), clock_, "the store"); }

  static Environment qa() {
    Environment made;
    made.id = "01993f2a-0000-7000-8000-000000000001";
    made.tenant = "acme";
    made.name = "qa";
    return made;
  }
  static LeaseRequest request(const std::string& by) {
    return {.resource = resource_of(qa()),
            .title = "acme/qa",
            .what = "promote",
            .by = by,
            // Of no machine there is: nobody can say that it has ended.
            .process = {.host = "far", .machine = "away", .number = 4711, .started = "1"},
            .microseconds = 60'000'000};
  }

  std::optional<doppel::testing::TestDatabase> database_;
  std::filesystem::path folder_;
  ManualClock clock_{Instant{1'800'000'000'000'000}};
};

template <typename Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return std::string(error_info(error.code()).name) + ": " + error.what() + " / " +
           std::string(error.remedy());
  }
  return {};
}

TEST_P(Store, KeepsWhatItIsTold) {
  ControlStore store = open();
  for (const char* name : {"b-1", "b", "acme", "b1"}) {
    store.add_tenant({.name = name,
                      .dsn = "sqlite:x",
                      .manifest_file = "m",
                      .manifest = "doppel: 1\n# \xC3\xBC\n",
                      .created_at = {},
                      .created_by = "ada"});
  }
  std::vector<std::string> names;
  for (const Tenant& tenant : open().tenants()) names.push_back(tenant.name);
  EXPECT_THAT(names, ElementsAre("acme", "b", "b-1", "b1"));
  EXPECT_EQ(open().tenant("acme").manifest, "doppel: 1\n# \xC3\xBC\n");
  EXPECT_THAT(error_of([&] { store.tenant("nobody"); }), HasSubstr("there are: acme, b, b-1, b1"));
  Environment environment = store.add_environment(qa(), "ada");
  EXPECT_EQ(environment.ordinal, 1);
  EXPECT_THAT(error_of([&] { store.add_environment(qa(), "bob"); }),
              HasSubstr("already_exists: there is a sandbox 'acme/qa' already"));
  environment = store.move(environment, Event::kCreated, "ada", {});
  EXPECT_EQ(open().environment("acme", "qa").state, State::kReady);
  EXPECT_THAT(error_of([&] {
                Environment stale = environment;
                stale.state = State::kCreating;
                store.move(stale, Event::kCreated, "bob", {});
              }),
              HasSubstr("busy: another doppel works on this sandbox"));
  std::vector<std::string> events;
  for (const TransitionRecord& record : open().transitions(environment.id)) {
    events.push_back(record.event + " " + record.to);
  }
  EXPECT_THAT(events, ElementsAre("create creating", "created ready"));
  store.keep_plan("abcdef0123456789", "acme/qa", "ada", "{}");
  EXPECT_EQ(open().plan("abcdef01", "acme/qa"), "{}");
  EXPECT_THAT(error_of([&] { store.plan("abcdef", "acme/qa"); }), HasSubstr("not_found"));
  store.keep_answer("acme/qa", {"c_1", "i", merge::AnswerKind::kEdit, {Value(), 1.5}}, "ada");
  ASSERT_EQ(open().answers("acme/qa").size(), 1U);
  EXPECT_THAT(open().answers("acme/qa")[0].values, ElementsAre(Value(), Value(1.5)));
  // They end with the sandbox.
  environment = store.move(environment, Event::kDiscard, "ada", {});
  store.move(environment, Event::kDiscarded, "ada", {});
  EXPECT_TRUE(open().answers("acme/qa").empty());
}

TEST_P(Store, TellsTheAuditOfEveryStep) {
  ControlStore store = open();
  store.add_tenant({.name = "acme",
                    .dsn = "d",
                    .manifest_file = "m",
                    .manifest = "m",
                    .created_at = {},
                    .created_by = "ada"});
  store.set_origin("r-1", "192.0.2.1");
  Environment environment = store.add_environment(qa(), "ada");
  environment = store.move(environment, Event::kCreated, "ada", {});
  EXPECT_THAT(error_of([&] { store.move(environment, Event::kResume, "bob", {}); }),
              HasSubstr("wrong_state"));
  environment = store.move(environment, Event::kDiscard, "bob", {.reason = "enough"});
  store.move(environment, Event::kDiscarded, "bob", {});
  store.set_manifest("acme", "other.yaml", "m", "eve");
  const auto connection = connect();
  SeededRandom random(1);
  const access::Store audit{*connection, clock_, random, "acme"};
  std::vector<std::string> told;
  for (const access::AuditRow& row :
       access::list_audit(audit, {.order = access::AuditOrder::kOldestFirst})) {
    told.push_back(row.who + " " + row.environment + " " + row.verb + " " + row.outcome + " " +
                   row.request);
  }
  EXPECT_THAT(told, ElementsAre("ada live attach done ", "ada qa create begun r-1",
                                "ada qa created done r-1", "bob qa discard begun r-1",
                                "bob qa discarded done r-1", "eve live set_manifest done r-1"));
  EXPECT_FALSE(access::verify_audit(audit).fault);
}

TEST_P(Store, AShelfHoldsTexts) {
  ControlStore store = open();
  const auto shelf = store.shelf("bundles/acme");
  const std::string text = "{\"head\":1}\n{\"a\\u0000\":\"\xF0\x9F\x8C\xB1\"}\n";
  shelf->put("b-1", text);
  shelf->put("B", "other");
  shelf->put("b-1", text + "more\n");
  store.shelf("bundles/other")->put("b-1", "no");
  ASSERT_EQ(shelf->list().size(), 2U);
  EXPECT_EQ(shelf->list()[0].name, "B");
  EXPECT_EQ(shelf->list()[1].head, "{\"head\":1}");
  EXPECT_EQ(open().shelf("bundles/acme")->get("b-1"), text + "more\n");
  EXPECT_EQ(shelf->where("b-1"), "the store/bundles/acme/b-1");
  shelf->remove("b-1");
  shelf->remove("b-1");
  EXPECT_FALSE(shelf->has("b-1"));
  EXPECT_THAT(error_of([&] { shelf->get("b-1"); }), HasSubstr("not_found"));
}

TEST_P(Store, WhoLostItsHoldMovesNothing) {
  ControlStore ada = open();
  ControlStore bob = open();
  ada.add_tenant({.name = "acme",
                  .dsn = "d",
                  .manifest_file = "m",
                  .manifest = "m",
                  .created_at = {},
                  .created_by = "ada"});
  const Lease first = ada.take(request("ada"));
  const Environment environment = ada.add_environment(qa(), "ada");
  EXPECT_THAT(error_of([&] { bob.take(request("bob")); }),
              HasSubstr("busy: ada (promote, process 4711 on far) works on acme/qa since "));
  const auto connection = connect();
  EXPECT_TRUE(renew_lease(*connection, clock_, first, 60'000'000));
  // It sleeps for longer than that.
  connection->sql()->execute("UPDATE lease SET expires_at = 1", {});
  const Lease second = bob.take(request("bob"));
  EXPECT_EQ(second.token, first.token + 1);
  EXPECT_FALSE(renew_lease(*connection, clock_, first, 60'000'000));
  EXPECT_THAT(error_of([&] { ada.move(environment, Event::kCreated, "ada", {}); }),
              HasSubstr("bob (promote, process 4711 on far) has taken over"));
  EXPECT_EQ(bob.move(environment, Event::kCreated, "bob", {}).state, State::kReady);
  ada.end(first);
  EXPECT_THAT(error_of([&] { ada.take(request("ada")); }), HasSubstr("bob (promote"));
  bob.end(second);
  EXPECT_EQ(ada.take(request("ada")).token, second.token + 1);
}

TEST_P(Store, AHoldPastItsEndIsGoodUntilSomebodyTakesIt) {
  ControlStore ada = open();
  const Lease lease = ada.take(request("ada"));
  connect()->sql()->execute("UPDATE lease SET expires_at = 1", {});
  EXPECT_EQ(error_of([&] { ada.require(lease, "acme/qa"); }), "");
  EXPECT_TRUE(renew_lease(*connect(), clock_, lease, 60'000'000));
  EXPECT_THAT(error_of([&] { open().take(request("bob")); }), HasSubstr("ada (promote"));
}

TEST_P(Store, OfAProcessThatEndedNothingIsWaitedFor) {
  ControlStore ada = open();
  LeaseRequest dead = request("ada");
  dead.process = this_process();
  dead.process.started = "1";
  ada.take(dead);
  EXPECT_EQ(error_of([&] { open().take(request("bob")); }), "");
}

TEST_P(Store, TimeIsTheServersWhereThereIsOne) {
  const bool by_clock = open().now() == clock_.now();
  EXPECT_EQ(by_clock, GetParam() == Kind::kFile);
}

TEST_P(Store, OfANewerDoppelIsRefused) {
  open();
  connect()->sql()->execute("INSERT INTO migration VALUES ('9999_later', 'then')", {});
  EXPECT_THAT(error_of([&] { open(); }), HasSubstr("newer_store: "));
}

INSTANTIATE_TEST_SUITE_P(On, Store, ::testing::Values(Kind::kFile, Kind::kServer),
                         [](const auto& about) {
                           return about.param == Kind::kFile ? "AFile" : "AServer";
                         });

}  // namespace
}  // namespace doppel::environment
