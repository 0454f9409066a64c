// What the audit is told of promotions, rollbacks and refusals, by the library itself.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/sqlite/database.hpp"
#include "base/error.hpp"
#include "doppel.hpp"

namespace doppel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kManifest = R"(doppel: 1
application: shop
version: "1"
tables:
  stages: {role: config, natural_key: [name], label: name, plain: all}
)";

class Audited : public ::testing::Test {
 protected:
  Audited() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    sqlite::open_store((folder_ / "live.db").string())
        ->sql()
        ->execute_script(
            "CREATE TABLE stages (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
            "INSERT INTO stages (name) VALUES ('New'), ('Won');");
    Settings settings;
    settings.home = folder_ / "home";
    settings.connect = [](const std::string& dsn) {
      return sqlite::attach(dsn.substr(dsn.find(':') + 1));
    };
    settings.open_store = [](const std::filesystem::path& path) {
      return sqlite::open_store(path.string());
    };
    settings.clock = &clock_;
    settings.random = &random_;
    settings.author = "ada";
    doppel_ = std::make_unique<Doppel>(std::move(settings));
    doppel_->init("acme", "sqlite:" + (folder_ / "live.db").string(), "shop.yaml", kManifest);
    doppel_->create(kQa, {});
    doppel_->open_sql(kQa)->run("UPDATE stages SET name = 'Open' WHERE id = 1",
                                {.columns = {}, .row = {}, .done = {}});
  }
  ~Audited() override { std::filesystem::remove_all(folder_); }

  /// WHO WHERE VERB OUTCOME KEY, the oldest first, after those with lower numbers.
  std::vector<std::string> told(std::int64_t after) {
    std::vector<std::string> lines;
    for (const access::AuditRow& row :
         doppel_->audit("acme", {.after = after, .order = access::AuditOrder::kOldestFirst})) {
      const std::string key = row.resource == "promotion" ? " " + row.key : "";
      lines.push_back(row.who + " " + row.environment + " " + row.verb + " " + row.outcome + key);
    }
    return lines;
  }
  std::int64_t last() { return doppel_->audit("acme", {.limit = 1}).at(0).number; }

  const EnvironmentName kQa{"acme", "qa"};
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() /
                                  ("doppel_audit_" + std::to_string(this_process().number));
  ManualClock clock_{Instant{1'800'000'000'000'000}};
  SeededRandom random_{1};
  std::unique_ptr<Doppel> doppel_;
};

TEST_F(Audited, WhatIsPromotedAndTakenBack) {
  const std::string plan = doppel_->plan(kQa, {}).hash.text;
  std::int64_t before = last();
  doppel_->act_for({"grace", "r-7", "192.0.2.7"});
  doppel_->promote(kQa, plan);
  EXPECT_THAT(told(before),
              ElementsAre("grace qa promote begun", "grace live promotion done 1",
                          "grace qa promoted_in_full done", "grace qa discarded done"));
  EXPECT_EQ(doppel_->audit("acme", {.limit = 1}).at(0).address, "192.0.2.7");
  before = last();
  doppel_->restore_previous("acme", LaterEdits::kKeep);
  EXPECT_THAT(told(before),
              ElementsAre("grace live rollback begun ", "grace live rollback done 2"));
  EXPECT_FALSE(doppel_->verify_audit("acme", {}).fault);
  EXPECT_THROW(doppel_->audit("nobody", {}), Error);
}

TEST_F(Audited, ARefusalIsTold) {
  const std::string plan = doppel_->plan(kQa, {}).hash.text;
  sqlite::open_store((folder_ / "live.db").string())
      ->sql()
      ->execute_script("UPDATE stages SET name = 'Opened' WHERE id = 1");
  const std::int64_t before = last();
  EXPECT_THROW(doppel_->promote(kQa, plan), Error);
  EXPECT_THAT(told(before), ElementsAre("ada qa promote begun", "ada live promotion refused ",
                                        "ada qa promotion_ended done"));
  const access::AuditRow row = doppel_->audit("acme", {.outcome = "refused"}).at(0);
  EXPECT_THAT(row.reason, HasSubstr("stale_plan: "));
}

}  // namespace
}  // namespace doppel
